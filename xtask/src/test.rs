//! `cargo xtask test`: everything that can be shown on this machine.

use std::fs;

use crate::check::{self, Types};
use crate::session;
use crate::step::{Done, built, cargo, run, say};
use crate::tools::{self, BROWSER, BUILD, DISPLAY, NODE};
use crate::ui;

/// The checks, the UI in Chromium, and on Linux the vault and the real window.
pub fn test() -> Done {
    tools::ensure(&[BUILD, NODE, BROWSER, DISPLAY])?;
    ui::install()?;
    ui::build()?;
    check::check(Types::Compare)?;
    ui::browser_script("The UI in Chromium", "test")?;
    if cfg!(target_os = "linux") {
        return on_a_desktop();
    }
    say("Skipped here: the vault against a Secret Service, which only Linux has");
    say("Skipped here: the real window, which is driven through WebKitWebDriver, only on Linux");
    Ok(())
}

fn on_a_desktop() -> Done {
    // Always the whole workspace, and with its tests: then cargo resolves the same features as for
    // the unit tests, and compiles no dependency a second time.
    run(
        "Build the app and everything that tests it",
        &mut cargo(&["build", "--workspace", "--tests", "--bin", "ponte"]),
    )?;
    session::run_inside(
        "The vault against the real Secret Service",
        &cargo(&[
            "test",
            "--workspace",
            "--test",
            "secret_service",
            "--",
            "--include-ignored",
        ]),
    )?;

    let mut window = cargo(&["test", "--workspace"]);
    for name in declared_tests(&fs::read_to_string("tests/Cargo.toml")?) {
        window.args(["--test", name]);
    }
    window
        .args(["--", "--include-ignored", "--test-threads", "1"])
        .env("PONTE_BIN", built("ponte")?);
    session::run_inside("The real window", &window)
}

/// The names of a manifest's `[[test]]` targets. `-p ponte-tests` would select them too, but resolve
/// other features.
fn declared_tests(manifest: &str) -> Vec<&str> {
    manifest
        .split("[[test]]")
        .skip(1)
        .filter_map(|section| {
            section
                .lines()
                .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_those_the_manifest_declares() {
        let manifest = "[package]\nname = \"p\"\n\n[[bin]]\nname = \"b\"\n\n\
                        [[test]]\nname = \"one\"\npath = \"one.rs\"\n\n\
                        [[test]]\npath = \"two.rs\"\nname = \"two\"\n";
        assert_eq!(declared_tests(manifest), ["one", "two"]);
    }
}
