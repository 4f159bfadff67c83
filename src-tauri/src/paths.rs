//! Where the data is.

use std::io;
use std::path::{Path, PathBuf};

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

/// What starts Ponte again: its AppImage, or the program itself.
pub fn program() -> io::Result<PathBuf> {
    match appimage() {
        Some(appimage) => Ok(appimage),
        None => tauri::utils::platform::current_exe(),
    }
}

/// The AppImage that Ponte runs in.
pub fn appimage() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    appimage_of(
        &std::env::current_exe().ok()?,
        &variable("APPDIR")?,
        variable("APPIMAGE")?,
    )
}

/// A program that another AppImage started (a browser that follows a link) has inherited the names
/// of that one.
fn appimage_of(program: &Path, mounted: &Path, appimage: PathBuf) -> Option<PathBuf> {
    program.starts_with(mounted).then_some(appimage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_appimage_of_another_program_is_not_ours() {
        let mounted = Path::new("/tmp/.mount_PonteA1b2C3");
        let appimage = || PathBuf::from("/home/ana/Ponte.AppImage");
        let inside = mounted.join("usr/bin/ponte");
        assert_eq!(appimage_of(&inside, mounted, appimage()), Some(appimage()));
        let installed = Path::new("/usr/bin/ponte");
        assert_eq!(appimage_of(installed, mounted, appimage()), None);
    }
}
