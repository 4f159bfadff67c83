//! `cargo xtask check`: the fast loop.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Done, Stop, cargo, run};
use crate::tools::{self, BUILD, NODE};
use crate::ui;

/// What to do with the types exported from Rust.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Types {
    /// Stop when the UI's copy differs.
    Compare,
    /// Replace the UI's copy.
    Write,
}

/// The UI's copy of the types that cross between it and Rust.
const UI_TYPES: &str = "ui/src/lib/ipc/types.ts";

/// Format, lint, unit tests, shared types, and the UI's own checks.
pub fn check(types: Types) -> Done {
    tools::ensure(&[BUILD, NODE])?;
    ui::install()?;
    ui::build_once()?;
    rust(types)?;
    ui::script("Check the UI's types", "check")?;
    ui::script("Lint the UI", "lint")?;
    ui::script("Check the words", "words")
}

fn rust(types: Types) -> Done {
    run("Check the format", &mut cargo(&["fmt", "--all", "--check"]))?;
    run(
        "Lint",
        &mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )?;

    let exported = step::target()?.join("types");
    step::fresh_folder(&exported)?;
    let mut units = cargo(&["test", "--workspace", "--lib"]);
    units.args(["--bin", "ponte", "--bin", "xtask"]);
    for name in integration_tests()? {
        units.args(["--test", &name]);
    }
    run("Unit tests", units.env("TS_RS_EXPORT_DIR", &exported))?;
    run(
        "Examples in the documentation",
        &mut cargo(&["test", "--workspace", "--doc"]),
    )?;
    shared_types(&exported.join("types.ts"), types)
}

/// The integration tests of the app and its crates, which need neither display nor D-Bus: each
/// file, and each folder with a `main.rs`, in a package's `tests` folder, as cargo finds them.
fn integration_tests() -> Result<Vec<String>, Stop> {
    let mut packages = vec![PathBuf::from("src-tauri")];
    for package in fs::read_dir("src-tauri/crates")? {
        packages.push(package?.path());
    }
    let mut names = Vec::new();
    for folder in packages
        .iter()
        .map(|package| package.join("tests"))
        .filter(|it| it.is_dir())
    {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_test =
                path.extension().is_some_and(|it| it == "rs") || path.join("main.rs").is_file();
            if let Some(name) = path.file_stem().filter(|_| is_test) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

fn shared_types(exported: &Path, types: Types) -> Done {
    if types == Types::Write {
        step::say(&format!("Write {UI_TYPES}"));
        fs::copy(exported, UI_TYPES)?;
        return Ok(());
    }
    let mut diff = Command::new("git");
    diff.args([
        "--no-pager",
        "diff",
        "--no-index",
        "--exit-code",
        "--ignore-cr-at-eol",
        UI_TYPES,
    ]);
    run("Compare the types of Rust and UI", diff.arg(exported)).map_err(|stop| {
        Stop::failed(format!(
            "{stop}\nTake over the types of Rust with: cargo xtask check --write"
        ))
    })
}
