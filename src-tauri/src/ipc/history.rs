//! The history of attempts.

use desk::Language;
use desk::attempt::Method;
use desk::history::{CsvWords, HistoryPage, HistoryQuery, Outcome, csv};
use tauri::{AppHandle, State};

use super::app::{AppState, state};
use super::{Answer, ask};
use crate::host::Host;
use crate::words::say;

#[tauri::command]
pub async fn history(app: AppHandle, query: HistoryQuery) -> Answer<HistoryPage> {
    ask(&app, async |desk| desk.history(&query).await).await
}

/// The file's name.
#[tauri::command]
pub async fn export_history(
    app: AppHandle,
    host: State<'_, Host>,
    query: HistoryQuery,
) -> Answer<String> {
    ask(&app, async |desk| {
        let rows = desk.whole_history(&query).await?;
        let language = host.language().await;
        let word = |path: &str| say(language, path, &[]);
        let headings = [
            "csv.customer",
            "csv.account",
            "csv.method",
            "csv.started",
            "csv.ended",
            "csv.outcome",
            "csv.seconds",
            "csv.passkey",
            "csv.errors",
        ]
        .map(word);
        let words = CsvWords {
            headings: headings.each_ref().map(String::as_str),
            method: &|method| word(method_word(method)),
            outcome: &|outcome| word(outcome_word(outcome)),
            yes: &word("csv.yes"),
            // What spreadsheet programs expect where the comma is the decimal mark.
            separator: match language {
                Language::Portuguese | Language::Spanish => b';',
                Language::English => b',',
            },
        };
        let file = csv(&rows, &words)?;
        host.saved().save(&word("files.history"), "csv", &file)
    })
    .await
}

#[tauri::command]
pub async fn set_history_days(
    app: AppHandle,
    host: State<'_, Host>,
    days: u32,
) -> Answer<AppState> {
    ask(&app, async |desk| desk.set_history_days(days).await).await?;
    state(&app, &host).await
}

fn method_word(method: Method) -> &'static str {
    match method {
        Method::QrCode => "csv.methods.qrCode",
        Method::PhoneCode => "csv.methods.phoneCode",
        Method::Extension => "csv.methods.extension",
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Running => "csv.outcomes.running",
        Outcome::Connected => "csv.outcomes.connected",
        Outcome::AlreadyConnected => "csv.outcomes.alreadyConnected",
        Outcome::GaveUp => "csv.outcomes.gaveUp",
        Outcome::Stopped => "csv.outcomes.stopped",
        Outcome::Failed => "csv.outcomes.failed",
        Outcome::Interrupted => "csv.outcomes.interrupted",
    }
}
