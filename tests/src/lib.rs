//! Ponte's real window, driven from outside: WebKitWebDriver starts the app and clicks in it.
//!
//! `PONTE_BIN` names the app to drive; `cargo xtask test` sets it and gives every run a display and
//! a D-Bus session of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod keyring;
pub mod processes;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::extensions::query::ElementQueryable;
use thirtyfour::{By, Capabilities, WebDriver, WebElement, WindowHandle};
use tokio::process::{Child, Command};

/// How long anything on screen may take to appear before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A data folder that goes when the test ends.
pub struct Home(PathBuf);

impl Home {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ponte-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every file in it.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path) -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .flat_map(|entry| match entry.path() {
                    path if path.is_dir() => walk(&path),
                    path => vec![path],
                })
                .collect()
        }
        walk(&self.0)
    }

    /// The file that holds a text, if any does.
    pub fn file_with(&self, text: &str) -> Option<PathBuf> {
        self.files().into_iter().find(|file| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The words of the app in the tests' language.
pub fn word(path: &str) -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/words/pt-BR.json");
    let words: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let found = path.split('.').fold(&words, |at, key| &at[key]);
    found
        .as_str()
        .unwrap_or_else(|| panic!("no word {path}"))
        .to_owned()
}

/// The program named in an environment variable.
pub fn program(variable: &str) -> PathBuf {
    let hint =
        "run this through `cargo xtask test` (or run, bench), which builds the app and names it";
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: {hint}"))
        .into()
}

/// Starts WebKitWebDriver for programs with this environment; gives it and its address.
pub async fn web_driver(environment: &[(&str, &str)]) -> (Child, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let process = Command::new("WebKitWebDriver")
        .arg(format!("--port={port}"))
        .envs(environment.iter().copied())
        // What tauri-driver sets: it lets the webview be automated.
        .env("TAURI_AUTOMATION", "true")
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        .env("LANG", "pt_BR.UTF-8")
        .env("LC_ALL", "")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("WebKitWebDriver is installed (Debian: webkit2gtk-driver)");
    let address = format!("http://127.0.0.1:{port}");
    let ready = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready)
        .await
        .expect("WebKitWebDriver listens");
    (process, address)
}

/// The capabilities that make WebKitWebDriver start a program as its browser.
pub fn capabilities(program: &Path) -> Capabilities {
    let mut capabilities = Capabilities::new();
    let browser = serde_json::json!({ "binary": program, "args": [] });
    capabilities
        .set("webkitgtk:browserOptions", browser)
        .unwrap();
    capabilities
}

/// The running app.
pub struct App {
    /// The session.
    pub driver: WebDriver,
    home: PathBuf,
    _web_driver: Child,
}

impl App {
    /// Starts the app over a data folder. `zapi`: the base address of the pretend Z-API.
    pub async fn open(home: &Path, zapi: Option<&str>) -> Self {
        Self::open_with(home, zapi, &[]).await
    }

    /// The same with more in its environment.
    pub async fn open_with(home: &Path, zapi: Option<&str>, more: &[(&str, &str)]) -> Self {
        keyring::open();
        nobody_runs().await;
        let folder = home.to_str().unwrap();
        let mut environment = vec![("PONTE_HOME", folder)];
        environment.extend(zapi.map(|address| ("PONTE_ZAPI_URL", address)));
        environment.extend(more);
        let (process, address) = web_driver(&environment).await;
        let driver = WebDriver::new(&address, capabilities(&program("PONTE_BIN"))).await;
        Self {
            driver: driver.expect("the app starts and can be driven"),
            home: home.to_owned(),
            _web_driver: process,
        }
    }

    /// The element that a selector finds, waiting for it to be there.
    pub async fn find(&self, by: By) -> WebElement {
        let what = format!("{by:?}");
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let left = until - tokio::time::Instant::now();
            let query = self.driver.query(by.clone());
            let query = query.wait(left, Duration::from_millis(20)).and_displayed();
            match query.first().await {
                Ok(element) => return element,
                // It was replaced while it was looked at.
                Err(error)
                    if matches!(&*error, WebDriverErrorInner::StaleElementReference(_))
                        && tokio::time::Instant::now() < until => {}
                Err(error) => panic!("{what} did not appear: {error}\n{}", self.page_text().await),
            }
        }
    }

    /// The element with a test hook (design.md §4).
    pub async fn hook(&self, id: &str) -> WebElement {
        self.find(By::Css(format!("[data-testid='{id}']"))).await
    }

    /// Clicks it.
    pub async fn click(&self, id: &str) {
        self.hook(id).await.click().await.unwrap();
    }

    /// Clicks the button that says something.
    pub async fn press(&self, text: &str) {
        let button = By::XPath(format!("//button[normalize-space()=\"{text}\"]"));
        self.find(button).await.click().await.unwrap();
    }

    /// Does in the open dialog what it asks about: its last button.
    pub async fn confirm(&self) {
        let button = By::XPath("(//dialog[@open]//button)[last()]");
        self.find(button).await.click().await.unwrap();
    }

    /// Types into the field with this label.
    pub async fn fill(&self, label: &str, value: &str) {
        let field = By::XPath(format!(
            "//label[normalize-space()=\"{label}\"]/following::input[1]"
        ));
        self.find(field).await.send_keys(value).await.unwrap();
    }

    /// Waits until the attempt on screen is in a state.
    pub async fn attempt_is(&self, state: &str) {
        self.find(By::Css(format!(
            "[data-testid='attempt-state'][data-state='{state}']"
        )))
        .await;
    }

    /// Chooses a customer in the list: by a search, as only the rows in sight are there.
    pub async fn choose(&self, name: &str) {
        let row = By::XPath(format!(
            "//*[@data-testid='customer-row'][contains(., \"{name}\")]"
        ));
        // A dialog may be about to close, and while results come a row may be replaced between being
        // found and being clicked.
        let chosen = async {
            let search = self.hook("customer-search").await;
            while search.clear().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            search.send_keys(name).await.unwrap();
            while self.find(row.clone()).await.click().await.is_err() {}
            // As an agent would: Escape empties the search.
            search.send_keys(thirtyfour::Key::Escape).await.unwrap();
        };
        let chosen = tokio::time::timeout(PATIENCE * 2, chosen).await;
        chosen.expect("the customer can be chosen");
    }

    /// The connection code on screen, as an eye reads it.
    pub async fn code(&self) -> String {
        let code = self.hook("connection-code").await;
        let text = code.prop("textContent").await.unwrap();
        text.unwrap_or_default().trim().to_owned()
    }

    /// The window beside this one, waiting for it to open.
    pub async fn other_window(&self, this: &WindowHandle) -> WindowHandle {
        let opened = async {
            loop {
                let windows = self.driver.windows().await.unwrap();
                if let Some(other) = windows.into_iter().find(|window| window != this) {
                    return other;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, opened)
            .await
            .expect("another window opens")
    }

    /// All the text on screen, for messages about failed tests.
    pub async fn page_text(&self) -> String {
        let text = self
            .driver
            .execute("return document.body.innerText", vec![])
            .await;
        text.ok()
            .and_then(|text| text.convert().ok())
            .unwrap_or_default()
    }

    /// Takes a picture.
    pub async fn picture(&self, file: &Path) {
        // What the page holds now is on screen two frames later.
        let painted = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))";
        self.driver.execute_async(painted, vec![]).await.unwrap();
        self.driver.screenshot(file).await.unwrap();
    }

    /// Ends the app, and waits for it: a second one started too early would hand over to it.
    pub async fn quit(self) {
        let pid = self.pid();
        self.driver.quit().await.unwrap();
        ended(pid).await;
    }

    /// The process of the app itself.
    pub fn pid(&self) -> u32 {
        let running = processes::of_home(&self.home);
        let is_app = |pid: &u32| processes::read(*pid, "comm") == b"ponte\n";
        running.into_iter().find(is_app).expect("the app runs")
    }

    /// Does something to the main window from outside, with xdotool's words.
    pub async fn outside(&self, what: &[&str]) -> bool {
        let pid = self.pid().to_string();
        let window = ["search", "--onlyvisible", "--pid", &pid, "--name", "Ponte"];
        let done = Command::new("xdotool")
            .args(window)
            .args(what)
            .output()
            .await;
        done.expect("xdotool is installed").status.success()
    }

    /// Quits by the menu's key, and waits for the process to end.
    pub async fn quit_by_key(&self) -> Duration {
        let pid = self.pid();
        assert!(
            self.outside(&["windowfocus", "--sync", "key", "ctrl+q"])
                .await
        );
        let asked = std::time::Instant::now();
        ended(pid).await;
        let took = asked.elapsed();
        // The window may have gone before it heard that the keys were let go, and the next one would
        // hear them held down.
        let released = Command::new("xdotool")
            .args(["keyup", "q", "keyup", "ctrl"])
            .status();
        assert!(released.await.expect("xdotool is installed").success());
        took
    }

    /// Calls a command as the window would; it must work.
    pub async fn command(&self, name: &str, arguments: Value) {
        assert_eq!(self.invoke(name, arguments).await, "", "{name}");
    }

    /// Calls a command that must be refused; gives the refusal.
    pub async fn refusal(&self, name: &str) -> String {
        self.refusal_of(name, Value::Object(Default::default()))
            .await
    }

    /// The same with arguments.
    pub async fn refusal_of(&self, name: &str, arguments: Value) -> String {
        self.invoke(name, arguments).await
    }

    /// Empty when it worked.
    async fn invoke(&self, name: &str, arguments: Value) -> String {
        let script = "const done = arguments[2];
            window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1])
                .then(() => done(''), (reason) => done(JSON.stringify(reason)))";
        let arguments = vec![name.into(), arguments];
        let answer = self.driver.execute_async(script, arguments).await;
        answer.unwrap().convert().unwrap()
    }

    /// Ends the app as a power cut would.
    pub async fn kill(self) {
        let pid = self.pid();
        for pid in processes::of_home(&self.home) {
            processes::kill(pid);
        }
        ended(pid).await;
        // The session is gone with its app; ending it can only fail.
        let _ = self.driver.quit().await;
    }

    /// Records from now on every message that the Rust side sends to this window.
    pub async fn record_messages(&self) {
        let script = "
            const callbacks = window.__TAURI_INTERNALS__.callbacks;
            const get = callbacks.get.bind(callbacks);
            window.recorded = [];
            callbacks.get = (id) => {
                const callback = get(id);
                return callback && ((data) => {
                    window.recorded.push(JSON.stringify(data));
                    return callback(data);
                });
            };
            // What was sent before is asked for again.
            for (const command of ['app_state', 'accounts', 'templates'])
                window.__TAURI_INTERNALS__.invoke(command);
            window.__TAURI_INTERNALS__.invoke('customers', { query: { text: '', accountId: null, status: null, instanceType: null, label: null, sort: 'name', offset: 0, limit: 100 } });
        ";
        self.driver.execute(script, vec![]).await.unwrap();
    }

    /// What was recorded.
    pub async fn recorded_messages(&self) -> Vec<String> {
        let recorded = self
            .driver
            .execute("return window.recorded", vec![])
            .await
            .unwrap();
        recorded.convert().unwrap()
    }
}

/// Waits until no app holds the name that makes it the only one. The bus may learn of an end later
/// than `/proc`, and an app started before that would hand over to nobody and end.
async fn nobody_runs() {
    let free = async {
        loop {
            let asked = Command::new("dbus-send")
                .args([
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.DBus",
                    "/",
                ])
                .args([
                    "org.freedesktop.DBus.NameHasOwner",
                    "string:app.ponte.desk.SingleInstance",
                ])
                .output()
                .await
                .expect("dbus-send is installed");
            if String::from_utf8_lossy(&asked.stdout).contains("boolean false") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free)
        .await
        .expect("the app before this one has ended");
}

/// Waits for a process to end.
pub async fn ended(pid: u32) {
    let ended = async {
        while !processes::read(pid, "cmdline").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("the app ends");
}

/// What the clipboard holds, read by another program.
pub async fn clipboard() -> String {
    let output = Command::new("xclip")
        .args(["-selection", "clipboard", "-out"])
        .output()
        .await;
    String::from_utf8(output.expect("xclip is installed").stdout).unwrap()
}
