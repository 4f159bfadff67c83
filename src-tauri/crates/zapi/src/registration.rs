//! Registering a number on a *mobile* instance, which becomes its primary device: the phone that
//! has the number loses WhatsApp.
//!
//! The order is mandatory (documented): [availability](Instance::registration_available), [a
//! code](Instance::request_registration_code), [a captcha](Instance::respond_captcha) if one comes
//! with it, [the code](Instance::confirm_registration_code), and then, if asked for, [the
//! PIN](Instance::confirm_pin_code) or [the phone](Instance::device_transfer_confirmed). To ask for
//! a code early or twice gets numbers blocked (seen). Nothing here is tried again, and to keep the
//! [`Waits`] is the caller's part.
//!
//! That something is turned down is no [`Error`] here but what the answer says, with status 200 and
//! 4xx alike. To an instance that is connected already, every call is [`Error::AlreadyConnected`].

use std::fmt;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::answer::{Answer, Object, Received, error_texts, flag, text};
use crate::client::Verb;
use crate::error::{Error, Unexpected};
use crate::instance::Instance;
use crate::pairing::picture;

#[cfg(test)]
mod tests;

/// The longest `reason` that is passed on, in characters.
const MAX_REASON: usize = 200;

impl Instance<'_> {
    /// `POST …/mobile/registration-available` (documented): whether a number can be registered, and
    /// when each way to receive its code is open.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer holds no documented field.
    pub async fn registration_available(
        &self,
        number: &Number,
    ) -> Result<Received<Availability>, Error> {
        let body = json!({"ddi": number.ddi, "phone": number.phone});
        self.call(Verb::PostJson(body), "mobile/registration-available", None)
            .await
    }

    /// `POST …/mobile/request-registration-code` (documented): has WhatsApp send a code. Never to be
    /// called before the way's wait is over, nor again after a captcha: the code is sent once that
    /// is answered.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer holds no documented field. Unless the
    /// server is known not to have been reached, it is open whether a code was sent.
    pub async fn request_registration_code(
        &self,
        number: &Number,
        method: CodeMethod,
    ) -> Result<Received<CodeRequested>, Error> {
        let body = json!({"ddi": number.ddi, "phone": number.phone, "method": method.name()});
        self.call(
            Verb::PostJson(body),
            "mobile/request-registration-code",
            None,
        )
        .await
    }

    /// `POST …/mobile/respond-captcha` (documented): answers the captcha of
    /// [`CodeRequested::captcha`].
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer does not say how it went.
    pub async fn respond_captcha(&self, answer: &str) -> Result<Received<Outcome>, Error> {
        let body = json!({"captcha": answer});
        self.call(Verb::PostJson(body), "mobile/respond-captcha", None)
            .await
    }

    /// `POST …/mobile/confirm-registration-code` (documented): hands over the code that the customer
    /// received, in digits without separators.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer does not say how it went.
    pub async fn confirm_registration_code(
        &self,
        code: &str,
    ) -> Result<Received<CodeConfirmed>, Error> {
        let body = json!({"code": code});
        self.call(
            Verb::PostJson(body),
            "mobile/confirm-registration-code",
            None,
        )
        .await
    }

    /// `POST …/mobile/confirm-pin-code` (documented): hands over the PIN of the account's two-step
    /// verification, when [it is needed](CodeConfirmed::security_code_needed).
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer does not say how it went.
    pub async fn confirm_pin_code(&self, pin: &str) -> Result<Received<Outcome>, Error> {
        let body = json!({"code": pin});
        self.call(Verb::PostJson(body), "mobile/confirm-pin-code", None)
            .await
    }

    /// `GET …/mobile/device-transfer-confirmed` (documented): whether the phone that has the number
    /// has let it go, when [that is needed](CodeConfirmed::device_confirmation_needed). `false` is
    /// not yet.
    ///
    /// # Errors
    /// Any [`Error`] but those of a status 400 without a text that says more: it means not yet
    /// (documented).
    pub async fn device_transfer_confirmed(&self) -> Result<Received<bool>, Error> {
        let received: Received<Transfer> = self.get("mobile/device-transfer-confirmed").await?;
        let Transfer { confirmed } = received.value;
        Ok(Received {
            value: confirmed,
            date: received.date,
        })
    }

    /// `POST …/mobile/recovery-pin-code` (documented): has WhatsApp e-mail the customer how to reset
    /// a forgotten PIN.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer does not say how it went.
    pub async fn recovery_pin_code(&self) -> Result<Received<Outcome>, Error> {
        self.call(Verb::Post, "mobile/recovery-pin-code", None)
            .await
    }

    /// `POST …/mobile/request-unbanning` (documented): appeals against the block of a number.
    /// `appeal_token` is that of [`Availability::appeal_token`], `description` the customer's own
    /// words. Whether it only tells the status when it is called again is open.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer holds no documented field.
    pub async fn request_unbanning(
        &self,
        appeal_token: &SecretString,
        description: &str,
    ) -> Result<Received<Unbanning>, Error> {
        let body = json!({
            "appealToken": appeal_token.expose_secret(),
            "description": description,
        });
        self.call(Verb::PostJson(body), "mobile/request-unbanning", None)
            .await
    }
}

/// A number to register. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Number {
    /// The country calling code in digits, without plus: `55`.
    pub ddi: String,
    /// The national number in digits, without mask: `4499999999`.
    pub phone: String,
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Number").finish_non_exhaustive()
    }
}

/// A way to receive the code (documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeMethod {
    /// By text message.
    Sms,
    /// By call.
    Voice,
    /// In WhatsApp on the phone that has the number now; pointless without that phone at hand.
    WaOld,
}

impl CodeMethod {
    const ALL: [Self; 3] = [Self::Sms, Self::Voice, Self::WaOld];

    fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::WaOld => "wa_old",
        }
    }

    fn read(object: &Object) -> Option<Self> {
        let name = text(object, "method")?;
        Self::ALL
            .into_iter()
            .find(|method| method.name().eq_ignore_ascii_case(&name))
    }
}

/// When a way to receive the code may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// At once: sent as 0 (documented).
    Now,
    /// After so many seconds, never 0.
    Seconds(u32),
    /// Not at all: sent as -1 (seen).
    Closed,
    /// The answer does not say, or nothing that can be understood.
    #[default]
    Unsaid,
}

impl Wait {
    fn read(object: &Object, field: &str) -> Self {
        match seconds(object, field) {
            None => Self::Unsaid,
            Some(Ok(0)) => Self::Now,
            Some(Ok(seconds)) => Self::Seconds(seconds),
            Some(Err(Negative)) => Self::Closed,
        }
    }
}

/// When each way to receive the code may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Of [`CodeMethod::Sms`].
    pub sms: Wait,
    /// Of [`CodeMethod::Voice`].
    pub voice: Wait,
    /// Of [`CodeMethod::WaOld`].
    pub wa_old: Wait,
    /// Whether [`CodeMethod::WaOld`] can be used for this number at all.
    pub wa_old_eligible: Option<bool>,
}

impl Waits {
    fn read(object: &Object) -> Self {
        Self {
            sms: Wait::read(object, "smsWaitSeconds"),
            voice: Wait::read(object, "voiceWaitSeconds"),
            wa_old: Wait::read(object, "waOldWaitSeconds"),
            wa_old_eligible: flag(object, "waOldEligible"),
        }
    }
}

struct Negative;

/// A time in seconds, also spelt as a text. A part of a second counts as a whole one: to wait too
/// long does no harm.
fn seconds(object: &Object, field: &str) -> Option<Result<u32, Negative>> {
    let seconds = match object.get(field)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if !seconds.is_finite() {
        None
    } else if seconds < 0.0 {
        Some(Err(Negative))
    } else {
        Some(Ok(seconds.ceil() as u32))
    }
}

fn retry_after(object: &Object) -> Option<u32> {
    seconds(object, "retryAfter")?.ok()
}

fn blocked(object: &Object) -> bool {
    flag(object, "blocked") == Some(true)
}

fn reason(object: &Object) -> Option<String> {
    text(object, "reason")
        .filter(|reason| reason.chars().count() <= MAX_REASON && !reason.contains(char::is_control))
}

/// Whether a number can be registered. `Debug` shows neither the appeal token nor the reason.
#[derive(Clone)]
pub struct Availability {
    /// It can. `None` when the answer does not say.
    pub available: Option<bool>,
    /// WhatsApp has blocked the number. `false` when the answer does not say; some blocks only show
    /// when a code is asked for (documented).
    pub blocked: bool,
    /// What [`Instance::request_unbanning`] asks for. Not every blocked number has one (documented).
    pub appeal_token: Option<SecretString>,
    /// When each way to receive the code may be used.
    pub waits: Waits,
    /// Why it cannot be registered, as sent, of at most 200 characters and none of control. The
    /// values are open.
    pub reason: Option<String>,
}

impl fmt::Debug for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Availability")
            .field("available", &self.available)
            .field("blocked", &self.blocked)
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}

impl Answer for Availability {
    const FIELDS: &'static [&'static str] = &["available", "blocked", "reason"];

    fn from_object(object: &Object) -> Option<Self> {
        let availability = Self {
            available: flag(object, "available"),
            blocked: blocked(object),
            appeal_token: text(object, "appealToken").map(SecretString::from),
            waits: Waits::read(object),
            reason: reason(object),
        };
        let says_something = availability.available.is_some()
            || availability.blocked
            || availability.appeal_token.is_some()
            || availability.waits != Waits::default()
            || availability.reason.is_some();
        says_something.then_some(availability)
    }

    fn from_refused(_: StatusCode, json: &Value) -> Option<Self> {
        Self::from_object(json.as_object()?).filter(|availability| match availability.available {
            Some(available) => !available,
            None => availability.blocked || availability.reason.is_some(),
        })
    }
}

/// How a step went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// It was done. `false` also when the answer does not say.
    pub success: bool,
    /// Why it was not, where the answer says something about it.
    pub said: Option<Rejection>,
    /// WhatsApp has blocked the number. `false` when the answer does not say.
    pub blocked: bool,
    /// After how many seconds to try again. A text in old documentation, a number in new.
    pub retry_after: Option<u32>,
    /// When each way to receive a code may be used.
    pub waits: Waits,
}

impl Answer for Outcome {
    const FIELDS: &'static [&'static str] = &["success", "blocked", "retryAfter"];

    /// An answer without `success` is one when it says otherwise that it was not done.
    fn from_object(object: &Object) -> Option<Self> {
        let success = flag(object, "success");
        let outcome = Self {
            success: success == Some(true),
            said: Rejection::read(object).filter(|_| success != Some(true)),
            blocked: blocked(object),
            retry_after: retry_after(object),
            waits: Waits::read(object),
        };
        let says_something = success.is_some()
            || outcome.blocked
            || outcome.retry_after.is_some()
            || outcome.waits != Waits::default()
            || Rejection::names_what_was_typed(object);
        says_something.then_some(outcome)
    }

    fn from_refused(_: StatusCode, json: &Value) -> Option<Self> {
        Self::from_object(json.as_object()?).filter(|outcome| !outcome.success)
    }
}

/// Why something was turned down, as far as the words of the answer tell. The texts are open, so
/// this is a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It is not the right code, PIN or answer.
    WrongCode,
    /// It came too late.
    Expired,
    /// There were too many tries, or they came too fast.
    TooMany,
    /// Words that tell none of these.
    Other,
}

impl Rejection {
    /// The first that fits counts: who has tried too often may also have been wrong. Each begins
    /// with a space, which begins a word.
    const WORDS: [(Self, &'static [&'static str]); 3] = [
        (
            Self::TooMany,
            &[
                " too many",
                " too fast",
                " too often",
                " too recent",
                " limit",
                " exceed",
                " excedi",
                " muitas",
            ],
        ),
        (Self::Expired, &[" expir", " stale", " old "]),
        (
            Self::WrongCode,
            &[
                " wrong",
                " incorre",
                " invalid",
                " inválid",
                " mismatch",
                " match",
                " errad",
            ],
        ),
    ];

    fn read(object: &Object) -> Option<Self> {
        let said = words(object)?;
        let guess = Self::WORDS
            .into_iter()
            .find(|(_, words)| words.iter().any(|word| said.contains(word)));
        Some(guess.map_or(Self::Other, |(rejection, _)| rejection))
    }

    /// Whether the words are about what was typed, and not for example about a token.
    fn names_what_was_typed(object: &Object) -> bool {
        const TYPED: [&str; 5] = [" code ", " código ", " codigo ", " pin ", " captcha "];
        words(object).is_some_and(|said| TYPED.iter().any(|word| said.contains(word)))
            && !matches!(Self::read(object), None | Some(Self::Other))
    }
}

/// The words of every error text in lower case, with one space before and behind each.
fn words(object: &Object) -> Option<String> {
    let texts = error_texts(object).join(" ").to_lowercase();
    let words: Vec<&str> = texts
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // The name of a way to receive the code says nothing about its age.
    (!words.is_empty()).then(|| format!(" {} ", words.join(" ")).replace(" wa old ", " "))
}

/// What comes of asking for a code. `Debug` shows neither the picture nor the reason.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeRequested {
    /// The code is on its way, or will be once the captcha is answered. `false` also when the
    /// answer does not say.
    pub success: bool,
    /// The bytes of a picture to be answered with [`Instance::respond_captcha`], at most 512 KiB.
    /// Nobody has looked whether they are one. Empty when there is a captcha, but nothing of it
    /// that could be shown.
    pub captcha: Option<Vec<u8>>,
    /// WhatsApp has blocked the number. `false` when the answer does not say.
    pub blocked: bool,
    /// After how many seconds a code may be asked for again. A text in old documentation, a number
    /// in new.
    pub retry_after: Option<u32>,
    /// When each way to receive a code may be used from now on.
    pub waits: Waits,
    /// How the code is sent. `None` when the answer does not say, or names an unknown way.
    pub method: Option<CodeMethod>,
    /// Why no code is sent, where the answer says something about it: [`Rejection::TooMany`] or
    /// [`Rejection::Other`], as nothing has been typed yet.
    pub said: Option<Rejection>,
    /// The field `reason` as sent, of at most 200 characters and none of control. Whether it comes
    /// here is open, and so are its values.
    pub reason: Option<String>,
}

impl fmt::Debug for CodeRequested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeRequested")
            .field("success", &self.success)
            .field("has_captcha", &self.captcha.is_some())
            .field("blocked", &self.blocked)
            .field("retry_after", &self.retry_after)
            .field("waits", &self.waits)
            .field("method", &self.method)
            .field("said", &self.said)
            .finish_non_exhaustive()
    }
}

impl Answer for CodeRequested {
    const FIELDS: &'static [&'static str] =
        &["success", "blocked", "retryAfter", "captcha", "reason"];

    fn from_object(object: &Object) -> Option<Self> {
        let captcha = match object.get("captcha") {
            None | Some(Value::Null | Value::Bool(false)) => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(captcha) => Some(captcha.as_str().and_then(picture).unwrap_or_default()),
        };
        let reason = reason(object);
        let outcome = Outcome::from_object(object);
        if outcome.is_none() && captcha.is_none() && reason.is_none() {
            return None;
        }
        let Outcome {
            success,
            said,
            blocked,
            retry_after,
            waits,
        } = outcome.unwrap_or_default();
        Some(Self {
            success,
            captcha,
            blocked,
            retry_after,
            waits,
            method: CodeMethod::read(object),
            said: said.map(|said| match said {
                Rejection::TooMany => said,
                _ => Rejection::Other,
            }),
            reason,
        })
    }

    /// Whatever else it says, a captcha and the waits count: without them the caller would ask
    /// again.
    fn from_refused(_: StatusCode, json: &Value) -> Option<Self> {
        let requested = Self::from_object(json.as_object()?)?;
        Some(Self {
            success: false,
            ..requested
        })
    }
}

/// What comes of handing over the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeConfirmed {
    /// The number is registered. Only when nothing else is needed; `false` also when the answer
    /// does not say.
    pub success: bool,
    /// The account asks for the PIN of its two-step verification:
    /// [`Instance::confirm_pin_code`].
    pub security_code_needed: bool,
    /// The phone that has the number must let it go: [`Instance::device_transfer_confirmed`].
    pub device_confirmation_needed: bool,
    /// As in [`Outcome`].
    pub said: Option<Rejection>,
    /// As in [`Outcome`].
    pub blocked: bool,
    /// As in [`Outcome`].
    pub retry_after: Option<u32>,
    /// As in [`Outcome`].
    pub waits: Waits,
}

impl Answer for CodeConfirmed {
    const FIELDS: &'static [&'static str] = &[
        "success",
        "blocked",
        "retryAfter",
        "confirmSecurityCode",
        "deviceConfirm",
    ];

    fn from_object(object: &Object) -> Option<Self> {
        let security_code_needed = flag(object, "confirmSecurityCode") == Some(true);
        let device_confirmation_needed = flag(object, "deviceConfirm") == Some(true);
        let more_needed = security_code_needed || device_confirmation_needed;
        let outcome = Outcome::from_object(object);
        let Outcome {
            success,
            said,
            blocked,
            retry_after,
            waits,
        } = outcome.or_else(|| more_needed.then(Outcome::default))?;
        Some(Self {
            success: success && !more_needed,
            security_code_needed,
            device_confirmation_needed,
            said,
            blocked,
            retry_after,
            waits,
        })
    }

    fn from_refused(_: StatusCode, json: &Value) -> Option<Self> {
        Self::from_object(json.as_object()?).filter(|confirmed| !confirmed.success)
    }
}

/// Whether the phone has let the number go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    confirmed: bool,
}

impl Answer for Transfer {
    const FIELDS: &'static [&'static str] = &["success"];

    fn from_object(object: &Object) -> Option<Self> {
        let confirmed = flag(object, "success")?;
        Some(Self { confirmed })
    }

    fn from_refused(status: StatusCode, json: &Value) -> Option<Self> {
        let denied = json.as_object().and_then(|object| flag(object, "success")) == Some(false);
        (status == StatusCode::BAD_REQUEST || denied).then_some(Self { confirmed: false })
    }

    /// Of a body that is empty or one sentence.
    fn from_error(error: Error) -> Result<Self, Error> {
        match error {
            Error::Unexpected(Unexpected::Status(400)) => Ok(Self { confirmed: false }),
            error => Err(error),
        }
    }
}

/// What comes of an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbanning {
    /// The appeal was taken. `false` also when the answer does not say.
    pub success: bool,
    /// Where it stands.
    pub status: UnbanStatus,
}

/// Where an appeal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnbanStatus {
    /// WhatsApp has not decided: `IN_REVIEW` (documented).
    InReview,
    /// The number is free again: `UNBANNED` (documented).
    Unbanned,
    /// None, or one that is not documented.
    Other,
}

impl Answer for Unbanning {
    const FIELDS: &'static [&'static str] = &["success"];

    fn from_object(object: &Object) -> Option<Self> {
        let status = match object.get("status").and_then(Value::as_str).map(str::trim) {
            Some(text) if text.eq_ignore_ascii_case("IN_REVIEW") => UnbanStatus::InReview,
            Some(text) if text.eq_ignore_ascii_case("UNBANNED") => UnbanStatus::Unbanned,
            _ => UnbanStatus::Other,
        };
        let success = flag(object, "success");
        (success.is_some() || status != UnbanStatus::Other).then_some(Self {
            success: success == Some(true),
            status,
        })
    }

    fn from_refused(_: StatusCode, json: &Value) -> Option<Self> {
        Self::from_object(json.as_object()?).filter(|unbanning| !unbanning.success)
    }
}
