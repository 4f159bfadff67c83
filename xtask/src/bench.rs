//! `cargo xtask bench`: Ponte against a bare Tauri window, built with the same profile.

use std::process::Command;

use crate::session;
use crate::step::{self, Done, Stop, cargo, run};
use crate::tools::{self, BUILD, CURL, DISPLAY, NODE};
use crate::ui;

/// Builds both with the release profile and measures them in a session of its own.
pub fn bench(only: &[String]) -> Done {
    if !cfg!(target_os = "linux") {
        return Err(Stop::unusable(
            "the benchmarks drive the window through WebKitWebDriver: they run on Linux only",
        ));
    }
    tools::ensure(&[BUILD, NODE, DISPLAY, CURL])?;
    ui::install()?;
    ui::build()?;
    run(
        "Build with the release profile",
        cargo(&["build", "--release", "--workspace"]).args([
            "--bin",
            "ponte",
            "--bin",
            "bare-window",
            "--bin",
            "bench",
            "--bin",
            "practice",
        ]),
    )?;
    let release = step::target()?.join("release");
    let mut bench = Command::new(release.join("bench"));
    bench
        .args(only)
        .env("PONTE_BIN", release.join("ponte"))
        .env("BARE_BIN", release.join("bare-window"))
        .env("PRACTICE_BIN", release.join("practice"));
    session::run_inside("Measure", &bench)
}
