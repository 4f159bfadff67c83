//! What the customer may be seeing.

use desk::triage::{Triage, begin_folder};
use desk::{ErrorCode, Failure};
use tauri::{AppHandle, State};
use tauri_plugin_opener::OpenerExt;

use super::{Answer, ask, connect};
use crate::host::Host;

#[tauri::command]
pub async fn triage(app: AppHandle, host: State<'_, Host>, customer_id: String) -> Answer<Triage> {
    ask(&app, async |desk| {
        let agent = host.language().await;
        desk.triage(&customer_id, agent, host.triage_folder()).await
    })
    .await
}

#[tauri::command]
pub async fn copy_triage_message(
    app: AppHandle,
    host: State<'_, Host>,
    customer_id: String,
    card_id: String,
) -> Answer<()> {
    let shown = triage(app.clone(), host, customer_id).await?;
    let card = shown.cards.into_iter().find(|card| card.id == card_id);
    let card = card.ok_or_else(|| Failure::from(ErrorCode::NotFound))?;
    connect::copy(&app, card.message)
}

#[tauri::command]
pub async fn open_triage_folder(app: AppHandle, host: State<'_, Host>) -> Answer<()> {
    let folder = host.triage_folder();
    begin_folder(&folder).map_err(|error| {
        log::warn!("no folder for cards: {error}");
        Failure::from(ErrorCode::SaveFailed)
    })?;
    let opened = app
        .opener()
        .open_path(folder.to_string_lossy(), None::<&str>);
    opened.map_err(|error| {
        log::warn!("the folder was not opened: {error}");
        ErrorCode::LinkFailed.into()
    })
}
