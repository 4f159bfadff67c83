//! `cargo xtask cross`: does the workspace compile for the systems most users sit at?
//!
//! A type check by Debian's newer compiler, which builds the standard library from source, so that
//! no target has to be downloaded. Nothing is linked: this finds code that does not compile for a
//! system, not code that does the wrong thing there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Done, Stop, run};
use crate::tools::{self, CROSS, NODE};
use crate::ui;

/// Type-checks the whole workspace, tests included, for Windows and macOS.
pub fn cross() -> Done {
    if tools::distribution().as_deref() != Some("debian") {
        return Err(Stop::unusable(
            "this check runs on Debian only: no other system packages a Rust compiler together \
             with the source of its standard library (rustc-web, rust-web-src)",
        ));
    }
    tools::ensure(&[CROSS, NODE])?;
    ui::install()?;
    ui::build_once()?;

    // One folder for both, so that macros and build scripts compile once.
    let folder = step::target()?.join("cross");
    let mut windows = check_for("x86_64-pc-windows-gnu", &folder);
    // aws-lc's assembly for Windows needs NASM, unless it may take the objects it ships.
    run(
        "Check for Windows",
        windows.env("AWS_LC_SYS_PREBUILT_NASM", "1"),
    )?;

    let tools = empty_object_tools(&folder)?;
    let mut macos = check_for("aarch64-apple-darwin", &folder);
    macos
        .env("CC_aarch64_apple_darwin", tools.join("cc"))
        .env("AR_aarch64_apple_darwin", tools.join("ar"))
        // Any folder will do; without one, build scripts ask `xcrun` for Apple's SDK.
        .env("SDKROOT", "/");
    run("Check for macOS", &mut macos)
}

fn check_for(target: &str, folder: &Path) -> Command {
    let mut check = Command::new("/usr/bin/cargo");
    check
        .args(["check", "--workspace", "--all-targets", "--target", target])
        .arg("-Zbuild-std=std,panic_abort,panic_unwind,test")
        .arg("--target-dir")
        .arg(folder)
        .env("RUSTC", "/usr/bin/rustc")
        // Building the standard library is a nightly feature; this lets the release compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        // `cargo run` lists the other compiler's libraries there.
        .env_remove("LD_LIBRARY_PATH");
    step::forget_own_package(&mut check);
    check
}

/// Writes a C compiler and an archiver that leave empty files. Apple's headers cannot be had here,
/// and a type check reads nothing that C or Objective-C would compile to.
fn empty_object_tools(folder: &Path) -> Result<PathBuf, Stop> {
    const CC: &str = r#"#!/bin/sh
# Says that it is clang, and leaves an empty file where an object is asked for.
while [ $# -gt 0 ]; do
  case $1 in
    -E) echo clang; exit ;;
    -o) : > "$2" ;;
  esac
  shift
done
"#;
    const AR: &str = r#"#!/bin/sh
# Called as `ar OPERATION ARCHIVE MEMBER...`: leaves an empty archive.
: > "$2"
"#;
    let tools = folder.join("empty-objects");
    fs::create_dir_all(&tools)?;
    for (name, script) in [("cc", CC), ("ar", AR)] {
        let file = tools.join(name);
        fs::write(&file, script)?;
        make_executable(&file)?;
    }
    Ok(tools)
}

fn make_executable(file: &Path) -> Done {
    let status = Command::new("chmod").arg("+x").arg(file).status()?;
    if status.success() {
        return Ok(());
    }
    Err(Stop::failed(format!(
        "`chmod +x {}` failed",
        file.display()
    )))
}
