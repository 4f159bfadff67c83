//! The history of attempts.

use desk::history::{CsvWords, HistoryPage, HistoryQuery, csv};
use tauri::{AppHandle, State};

use super::app::{AppState, state};
use super::{Answer, ask, key};
use crate::host::Host;
use crate::words::{say, say_as_shown};

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
        let shown = |path: &str| say_as_shown(language, path);
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
            method: &|method| shown(&format!("attempt.method.{}", key(method))),
            outcome: &|outcome| shown(&format!("history.outcomes.{}", key(outcome))),
            error: &|error| shown(&format!("failures.{}.title", key(error))),
            yes: &word("csv.yes"),
            separator: super::csv::separator(language),
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

#[cfg(test)]
mod tests {
    use desk::attempt::Method;
    use desk::history::Outcome;
    use desk::{ErrorCode, Language};

    use super::*;

    #[test]
    fn every_value_in_a_row_has_words() {
        let methods = Method::ALL.map(|method| format!("attempt.method.{}", key(method)));
        let outcomes = [Outcome::Running, Outcome::Connected, Outcome::Interrupted]
            .map(|outcome| format!("history.outcomes.{}", key(outcome)));
        let errors = [ErrorCode::TimedOut, ErrorCode::WayMustWait]
            .map(|error| format!("failures.{}.title", key(error)));
        for path in methods.iter().chain(&outcomes).chain(&errors) {
            for language in Language::ALL {
                assert_ne!(say_as_shown(language, path), *path, "{language:?}");
            }
        }
    }
}
