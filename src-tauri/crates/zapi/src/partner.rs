//! A partner's account: its instances.

use std::fmt;

use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::answer::{
    Answer, Object, Received, UnixMillis, flag, outcome, text, unix_millis, whole,
};
use crate::client::{Client, Verb, secret_header};
use crate::error::{Error, Refusal, Unexpected};

/// Rows of a search.
const FOUND: u32 = 15;

/// The calls about a partner's account; made by [`Client::partner`].
pub struct Partner<'a> {
    client: &'a Client,
    token: &'a SecretString,
}

impl fmt::Debug for Partner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partner").finish_non_exhaustive()
    }
}

impl<'a> Partner<'a> {
    pub(crate) fn new(client: &'a Client, token: &'a SecretString) -> Self {
        Self { client, token }
    }

    /// `GET /instances?page=…&pageSize=…` (documented): one page of the account's instances. `page`
    /// counts from 1.
    ///
    /// The largest `page_size` is open, and the server may answer with fewer rows than asked: go by
    /// [`InstancePage::total_pages`].
    ///
    /// # Errors
    /// Any [`Error`]; [`Refusal::PartnerToken`] for every 401 and 403 that does not say otherwise.
    pub async fn instances(
        &self,
        page: u32,
        page_size: u32,
    ) -> Result<Received<InstancePage>, Error> {
        self.list(page, page_size, None).await
    }

    /// The same with `query=…` (documented): the first page of the instances whose name or id matches.
    ///
    /// # Errors
    /// As [`Partner::instances`].
    pub async fn find(&self, name_or_id: &str) -> Result<Received<InstancePage>, Error> {
        self.list(1, FOUND, Some(name_or_id)).await
    }

    async fn list(
        &self,
        page: u32,
        page_size: u32,
        query: Option<&str>,
    ) -> Result<Received<InstancePage>, Error> {
        let mut url = self
            .client
            .url(&["instances"])
            .ok_or(Unexpected::UnknownRoute)?;
        url.query_pairs_mut()
            .append_pair("page", &page.to_string())
            .append_pair("pageSize", &page_size.to_string())
            .extend_pairs(query.map(|query| ("query", query)));
        self.call("instances", Verb::Get, url).await
    }

    /// `POST /instances/{id}/token/{token}/integrator/on-demand/subscription` (documented):
    /// subscribes an instance whose trial or subscription is over. **This costs money.**
    ///
    /// `token` is the instance's. After an error without an answer it is open whether the instance
    /// is subscribed: look before asking again.
    ///
    /// # Errors
    /// Any [`Error`]; [`Refusal::PartnerToken`] for every 401 and 403 that does not say otherwise.
    pub async fn subscribe(&self, id: &str, token: &SecretString) -> Result<Received<()>, Error> {
        let mut path = vec!["instances", id, "token", token.expose_secret()];
        path.extend(["integrator", "on-demand", "subscription"]);
        let url = self.client.url(&path).ok_or(Error::NoSuchInstance)?;
        self.call::<Subscribed>("subscription", Verb::Post, url)
            .await
            .map(Received::without_value)
    }

    /// `POST /instances/integrator/on-demand` (documented): makes an instance called `name`. **This
    /// costs money.**
    ///
    /// After an error without an answer, or about the answer's shape, it is open whether there is an
    /// instance: look before asking again.
    ///
    /// # Errors
    /// Any [`Error`]; [`Refusal::PartnerToken`] for every 401 and 403 that does not say otherwise,
    /// [`Unexpected::Shape`] for an answer without id or token.
    pub async fn create(
        &self,
        name: &str,
        middleware: Middleware,
    ) -> Result<Received<NewInstance>, Error> {
        let path = ["instances", "integrator", "on-demand"];
        let url = self.client.url(&path).ok_or(Unexpected::UnknownRoute)?;
        let body = match middleware {
            Middleware::Web => json!({ "name": name }),
            Middleware::Mobile => json!({ "name": name, "isDevice": true }),
        };
        self.call("on-demand", Verb::PostJson(body), url).await
    }

    async fn call<T: Answer>(
        &self,
        route: &'static str,
        verb: Verb,
        url: Url,
    ) -> Result<Received<T>, Error> {
        let token = secret_header("Bearer ", self.token).ok_or(Refusal::PartnerToken)?;
        let credential = Some((AUTHORIZATION, token));
        self.client.call(route, verb, url, credential).await
    }
}

/// One page of a partner's instances.
#[derive(Clone, Debug)]
pub struct InstancePage {
    /// How many instances the account has.
    pub total: Option<u64>,
    /// How many pages there are at the size the server chose.
    pub total_pages: Option<u64>,
    /// The instances of this page.
    pub rows: Vec<InstanceRow>,
}

/// One instance of a partner. `Debug` shows neither its id nor its token.
#[derive(Clone)]
pub struct InstanceRow {
    /// Empty where the server sends none.
    pub id: String,
    /// The instance's token; empty where the server sends none.
    pub token: SecretString,
    /// The name that the partner gave to the instance.
    pub name: Option<String>,
    /// The instance holds a WhatsApp session.
    pub whatsapp_connected: Option<bool>,
    /// The phone is online.
    pub phone_connected: Option<bool>,
    /// What kind of instance it is.
    pub middleware: Option<Middleware>,
    /// When the paid or trial time ends. Sent in milliseconds here (documented).
    pub due: Option<UnixMillis>,
}

/// How an instance takes part in WhatsApp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Middleware {
    /// A linked device beside the customer's phone.
    Web,
    /// The primary device: the phone loses WhatsApp.
    Mobile,
}

impl fmt::Debug for InstanceRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceRow")
            .field("whatsapp_connected", &self.whatsapp_connected)
            .field("phone_connected", &self.phone_connected)
            .field("middleware", &self.middleware)
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

/// An instance that was made. `Debug` shows neither its id nor its token.
#[derive(Clone)]
pub struct NewInstance {
    /// Its id.
    pub id: String,
    /// Its token.
    pub token: SecretString,
    /// When the paid or trial time ends. Sent in milliseconds here (documented).
    pub due: Option<UnixMillis>,
}

impl fmt::Debug for NewInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewInstance")
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

impl Answer for InstancePage {
    const PARTNER_ROUTE: bool = true;
    const FIELDS: &'static [&'static str] = &["content"];

    fn from_object(object: &Object) -> Option<Self> {
        let rows = object.get("content")?.as_array()?;
        Some(Self {
            total: count(object, "total"),
            total_pages: count(object, "totalPage"),
            rows: rows.iter().filter_map(Value::as_object).map(row).collect(),
        })
    }
}

impl Answer for NewInstance {
    const PARTNER_ROUTE: bool = true;
    const FIELDS: &'static [&'static str] = &["token"];

    fn from_object(object: &Object) -> Option<Self> {
        Some(Self {
            id: text(object, "id")?,
            token: text(object, "token")?.into(),
            due: unix_millis(object, "due"),
        })
    }
}

/// Status 201 (documented); the body is open.
pub(crate) struct Subscribed;

impl Answer for Subscribed {
    const PARTNER_ROUTE: bool = true;
    const FIELDS: &'static [&'static str] = &[];

    fn from_object(object: &Object) -> Option<Self> {
        (outcome(object) != Some(false)).then_some(Self)
    }

    fn from_nothing() -> Option<Self> {
        Some(Self)
    }
}

fn count(object: &Object, field: &str) -> Option<u64> {
    whole(object, field)?.try_into().ok()
}

fn row(object: &Object) -> InstanceRow {
    InstanceRow {
        id: text(object, "id").unwrap_or_default(),
        token: text(object, "token").unwrap_or_default().into(),
        name: text(object, "name"),
        whatsapp_connected: flag(object, "whatsappConnected"),
        phone_connected: flag(object, "phoneConnected"),
        middleware: match object.get("middleware").and_then(Value::as_str) {
            Some("web") => Some(Middleware::Web),
            Some("mobile") => Some(Middleware::Mobile),
            _ => None,
        },
        due: unix_millis(object, "due"),
    }
}
