//! The Connect screen: attempts, what is copied, what is opened.

use std::time::Duration;

use desk::attempt::Method;
use desk::attempt::view::Attempt;
use desk::customers::CustomerStatus;
use desk::instance::{InstanceAction, Queue};
use desk::{ErrorCode, Failure};
use tauri::image::Image;
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};
use tauri_plugin_clipboard_manager::ClipboardExt;

use super::{Answer, ask};
use crate::host::Host;
use crate::links::{self, Link, OpenedIn};
use crate::windows;
use crate::words::say;

#[tauri::command]
pub async fn start_attempt(
    app: AppHandle,
    host: State<'_, Host>,
    customer_id: String,
    method: Method,
) -> Answer<()> {
    ask(&app, async |desk| {
        desk.start_attempt(&customer_id, method).await
    })
    .await?;
    // The customer is one of the last.
    host.tray().has_news();
    Ok(())
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
    let desk = host.desk(&app).await?;
    let id = on.id();
    host.follow(window.label(), id, async move {
        let mut changes = desk.changes(&customer_id);
        loop {
            let view = match desk.attempt_view(&customer_id).await {
                Ok(view) => Some(view),
                // Removed meanwhile.
                Err(failure) if failure.code == ErrorCode::NotFound => Some(None),
                // What is on screen stays there until the store can be read again.
                Err(failure) => {
                    desk.note_failure(&failure);
                    None
                }
            };
            if view.is_some_and(|view| on.send(view).is_err()) {
                return;
            }
            changes.next().await;
        }
    });
    Ok(())
}

#[tauri::command]
pub async fn get_code(app: AppHandle, customer_id: String, phone: Option<String>) -> Answer<()> {
    ask(&app, async |desk| {
        desk.get_code(&customer_id, phone.as_deref()).await
    })
    .await
}

#[tauri::command]
pub async fn code_read(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.code_read(&customer_id)).await
}

#[tauri::command]
pub async fn start_over(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.start_over(&customer_id).await).await
}

#[tauri::command]
pub async fn end_attempt(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        desk.end_attempt(&customer_id);
        Ok(())
    })
    .await
}

/// Milliseconds.
#[tauri::command]
pub async fn time_left(app: AppHandle, customer_id: String) -> Answer<Option<u64>> {
    ask(&app, async |desk| {
        Ok(desk.time_left(&customer_id).map(millis))
    })
    .await
}

#[tauri::command]
pub async fn copy_code(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        copy(&app, desk.code_to_copy(&customer_id)?)
    })
    .await
}

#[tauri::command]
pub async fn copy_message(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        copy(&app, desk.message_to_copy(&customer_id).await?)
    })
    .await
}

#[tauri::command]
pub async fn copy_picture(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        let (width, height, rgba) = desk.picture(&customer_id)?.rgba()?;
        let picture = Image::new_owned(rgba, width, height);
        app.clipboard().write_image(&picture).map_err(|error| {
            log::warn!("no picture was copied: {error}");
            ErrorCode::ClipboardFailed.into()
        })
    })
    .await
}

/// The file's name.
#[tauri::command]
pub async fn save_picture(
    app: AppHandle,
    host: State<'_, Host>,
    customer_id: String,
) -> Answer<String> {
    ask(&app, async |desk| {
        let picture = desk.picture(&customer_id)?;
        let name = say(host.language().await, "files.picture", &[]);
        host.saved().save(&name, "png", picture.png())
    })
    .await
}

#[tauri::command]
pub async fn show_saved_file(app: AppHandle, host: State<'_, Host>) -> Answer<()> {
    host.saved().show_last(&app)
}

#[tauri::command]
pub async fn queue(app: AppHandle, customer_id: String) -> Answer<Queue> {
    ask(&app, async |desk| desk.queue(&customer_id).await).await
}

#[tauri::command]
pub async fn empty_queue(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.empty_queue(&customer_id).await).await
}

#[tauri::command]
pub async fn instance_action(
    app: AppHandle,
    customer_id: String,
    action: InstanceAction,
) -> Answer<CustomerStatus> {
    ask(&app, async |desk| {
        desk.instance_action(&customer_id, action).await
    })
    .await
}

#[tauri::command]
pub async fn subscribe_again(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.subscribe_again(&customer_id).await).await
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
    let desk = host.desk(&app).await?;
    let language = desk.presenter_view(&customer_id).await?.language;
    host.presented().send_replace(Some((desk, customer_id)));
    windows::open_presenter(&app, &say(language, "presenterTitle", &[])).map_err(|error| {
        log::error!("the presenter did not open: {error}");
        Failure::from(ErrorCode::Internal)
    })
}

/// As it crosses to the UI.
pub(super) fn millis(left: Duration) -> u64 {
    left.as_millis().try_into().unwrap_or(u64::MAX)
}

/// Copies a text and asks clipboard managers to keep no history of it: it may hold a code.
pub(super) fn copy(app: &AppHandle, text: String) -> Answer<()> {
    app.clipboard().write_secret(text).map_err(|error| {
        log::warn!("nothing was copied: {error}");
        ErrorCode::ClipboardFailed.into()
    })
}
