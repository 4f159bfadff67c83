//! What became of every attempt: kept without codes and secrets, for as long as the desk wants.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::attempt::Method;
use crate::desk::Desk;
use crate::failure::{ErrorCode, Result};
use crate::store::CustomerRecord;

/// Days for which the history is kept unless the desk sets something else.
pub const DEFAULT_DAYS: u32 = 180;
/// Most days that can be set.
pub const MOST_DAYS: u32 = 3_650;

const DAYS: &str = "history_days";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Outcome {
    /// It has not.
    Running,
    /// Connected.
    Connected,
    /// Connected before anything was done.
    AlreadyConnected,
    /// The watch ended without a connection.
    GaveUp,
    /// The agent stopped it, or went on with another method.
    Stopped,
    /// Something had to be corrected first.
    Failed,
    /// Ponte ended before it did.
    Interrupted,
}

/// An attempt, as stored.
#[derive(Clone, Debug, Serialize, Deserialize, sqlx::FromRow)]
pub struct AttemptRecord {
    /// Its id.
    pub id: String,
    /// Whose.
    pub customer_id: String,
    /// Whose account, at that time.
    pub account_id: String,
    /// How.
    pub method: Method,
    /// Unix milliseconds by this computer's clock.
    pub started_at: i64,
    /// The same; `None` while it runs and when Ponte ended before it did.
    pub ended_at: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// From the start to the connection.
    pub seconds: Option<i64>,
    /// WhatsApp asked for a passkey on the way.
    pub passkey: bool,
}

impl AttemptRecord {
    /// One that begins at `now` (Unix milliseconds by this computer's clock).
    pub fn begin(customer: &CustomerRecord, method: Method, now: i64) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            customer_id: customer.id.clone(),
            account_id: customer.account_id.clone(),
            method,
            started_at: now,
            ended_at: None,
            outcome: Outcome::Running,
            seconds: None,
            passkey: false,
        }
    }
}

/// Which attempts to list.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct HistoryQuery {
    /// Only this customer's.
    pub customer_id: Option<String>,
    /// Only this account's.
    pub account_id: Option<String>,
    /// Only by this method.
    pub method: Option<Method>,
    /// Only those that ended like this.
    pub outcome: Option<Outcome>,
    /// Only those begun since then: Unix milliseconds by this computer's clock.
    #[ts(type = "number | null")]
    pub since: Option<i64>,
}

/// Attempts, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct HistoryPage {
    /// The first of them ([`crate::store::PAGE`]).
    pub rows: Vec<HistoryRow>,
    /// How many there are.
    #[ts(type = "number")]
    pub total: u64,
    /// By method, over all of them, in the methods' order.
    pub methods: Vec<MethodTotals>,
}

/// One attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct HistoryRow {
    /// Its id.
    pub id: String,
    /// Whose.
    pub customer_id: String,
    /// The customer's name.
    pub customer_name: String,
    /// The account at that time, if it still exists.
    pub account_name: Option<String>,
    /// How.
    pub method: Method,
    /// Unix milliseconds by this computer's clock.
    #[ts(type = "number")]
    pub started_at: i64,
    /// The same; `None` while it runs and when Ponte ended before it did.
    #[ts(type = "number | null")]
    pub ended_at: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// From the start to the connection.
    #[ts(type = "number | null")]
    pub seconds: Option<i64>,
    /// WhatsApp asked for a passkey on the way.
    pub passkey: bool,
    /// What went wrong on the way.
    pub errors: Vec<CountedError>,
}

/// An error and how often it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct CountedError {
    /// Which.
    pub code: ErrorCode,
    /// How often.
    #[ts(type = "number")]
    pub times: i64,
}

/// How a method has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct MethodTotals {
    /// Which.
    pub method: Method,
    /// Attempts made.
    #[ts(type = "number")]
    pub attempts: u64,
    /// Those that ended in a connection.
    #[ts(type = "number")]
    pub connected: u64,
    /// Median of the times to connect; `None` without a connection.
    #[ts(type = "number | null")]
    pub median_seconds: Option<i64>,
}

impl MethodTotals {
    /// Of one method's attempts: how each ended, and its time to connect.
    fn of(method: Method, ends: &[(Outcome, Option<i64>)]) -> Self {
        let connected = || ends.iter().filter(|(end, _)| *end == Outcome::Connected);
        let mut times: Vec<i64> = connected().filter_map(|(_, seconds)| *seconds).collect();
        times.sort_unstable();
        let middle = times.len() / 2;
        let median_seconds = match times.len() % 2 {
            0 => times
                .get(middle.wrapping_sub(1)..=middle)
                .map(|pair| pair.iter().sum::<i64>() / 2),
            _ => times.get(middle).copied(),
        };
        Self {
            method,
            attempts: ends.len() as u64,
            connected: connected().count() as u64,
            median_seconds,
        }
    }
}

impl Desk {
    /// The attempts that match, and how each method has done in all of them.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage> {
        let ends = self.store.history_ends(query).await?;
        let methods = Method::ALL.into_iter().map(|method| {
            let ends: Vec<_> = ends
                .iter()
                .filter(|(of, ..)| *of == method)
                .map(|(_, outcome, seconds)| (*outcome, *seconds))
                .collect();
            MethodTotals::of(method, &ends)
        });
        Ok(HistoryPage {
            total: ends.len() as u64,
            methods: methods.filter(|totals| totals.attempts > 0).collect(),
            rows: self.store.history(query, crate::store::PAGE.into()).await?,
        })
    }

    /// All attempts that match, for a file.
    pub async fn whole_history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>> {
        Ok(self.store.history(query, i64::MAX).await?)
    }

    /// Days for which the history is kept.
    pub async fn history_days(&self) -> Result<u32> {
        let set = self.store.setting(DAYS).await?;
        Ok(set
            .and_then(|days| days.parse().ok())
            .unwrap_or(DEFAULT_DAYS))
    }

    /// Sets for how many days (1 to [`MOST_DAYS`]) the history is kept, and forgets what is older.
    pub async fn set_history_days(&self, days: u32) -> Result<()> {
        let days = days.clamp(1, MOST_DAYS);
        self.store
            .put_setting(DAYS, Some(&days.to_string()))
            .await?;
        self.forget_old_history().await
    }

    /// Forgets attempts older than the desk wants them kept.
    pub(crate) async fn forget_old_history(&self) -> Result<()> {
        let days = i64::from(self.history_days().await?);
        let oldest = self.clock().wall_ms().saturating_sub(days * DAY_MS);
        Ok(self.store.forget_history_before(oldest).await?)
    }
}

/// The words of a CSV file, in the agent's language.
pub struct CsvWords<'a> {
    /// Of the columns, in their order.
    pub headings: [&'a str; 9],
    /// Of a method.
    pub method: &'a dyn Fn(Method) -> String,
    /// Of an outcome.
    pub outcome: &'a dyn Fn(Outcome) -> String,
    /// Of an error.
    pub error: &'a dyn Fn(ErrorCode) -> String,
    /// Yes, for the passkey.
    pub yes: &'a str,
    /// Between fields.
    pub separator: u8,
}

/// The attempts as a file that spreadsheet programs open by a double click.
///
/// # Errors
/// [`ErrorCode::Internal`], if a row could not be written into memory.
pub fn csv(rows: &[HistoryRow], words: &CsvWords<'_>) -> Result<Vec<u8>> {
    let records = rows.iter().map(|row| {
        let errors: Vec<String> = row
            .errors
            .iter()
            .map(|error| format!("{} × {}", (words.error)(error.code), error.times))
            .collect();
        [
            row.customer_name.clone(),
            row.account_name.clone().unwrap_or_default(),
            (words.method)(row.method),
            local_time(Some(row.started_at)),
            local_time(row.ended_at),
            (words.outcome)(row.outcome),
            row.seconds.map(|s| s.to_string()).unwrap_or_default(),
            if row.passkey { words.yes } else { "" }.to_owned(),
            errors.join(", "),
        ]
    });
    crate::roster::csv::export::file(words.separator, words.headings, records)
}

/// `2026-11-21 14:32:05` in the agent's time zone, which spreadsheet programs take for a time in
/// every country.
fn local_time(unix_ms: Option<i64>) -> String {
    unix_ms
        .and_then(chrono::DateTime::from_timestamp_millis)
        .map(|at| at.with_timezone(&chrono::Local))
        .map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_connections_only() {
        let connected = |seconds| (Outcome::Connected, Some(seconds));
        let totals = |ends: &[_]| {
            let MethodTotals {
                attempts,
                connected,
                median_seconds,
                ..
            } = MethodTotals::of(Method::QrCode, ends);
            (attempts, connected, median_seconds)
        };
        assert_eq!(totals(&[]), (0, 0, None));
        assert_eq!(totals(&[(Outcome::GaveUp, None)]), (1, 0, None));
        assert_eq!(
            totals(&[connected(90), (Outcome::Stopped, None), connected(10)]),
            (3, 2, Some(50))
        );
        assert_eq!(
            totals(&[connected(90), connected(10), connected(20)]),
            (3, 3, Some(20))
        );
    }

    #[test]
    fn a_csv_file_opens_as_a_table_and_holds_no_formula() {
        let row = HistoryRow {
            id: "1".into(),
            customer_id: "1".into(),
            customer_name: "=CMD(\"a;b\")".into(),
            account_name: Some("Agência; Litoral".into()),
            method: Method::Extension,
            started_at: 1_790_000_000_000,
            ended_at: None,
            outcome: Outcome::Connected,
            seconds: Some(130),
            passkey: true,
            errors: vec![CountedError {
                code: ErrorCode::TimedOut,
                times: 2,
            }],
        };
        let words = CsvWords {
            headings: ["a", "b", "c", "d", "e", "f", "g", "h", "Erros"],
            method: &|_| "Extensão".into(),
            outcome: &|_| "Conectado".into(),
            error: &|_| "Sem resposta".into(),
            yes: "sim",
            separator: b';',
        };
        let file = String::from_utf8(csv(&[row], &words).unwrap()).unwrap();
        let started = local_time(Some(1_790_000_000_000));
        assert_eq!(
            file,
            format!(
                "\u{feff}a;b;c;d;e;f;g;h;Erros\r\n\
                 \"'=CMD(\"\"a;b\"\")\";\"Agência; Litoral\";Extensão;{started};;Conectado;130;sim;Sem resposta × 2\r\n"
            )
        );
        assert_eq!(started.len(), "2026-11-21 14:32:05".len());
    }
}
