//! The history of attempts.

use desk::Language;
use desk::attempt::Method;
use desk::history::{CsvWords, HistoryPage, HistoryQuery, Outcome, csv};
use serde::Serialize;
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
            "customer", "account", "method", "started", "ended", "outcome", "seconds", "passkey",
            "errors",
        ]
        .map(|column| word(&format!("csv.{column}")));
        let words = CsvWords {
            headings: headings.each_ref().map(String::as_str),
            method: &|method: Method| word(&format!("csv.methods.{}", key(method))),
            outcome: &|outcome: Outcome| word(&format!("csv.outcomes.{}", key(outcome))),
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

/// The name that a value has for the UI, which is a key of the words.
fn key(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
