//! The vault against the **real** Secret Service: gnome-keyring in a D-Bus session of its own.
//!
//! `keyring` opens its store once per process, so every situation gets a process: each test runs
//! this same program again, inside `dbus-run-session`, as the `probe` below.
//!
//! Needs Linux with `dbus-run-session` and `gnome-keyring-daemon`; `cargo xtask test` installs
//! them and runs these with `--include-ignored`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::vault::{Holder, Keep, Keychain, SecretName, Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};

const SECRET: &str = "7A00-FAKE-INSTANCE-TOKEN";
/// Long enough for a slow machine to unlock, short enough to wait out a prompt nobody answers.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Starts a daemon whose keyring is open. The daemon says that it is ready by ending `--unlock`.
const UNLOCK: &str =
    "printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; ";
/// Starts a daemon over an existing keyring that nobody has opened.
const START: &str = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1; ";

/// What a session bus needs, without the folders of services that it could start.
const BUS_WITHOUT_SERVICES: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>"#;

struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let home =
            std::env::temp_dir().join(format!("ponte-keyring-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        Self(home)
    }

    /// Runs `before` and then one probe in a D-Bus session of its own; gives the probe's words.
    fn probe(&self, before: &str, what: &str) -> String {
        self.run(what, before, &[], |command| command.env_remove("DISPLAY"))
    }

    fn run(
        &self,
        what: &str,
        before: &str,
        bus: &[&str],
        change: impl Fn(&mut Command) -> &mut Command,
    ) -> String {
        let program = std::env::current_exe().unwrap();
        let script = format!(
            "{before} exec '{}' --exact probe --ignored --nocapture",
            program.display()
        );
        let mut command = Command::new("dbus-run-session");
        command
            .args(bus)
            .args(["--", "sh", "-c", &script])
            .env("HOME", &self.0)
            .env("XDG_DATA_HOME", self.0.join("data"))
            .env("XDG_RUNTIME_DIR", &self.0)
            .env("PROBE", what)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("GNOME_KEYRING_CONTROL")
            .stdin(Stdio::null());
        let output = change(&mut command)
            .output()
            .expect("dbus-run-session is installed");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said = printed
            .lines()
            .find_map(|line| line.split_once("probe says: "));
        said.unwrap_or_else(|| panic!("the probe said nothing: {printed}"))
            .1
            .to_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Not a test by itself: what the tests below run in a session of its own.
#[tokio::test]
#[ignore = "run by the other tests, inside a D-Bus session"]
async fn probe() {
    let Ok(what) = std::env::var("PROBE") else {
        return;
    };
    let vault = Vault::new(Arc::new(Keychain), TIMEOUT);
    let holder = Holder::customer("a-fake-customer");
    let save = || (SecretName::InstanceToken, Some(SecretString::from(SECRET)));
    let started = Instant::now();
    let said = match what.as_str() {
        "save" => format!(
            "{:?}",
            vault.set(&holder, false, save(), Keep::Keychain).await
        ),
        "load" => match vault.load(&holder, true).await {
            Ok(secrets) => match secrets.get(SecretName::InstanceToken) {
                Some(token) if token.expose_secret() == SECRET => "the secret".into(),
                Some(_) => "another secret".into(),
                None => "nothing".into(),
            },
            Err(error) => format!("{error:?}"),
        },
        "delete" => format!("{:?}", vault.delete(&holder, true).await),
        "service started later" => {
            let first = vault.set(&holder, false, save(), Keep::Keychain).await;
            assert_eq!(first, Err(VaultError::Missing));
            let unlocked = Command::new("sh").args(["-c", UNLOCK]).status().unwrap();
            assert!(unlocked.success());
            format!(
                "{:?}",
                vault.set(&holder, false, save(), Keep::Keychain).await
            )
        }
        other => panic!("no such probe: {other}"),
    };
    assert!(
        started.elapsed() < TIMEOUT * 3,
        "took {:?}",
        started.elapsed()
    );
    println!("probe says: {said}");
}

#[test]
#[ignore = "needs gnome-keyring; cargo xtask test runs it"]
fn an_open_keychain_keeps_a_secret_from_one_process_to_the_next() {
    let home = Home::new("open");
    assert_eq!(home.probe(UNLOCK, "save"), "Ok(())");
    assert_eq!(home.probe(UNLOCK, "load"), "the secret");
    assert_eq!(home.probe(UNLOCK, "delete"), "Ok(())");
    assert_eq!(home.probe(UNLOCK, "load"), "nothing");
    for file in walk(&home.0) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes());
        assert!(!found, "the secret is readable in {}", file.display());
    }
}

#[test]
#[ignore = "needs gnome-keyring; cargo xtask test runs it"]
fn a_locked_keychain_says_so() {
    let home = Home::new("locked");
    assert_eq!(home.probe(UNLOCK, "save"), "Ok(())");
    assert_eq!(
        home.probe(START, "load"),
        "Locked",
        "nobody can be asked for the password"
    );
    if std::env::var_os("DISPLAY").is_some() {
        assert_eq!(
            home.run("load", START, &[], |command| command),
            "TimedOut",
            "the prompt stands unanswered"
        );
    }
}

#[test]
#[ignore = "needs gnome-keyring; cargo xtask test runs it"]
fn without_a_service_there_is_no_keychain_until_one_is_started() {
    let home = Home::new("absent");
    // A bus that knows no service files, and so cannot start the service by itself.
    let config = home.0.join("session.conf");
    std::fs::write(&config, BUS_WITHOUT_SERVICES).unwrap();
    let config = format!("--config-file={}", config.display());
    let alone = |what| {
        home.run(what, "", &[&config], |command| {
            command.env_remove("DISPLAY")
        })
    };
    assert_eq!(alone("save"), "Err(Missing)");
    assert_eq!(alone("service started later"), "Ok(())");
}

#[test]
#[ignore = "needs gnome-keyring; cargo xtask test runs it"]
fn without_a_bus_there_is_no_keychain() {
    let home = Home::new("no-bus");
    let said = home.probe(
        "export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent;",
        "save",
    );
    assert_eq!(said, "Err(Missing)");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => walk(&path),
            path => vec![path],
        })
        .collect()
}
