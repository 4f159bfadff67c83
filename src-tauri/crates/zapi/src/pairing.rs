//! Connecting an instance to WhatsApp through the *Z-API Conector* browser extension.

use std::fmt;

use crate::answer::{Answer, Object, Received, UnixMillis, unix_millis};
use crate::error::Error;
use crate::instance::Instance;

/// Longer than any code that a person could be asked to type. The samples have nine characters; the
/// alphabet and the length are open.
const MAX_CODE: usize = 64;

impl Instance<'_> {
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
        let token = object.get("token")?.as_str()?;
        let showable = !token.trim().is_empty()
            && token.chars().count() <= MAX_CODE
            && !token.contains(char::is_control);
        showable.then(|| Self {
            token: token.to_owned(),
            expires_at: unix_millis(object, "expiresAt").map(|UnixMillis(millis)| millis),
        })
    }
}
