//! Practice: on, off, and the customer's side of it.

use desk::{ErrorCode, Failure};
use practice::{Action, Scenario};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};
use ts_rs::TS;

use super::Answer;
use super::app::{AppState, state};
use crate::host::Host;
use crate::windows;

/// What the practice customer can do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = desk::TYPES)]
pub enum PracticeAction {
    /// Reads the QR code with the phone.
    ReadsQr,
    /// Types the phone code on the phone.
    TypesPhoneCode,
    /// Types the connection code into the extension.
    TypesCode,
    /// Confirms on the extension's screen.
    Confirms,
    /// Removes the linked device.
    Disconnects,
    /// An hour goes by.
    AnHourPasses,
    /// The phone is online again.
    PhoneComesBack,
    /// Resets the forgotten PIN by the e-mail.
    ResetsPin,
    /// Confirms the transfer on the old phone.
    ConfirmsTransfer,
    /// WhatsApp accepts the appeal.
    AppealAccepted,
}

impl From<Action> for PracticeAction {
    fn from(action: Action) -> Self {
        match action {
            Action::ReadsQr => Self::ReadsQr,
            Action::TypesPhoneCode => Self::TypesPhoneCode,
            Action::TypesCode => Self::TypesCode,
            Action::Confirms => Self::Confirms,
            Action::Disconnects => Self::Disconnects,
            Action::AnHourPasses => Self::AnHourPasses,
            Action::PhoneComesBack => Self::PhoneComesBack,
            Action::ResetsPin => Self::ResetsPin,
            Action::ConfirmsTransfer => Self::ConfirmsTransfer,
            Action::AppealAccepted => Self::AppealAccepted,
        }
    }
}

impl From<PracticeAction> for Action {
    fn from(action: PracticeAction) -> Self {
        match action {
            PracticeAction::ReadsQr => Self::ReadsQr,
            PracticeAction::TypesPhoneCode => Self::TypesPhoneCode,
            PracticeAction::TypesCode => Self::TypesCode,
            PracticeAction::Confirms => Self::Confirms,
            PracticeAction::Disconnects => Self::Disconnects,
            PracticeAction::AnHourPasses => Self::AnHourPasses,
            PracticeAction::PhoneComesBack => Self::PhoneComesBack,
            PracticeAction::ResetsPin => Self::ResetsPin,
            PracticeAction::ConfirmsTransfer => Self::ConfirmsTransfer,
            PracticeAction::AppealAccepted => Self::AppealAccepted,
        }
    }
}

/// The strip under a practice customer.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(export_to = desk::TYPES)]
pub struct PracticeStrip {
    /// The scenario's name, a key of the words.
    #[ts(type = "string")]
    scenario: Scenario,
    /// What the customer can do now.
    actions: Vec<PracticeAction>,
    /// What the customer has in front of them and can tell: a code that came, a PIN.
    received: Option<String>,
}

#[tauri::command]
pub async fn enter_practice(app: AppHandle, host: State<'_, Host>) -> Answer<AppState> {
    host.enter_practice(&app).await?;
    windows::say_where_we_are(&app).await;
    state(&app, &host).await
}

#[tauri::command]
pub async fn leave_practice(app: AppHandle, host: State<'_, Host>) -> Answer<AppState> {
    windows::close_presenter(&app);
    host.leave_practice().await;
    windows::say_where_we_are(&app).await;
    state(&app, &host).await
}

#[tauri::command]
pub async fn practice_strip(host: State<'_, Host>, customer_id: String) -> Answer<PracticeStrip> {
    play(&host, &customer_id, None).await
}

#[tauri::command]
pub async fn play_practice(
    host: State<'_, Host>,
    customer_id: String,
    action: PracticeAction,
) -> Answer<PracticeStrip> {
    play(&host, &customer_id, Some(action)).await
}

async fn play(
    host: &Host,
    customer_id: &str,
    action: Option<PracticeAction>,
) -> Answer<PracticeStrip> {
    let practice = host.practice().ok_or(ErrorCode::NotInPractice)?;
    let instance = practice.desk.instance_of(customer_id).await?;
    if let Some(action) = action
        && practice.server.play(&instance, action.into()).is_err()
    {
        // The moment has passed: the strip below shows what is possible now.
        log::info!("the practice customer could not do that now");
    }
    let (scenario, actions) = practice
        .server
        .actions(&instance)
        .ok_or_else(|| Failure::from(ErrorCode::NotFound))?;
    Ok(PracticeStrip {
        scenario,
        actions: actions.into_iter().map(PracticeAction::from).collect(),
        received: practice.server.received(&instance),
    })
}
