//! Files that the agent saves: to the downloads folder, under a name that nothing has yet.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use desk::{ErrorCode, Failure, lock};
use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt;

/// Where files were saved to.
#[derive(Default)]
pub struct Saved {
    last: Mutex<Option<PathBuf>>,
}

impl Saved {
    /// Writes a file; the answer is its name.
    pub fn save(&self, name: &str, extension: &str, bytes: &[u8]) -> Result<String, Failure> {
        let folder = dirs::download_dir().or_else(dirs::home_dir);
        let written = match &folder {
            Some(folder) => write_new(folder, name, extension, bytes),
            None => Err(std::io::ErrorKind::NotFound.into()),
        };
        let path = written.map_err(|error| {
            log::warn!("nothing was saved: {error}");
            match error.kind() {
                std::io::ErrorKind::StorageFull => ErrorCode::DiskFull,
                _ => ErrorCode::SaveFailed,
            }
        })?;
        let shown = path.file_name().unwrap_or_default();
        let shown = shown.to_string_lossy().into_owned();
        *lock(&self.last) = Some(path);
        Ok(shown)
    }

    /// Shows the file that was saved last in its folder.
    pub fn show_last(&self, app: &AppHandle) -> Result<(), Failure> {
        let last = lock(&self.last).clone().ok_or(ErrorCode::NotFound)?;
        app.opener().reveal_item_in_dir(last).map_err(|error| {
            log::warn!("the folder was not shown: {error}");
            ErrorCode::LinkFailed.into()
        })
    }
}

fn write_new(folder: &Path, name: &str, extension: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    for number in 1.. {
        let path = match number {
            1 => folder.join(format!("{name}.{extension}")),
            _ => folder.join(format!("{name} ({number}).{extension}")),
        };
        match File::create_new(&path) {
            Ok(mut file) => {
                let written = file.write_all(bytes).and_then(|()| file.sync_all());
                // Half a file is of no use to anybody.
                return written.map(|()| path.clone()).inspect_err(|_| {
                    let _ = std::fs::remove_file(&path);
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_never_takes_the_place_of_another() {
        let folder = std::env::temp_dir().join(format!("ponte-saved-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let one = write_new(&folder, "Ponte", "csv", b"1").unwrap();
        let two = write_new(&folder, "Ponte", "csv", b"2").unwrap();
        assert_eq!(two, folder.join("Ponte (2).csv"));
        assert_eq!(std::fs::read(one).unwrap(), b"1");
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(write_new(&folder, "Ponte", "csv", b"3").is_err());
    }
}
