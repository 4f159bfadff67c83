//! An attempt as the windows see it.

use chrono::{DateTime, Local};
use serde::Serialize;
use ts_rs::TS;

use super::machine::{Code, Phase as MachinePhase};
use super::{Method, Snapshot};
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::gateway::Identity;
use crate::language::Language;
use crate::phone;

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

/// A phone code, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct PhoneCode {
    /// Exactly as received.
    pub text: String,
    /// `text` in two parts, as WhatsApp shows it; one part when its length is odd.
    pub halves: Vec<String>,
    /// The number it was asked for, as people write it.
    pub phone_display: String,
    /// The complete message in the customer's language.
    pub message: String,
}

/// A QR code, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct QrCode {
    /// A `data:` URL of a PNG.
    pub picture: String,
    /// Which of the unread codes in a row this is, from 1.
    pub turn: u32,
}

/// The code in hand, whichever method it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum ShownCode {
    /// To be read with the phone's camera.
    Qr(QrCode),
    /// To be typed on the phone.
    Phone(PhoneCode),
    /// To be typed into the extension.
    Connection(ConnectionCode),
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
    /// There is no code yet; the customer is at the extension's steps 1 and 2.
    Preparing {
        /// The preparation message in the customer's language; only the extension has one.
        message: Option<String>,
    },
    /// A code lives.
    Waiting {
        /// The code.
        code: ShownCode,
        /// The agent said that the customer has read or typed it.
        read: bool,
    },
    /// The code died; the watch still runs (90 s).
    Expired {
        /// The one that died: to be shown dimmed.
        code: ShownCode,
    },
    /// WhatsApp demands a passkey.
    Passkey,
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
    /// No code yet.
    Preparing,
    /// A code lives.
    Waiting,
    /// The code was read or typed.
    Read,
    /// The code died.
    Expired,
    /// WhatsApp demands a passkey.
    Passkey,
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
    /// The code in its parts; empty without one, and for a QR code.
    pub halves: Vec<String>,
    /// How the customer is being connected.
    pub method: Method,
    /// The QR code: a `data:` URL of a PNG.
    pub picture: Option<String>,
    /// Clock time.
    pub valid_until: Option<String>,
    /// The number expected or connected.
    pub phone_display: Option<String>,
}

/// The parts of a code as it is read out: split at its hyphens, or else in the middle.
pub fn halves(code: &str) -> Vec<String> {
    let letters: Vec<char> = code.chars().collect();
    if code.contains('-') || letters.len() < 6 || letters.len() % 2 == 1 {
        return code.split('-').map(str::to_owned).collect();
    }
    letters
        .chunks(letters.len() / 2)
        .map(|half| half.iter().collect())
        .collect()
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
    /// The view of a snapshot. `expected`: the number the desk expects; `preparation` and `show`
    /// write the customer's messages.
    pub fn new(
        customer_id: &str,
        method: Method,
        snapshot: Snapshot,
        expected: Option<&str>,
        preparation: impl FnOnce() -> String,
        show: impl Fn(&Code) -> ShownCode,
    ) -> Self {
        let phase = match snapshot.phase {
            MachinePhase::Checking => Phase::Checking,
            MachinePhase::AlreadyConnected { identity } => Phase::AlreadyConnected {
                expected: ExpectedNumber::compare(expected, &identity),
                identity,
            },
            MachinePhase::Preparing => Phase::Preparing {
                message: (method == Method::Extension).then(preparation),
            },
            MachinePhase::Waiting { code, read } => Phase::Waiting {
                code: show(&code),
                read,
            },
            MachinePhase::Expired { code } => Phase::Expired { code: show(&code) },
            MachinePhase::Passkey => Phase::Passkey,
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
            method,
            phase,
            requesting: snapshot.requesting,
            trouble: snapshot.trouble,
            checked_at: snapshot.checked_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_in_the_parts_that_people_read_out() {
        for (code, parts) in [
            ("FA48-HS63", &["FA48", "HS63"][..]),
            ("A1B2C3D4E5", &["A1B2C", "3D4E5"]),
            ("A1B2C3D4", &["A1B2", "C3D4"]),
            ("A1B2C3D", &["A1B2C3D"]),
            ("A1B2", &["A1B2"]),
        ] {
            assert_eq!(halves(code), parts);
            assert_eq!(halves(code).concat(), code.replace('-', ""));
        }
    }
}
