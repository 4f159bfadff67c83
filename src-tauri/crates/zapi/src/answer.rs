//! From status, headers and body to a value or an [`Error`], without touching the network.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde_json::Value;

use crate::error::{Error, Refusal, Unexpected};

#[cfg(test)]
pub(crate) mod tests;

/// A value, and when the server sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<T> {
    /// What was asked for.
    pub value: T,
    /// The answer's `Date` header as sent, in whole seconds: the server's clock stood somewhere in
    /// `date..date + 1 s`. `None` when missing or unreadable.
    pub date: Option<SystemTime>,
}

impl<T> Received<T> {
    /// The same answer, read as something else.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Received<U> {
        Received {
            value: read(self.value),
            date: self.date,
        }
    }

    /// For answers that say no more than that it was done.
    pub(crate) fn without_value(self) -> Received<()> {
        self.map(drop)
    }
}

/// A moment in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

pub(crate) type Object = serde_json::Map<String, Value>;

/// What a route answers when all is well.
pub(crate) trait Answer: Sized {
    /// The route takes a Partner token, so that 401 and 403 are about it.
    const PARTNER_ROUTE: bool = false;
    /// Fields by which an object is known to be this answer and not an error.
    const FIELDS: &'static [&'static str];

    /// Whether a text in `error` is not an error here.
    fn is_state(_text: &str) -> bool {
        false
    }

    /// `None` when a field is missing that the answer is worth nothing without.
    fn from_object(object: &Object) -> Option<Self>;

    /// What a success without a word is. `None` where the answer has to say something.
    fn from_nothing() -> Option<Self> {
        None
    }

    /// What a body is that status 4xx or an error text turns down, where that is an answer too.
    fn from_refused(_status: StatusCode, _json: &Value) -> Option<Self> {
        None
    }

    /// What an error is that counts as an answer here.
    fn from_error(error: Error) -> Result<Self, Error> {
        Err(error)
    }
}

/// The answer of a route that does something and says so with `true` (documented).
pub(crate) struct Done;

impl Answer for Done {
    const FIELDS: &'static [&'static str] = &OUTCOME;

    fn from_object(object: &Object) -> Option<Self> {
        outcome(object)?.then_some(Self)
    }
}

const OUTCOME: [&str; 2] = ["value", "success"];

/// Whether a call did what it is for. `None` when the answer does not say.
pub(crate) fn outcome(object: &Object) -> Option<bool> {
    OUTCOME
        .into_iter()
        .filter_map(|field| flag(object, field))
        .reduce(|one, other| one && other)
}

/// Reads a whole answer.
pub(crate) fn read<T: Answer>(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Received<T>, Error> {
    Ok(Received {
        value: read_value(status, headers, body).or_else(T::from_error)?,
        date: moment(headers, &DATE),
    })
}

/// What the head alone says, for when the body cannot be read.
pub(crate) fn by_head(status: StatusCode, headers: &HeaderMap) -> Option<Error> {
    if status == StatusCode::TOO_MANY_REQUESTS {
        let retry_after = retry_after(headers);
        Some(Error::TooOften { retry_after })
    } else if status.is_redirection() {
        Some(Unexpected::Redirected.into())
    } else if status.is_server_error() {
        let status = status.as_u16();
        Some(Error::Gateway { status })
    } else {
        None
    }
}

/// A known text says most, whatever the status; after it the status speaks, then the shape.
fn read_value<T: Answer>(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<T, Error> {
    let by_head = by_head(status, headers);
    if let Some(error @ (Error::TooOften { .. } | Error::Unexpected(_))) = by_head {
        return Err(error);
    }
    let json = serde_json::from_slice::<Value>(body);
    let texts = match &json {
        Ok(Value::Object(object)) => error_texts(object),
        Ok(Value::String(text)) => vec![text.as_str()],
        Ok(_) => Vec::new(),
        Err(_) => prose(body).into_iter().collect(),
    };
    if let Some(error) = known_error::<T>(&texts) {
        return Err(error);
    }
    if let Some(error) = by_head {
        return Err(error);
    }
    if T::PARTNER_ROUTE && matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(Refusal::PartnerToken.into());
    }
    if status.is_success()
        && body.trim_ascii().is_empty()
        && let Some(value) = T::from_nothing()
    {
        return Ok(value);
    }
    let json = json
        .as_ref()
        .map_err(|error| not_json(error, status, body))?;
    let says_error = json
        .as_object()
        .is_some_and(|object| says_error::<T>(object, &texts));
    if (status.is_client_error() || status.is_success() && says_error)
        && let Some(value) = T::from_refused(status, json)
    {
        return Ok(value);
    }
    if !status.is_success() {
        return Err(if texts.is_empty() {
            Unexpected::Status(status.as_u16()).into()
        } else {
            Unexpected::Said.into()
        });
    }
    match json {
        Value::Object(_) if says_error => Err(Unexpected::Said.into()),
        Value::Object(object) => T::from_object(object).ok_or_else(|| shapeless(object)),
        Value::String(_) => Err(Unexpected::Said.into()),
        Value::Bool(false) => Err(Unexpected::Shape.into()),
        _ => T::from_nothing().ok_or(Unexpected::Shape.into()),
    }
}

/// For an object without what was asked for. A connected instance answers some routes with nothing
/// but that it is (open).
fn shapeless(object: &Object) -> Error {
    match flag(object, "connected") {
        Some(true) => Error::AlreadyConnected,
        _ => Unexpected::Shape.into(),
    }
}

fn not_json(error: &serde_json::Error, status: StatusCode, body: &[u8]) -> Error {
    let empty = body.trim_ascii().is_empty();
    if error.is_eof() && (status.is_success() || !empty) {
        Unexpected::Truncated.into()
    } else if !status.is_success() && (empty || prose(body).is_some()) {
        Unexpected::Status(status.as_u16()).into()
    } else {
        Unexpected::NotJson.into()
    }
}

/// The fields that an error text has been seen in, on any status.
pub(crate) fn error_texts(object: &Object) -> Vec<&str> {
    ["error", "message", "type", "reason"]
        .into_iter()
        .filter_map(|field| object.get(field)?.as_str())
        .filter(|text| !text.trim().is_empty())
        .collect()
}

/// A body that is one plain sentence: neither HTML nor broken JSON.
fn prose(body: &[u8]) -> Option<&str> {
    let text = str::from_utf8(body).ok()?.trim();
    (!text.is_empty() && !text.starts_with(['<', '{', '[', '"'])).then_some(text)
}

fn says_error<T: Answer>(object: &Object, texts: &[&str]) -> bool {
    match object.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::String(text)) if text.trim().is_empty() || T::is_state(text) => {}
        Some(_) => return true,
    }
    !texts.is_empty() && !T::FIELDS.iter().any(|field| object.contains_key(*field))
}

/// A text for comparison: without case and final full stop, which vary (seen).
pub(crate) fn normalised(text: &str) -> String {
    text.trim().trim_end_matches('.').to_lowercase()
}

fn known_error<T: Answer>(texts: &[&str]) -> Option<Error> {
    let texts: Vec<String> = texts
        .iter()
        .filter(|text| !T::is_state(text))
        .map(|text| normalised(text))
        .collect();
    // `NOT_FOUND` alone says least, so any other text goes first.
    texts.iter().find_map(|text| known_text(text)).or_else(|| {
        let not_found = texts.iter().any(|text| text == "not_found");
        not_found.then_some(Unexpected::UnknownRoute.into())
    })
}

/// The texts that have been documented or seen.
fn known_text(text: &str) -> Option<Error> {
    match text {
        // Of an account that demands a Client-Token, to a call without one.
        "null not allowed" => Some(Refusal::ClientTokenMissing.into()),
        "your client-token is not configured" => Some(Refusal::ClientTokenNotConfigured.into()),
        "you are already connected" => Some(Error::AlreadyConnected),
        "instance not found" => Some(Error::NoSuchInstance),
        "unable to find matching target resource method" => Some(Unexpected::UnknownRoute.into()),
        _ if text.contains("must subscribe to this instance") => Some(Error::SubscriptionOver),
        _ if text.starts_with("authorization token") => Some(Refusal::PartnerToken.into()),
        _ => not_allowed(text.strip_suffix(" not allowed")?),
    }
}

/// `subject` is a Client-Token, in a sentence that may repeat it, or the caller's IP address.
fn not_allowed(subject: &str) -> Option<Error> {
    if subject.starts_with("client-token") {
        return Some(Refusal::ClientTokenWrong.into());
    }
    let mut words = subject.split([' ', ',']).filter(|word| !word.is_empty());
    let ip = words.clone().find_map(|word| word.parse::<IpAddr>().ok());
    (ip.is_some() || words.any(|word| word == "ip")).then_some(Refusal::Address { ip }.into())
}

fn moment(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_hours(24);
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse();
    let wait = match seconds {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = moment(headers, &RETRY_AFTER)?;
            let now = moment(headers, &DATE)?;
            until.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

/// A text that is there and not blank. Numbers become digits.
pub(crate) fn text(object: &Object, field: &str) -> Option<String> {
    let text = match object.get(field)? {
        Value::String(text) => Cow::Borrowed(text.trim()),
        Value::Number(number) => Cow::Owned(number.to_string()),
        _ => return None,
    };
    (!text.is_empty()).then(|| text.into_owned())
}

/// A truth value, also spelt `"true"` or `1`.
pub(crate) fn flag(object: &Object, field: &str) -> Option<bool> {
    match object.get(field)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, also spelt as a text.
pub(crate) fn whole(object: &Object, field: &str) -> Option<i64> {
    match object.get(field)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A moment in seconds or milliseconds: the API uses both for the same field (documented).
pub(crate) fn unix_millis(object: &Object, field: &str) -> Option<UnixMillis> {
    /// In seconds the year 5138, in milliseconds March 1973.
    const SMALLEST_MILLIS: i64 = 100_000_000_000;
    /// The end of the year 9999.
    const LARGEST_MILLIS: i64 = 253_402_300_799_999;
    match whole(object, field)? {
        seconds @ 1..SMALLEST_MILLIS => Some(UnixMillis(seconds * 1000)),
        millis @ SMALLEST_MILLIS..=LARGEST_MILLIS => Some(UnixMillis(millis)),
        _ => None,
    }
}
