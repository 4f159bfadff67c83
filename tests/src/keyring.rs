//! A real keychain for a run: gnome-keyring in the D-Bus session that the run was given.

use std::path::Path;
use std::process::{Command, Stdio};

/// Starts the Secret Service with an open keyring in `home`.
pub fn open(home: &Path) {
    let status = Command::new("sh")
        .args([
            "-c",
            "printf test | gnome-keyring-daemon --unlock --components=secrets --replace",
        ])
        .env("HOME", home)
        .env("XDG_DATA_HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("gnome-keyring-daemon is installed");
    assert!(status.success(), "the keyring did not open");
}
