//! A real keychain for a run: gnome-keyring in the D-Bus session and the data folder that the run
//! was given (`xtask/src/session.rs`).

use std::process::{Command, Stdio};
use std::sync::Once;

/// Starts the Secret Service with an open keyring, once per run.
pub fn open() {
    static OPEN: Once = Once::new();
    OPEN.call_once(|| {
        let status = Command::new("sh")
            .args([
                "-c",
                "printf test | gnome-keyring-daemon --unlock --components=secrets",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("gnome-keyring-daemon is installed");
        assert!(status.success(), "the keyring did not open");
    });
}

/// What the keychain holds of Ponte's: one line per attribute of each entry.
pub fn entries() -> String {
    open();
    let found = Command::new("secret-tool")
        .args(["search", "--all", "service", "Ponte"])
        .output()
        .expect("secret-tool is installed (Debian: libsecret-tools)");
    // Attributes come on stderr, secrets on stdout.
    String::from_utf8_lossy(&found.stderr).into_owned()
}
