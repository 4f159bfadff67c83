//! The one failure taxonomy, and how a transport failure becomes part of it.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

/// Why a call gave no answer that can be used.
///
/// Holds nothing but what is listed here: no URL, id, token or text of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// No answer came.
    #[error("could not reach the server: {0}")]
    Unreachable(Unreachable),
    /// A credential or the caller's address was turned down.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// No instance has this id and token.
    #[error("there is no such instance")]
    NoSuchInstance,
    /// The instance's trial or subscription has ended.
    #[error("the instance's subscription is over")]
    SubscriptionOver,
    /// The call is for an instance that is not connected yet, and this one is.
    #[error("the instance is connected already")]
    AlreadyConnected,
    /// Status 429.
    #[error("asked too often")]
    TooOften {
        /// How long the server asks to wait, at most one day. A `Retry-After` that names a moment
        /// counts from the answer's own `Date`; without that it is not trusted.
        retry_after: Option<Duration>,
    },
    /// Status 5xx without a text that says more.
    #[error("the gateway has trouble (status {status})")]
    Gateway {
        /// The HTTP status.
        status: u16,
    },
    /// Something answered, but not as Z-API does.
    #[error("unexpected answer: {0}")]
    Unexpected(Unexpected),
}

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreachable {
    /// This computer has no way to the network or the host.
    #[error("no route")]
    Offline,
    /// The host's name could not be resolved.
    #[error("name not resolved")]
    Dns,
    /// Nothing accepts connections there.
    #[error("connection refused")]
    Refused,
    /// No trusted TLS connection: an unknown certificate, not TLS at all, or no root certificates
    /// on this computer.
    #[error("TLS failed")]
    Tls,
    /// Connecting, or the whole call, took longer than allowed.
    #[error("timed out")]
    Timeout,
    /// The connection closed or broke before an answer.
    #[error("connection reset")]
    Reset,
}

/// What was turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The account requires a Client-Token and none was sent.
    #[error("the Client-Token is missing")]
    ClientTokenMissing,
    /// A Client-Token was sent, but the account has none activated.
    #[error("the account has no Client-Token configured")]
    ClientTokenNotConfigured,
    /// The Client-Token is not the account's.
    #[error("the Client-Token is wrong")]
    ClientTokenWrong,
    /// The Partner token is missing or wrong.
    #[error("the Partner token is wrong")]
    PartnerToken,
    /// The account admits calls from listed IP addresses only.
    #[error("calls from this IP address are not allowed")]
    Address {
        /// The caller's address as the server sees it, where its answer names one.
        ip: Option<IpAddr>,
    },
}

/// What was wrong with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unexpected {
    /// HTML or other text: a captive portal, a proxy, another server.
    #[error("not JSON")]
    NotJson,
    /// The body ended early.
    #[error("cut short")]
    Truncated,
    /// The body is larger than [`ClientBuilder::max_body`](crate::ClientBuilder::max_body).
    #[error("too large")]
    TooLarge,
    /// A redirect to another scheme, host or port or to another verb (never followed), or one
    /// without an end.
    #[error("redirected elsewhere")]
    Redirected,
    /// The server does not know the route: another API version, or a wrong base address.
    #[error("unknown route")]
    UnknownRoute,
    /// JSON without what the route is documented to answer.
    #[error("not of the documented shape")]
    Shape,
    /// This HTTP status, without an error text in JSON.
    #[error("status {0}")]
    Status(u16),
    /// An error text in JSON that this crate does not know, on any status.
    #[error("an unknown error text")]
    Said,
}

impl From<Unreachable> for Error {
    fn from(reason: Unreachable) -> Self {
        Self::Unreachable(reason)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unexpected> for Error {
    fn from(unexpected: Unexpected) -> Self {
        Self::Unexpected(unexpected)
    }
}

/// A failure of the transport before the head of an answer came.
pub(crate) fn before_answer(error: &reqwest::Error) -> Error {
    // Addresses built by this crate are always valid, so a builder error is about a `Location`.
    if error.is_redirect() || error.is_builder() {
        return Unexpected::Redirected.into();
    }
    let reason = unreachable_by(error);
    if error.is_connect() {
        return reason.unwrap_or(Unreachable::Refused).into();
    }
    // The call may have arrived: whatever broke, it is not known that the server was not reached.
    match reason {
        Some(Unreachable::Timeout) => Unreachable::Timeout,
        _ => Unreachable::Reset,
    }
    .into()
}

/// A failure of the transport while the body came.
pub(crate) fn within_body(error: &reqwest::Error) -> Error {
    match unreachable_by(error) {
        Some(Unreachable::Timeout) => Unreachable::Timeout.into(),
        _ => Unexpected::Truncated.into(),
    }
}

fn unreachable_by(error: &reqwest::Error) -> Option<Unreachable> {
    if error.is_timeout() {
        return Some(Unreachable::Timeout);
    }
    if error.is_dns() {
        return Some(Unreachable::Dns);
    }
    by_cause(error)
}

fn by_cause(error: &(dyn StdError + 'static)) -> Option<Unreachable> {
    causes(error).find_map(|cause| {
        if cause.is::<rustls::Error>() {
            return Some(Unreachable::Tls);
        }
        match cause.downcast_ref::<io::Error>()?.kind() {
            ErrorKind::ConnectionRefused => Some(Unreachable::Refused),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Some(Unreachable::Reset),
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable => Some(Unreachable::Offline),
            _ => None,
        }
    })
}

/// `error` and everything beneath it. `io::Error::source` skips the error that it wraps, which is
/// where rustls' are found.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_found_however_deep_it_is_wrapped() {
        for (kind, expected) in [
            (ErrorKind::NetworkUnreachable, Some(Unreachable::Offline)),
            (ErrorKind::HostUnreachable, Some(Unreachable::Offline)),
            (ErrorKind::ConnectionRefused, Some(Unreachable::Refused)),
            (ErrorKind::ConnectionReset, Some(Unreachable::Reset)),
            (ErrorKind::BrokenPipe, Some(Unreachable::Reset)),
            (ErrorKind::InvalidData, None),
        ] {
            let wrapped = io::Error::other(io::Error::other(io::Error::from(kind)));
            assert_eq!(by_cause(&wrapped), expected, "{kind:?}");
        }
        let tls = io::Error::new(ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert_eq!(by_cause(&io::Error::other(tls)), Some(Unreachable::Tls));
    }
}
