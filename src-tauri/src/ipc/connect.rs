//! The Connect screen: attempts, what is copied, what is opened.

use desk::attempt::view::Attempt;
use desk::{ErrorCode, Failure};
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};
use tauri_plugin_clipboard_manager::ClipboardExt;

use super::{Answer, desk};
use crate::host::Host;
use crate::links::{self, Link, OpenedIn};
use crate::windows;
use crate::words::say;

#[tauri::command]
pub async fn start_attempt(app: AppHandle, customer_id: String) -> Answer<()> {
    desk(&app).await?.start_attempt(&customer_id).await
}

/// The channel gets the attempt as it is now, and again after every change; `None` while the
/// customer has none.
#[tauri::command]
pub async fn follow_attempt(
    app: AppHandle,
    window: WebviewWindow,
    host: State<'_, Host>,
    customer_id: String,
    on: Channel<Option<Attempt>>,
) -> Answer<()> {
    let desk = desk(&app).await?;
    let id = on.id();
    host.follow(window.label(), id, async move {
        let mut changes = desk.changes(&customer_id);
        loop {
            // An error: the customer was removed meanwhile.
            let view = desk.attempt_view(&customer_id).await.unwrap_or_default();
            if on.send(view).is_err() {
                return;
            }
            changes.next().await;
        }
    });
    Ok(())
}

#[tauri::command]
pub async fn get_code(app: AppHandle, customer_id: String) -> Answer<()> {
    desk(&app).await?.get_code(&customer_id).await
}

#[tauri::command]
pub async fn end_attempt(app: AppHandle, customer_id: String) -> Answer<()> {
    desk(&app).await?.end_attempt(&customer_id);
    Ok(())
}

/// Milliseconds.
#[tauri::command]
pub async fn time_left(app: AppHandle, customer_id: String) -> Answer<Option<u64>> {
    let left = desk(&app).await?.time_left(&customer_id);
    Ok(left.map(|left| left.as_millis().try_into().unwrap_or(u64::MAX)))
}

#[tauri::command]
pub async fn copy_code(app: AppHandle, customer_id: String) -> Answer<()> {
    let code = desk(&app).await?.code_to_copy(&customer_id)?;
    copy(&app, code)
}

#[tauri::command]
pub async fn copy_message(app: AppHandle, customer_id: String) -> Answer<()> {
    let message = desk(&app).await?.message_to_copy(&customer_id).await?;
    copy(&app, message)
}

#[tauri::command]
pub async fn copy_link(app: AppHandle, link: Link) -> Answer<()> {
    copy(&app, link.address().into())
}

#[tauri::command]
pub async fn open_link(app: AppHandle, link: Link) -> Answer<OpenedIn> {
    links::open(&app, link)
}

#[tauri::command]
pub async fn open_presenter(
    app: AppHandle,
    host: State<'_, Host>,
    customer_id: String,
) -> Answer<()> {
    let desk = desk(&app).await?;
    let language = desk.presenter_view(&customer_id).await?.language;
    host.presented().send_replace(Some((desk, customer_id)));
    windows::open_presenter(&app, &say(language, "presenterTitle", &[])).map_err(|error| {
        log::error!("the presenter did not open: {error}");
        Failure::from(ErrorCode::Internal)
    })
}

/// Copies a text and asks clipboard managers to keep no history of it: it may hold a code.
pub(super) fn copy(app: &AppHandle, text: String) -> Answer<()> {
    app.clipboard().write_secret(text).map_err(|error| {
        log::warn!("nothing was copied: {error}");
        ErrorCode::ClipboardFailed.into()
    })
}
