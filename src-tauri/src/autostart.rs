//! Starting at login. The system's own entry is the only place where that is kept: an agent who
//! removes it there has switched it off.

use auto_launch::{AutoLaunch, AutoLaunchBuilder, WindowsEnableMode};
use desk::{ErrorCode, Failure};
use tauri::AppHandle;

/// The argument of a start at login: no window is opened.
pub const HIDDEN: &str = "--hidden";

/// Whether Ponte starts at login. An entry that cannot be read counts as none.
pub async fn is_on(app: &AppHandle) -> bool {
    at_the_entry(app, |entry| entry.is_enabled())
        .await
        .unwrap_or(false)
}

/// Makes or removes the entry. Refused with [`ErrorCode::AutostartFailed`].
pub async fn set(app: &AppHandle, on: bool) -> Result<(), Failure> {
    at_the_entry(app, move |entry| match on {
        true => entry.enable(),
        false => entry.disable(),
    })
    .await
}

/// Files on Linux and macOS, the registry on Windows: neither is for the async threads.
async fn at_the_entry<T: Send + 'static>(
    app: &AppHandle,
    done: impl FnOnce(AutoLaunch) -> auto_launch::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let app = app.clone();
    let answer = tokio::task::spawn_blocking(move || done(entry(&app)?)).await;
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            log::warn!("the login entry: {error}");
            Err(ErrorCode::AutostartFailed.into())
        }
        Err(error) => {
            log::error!("the login entry: {error}");
            Err(ErrorCode::AutostartFailed.into())
        }
    }
}

fn entry(app: &AppHandle) -> auto_launch::Result<AutoLaunch> {
    let program = crate::paths::program()?;
    AutoLaunchBuilder::new()
        .set_app_name(&app.package_info().name)
        .set_app_path(&in_command_line(&program.to_string_lossy()))
        .set_args(&[HIDDEN])
        .set_windows_enable_mode(WindowsEnableMode::CurrentUser)
        .build()
}

/// The program as the system's entry wants it: `auto-launch` puts it there as it is, and without
/// quotes a space in it (`C:\Users\Ana Lima\…`) ends the program's name. Source for Linux: the
/// Desktop Entry Specification, "The Exec key".
fn in_command_line(program: &str) -> String {
    if cfg!(windows) {
        format!("\"{program}\"")
    } else if cfg!(target_os = "linux") {
        let mut quoted = String::from("\"");
        for character in program.chars() {
            match character {
                // Twice, as a string in the file has escapes of its own.
                '\\' => quoted.push_str(r"\\\\"),
                '"' | '`' | '$' => quoted.extend([r"\\", character.encode_utf8(&mut [0; 4])]),
                '%' => quoted.push_str("%%"),
                _ => quoted.push(character),
            }
        }
        quoted + "\""
    } else {
        // A property list has a place of its own for every argument.
        program.to_owned()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_the_exec_key() {
        for (path, key) in [
            ("/usr/bin/ponte", r#""/usr/bin/ponte""#),
            (
                "/home/ana/Área de Trabalho/Ponte.AppImage",
                r#""/home/ana/Área de Trabalho/Ponte.AppImage""#,
            ),
            ("/opt/100%/$a`b", r#""/opt/100%%/\\$a\\`b""#),
            (r"/opt/a\b", r#""/opt/a\\\\b""#),
        ] {
            assert_eq!(in_command_line(path), key);
        }
    }
}
