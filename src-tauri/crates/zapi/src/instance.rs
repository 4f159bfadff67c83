//! One instance: whether it is connected, as which number, until when it is paid, and how to start
//! it again or take it off WhatsApp.

use std::fmt;

use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use crate::answer::{
    Answer, Done, Object, Received, UnixMillis, flag, normalised, text, unix_millis,
};
use crate::client::{Client, Verb, secret_header};
use crate::error::{Error, Refusal};

/// As [`normalised`] leaves it.
const NEEDS_RESTORE: &str = "you need to restore the session";
const CLIENT_TOKEN: HeaderName = HeaderName::from_static("client-token");

/// What the routes of one instance ask for. `Debug` shows none of it.
#[derive(Clone)]
pub struct InstanceCredentials {
    /// The instance's id, a part of the URL.
    pub id: String,
    /// The instance's token, a part of the URL.
    pub token: SecretString,
    /// The account's security token, a header. Required once the account has activated it.
    pub client_token: Option<SecretString>,
}

impl fmt::Debug for InstanceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceCredentials")
            .finish_non_exhaustive()
    }
}

/// The calls about one instance; made by [`Client::instance`].
pub struct Instance<'a> {
    client: &'a Client,
    credentials: &'a InstanceCredentials,
}

impl fmt::Debug for Instance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").finish_non_exhaustive()
    }
}

impl<'a> Instance<'a> {
    pub(crate) fn new(client: &'a Client, credentials: &'a InstanceCredentials) -> Self {
        Self {
            client,
            credentials,
        }
    }

    /// `GET …/status` (documented): whether the instance is connected to WhatsApp.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Unexpected`] when the answer does not say `connected`.
    pub async fn status(&self) -> Result<Received<Status>, Error> {
        self.get("status").await
    }

    /// `GET …/device` (documented): the number and the phone behind a connected instance. What a
    /// disconnected one answers is open.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn device(&self) -> Result<Received<Device>, Error> {
        self.get("device").await
    }

    /// `GET …/me` (documented): the instance's own data.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn me(&self) -> Result<Received<Me>, Error> {
        self.get("me").await
    }

    /// `GET …/restart` (documented): starts the instance again.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Unexpected`] when the answer does not say that it was done.
    pub async fn restart(&self) -> Result<Received<()>, Error> {
        self.get::<Done>("restart")
            .await
            .map(Received::without_value)
    }

    /// `GET …/disconnect` (documented): ends the session with WhatsApp. Until the next connection
    /// the instance cannot do anything else.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Unexpected`] when the answer does not say that it was done.
    pub async fn disconnect(&self) -> Result<Received<()>, Error> {
        self.get::<Done>("disconnect")
            .await
            .map(Received::without_value)
    }

    /// `GET …/restore-session` (documented, of older versions): for an instance whose status
    /// [needs it](Status::needs_restore).
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Unexpected`] when the answer does not say that it was done.
    pub async fn restore_session(&self) -> Result<Received<()>, Error> {
        self.get::<Done>("restore-session")
            .await
            .map(Received::without_value)
    }

    pub(crate) async fn get<T: Answer>(&self, route: &'static str) -> Result<Received<T>, Error> {
        self.call(Verb::Get, route, None).await
    }

    /// `route` is logged and may have several parts; `argument`, the part behind it, is not.
    pub(crate) async fn call<T: Answer>(
        &self,
        verb: Verb,
        route: &'static str,
        argument: Option<&str>,
    ) -> Result<Received<T>, Error> {
        let InstanceCredentials {
            id,
            token,
            client_token,
        } = self.credentials;
        let mut path = vec!["instances", id, "token", token.expose_secret()];
        path.extend(route.split('/').chain(argument));
        let url = self.client.url(&path).ok_or(Error::NoSuchInstance)?;
        let credential = match client_token {
            Some(secret) => {
                let value = secret_header("", secret).ok_or(Refusal::ClientTokenWrong)?;
                Some((CLIENT_TOKEN, value))
            }
            None => None,
        };
        self.client.call(route, verb, url, credential).await
    }
}

/// Whether an instance is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The instance holds a WhatsApp session.
    pub connected: bool,
    /// The phone is online. Means nothing on *mobile* instances (seen).
    pub smartphone_connected: Option<bool>,
    /// The server says that the session has to be restored: [`Instance::restore_session`].
    pub needs_restore: bool,
    /// The server's sentence about the state, from the field `error`, which is filled even when all
    /// is well: `You are already connected`, `You need to restore the session`, `You are not
    /// connected`, with or without a final full stop.
    pub message: Option<String>,
}

impl Answer for Status {
    const FIELDS: &'static [&'static str] = &["connected"];

    fn is_state(text: &str) -> bool {
        matches!(
            normalised(text).as_str(),
            "you are already connected" | NEEDS_RESTORE | "you are not connected"
        )
    }

    fn from_object(object: &Object) -> Option<Self> {
        let message = text(object, "error");
        Some(Self {
            connected: flag(object, "connected")?,
            smartphone_connected: flag(object, "smartphoneConnected"),
            needs_restore: message
                .as_deref()
                .is_some_and(|text| normalised(text) == NEEDS_RESTORE),
            message,
        })
    }
}

/// Who an instance is connected as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Digits with country code, without plus: `5511999999999`.
    pub phone: Option<String>,
    /// The profile's name.
    pub name: Option<String>,
    /// `iphone`, `android`, `smbi`, `smba` (the last two are WhatsApp Business) (documented).
    pub original_device: Option<String>,
    /// A business account.
    pub is_business: Option<bool>,
}

impl Answer for Device {
    const FIELDS: &'static [&'static str] = &["phone", "name", "originalDevice", "isBusiness"];

    fn from_object(object: &Object) -> Option<Self> {
        Some(Self {
            phone: text(object, "phone"),
            name: text(object, "name"),
            original_device: text(object, "originalDevice"),
            is_business: flag(object, "isBusiness"),
        })
    }
}

/// The harmless part of what `/me` answers, which also holds the instance token and a proxy
/// password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// The name that the partner gave to the instance.
    pub name: Option<String>,
    /// The instance holds a WhatsApp session.
    pub connected: Option<bool>,
    /// When the paid or trial time ends. Sent in seconds here (documented).
    pub due: Option<UnixMillis>,
    /// As sent; the values are open.
    pub payment_status: Option<String>,
}

impl Answer for Me {
    const FIELDS: &'static [&'static str] = &["name", "connected", "due", "paymentStatus"];

    fn from_object(object: &Object) -> Option<Self> {
        Some(Self {
            name: text(object, "name"),
            connected: flag(object, "connected"),
            due: unix_millis(object, "due"),
            payment_status: text(object, "paymentStatus"),
        })
    }
}
