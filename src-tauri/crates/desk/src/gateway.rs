//! What an attempt needs of the service that holds the customer's session. Z-API today; the
//! attempt's machine does not know its words.

use std::future::Future;
use std::time::SystemTime;

use serde::Serialize;
use ts_rs::TS;

use crate::clock::unix_ms;
use crate::failure::{Failure, Result};
use crate::phone;

/// An answer, with the server's `Date` (Unix milliseconds, whole seconds) if it had one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<T> {
    /// The answer.
    pub value: T,
    /// When the server says it was made.
    pub date: Option<i64>,
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

/// A fresh connection code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreshCode {
    /// As received.
    pub text: String,
    /// Unix milliseconds by the server's clock.
    pub expires_at: Option<i64>,
}

/// One customer's session on a gateway.
pub trait Gateway: Send + Sync + 'static {
    /// Whether it is connected.
    fn connected(&self) -> impl Future<Output = Result<Reading<bool>>> + Send;
    /// As whom.
    fn identity(&self) -> impl Future<Output = Result<Reading<Identity>>> + Send;
    /// A fresh connection code; the one before is void.
    fn connection_code(&self) -> impl Future<Output = Result<Reading<FreshCode>>> + Send;
}

/// An instance of Z-API.
#[derive(Clone, Debug)]
pub struct ZapiGateway {
    /// The client.
    pub client: zapi::Client,
    /// Whose instance.
    pub credentials: zapi::InstanceCredentials,
}

impl Gateway for ZapiGateway {
    async fn connected(&self) -> Result<Reading<bool>> {
        let answer = self.client.instance(&self.credentials).status().await;
        read(answer, |status| status.connected)
    }

    async fn identity(&self) -> Result<Reading<Identity>> {
        let answer = self.client.instance(&self.credentials).device().await;
        read(answer, |device| Identity {
            phone_display: device.phone.as_deref().map(phone::display_international),
            phone: device.phone,
            name: device.name,
        })
    }

    async fn connection_code(&self) -> Result<Reading<FreshCode>> {
        let answer = self
            .client
            .instance(&self.credentials)
            .extension_token()
            .await;
        read(answer, |code| FreshCode {
            text: code.token,
            expires_at: code.expires_at,
        })
    }
}

fn read<T, U>(
    answer: std::result::Result<zapi::Received<T>, zapi::Error>,
    take: impl FnOnce(T) -> U,
) -> Result<Reading<U>> {
    let answer = answer.map_err(Failure::from)?;
    Ok(Reading {
        date: answer.date.map(|date: SystemTime| unix_ms(date)),
        value: take(answer.value),
    })
}
