//! A desktop of its own for whatever opens windows: a virtual display, a D-Bus session, and a data
//! folder and runtime folder that are not the developer's, so that no real keyring is touched.

use std::path::Path;
use std::process::Command;

use crate::step::{Done, Stop, output_of, run};

/// Whether this system has a display that a window can open on.
pub fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Runs a program in a session of its own, which ends with it.
pub fn run_inside(what: &str, program: &Command) -> Done {
    // Not below target/: the path of a Unix socket has room for 107 bytes only.
    let home = output_of("mktemp", &["-d"])
        .ok_or_else(|| Stop::failed("`mktemp -d` gave no folder for the session"))?;
    let home = Path::new(&home);

    let mut command = Command::new("xvfb-run");
    command
        .args([
            "-a",
            "-s",
            "-screen 0 1600x1200x24",
            "dbus-run-session",
            "--",
        ])
        .arg(program.get_program())
        .args(program.get_args())
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_RUNTIME_DIR", home);
    for (name, folder) in [
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        command.env(name, home.join(folder));
    }
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }

    let done = run(what, &mut command);
    // A daemon of the session may outlive it for a moment and write there once more.
    if let Err(error) = std::fs::remove_dir_all(home) {
        println!("    {} stays behind: {error}", home.display());
    }
    done
}
