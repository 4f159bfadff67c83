//! The registration of a number on a mobile instance.

use desk::SecretString;
use desk::instance::InstanceType;
use desk::registration::view::{Registration, WayLeft};
use desk::registration::waits::Way;
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};

use super::{Answer, ask, connect};
use crate::host::Host;

#[tauri::command]
pub async fn set_instance_type(
    app: AppHandle,
    customer_id: String,
    kind: InstanceType,
) -> Answer<()> {
    ask(&app, async |desk| {
        desk.set_instance_type(&customer_id, kind).await
    })
    .await
}

/// The channel gets the registration as it is now, and again after every change.
#[tauri::command]
pub async fn follow_registration(
    app: AppHandle,
    window: WebviewWindow,
    host: State<'_, Host>,
    customer_id: String,
    on: Channel<Registration>,
) -> Answer<()> {
    let desk = host.desk(&app).await?;
    // What cannot be had at all is told at once.
    desk.registration(&customer_id).await?;
    let id = on.id();
    host.follow(window.label(), id, async move {
        let mut changes = desk.changes(&customer_id);
        loop {
            match desk.registration(&customer_id).await {
                Ok(view) => {
                    if on.send(view).is_err() {
                        return;
                    }
                }
                Err(failure) => desk.note_failure(&failure),
            }
            changes.next().await;
        }
    });
    Ok(())
}

#[tauri::command]
pub async fn registration_waits(app: AppHandle, customer_id: String) -> Answer<Vec<WayLeft>> {
    ask(&app, async |desk| {
        desk.registration_waits(&customer_id).await
    })
    .await
}

#[tauri::command]
pub async fn check_registration(
    app: AppHandle,
    customer_id: String,
    phone: String,
    confirmed: bool,
) -> Answer<()> {
    ask(&app, async |desk| {
        desk.check_registration(&customer_id, &phone, confirmed)
            .await
    })
    .await
}

#[tauri::command]
pub async fn check_registration_again(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        desk.check_registration_again(&customer_id).await
    })
    .await
}

#[tauri::command]
pub async fn request_registration_code(
    app: AppHandle,
    customer_id: String,
    way: Way,
) -> Answer<()> {
    ask(&app, async |desk| {
        desk.request_registration_code(&customer_id, way).await
    })
    .await
}

#[tauri::command]
pub async fn answer_captcha(app: AppHandle, customer_id: String, answer: String) -> Answer<()> {
    ask(&app, async |desk| {
        desk.answer_captcha(&customer_id, &answer).await
    })
    .await
}

#[tauri::command]
pub async fn another_way(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.another_way(&customer_id).await).await
}

#[tauri::command]
pub async fn start_registration_again(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        desk.start_registration_again(&customer_id).await
    })
    .await
}

#[tauri::command]
pub async fn confirm_registration_code(
    app: AppHandle,
    customer_id: String,
    code: String,
) -> Answer<()> {
    ask(&app, async |desk| {
        desk.confirm_registration_code(&customer_id, &code).await
    })
    .await
}

#[tauri::command]
pub async fn confirm_pin(app: AppHandle, customer_id: String, pin: SecretString) -> Answer<()> {
    ask(&app, async |desk| desk.confirm_pin(&customer_id, pin).await).await
}

#[tauri::command]
pub async fn recover_pin(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.recover_pin(&customer_id).await).await
}

#[tauri::command]
pub async fn check_transfer(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| desk.check_transfer(&customer_id).await).await
}

#[tauri::command]
pub async fn appeal(app: AppHandle, customer_id: String, description: String) -> Answer<()> {
    ask(&app, async |desk| {
        desk.appeal(&customer_id, &description).await
    })
    .await
}

#[tauri::command]
pub async fn copy_registration_message(app: AppHandle, customer_id: String) -> Answer<()> {
    ask(&app, async |desk| {
        connect::copy(&app, desk.registration_message(&customer_id).await?)
    })
    .await
}
