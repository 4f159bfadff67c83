//! The Tauri host: windows, menu, links, notifications, and the commands of the windows ([`ipc`]).
//! Thin: what the desk does is in `desk`, what is said on screen is in the UI.

mod autostart;
mod background;
mod diagnostics;
mod host;
mod incoming;
mod ipc;
mod links;
mod logging;
mod menu;
mod notify;
mod paths;
mod saved;
mod tray;
mod windows;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use tauri::{AppHandle, Manager, RunEvent, WindowEvent};
use tauri_plugin_window_state::StateFlags;

use crate::host::Host;

/// How long quitting may wait for the data file to be closed. What was acknowledged is on disk
/// already; closing only tidies up.
const CLOSING: Duration = Duration::from_millis(500);

/// Runs the app until it is quit.
pub fn run() -> ExitCode {
    let app = paths::data_folder().and_then(|folder| build(folder).map_err(std::io::Error::other));
    match app {
        Ok(app) => {
            app.run(|app, event| match event {
                RunEvent::WindowEvent { label, event, .. } if label == windows::MAIN => match event
                {
                    WindowEvent::CloseRequested { api, .. } => {
                        background::main_is_closing(app, &api);
                    }
                    WindowEvent::Destroyed => app.exit(0),
                    _ => {}
                },
                #[cfg(target_os = "macos")]
                RunEvent::Reopen { .. } => windows::bring_to_front(app),
                RunEvent::Exit => {
                    let host = app.state::<Host>();
                    // Whatever is still under way ends with the process.
                    let _ = tauri::async_runtime::block_on(async {
                        tokio::time::timeout(CLOSING, host.close()).await
                    });
                }
                _ => {}
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            // There is no window to say it in.
            eprintln!("Ponte cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build(folder: std::path::PathBuf) -> tauri::Result<tauri::App> {
    tauri::Builder::default()
        // First, so that a second launch ends before it opens anything.
        .plugin(tauri_plugin_single_instance::init(
            |app, arguments, _| match Launch::of(arguments) {
                Launch::Link(link) => incoming::follow(app, link),
                Launch::Open => windows::bring_to_front(app),
                Launch::Hidden => {}
            },
        ))
        .plugin(logging::plugin(&folder))
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_filename(folder.join("windows.json").to_string_lossy())
                // A window that was hidden in the tray at the end is not to begin so.
                .with_state_flags(StateFlags::all() - StateFlags::VISIBLE)
                .build(),
        )
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_shell::init())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_deep_link::init())
        .manage(Host::new(folder))
        .invoke_handler(ipc::handler())
        .on_menu_event(|app, event| menu::chosen(app, event.id().as_ref()))
        .on_page_load(|webview, payload| {
            if payload.event() == tauri::webview::PageLoadEvent::Started {
                webview.state::<Host>().forget_followers(webview.label());
            }
        })
        .setup(|app| {
            let app = app.handle();
            incoming::listen(app);
            notify::listen(app);
            match Launch::of(std::env::args()) {
                Launch::Hidden => {
                    tauri::async_runtime::spawn(background::begin_hidden(app.clone()));
                }
                Launch::Open => open(app)?,
                Launch::Link(link) => {
                    open(app)?;
                    incoming::follow(app, link);
                }
            }
            Ok(())
        })
        .build(tauri::generate_context!())
}

/// Opens the desk and the main window. The file is opened while the window is being made; the first
/// command waits for it.
fn open(app: &AppHandle) -> tauri::Result<()> {
    let handle = app.clone();
    let desk = tauri::async_runtime::spawn(async move {
        let host = handle.state::<Host>();
        if let Err(failure) = host.desk(&handle).await {
            log::error!("the desk did not open: {failure}");
        }
    });
    windows::open_main(app)?;
    let handle = app.clone();
    tauri::async_runtime::spawn(async move {
        // An error: it panicked, which is in the log; the title can be said all the same.
        let _ = desk.await;
        windows::say_where_we_are(&handle).await;
    });
    Ok(())
}

/// What a launch of Ponte is for, by its arguments. Of a second one, the first hears.
#[derive(Debug, PartialEq, Eq)]
enum Launch {
    /// The window.
    Open,
    /// Only what goes on without it.
    Hidden,
    /// A customer.
    Link(String),
}

impl Launch {
    fn of(arguments: impl IntoIterator<Item = String>) -> Self {
        // The first is the program.
        let arguments: Vec<String> = arguments.into_iter().skip(1).collect();
        let hidden = arguments
            .iter()
            .any(|argument| argument == autostart::HIDDEN);
        match arguments
            .into_iter()
            .find(|argument| incoming::is_link(argument))
        {
            Some(link) => Self::Link(link),
            None if hidden => Self::Hidden,
            None => Self::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_is_for_the_first_link_among_its_arguments() {
        let link = |text: &str| Launch::Link(text.into());
        for (arguments, launch) in [
            (&["ponte"][..], Launch::Open),
            (&["ponte", "--hidden"], Launch::Hidden),
            (
                &["ponte", "ponte://connect/3C00FAKE"],
                link("ponte://connect/3C00FAKE"),
            ),
            (
                &["ponte", "--hidden", "PONTE:odd", "ponte://connect/2"],
                link("PONTE:odd"),
            ),
            (&["ponte", "https://example.com/", "ponte"], Launch::Open),
            // The program itself may lie anywhere.
            (&["ponte:/ponte", "--hidden"], Launch::Hidden),
        ] {
            let given = arguments.iter().map(ToString::to_string);
            assert_eq!(Launch::of(given), launch, "{arguments:?}");
        }
    }
}
