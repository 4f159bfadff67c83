//! What went wrong, as the UI gets it: a code and harmless parameters, never a sentence.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Every way in which something the agent wants can fail. The UI has one table from this to words,
/// severity and the next step; a code without a row there does not compile.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS, sqlx::Type,
)]
#[serde(rename_all = "camelCase")]
#[sqlx(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum ErrorCode {
    /// No network at all.
    Offline,
    /// The server's name could not be looked up.
    DnsFailed,
    /// Nothing listens at the address.
    ConnectionRefused,
    /// The secure connection could not be made, or is not the server's.
    TlsFailed,
    /// No answer within the time allowed.
    TimedOut,
    /// The connection broke before the answer was complete.
    ConnectionReset,
    /// The account demands a Client-Token and none was sent.
    ClientTokenMissing,
    /// The account's Client-Token is not activated.
    ClientTokenNotConfigured,
    /// The Client-Token is wrong.
    ClientTokenWrong,
    /// The Partner token is wrong.
    PartnerTokenWrong,
    /// The account accepts calls only from other IP addresses. `address`: this computer's.
    AddressNotAllowed,
    /// The instance id or the instance token is wrong.
    InstanceNotFound,
    /// The instance's subscription is over.
    SubscriptionOver,
    /// Too many calls. `retryAfterSeconds`, where known.
    TooOften,
    /// The server has trouble. `status`: the HTTP status.
    GatewayTrouble,
    /// A page came where data should: a captive portal or a proxy.
    NotJson,
    /// The answer was cut off.
    TruncatedAnswer,
    /// The answer would not end.
    AnswerTooLarge,
    /// The server sent us to another host.
    RedirectRefused,
    /// The server does not know what was asked.
    UnknownRoute,
    /// The server answered something that makes no sense.
    UnexpectedAnswer,
    /// There is no keychain on this computer.
    KeychainMissing,
    /// The keychain is locked.
    KeychainLocked,
    /// The keychain refused access.
    KeychainRefused,
    /// The keychain has no room.
    KeychainFull,
    /// The keychain did not answer in time.
    KeychainTimedOut,
    /// The keychain failed in another way.
    KeychainFailed,
    /// The secret is not in the vault (kept for an earlier session, or deleted outside).
    SecretMissing,
    /// The data file could not be read or written.
    StoreFailed,
    /// The disk is full.
    DiskFull,
    /// Something typed cannot be used. `field`, `problem`.
    InvalidInput,
    /// The account or customer is gone.
    NotFound,
    /// The customer is connected: no code by accident.
    AlreadyConnected,
    /// The connection code is dead, or there is none.
    CodeNotValid,
    /// No attempt runs for this customer.
    NoAttempt,
    /// The registration is not at a step where this can be done.
    NotNow,
    /// This way of receiving the code must wait: asking early gets the number blocked.
    /// `retryAfterSeconds`, unless the way is closed.
    WayMustWait,
    /// The account still has customers.
    AccountHasCustomers,
    /// Another customer has this instance. `customerName`.
    DuplicateInstance,
    /// The clipboard could not be written.
    ClipboardFailed,
    /// No browser could be opened.
    LinkFailed,
    /// Only possible in practice.
    NotInPractice,
    /// WhatsApp's question for a passkey could not be taken back.
    StartOverFailed,
    /// The account has no Partner token, without which this cannot be done.
    PartnerTokenMissing,
    /// The subscription was asked for a moment ago.
    SubscriptionRequested,
    /// A file could not be written to the downloads folder.
    SaveFailed,
    /// The data file is damaged. The next start sets it aside.
    StoreDamaged,
    /// The file is not a table of text.
    NotATable,
    /// The file is larger than a list of customers can be. `megabytes`: the most.
    FileTooLarge,
    /// An instance was asked for, and no answer came: it may exist.
    InstanceMaybeCreated,
    /// The login items could not be changed.
    AutostartFailed,
    /// A link that is none of Ponte's.
    LinkNotUnderstood,
    /// A defect of Ponte.
    Internal,
}

/// What went wrong, and the harmless values that the sentence about it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{code:?}")]
#[ts(export_to = crate::TYPES)]
pub struct Failure {
    /// Which sentence to show.
    pub code: ErrorCode,
    /// retryAfterSeconds, status, address, field, problem, customerName: never a secret.
    #[ts(type = "Record<string, string>")]
    pub params: BTreeMap<String, String>,
}

/// Short for results with a [`Failure`].
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The same failure with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.into(), value.to_string());
        self
    }

    /// Trying again without a change cannot help: a credential, the instance or the account is wrong.
    pub fn needs_a_change(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::ClientTokenMissing
                | ErrorCode::ClientTokenNotConfigured
                | ErrorCode::ClientTokenWrong
                | ErrorCode::PartnerTokenWrong
                | ErrorCode::AddressNotAllowed
                | ErrorCode::InstanceNotFound
                | ErrorCode::SubscriptionOver
                | ErrorCode::SecretMissing
        )
    }

    /// The server cannot have done what it was asked for: it was not reached, or it refused.
    pub fn was_not_done(&self) -> bool {
        self.needs_a_change()
            || matches!(
                self.code,
                ErrorCode::Offline
                    | ErrorCode::DnsFailed
                    | ErrorCode::ConnectionRefused
                    | ErrorCode::TlsFailed
                    | ErrorCode::TooOften
                    | ErrorCode::UnknownRoute
                    | ErrorCode::RedirectRefused
            )
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        let seconds = self.params.get("retryAfterSeconds")?.parse().ok()?;
        Some(std::time::Duration::from_secs(seconds))
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            params: BTreeMap::new(),
        }
    }
}

impl From<zapi::Error> for Failure {
    fn from(error: zapi::Error) -> Self {
        use zapi::{Error, Refusal, Unexpected, Unreachable};
        match error {
            Error::Unreachable(why) => match why {
                Unreachable::Offline => ErrorCode::Offline,
                Unreachable::Dns => ErrorCode::DnsFailed,
                Unreachable::Refused => ErrorCode::ConnectionRefused,
                Unreachable::Tls => ErrorCode::TlsFailed,
                Unreachable::Timeout => ErrorCode::TimedOut,
                Unreachable::Reset => ErrorCode::ConnectionReset,
            }
            .into(),
            Error::Refused(who) => match who {
                Refusal::ClientTokenMissing => ErrorCode::ClientTokenMissing.into(),
                Refusal::ClientTokenNotConfigured => ErrorCode::ClientTokenNotConfigured.into(),
                Refusal::ClientTokenWrong => ErrorCode::ClientTokenWrong.into(),
                Refusal::PartnerToken => ErrorCode::PartnerTokenWrong.into(),
                Refusal::Address { ip } => {
                    let failure = Failure::from(ErrorCode::AddressNotAllowed);
                    match ip {
                        Some(ip) => failure.with("address", ip),
                        None => failure,
                    }
                }
            },
            Error::NoSuchInstance => ErrorCode::InstanceNotFound.into(),
            Error::SubscriptionOver => ErrorCode::SubscriptionOver.into(),
            Error::AlreadyConnected => ErrorCode::AlreadyConnected.into(),
            Error::TooOften { retry_after } => {
                let failure = Failure::from(ErrorCode::TooOften);
                match retry_after {
                    Some(wait) => failure.with("retryAfterSeconds", wait.as_secs().max(1)),
                    None => failure,
                }
            }
            Error::Gateway { status } => {
                Failure::from(ErrorCode::GatewayTrouble).with("status", status)
            }
            Error::Unexpected(what) => match what {
                Unexpected::NotJson => ErrorCode::NotJson,
                Unexpected::Truncated => ErrorCode::TruncatedAnswer,
                Unexpected::TooLarge => ErrorCode::AnswerTooLarge,
                Unexpected::Redirected => ErrorCode::RedirectRefused,
                Unexpected::UnknownRoute => ErrorCode::UnknownRoute,
                Unexpected::Shape | Unexpected::Status(_) | Unexpected::Said => {
                    ErrorCode::UnexpectedAnswer
                }
            }
            .into(),
        }
    }
}
