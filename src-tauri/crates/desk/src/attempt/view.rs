//! An attempt as the windows see it.

use chrono::{DateTime, Local};
use serde::Serialize;
use ts_rs::TS;

use super::Snapshot;
use super::machine::Phase as MachinePhase;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::gateway::{FreshCode, Identity};
use crate::language::Language;
use crate::phone;

/// How a customer is being connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Method {
    /// The connection code of the Z-API Conector extension.
    Extension,
}

/// The connected number against the one the desk expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum ExpectedNumber {
    /// It is the one.
    Matches,
    /// It is another one.
    Other,
    /// No number was expected.
    NotSet,
    /// The connected number could not be read.
    Unknown,
}

impl ExpectedNumber {
    /// Compares the number expected (digits) with the identity read.
    pub fn compare(expected: Option<&str>, identity: &Identity) -> Self {
        match (expected, identity.phone.as_deref()) {
            (None, _) => Self::NotSet,
            (Some(_), None) => Self::Unknown,
            (Some(expected), Some(connected)) if phone::same(expected, connected) => Self::Matches,
            (Some(_), Some(_)) => Self::Other,
        }
    }
}

/// A connection code, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct ConnectionCode {
    /// Exactly as received.
    pub text: String,
    /// `text` split at its hyphens; one part when there is none.
    pub halves: Vec<String>,
    /// The server's clock could not be read: five minutes from the request.
    pub approximate: bool,
    /// Clock time such as `14:32`, in the agent's time zone.
    pub valid_until: String,
    /// The complete message in the customer's language.
    pub message: String,
}

/// Where an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export_to = crate::TYPES)]
pub enum Phase {
    /// The status is being read.
    Checking,
    /// Connected before anything was done; no code is given out.
    AlreadyConnected {
        /// As whom.
        identity: Identity,
        /// Whether that is the number expected.
        expected: ExpectedNumber,
    },
    /// The customer is at steps 1 and 2.
    Preparing {
        /// The preparation message in the customer's language.
        message: String,
    },
    /// A connection code lives.
    Waiting {
        /// The code.
        code: ConnectionCode,
    },
    /// The code died; the watch still runs (90 s).
    Expired,
    /// Connected during the attempt.
    Connected {
        /// As whom.
        identity: Identity,
        /// Whether that is the number expected.
        expected: ExpectedNumber,
        /// From the start of the attempt.
        #[ts(type = "number")]
        seconds: u64,
    },
    /// The watch ended without a connection.
    GaveUp,
    /// It cannot go on before something is corrected.
    Failed {
        /// What.
        failure: Failure,
    },
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct Attempt {
    /// Whose.
    pub customer_id: String,
    /// How.
    pub method: Method,
    /// Where it stands.
    pub phase: Phase,
    /// A code is being fetched right now.
    pub requesting: bool,
    /// The last thing that went wrong while the attempt goes on; gone when it works again.
    pub trouble: Option<Failure>,
    /// The server's last answer: Unix milliseconds by this computer's clock.
    #[ts(type = "number | null")]
    pub checked_at: Option<i64>,
}

/// What the presenter window shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum PresenterState {
    /// Steps 1 and 2.
    Preparing,
    /// A code lives.
    Waiting,
    /// The code died.
    Expired,
    /// Connected.
    Connected,
    /// Nothing more will come.
    Over,
}

/// An attempt for the customer's eyes: no names, no numbers but the customer's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct PresenterView {
    /// The customer's.
    pub language: Language,
    /// Where the attempt stands.
    pub state: PresenterState,
    /// The connection code in its parts; empty without one.
    pub halves: Vec<String>,
    /// Clock time.
    pub valid_until: Option<String>,
    /// The number expected or connected.
    pub phone_display: Option<String>,
}

/// The parts of a code as received.
pub fn halves(code: &str) -> Vec<String> {
    code.split('-').map(str::to_owned).collect()
}

/// The clock time in the agent's time zone until which a code is valid, rounded down to the
/// minute. A known deadline is the server's reading, so this computer's clock does not matter.
pub fn valid_until(deadline: &Deadline) -> String {
    let unix_ms = match *deadline {
        Deadline::Known { expires_at } => expires_at,
        Deadline::Approximate { wall_ms, .. } => wall_ms,
    };
    DateTime::from_timestamp_millis(unix_ms)
        .map(|at| at.with_timezone(&Local).format("%H:%M").to_string())
        .unwrap_or_default()
}

impl Attempt {
    /// The view of a snapshot. `expected`: the number the desk expects; `preparation` and
    /// `waiting` write the customer's messages.
    pub fn new(
        customer_id: &str,
        snapshot: Snapshot,
        expected: Option<&str>,
        preparation: impl FnOnce() -> String,
        waiting: impl FnOnce(FreshCode, Deadline) -> ConnectionCode,
    ) -> Self {
        let phase = match snapshot.phase {
            MachinePhase::Checking => Phase::Checking,
            MachinePhase::AlreadyConnected { identity } => Phase::AlreadyConnected {
                expected: ExpectedNumber::compare(expected, &identity),
                identity,
            },
            MachinePhase::Preparing => Phase::Preparing {
                message: preparation(),
            },
            MachinePhase::Waiting { code, deadline } => Phase::Waiting {
                code: waiting(code, deadline),
            },
            MachinePhase::Expired => Phase::Expired,
            MachinePhase::Connected { identity, seconds } => Phase::Connected {
                expected: ExpectedNumber::compare(expected, &identity),
                identity,
                seconds,
            },
            MachinePhase::GaveUp => Phase::GaveUp,
            MachinePhase::Failed(failure) => Phase::Failed { failure },
        };
        Self {
            customer_id: customer_id.to_owned(),
            method: Method::Extension,
            phase,
            requesting: snapshot.requesting,
            trouble: snapshot.trouble,
            checked_at: snapshot.checked_at,
        }
    }
}
