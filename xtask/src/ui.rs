//! The UI: its packages, its build, its scripts.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::step::{Done, Stop, run};
use crate::tools::{self, BROWSER, NODE};

/// npm's program. Windows starts a script only under its full name.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

const LOCK: &str = "ui/package-lock.json";

/// Holds the lock file that `node_modules` was installed from.
const INSTALLED: &str = "ui/node_modules/.installed-lock.json";

/// Installs the UI's packages unless they are those of the lock file.
pub fn install() -> Done {
    if fs::read(INSTALLED).ok() == Some(fs::read(LOCK)?) {
        return Ok(());
    }
    run(
        "Install the UI's packages",
        npm(&["ci", "--no-audit", "--no-fund"]).env_remove("NODE_ENV"),
    )?;
    fs::copy(LOCK, INSTALLED)?;
    Ok(())
}

/// Builds the UI into `ui/dist`, from where the app takes it at compile time.
pub fn build() -> Done {
    run("Build the UI", &mut npm(&["run", "build"]))
}

/// Builds the UI if there is no build at all: enough for compiling the app.
pub fn build_once() -> Done {
    if Path::new("ui/dist/index.html").is_file() {
        Ok(())
    } else {
        build()
    }
}

/// Runs one of the UI's scripts.
pub fn script(what: &str, name: &str) -> Done {
    run(what, &mut npm(&["run", name]))
}

/// Runs one of the UI's scripts that drive a browser.
pub fn browser_script(what: &str, name: &str) -> Done {
    let chromium = tools::chromium().ok_or_else(|| Stop::unusable("Chromium is missing"))?;
    run(what, npm(&["run", name]).env("CHROMIUM", chromium))
}

/// Draws every state of the UI into `docs/screenshots`.
pub fn screenshots() -> Done {
    tools::ensure(&[NODE, BROWSER])?;
    install()?;
    browser_script("Draw the screenshots", "screenshots")
}

fn npm(arguments: &[&str]) -> Command {
    let mut npm = Command::new(NPM);
    npm.args(arguments).current_dir("ui");
    npm
}
