//! The Tauri host: windows, menu, links, notifications, and the commands of the windows ([`ipc`]).
//! Thin: what the desk does is in `desk`, what is said on screen is in the UI.

mod diagnostics;
mod host;
mod ipc;
mod links;
mod logging;
mod menu;
mod notify;
mod paths;
mod saved;
mod windows;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use tauri::{Manager, RunEvent};

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
                RunEvent::WindowEvent {
                    label,
                    event: tauri::WindowEvent::Destroyed,
                    ..
                } if label == windows::MAIN => app.exit(0),
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
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            windows::bring_to_front(app)
        }))
        .plugin(logging::plugin(&folder))
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_filename(folder.join("windows.json").to_string_lossy())
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
        .manage(Host::new(folder))
        .invoke_handler(ipc::handler())
        .on_menu_event(|app, event| menu::chosen(app, event.id().as_ref()))
        .on_page_load(|webview, payload| {
            if payload.event() == tauri::webview::PageLoadEvent::Started {
                webview.state::<Host>().forget_followers(webview.label());
            }
        })
        .setup(|app| {
            // The file is opened while the window is being made; the first command waits for it.
            let handle = app.handle().clone();
            let desk = tauri::async_runtime::spawn(async move {
                let host = handle.state::<Host>();
                if let Err(failure) = host.desk(&handle).await {
                    log::error!("the desk did not open: {failure}");
                }
            });
            windows::open_main(app.handle())?;
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                // An error: it panicked, which is in the log; the title can be said all the same.
                let _ = desk.await;
                windows::say_where_we_are(&handle).await;
            });
            Ok(())
        })
        .build(tauri::generate_context!())
}
