//! Connecting an instance to WhatsApp: by QR code, by phone code, or through the *Z-API Conector*
//! browser extension.
//!
//! To an instance that is connected already, the codes are [`Error::AlreadyConnected`], and the QR
//! code is [`QrCode::AlreadyConnected`].

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use serde_json::Value;

use crate::answer::{Answer, Done, Object, Received, UnixMillis, flag, unix_millis};
use crate::client::Verb;
use crate::error::{Error, Unexpected};
use crate::instance::Instance;

/// Longer than any code that a person could be asked to type. The samples have nine and ten
/// characters; the alphabets and the lengths are open.
const MAX_CODE: usize = 64;
/// Far beyond any picture of a QR code or a captcha.
const MAX_PICTURE: usize = 512 << 10;
/// What the largest QR code holds, in bytes.
const MAX_QR_TEXT: usize = 2_953;
/// The longest international phone number, in digits.
const MAX_PHONE: usize = 15;

impl Instance<'_> {
    /// `GET …/qr-code/image` (documented): what the customer's phone is to scan. WhatsApp voids a QR
    /// code after 20 s (documented).
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer holds nothing that could be shown. To be
    /// connected already is no error here.
    pub async fn qr_code(&self) -> Result<Received<QrCode>, Error> {
        self.get("qr-code/image").await
    }

    /// `GET …/phone-code/{phone}` (documented): a new code for *Link with phone number* on the phone.
    /// `phone` is in digits with country code, without plus: `5511999999999`.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Shape`] when the answer holds no code that could be shown;
    /// [`Unexpected::UnknownRoute`], without a call, when `phone` is not of 1 to 15 digits.
    pub async fn phone_code(&self, phone: &str) -> Result<Received<PhoneCode>, Error> {
        let digits = phone.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(1..=MAX_PHONE).contains(&phone.len()) {
            return Err(Unexpected::UnknownRoute.into());
        }
        self.call(Verb::Get, "phone-code", Some(phone)).await
    }

    /// `POST …/reset-passkey-challenge` (documented): starts over, for an instance whose account was
    /// asked for a passkey.
    ///
    /// # Errors
    /// Any [`Error`]; [`Unexpected::Said`] when the server says that it failed and why.
    pub async fn reset_passkey_challenge(&self) -> Result<Received<()>, Error> {
        self.call::<Done>(Verb::Post, "reset-passkey-challenge", None)
            .await
            .map(Received::without_value)
    }

    /// `GET …/extension-token` (documented): a new code for the extension.
    ///
    /// Whether it voids the code before is open: assume that it does.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Unexpected`] when the answer holds no code that could be shown.
    pub async fn extension_token(&self) -> Result<Received<ExtensionToken>, Error> {
        self.get("extension-token").await
    }
}

/// What the server answers when it is asked for a QR code. `Debug` does not show the contents.
#[derive(Clone, PartialEq, Eq)]
pub enum QrCode {
    /// The bytes of a picture, at most 512 KiB. Nobody has looked whether they are one.
    Image(Vec<u8>),
    /// The text of the code (`2@…`), to be drawn by the caller: at most the 2,953 bytes that fit
    /// into a QR code, without control characters. Sent by older versions (seen).
    Text(String),
    /// WhatsApp asks this account for a passkey, which no QR code can answer (documented). What the
    /// server tells about it is open, and dropped.
    Challenge,
    /// There is nothing to scan.
    AlreadyConnected,
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image(_) => "Image(..)",
            Self::Text(_) => "Text(..)",
            Self::Challenge => "Challenge",
            Self::AlreadyConnected => "AlreadyConnected",
        })
    }
}

impl Answer for QrCode {
    const FIELDS: &'static [&'static str] = &["value", "challenge", "connected"];

    fn from_object(object: &Object) -> Option<Self> {
        if flag(object, "connected") == Some(true) {
            return Some(Self::AlreadyConnected);
        }
        match object.get("challenge") {
            None | Some(Value::Null | Value::Bool(false)) => {
                scannable(object.get("value")?.as_str()?)
            }
            Some(_) => Some(Self::Challenge),
        }
    }

    fn from_error(error: Error) -> Result<Self, Error> {
        match error {
            Error::AlreadyConnected => Ok(Self::AlreadyConnected),
            error => Err(error),
        }
    }
}

/// The text of a code holds `@` and commas, so that it never reads as base64.
fn scannable(value: &str) -> Option<QrCode> {
    if let Some(bytes) = picture(value) {
        return Some(QrCode::Image(bytes));
    }
    let value = value.trim();
    let drawable = !value.is_empty()
        && value.len() <= MAX_QR_TEXT
        && !value.contains(char::is_control)
        && after_data_scheme(value).is_none();
    drawable.then(|| QrCode::Text(value.to_owned()))
}

/// The bytes of a picture, at most 512 KiB and not looked into. It comes as a data URL (documented)
/// or as its base64 alone (seen), which may be broken into lines and lack its padding.
pub(crate) fn picture(value: &str) -> Option<Vec<u8>> {
    let value = value.trim();
    let data = match after_data_scheme(value) {
        Some(rest) => {
            let (kind, data) = rest.split_once(',')?;
            let kind = kind.to_ascii_lowercase();
            let encoded_picture = kind.starts_with("image/") && kind.ends_with(";base64");
            encoded_picture.then_some(data)?
        }
        None => value,
    };
    let data: Vec<u8> = data
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let bytes = STANDARD_PAD_INDIFFERENT.decode(data).ok()?;
    (1..=MAX_PICTURE).contains(&bytes.len()).then_some(bytes)
}

fn after_data_scheme(value: &str) -> Option<&str> {
    const DATA: &str = "data:";
    let (scheme, rest) = value.split_at_checked(DATA.len())?;
    scheme.eq_ignore_ascii_case(DATA).then_some(rest)
}

/// The code that the customer types into WhatsApp on the phone. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneCode {
    /// Exactly as received: `A1B2C3D4E5` in the documentation.
    pub value: String,
}

impl fmt::Debug for PhoneCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhoneCode").finish_non_exhaustive()
    }
}

impl Answer for PhoneCode {
    const FIELDS: &'static [&'static str] = &["value"];

    fn from_object(object: &Object) -> Option<Self> {
        let value = code(object, "value")?;
        Some(Self { value })
    }
}

/// The code that the customer types into the extension. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtensionToken {
    /// Exactly as received: `FA48-HS63` in the documentation.
    pub token: String,
    /// When the code dies, at most five minutes after it was made (documented). Unix milliseconds
    /// by the server's clock; `None` when missing or nonsense.
    pub expires_at: Option<i64>,
}

impl fmt::Debug for ExtensionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Answer for ExtensionToken {
    const FIELDS: &'static [&'static str] = &["token"];

    fn from_object(object: &Object) -> Option<Self> {
        let token = code(object, "token")?;
        Some(Self {
            token,
            expires_at: unix_millis(object, "expiresAt").map(|UnixMillis(millis)| millis),
        })
    }
}

/// A code that can be shown and typed.
fn code(object: &Object, field: &str) -> Option<String> {
    let code = object.get(field)?.as_str()?;
    let showable = !code.trim().is_empty()
        && code.chars().count() <= MAX_CODE
        && !code.contains(char::is_control);
    showable.then(|| code.to_owned())
}
