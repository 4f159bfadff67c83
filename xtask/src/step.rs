//! One step of a command: say it, do it, stop when it fails.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What every step returns.
pub type Done = Result<(), Stop>;

/// Why a command ended early.
#[derive(Debug)]
pub enum Stop {
    /// A step ran and failed.
    Failed(String),
    /// Nothing was tried: a wrong argument, or something is missing on this machine.
    Unusable(String),
}

impl Stop {
    /// A step ran and failed.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed(why.into())
    }

    /// A wrong argument, or something is missing on this machine.
    pub fn unusable(why: impl Into<String>) -> Self {
        Self::Unusable(why.into())
    }

    /// The exit status that scripts see.
    pub fn status(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Unusable(_) => 2,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) | Self::Unusable(why) => f.write_str(why),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Makes the repository's root the working directory, wherever the command was typed.
pub fn enter_root() -> Done {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::set_current_dir(&root)
        .map_err(|error| Stop::failed(format!("{}: {error}", root.display())))
}

/// Prints what is about to happen.
pub fn say(what: &str) {
    println!("\n==> {what}");
}

/// Says what a program is for, runs it, and stops unless it succeeds.
pub fn run(what: &str, command: &mut Command) -> Done {
    let line = line_of(command);
    say(what);
    println!("    {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Stop::failed(format!(
            "{what}: `{line}` ended with {status}"
        ))),
        Err(error) => Err(Stop::unusable(format!(
            "{what}: `{line}` did not start: {error}"
        ))),
    }
}

/// What a program printed, or `None` if it could not be started or failed.
pub fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The cargo that started this program.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cargo = Command::new(program);
    cargo.args(arguments);
    forget_own_package(&mut cargo);
    cargo
}

/// `cargo run` describes xtask's package in the environment. Build scripts that watch those
/// variables (ring's does) would run again each time cargo is called with and without xtask.
pub fn forget_own_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// A program of the workspace, as built with the debug profile: it lies beside this one.
pub fn built(name: &str) -> Result<PathBuf, Stop> {
    let here = std::env::current_exe()?;
    Ok(here.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// Where cargo puts what it builds.
pub fn target() -> Result<PathBuf, Stop> {
    let here = std::env::current_exe()?;
    here.ancestors()
        .nth(2)
        .map(Path::to_owned)
        .ok_or_else(|| Stop::failed(format!("{} is not in a target folder", here.display())))
}

/// An existing, empty folder.
pub fn fresh_folder(folder: &Path) -> Done {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    Ok(std::fs::create_dir_all(folder)?)
}

fn line_of(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
