//! Customers out of a spreadsheet, and into one.

mod columns;
pub mod export;
pub(crate) mod import;
mod line;
mod table;
mod text;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::failure::{ErrorCode, Failure, Result};
use crate::input::Problem;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum CsvColumn {
    /// The customer's name.
    Name,
    /// The instance id, or the whole address that the panel shows.
    Address,
    /// The instance token.
    Token,
    /// The number expected, in any spelling.
    Phone,
    /// The customer's language.
    Language,
    /// The desk's own words.
    Note,
    /// The desk's own labels.
    Labels,
}

/// How a file's characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum CsvEncoding {
    /// With or without byte order mark.
    Utf8,
    /// As spreadsheets on Windows write.
    Windows1252,
    /// With byte order mark.
    Utf16,
}

/// What an import of the file would do. No token is in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CsvPreview {
    /// `;`, `,` or a tabulator.
    pub separator: String,
    /// How the characters are written.
    pub encoding: CsvEncoding,
    /// The first line; empty ones for a file that begins with a customer.
    pub headings: Vec<String>,
    /// What each column holds; `None`: nothing that Ponte takes.
    pub columns: Vec<Option<CsvColumn>>,
    /// Lines that would be added.
    pub ready: u32,
    /// Lines whose instance is a customer already; they are left alone.
    pub known: u32,
    /// Lines with a mistake; they are left out.
    pub wrong: u32,
    /// The first lines, those with mistakes before the others.
    pub lines: Vec<CsvLine>,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CsvLine {
    /// Its number as a spreadsheet shows it: the first is 1, and what stands in quotes is one line.
    pub line: u32,
    /// The name in it.
    pub name: String,
    /// The instance id in it.
    pub instance_id: Option<String>,
    /// A token is in it.
    pub has_token: bool,
    /// The number in it, understood.
    pub phone_display: Option<String>,
    /// The labels in it.
    pub labels: Vec<String>,
    /// Its instance is a customer already.
    pub known: bool,
    /// Its mistakes.
    pub problems: Vec<Problem>,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct CsvResult {
    /// Customers added.
    pub added: u32,
    /// Lines left alone: their instance is a customer already.
    pub known: u32,
    /// Lines left out for a mistake.
    pub wrong: u32,
    /// Why it stopped, and at which line. Those before it are added; importing the file again goes on.
    pub stopped: Option<CsvStop>,
}

/// Where an import stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct CsvStop {
    /// The line that was not added.
    pub line: u32,
    /// Why; `None`: the agent ended it.
    pub failure: Option<Failure>,
}

/// Runs what computes for a while beside what others wait for.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        log::error!("not computed: {error}");
        ErrorCode::Internal.into()
    })
}
