//! The windows: main, the presenter for screen sharing, and the guide.

use desk::Language;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};

use crate::host::{AppEvent, Host};
use crate::menu;
use crate::words::{say, system_language};

/// The main window's label.
pub const MAIN: &str = "main";
/// The presenter's label.
pub const PRESENTER: &str = "presenter";
/// The guide's label.
const GUIDE: &str = "guide";

/// Opens the main window. Size and place come from the last time.
pub fn open_main(app: &AppHandle) -> tauri::Result<()> {
    let language = system_language();
    app.state::<Host>().menu_language(language);
    set_menu(app, language)?;
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title(say(language, "title", &[]))
        .inner_size(1280.0, 800.0)
        .min_inner_size(800.0, 600.0)
        .data_directory(webview_folder(app))
        // A spreadsheet is dropped onto the page, not onto the window.
        .disable_drag_drop_handler()
        .build()?;
    Ok(())
}

/// Opens the presenter, or brings it to the front.
pub fn open_presenter(app: &AppHandle, title: &str) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(PRESENTER) {
        window.set_title(title)?;
        return window.set_focus();
    }
    WebviewWindowBuilder::new(app, PRESENTER, WebviewUrl::App("presenter.html".into()))
        .title(title)
        .inner_size(960.0, 640.0)
        .min_inner_size(480.0, 360.0)
        .data_directory(webview_folder(app))
        .build()?;
    Ok(())
}

/// Opens the guide, or brings it to the front. It is only read: it may call no command.
pub fn open_guide(app: &AppHandle, language: Language) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(GUIDE) {
        return window.set_focus();
    }
    let page = format!("guide.html?lang={}", language.tag());
    WebviewWindowBuilder::new(app, GUIDE, WebviewUrl::App(page.into()))
        .title(say(language, "guideTitle", &[]))
        .inner_size(960.0, 760.0)
        .min_inner_size(480.0, 360.0)
        .data_directory(webview_folder(app))
        .build()?;
    Ok(())
}

/// Closes the presenter: what it showed is over.
pub fn close_presenter(app: &AppHandle) {
    let closed = app
        .get_webview_window(PRESENTER)
        .map(|window| window.close());
    if let Some(Err(error)) = closed {
        log::warn!("the presenter did not close: {error}");
    }
}

fn webview_folder(app: &AppHandle) -> std::path::PathBuf {
    app.state::<Host>().folder().join("webview")
}

/// Brings the main window to the front. After a start without a window, opens it.
pub fn bring_to_front(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else {
        let app = app.clone();
        // Not here: this may be the thread that makes the window.
        tauri::async_runtime::spawn(async move {
            match open_main(&app) {
                Ok(()) => say_where_we_are(&app).await,
                // Asked for twice.
                Err(tauri::Error::WindowLabelAlreadyExists(_)) => {}
                Err(error) => log::error!("the window did not open: {error}"),
            }
        });
        return;
    };
    let shown = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        log::warn!("the window could not be brought to the front: {error}");
    }
}

/// Hides the main window; the others go, as what they show is not looked after any more.
pub fn hide(app: &AppHandle) {
    for (label, window) in app.webview_windows() {
        let done = match label.as_str() {
            MAIN => window.hide(),
            _ => window.close(),
        };
        if let Err(error) = done {
            log::warn!("the window {label} did not go: {error}");
        }
    }
}

/// Shows who is offline. In practice the window knows others, and is only brought to the front.
pub fn show_offline(app: &AppHandle) {
    bring_to_front(app);
    let host = app.state::<Host>();
    if host.practice().is_none() {
        host.show(AppEvent::ShowOffline);
    }
}

/// Shows a customer of the desk in force. One who is not there any more is nothing to be told of.
pub fn show_customer(app: &AppHandle, id: &str) {
    bring_to_front(app);
    let (app, id) = (app.clone(), id.to_owned());
    tauri::async_runtime::spawn(async move {
        let host = app.state::<Host>();
        let found = async { host.desk(&app).await?.listed(&id).await };
        match found.await {
            Ok(customer) => host.show(AppEvent::ShowCustomer { customer }),
            Err(failure) => log::info!("the customer is not shown: {failure}"),
        }
    });
}

/// Puts language and practice into title and menu.
pub async fn say_where_we_are(app: &AppHandle) {
    let host = app.state::<Host>();
    let language = host.language().await;
    let title = match host.practice() {
        Some(_) => say(language, "titlePractice", &[]),
        None => say(language, "title", &[]),
    };
    let titled = app
        .get_webview_window(MAIN)
        .map(|main| main.set_title(&title));
    host.tray().has_news();
    // Replaced only when its words change: GTK complains about every menu that goes.
    let menu = (host.menu_language(language) != Some(language)).then(|| set_menu(app, language));
    for done in [titled, menu].into_iter().flatten() {
        if let Err(error) = done {
            log::warn!("title or menu could not be set: {error}");
        }
    }
}

fn set_menu(app: &AppHandle, language: Language) -> tauri::Result<()> {
    app.set_menu(menu::build(app, language)?).map(drop)
}
