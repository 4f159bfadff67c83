//! Where the data is.

use std::io;
use std::path::PathBuf;

/// `PONTE_HOME`, or the system's place for an app's data. Created if missing.
pub fn data_folder() -> io::Result<PathBuf> {
    let folder = match std::env::var_os("PONTE_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => std::path::absolute(folder)?,
        None => dirs::data_local_dir()
            .ok_or_else(|| io::Error::other("this user has no data folder; set PONTE_HOME to one"))?
            .join("Ponte"),
    };
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
