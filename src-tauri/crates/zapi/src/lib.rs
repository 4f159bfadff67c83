//! A client for [Z-API](https://www.z-api.io), the WhatsApp gateway.
//!
//! One module per resource: [`instance`] (is it connected, as which number; start it again,
//! disconnect it), [`pairing`] (QR code, phone code, and the connection code of the *Z-API Conector*
//! extension), [`registration`] (a number as WhatsApp's primary device, by SMS, call or the old
//! phone), [`queue`] (the messages that wait for a connection), [`partner`] (the instances of an
//! account and their subscriptions).
//! Every call returns the [`Received`] value with the server's `Date`, or one [`Error`].
//!
//! Z-API writes the instance token into the URL. That is why no [`Error`], no `Debug` output and no
//! log line of this crate holds a URL, an id, a token or the server's own words: some of its error
//! texts repeat the credential that they refuse.
//!
//! Facts about the API are marked where they are used: *documented* by the vendor, *seen* by public
//! clients, or *open* (nobody has written it down; parsing is tolerant there).
//!
//! ```
//! # use wiremock::{Mock, MockServer, ResponseTemplate, matchers};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = MockServer::start().await;
//! # Mock::given(matchers::path("/instances/SAMPLE-ID/token/SAMPLE-TOKEN/extension-token"))
//! #     .respond_with(ResponseTemplate::new(200).set_body_string(
//! #         r#"{"token":"FA48-HS63","expiresAt":1782851138085}"#))
//! #     .mount(&server).await;
//! # let base = server.uri();
//! use zapi::{Client, InstanceCredentials};
//!
//! // Without `base`, calls go to https://api.z-api.io.
//! let client = Client::builder().base(&base).build()?;
//! let credentials = InstanceCredentials {
//!     id: "SAMPLE-ID".into(),
//!     token: "SAMPLE-TOKEN".into(),
//!     client_token: Some("SAMPLE-CLIENT-TOKEN".into()),
//! };
//!
//! client.warm().await?; // so that the next call costs one round trip
//! let code = client.instance(&credentials).extension_token().await?;
//! assert_eq!(code.value.token, "FA48-HS63");
//! assert_eq!(code.value.expires_at, Some(1_782_851_138_085));
//! # Ok(())
//! # }
//! ```

mod answer;
mod client;
mod error;
pub mod instance;
pub mod pairing;
pub mod partner;
pub mod queue;
pub mod registration;

pub use answer::{Received, UnixMillis};
pub use client::{BaseAddressError, Client, ClientBuilder, check_base};
pub use error::{Error, Refusal, Unexpected, Unreachable};
pub use instance::{Device, Instance, InstanceCredentials, Me, Status};
pub use pairing::{ExtensionToken, PhoneCode, QrCode};
pub use partner::{InstancePage, InstanceRow, Middleware, NewInstance, Partner};
pub use queue::QueuePage;
pub use registration::{
    Availability, CodeConfirmed, CodeMethod, CodeRequested, Number, Outcome, Rejection,
    UnbanStatus, Unbanning, Wait, Waits,
};
pub use reqwest::Url;
pub use reqwest::dns::Resolve;
pub use secrecy::SecretString;
