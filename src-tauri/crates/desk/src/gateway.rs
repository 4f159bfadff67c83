//! What an attempt needs of the service that holds the customer's session. Z-API today; the
//! attempt's machine does not know its words.

use std::future::Future;
use std::time::SystemTime;

use serde::Serialize;
use ts_rs::TS;

use crate::clock::unix_ms;
use crate::failure::{ErrorCode, Failure, Result};
use crate::phone;
use crate::picture::Picture;

/// An answer, with the server's `Date` (Unix milliseconds, whole seconds) if it had one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<T> {
    /// The answer.
    pub value: T,
    /// When the server says it was made.
    pub date: Option<i64>,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// It is connected to WhatsApp.
    pub connected: bool,
    /// The customer's phone is reachable; `None` when nobody says.
    pub phone_online: Option<bool>,
    /// Not connected, but it can be restored without a code.
    pub needs_restore: bool,
}

/// The number that is connected, as WhatsApp tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub struct Identity {
    /// Digits with country code.
    pub phone: Option<String>,
    /// With plus and country code.
    pub phone_display: Option<String>,
    /// The profile's name.
    pub name: Option<String>,
}

/// Which code is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeRequest {
    /// One to read with the phone's camera.
    Qr,
    /// One to type on the phone with this number: digits with country code.
    Phone(String),
    /// One to type into the browser extension.
    Connection,
}

/// A fresh code. The one before it may be void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FreshCode {
    /// To be read with the phone's camera.
    Qr(Picture),
    /// To be typed on the phone.
    Phone {
        /// As received.
        text: String,
        /// The number it was asked for: digits with country code.
        phone: String,
    },
    /// To be typed into the browser extension.
    Connection {
        /// As received.
        text: String,
        /// Unix milliseconds by the server's clock.
        expires_at: Option<i64>,
    },
}

/// What comes of asking for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// A code.
    Code(FreshCode),
    /// WhatsApp demands a passkey of this customer.
    Passkey,
    /// No code is needed any more.
    AlreadyConnected,
}

/// One customer's session on a gateway.
pub trait Gateway: Send + Sync + 'static {
    /// Where it stands.
    fn session(&self) -> impl Future<Output = Result<Reading<Session>>> + Send;
    /// As whom it is connected.
    fn identity(&self) -> impl Future<Output = Result<Reading<Identity>>> + Send;
    /// A fresh code.
    fn code(&self, request: CodeRequest) -> impl Future<Output = Result<Reading<Pairing>>> + Send;
}

/// An instance of Z-API.
#[derive(Clone, Debug)]
pub struct ZapiGateway {
    /// The client.
    pub client: zapi::Client,
    /// Whose instance.
    pub credentials: zapi::InstanceCredentials,
}

impl ZapiGateway {
    /// The calls about the instance.
    pub fn instance(&self) -> zapi::Instance<'_> {
        self.client.instance(&self.credentials)
    }
}

impl Gateway for ZapiGateway {
    async fn session(&self) -> Result<Reading<Session>> {
        let answer = self.instance().status().await;
        read(answer, |status| Session {
            connected: status.connected,
            phone_online: status.smartphone_connected,
            needs_restore: status.needs_restore,
        })
    }

    async fn identity(&self) -> Result<Reading<Identity>> {
        let answer = self.instance().device().await;
        read(answer, |device| Identity {
            phone_display: device.phone.as_deref().map(phone::display_international),
            phone: device.phone,
            name: device.name,
        })
    }

    async fn code(&self, request: CodeRequest) -> Result<Reading<Pairing>> {
        let reading = match request {
            CodeRequest::Qr => {
                let answer = read(self.instance().qr_code().await, |code| code)?;
                let pairing = match answer.value {
                    zapi::QrCode::Image(bytes) => {
                        Pairing::Code(FreshCode::Qr(Picture::check(&bytes)?))
                    }
                    zapi::QrCode::Text(text) => Pairing::Code(FreshCode::Qr(Picture::draw(&text)?)),
                    zapi::QrCode::Challenge => Pairing::Passkey,
                    zapi::QrCode::AlreadyConnected => Pairing::AlreadyConnected,
                };
                Ok(Reading {
                    value: pairing,
                    date: answer.date,
                })
            }
            CodeRequest::Phone(phone) => read(self.instance().phone_code(&phone).await, |code| {
                Pairing::Code(FreshCode::Phone {
                    text: code.value,
                    phone,
                })
            }),
            CodeRequest::Connection => read(self.instance().extension_token().await, |code| {
                Pairing::Code(FreshCode::Connection {
                    text: code.token,
                    expires_at: code.expires_at,
                })
            }),
        };
        match reading {
            Err(failure) if failure.code == ErrorCode::AlreadyConnected => Ok(Reading {
                value: Pairing::AlreadyConnected,
                date: None,
            }),
            reading => reading,
        }
    }
}

fn read<T, U>(
    answer: std::result::Result<zapi::Received<T>, zapi::Error>,
    take: impl FnOnce(T) -> U,
) -> Result<Reading<U>> {
    Ok(reading(answer.map_err(Failure::from)?, take))
}

/// What was received, with its date as the desk counts it.
pub(crate) fn reading<T, U>(received: zapi::Received<T>, take: impl FnOnce(T) -> U) -> Reading<U> {
    Reading {
        date: received.date.map(|date: SystemTime| unix_ms(date)),
        value: take(received.value),
    }
}
