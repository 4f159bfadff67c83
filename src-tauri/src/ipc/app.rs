//! The app as a whole.

use desk::store::Recovered;
use desk::{ErrorCode, Failure, Language};
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};
use ts_rs::TS;

use super::{Answer, ask};
use crate::host::{AppEvent, Host};
use crate::{background, diagnostics, windows};

/// What the main window must know before it shows anything.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = desk::TYPES)]
pub struct AppState {
    version: String,
    /// In force now.
    language: Language,
    /// Chosen by the agent; `None` follows the system.
    chosen_language: Option<Language>,
    practice: bool,
    #[ts(type = "number")]
    accounts: usize,
    /// `PONTE_VAULT=memory`: nothing is kept after quitting.
    memory_vault: bool,
    /// Base address set by the agent, `None` for Z-API's own.
    zapi_address: Option<String>,
    /// `PONTE_ZAPI_URL` overrides it.
    zapi_address_fixed: bool,
    /// How long the history is kept.
    history_days: u32,
    /// The data file was damaged when Ponte started, and this was done about it.
    recovered: Option<Recovered>,
}

pub(super) async fn state(app: &AppHandle, host: &Host) -> Answer<AppState> {
    let desk = host.desk(app).await?;
    let settings = desk.settings().await?;
    Ok(AppState {
        version: app.package_info().version.to_string(),
        language: host.language().await,
        chosen_language: host.chosen_language(app).await?,
        practice: host.practice().is_some(),
        accounts: desk.accounts().await?.len(),
        memory_vault: desk.is_memory_only(),
        zapi_address: settings.zapi_address,
        zapi_address_fixed: desk.has_fixed_address(),
        history_days: desk.history_days().await?,
        recovered: desk.recovered(),
    })
}

#[tauri::command]
pub async fn app_state(app: AppHandle, host: State<'_, Host>) -> Answer<AppState> {
    state(&app, &host).await
}

#[tauri::command]
pub fn follow_app(app: AppHandle, host: State<'_, Host>, on: Channel<AppEvent>) {
    host.follow_app(on);
    tauri::async_runtime::spawn(background::begin(app));
}

#[tauri::command]
pub fn unfollow(window: WebviewWindow, host: State<'_, Host>, id: u32) {
    host.unfollow(window.label(), id);
}

#[tauri::command]
pub async fn set_language(
    app: AppHandle,
    host: State<'_, Host>,
    language: Option<Language>,
) -> Answer<AppState> {
    host.choose_language(&app, language).await?;
    windows::say_where_we_are(&app).await;
    state(&app, &host).await
}

#[tauri::command]
pub async fn set_zapi_address(
    app: AppHandle,
    host: State<'_, Host>,
    address: Option<String>,
) -> Answer<AppState> {
    ask(&app, async |desk| {
        desk.set_zapi_address(address.as_deref()).await
    })
    .await?;
    state(&app, &host).await
}

#[tauri::command]
pub async fn open_guide(app: AppHandle, host: State<'_, Host>) -> Answer<()> {
    windows::open_guide(&app, host.language().await).map_err(|error| {
        log::error!("the guide did not open: {error}");
        Failure::from(ErrorCode::Internal)
    })
}

#[tauri::command]
pub async fn copy_diagnostic_report(app: AppHandle, host: State<'_, Host>) -> Answer<()> {
    super::connect::copy(&app, diagnostics::report(&app, &host))
}
