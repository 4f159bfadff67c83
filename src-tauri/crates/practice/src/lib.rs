//! The pretend Z-API: a real HTTP server on loopback, for training, for trying the app and for tests.
//!
//! It answers as the vendor documents Z-API, and as public clients have seen it where nothing is
//! documented, for a handful of invented customers, or up to 100,000, each playing one [`Scenario`].
//! The listing of them can be slow, faulty or on the move: [`Listing`]. Somebody plays the customer's
//! side with an [`Action`]:
//!
//! | action | possible | then |
//! |---|---|---|
//! | [`ReadsQr`](Action::ReadsQr) | for 20 s after a QR code was given | connected, or asked for a passkey |
//! | [`TypesPhoneCode`](Action::TypesPhoneCode) | once a phone code was given | connected, or asked for a passkey |
//! | [`TypesCode`](Action::TypesCode) | while a connection code lives | the extension's confirmation screen |
//! | [`Confirms`](Action::Confirms) | for a minute on that screen | connected |
//! | [`Disconnects`](Action::Disconnects) | when connected and the phone is online | not connected |
//! | [`AnHourPasses`](Action::AnHourPasses) | when connected, in [`Scenario::DisconnectsLater`] | not connected |
//! | [`PhoneComesBack`](Action::PhoneComesBack) | when connected and the phone is offline | the phone is online |
//! | [`ResetsPin`](Action::ResetsPin) | once the e-mail for it was asked for | a new PIN, which they remember |
//! | [`ConfirmsTransfer`](Action::ConfirmsTransfer) | when a right code needs it | registered as soon as that is asked |
//! | [`AppealAccepted`](Action::AppealAccepted) | while an appeal is in review | the number is free again |
//!
//! through [`Practice::play`], or from another program through the control routes, which are no part
//! of the pretend API:
//!
//! | route | answers |
//! |---|---|
//! | `GET /practice/ping` | `{"practice":true}` |
//! | `GET /practice/ledger` | the [`Call`]s, oldest first |
//! | `GET /practice/calls` | how many there were on each route: `{"/instances":7}` |
//! | `GET /practice/customers` | the [`Customer`]s |
//! | `GET /practice/customers/{id}` | `{"scenario":"connects","actions":["typesCode"],"received":null}`: what the customer can do now, and [what they have](Practice::received) |
//! | `PATCH /practice/customers/{id}` | the same, after the changes in `{"name":"Loja","connected":true}`, each if there |
//! | `DELETE /practice/customers/{id}` | 204; the instance is removed from the account |
//! | `POST /practice/customers/{id}/play` | the same, after the action in `{"action":"typesCode"}`; 409 when not possible now |
//!
//! Ids, tokens, names and numbers are all made up.

mod captcha;
mod control;
mod faults;
mod instance;
mod ledger;
mod listing;
mod names;
mod registration;
mod roster;
mod routes;
mod world;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use listing::{Listing, Moves};

/// The answer to every captcha here, always the same so that tests can tell it.
pub const CAPTCHA_ANSWER: &str = "407258";

/// What an instance pretends to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Middleware {
    /// Linked to a phone, as WhatsApp Web is.
    Web,
    /// Registered as the number's primary device.
    Mobile,
}

/// What happens to a customer who is to be connected. Unless it says otherwise, they connect with the
/// expected number by every method of their instance, and a QR code is answered as a data URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scenario {
    /// Nothing gets in the way.
    Connects,
    /// A QR code that is read and a phone code that is typed lead to a passkey, never to a
    /// connection. The extension connects.
    AsksPasskey,
    /// Gets a connection code that dies after 20 seconds.
    Expires,
    /// Is connected from the start.
    AlreadyConnected,
    /// Has 75 messages in the queue. QR codes come as bare base64.
    QueueWaits,
    /// Is connected from the start, and the phone is offline.
    PhoneOffline,
    /// Cannot be connected until a partner subscribes the instance again.
    SubscriptionOver,
    /// Has a session that waits for being restored, which connects it.
    AsksRestore,
    /// Connects and loses the connection an hour later. QR codes come as their raw text.
    DisconnectsLater,
    /// The token the desk has is not the instance's.
    WrongToken,
    /// Connects with another number than the expected one.
    OtherNumber,
    /// Connects, but the answers on the way are slow or broken, in a fixed order.
    SlowAndFaulty,
    /// The first on a mobile instance, as all below. Nothing gets in the way of the registration.
    RegistersBySms,
    /// No code is sent before a captcha is answered, with [`CAPTCHA_ANSWER`].
    Captcha,
    /// Has a PIN, which they remember.
    AsksPin,
    /// Both: a captcha first, a PIN in the end.
    CaptchaAndPin,
    /// Has a PIN, and has forgotten it.
    ForgotPin,
    /// The phone that has the number must confirm.
    ConfirmsOnPhone,
    /// Every way must wait, from the first check of the number on.
    MustWait,
    /// The code comes by SMS only.
    VoiceClosed,
    /// The number is blocked, and an appeal is possible.
    Blocked,
    /// The number is blocked, which shows only when a code is asked for. No appeal is possible.
    BlockedForGood,
    /// Too many wrong codes are three. Then a new one is needed, after a wait.
    TooManyTries,
    /// The first check finds the number unavailable for an unknown reason; every answer leaves out
    /// what it can, and `retryAfter` is a text. Registers all the same.
    OddAnswers,
}

impl Scenario {
    /// Every scenario, in the order in which practice mode lists them.
    pub const ALL: [Self; 24] = [
        Self::Connects,
        Self::AsksPasskey,
        Self::Expires,
        Self::AlreadyConnected,
        Self::QueueWaits,
        Self::PhoneOffline,
        Self::SubscriptionOver,
        Self::AsksRestore,
        Self::DisconnectsLater,
        Self::WrongToken,
        Self::OtherNumber,
        Self::SlowAndFaulty,
        Self::RegistersBySms,
        Self::Captcha,
        Self::AsksPin,
        Self::CaptchaAndPin,
        Self::ForgotPin,
        Self::ConfirmsOnPhone,
        Self::MustWait,
        Self::VoiceClosed,
        Self::Blocked,
        Self::BlockedForGood,
        Self::TooManyTries,
        Self::OddAnswers,
    ];

    /// The kind of instance it plays on.
    pub const fn middleware(self) -> Middleware {
        match self {
            Self::Connects
            | Self::AsksPasskey
            | Self::Expires
            | Self::AlreadyConnected
            | Self::QueueWaits
            | Self::PhoneOffline
            | Self::SubscriptionOver
            | Self::AsksRestore
            | Self::DisconnectsLater
            | Self::WrongToken
            | Self::OtherNumber
            | Self::SlowAndFaulty => Middleware::Web,
            Self::RegistersBySms
            | Self::Captcha
            | Self::AsksPin
            | Self::CaptchaAndPin
            | Self::ForgotPin
            | Self::ConfirmsOnPhone
            | Self::MustWait
            | Self::VoiceClosed
            | Self::Blocked
            | Self::BlockedForGood
            | Self::TooManyTries
            | Self::OddAnswers => Middleware::Mobile,
        }
    }
}

/// The name it has in JSON and on the command line, such as `slowAndFaulty`.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl FromStr for Scenario {
    type Err = serde::de::value::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::deserialize(name.into_deserializer())
    }
}

/// What the customer does, or what happens to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Reads the QR code with the phone.
    ReadsQr,
    /// Types the phone code on the phone.
    TypesPhoneCode,
    /// Types the connection code into the extension and clicks *Continuar*.
    TypesCode,
    /// Clicks *Conectar na Z-API* on the extension's confirmation screen.
    Confirms,
    /// Ends the connection.
    Disconnects,
    /// An hour passes, in which the connection ends.
    AnHourPasses,
    /// The phone is online again.
    PhoneComesBack,
    /// Resets the PIN by the e-mail that came.
    ResetsPin,
    /// Confirms on the phone that has the number that it may be registered elsewhere.
    ConfirmsTransfer,
    /// WhatsApp grants the appeal.
    AppealAccepted,
}

/// What to pretend.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// One customer for each entry. By default each scenario once.
    pub customers: Vec<Scenario>,
    /// How many instances there are in all: behind the customers come plain ones, which play
    /// [`Scenario::AlreadyConnected`] (about 85 of 100), [`Scenario::Connects`],
    /// [`Scenario::SubscriptionOver`] or, one in ten, [`Scenario::RegistersBySms`]. None by default,
    /// and none when there are as many customers already.
    pub instances: usize,
    /// How the partner's listing behaves.
    pub listing: Listing,
    /// Milliseconds by which the server's clock (`Date` and `expiresAt` alike) is ahead of this
    /// computer's; stands for a computer whose clock is wrong.
    pub clock_offset: i64,
    /// When set, the instance routes demand it in the `Client-Token` header.
    pub client_token: Option<String>,
    /// What the partner routes demand as Bearer token.
    pub partner_token: String,
    /// How long a connection code lives.
    pub code_life: Duration,
    /// How long every way to receive a registration code waits after one was asked for.
    pub registration_wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            customers: Scenario::ALL.to_vec(),
            instances: 0,
            listing: Listing::default(),
            clock_offset: 0,
            client_token: None,
            partner_token: "FAKE0000PRACTICE0000PARTNER0000".to_owned(),
            code_life: Duration::from_secs(5 * 60),
            // As in the documented answer.
            registration_wait: Duration::from_secs(125),
        }
    }
}

/// An invented customer, with what the desk is told about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// What happens to them.
    pub scenario: Scenario,
    /// Kind of their instance.
    pub middleware: Middleware,
    /// Name of the shop.
    pub name: String,
    /// Id of their instance.
    pub instance_id: String,
    /// The instance token the desk has: the right one, except in [`Scenario::WrongToken`].
    pub token: String,
    /// The number the desk expects to be connected: digits with country code.
    pub phone: String,
}

impl Customer {
    /// The line that the Z-API panel offers for copying, on the server at `url`.
    pub fn address(&self, url: &str) -> String {
        format!(
            "{url}/instances/{}/token/{}/send-text",
            self.instance_id, self.token
        )
    }
}

/// A request that the pretend API received. Control routes are not listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// When it arrived, in milliseconds since the server started.
    pub at_ms: u64,
    /// HTTP method.
    pub method: String,
    /// Template of the route, such as `/instances/{id}/token/{token}/status`: never the token
    /// itself. `unknown` when no route matches.
    pub route: String,
    /// The instance it was about, when the path names one that exists.
    pub instance_id: Option<String>,
    /// Status of the answer; 499 when the caller hung up before it.
    pub status: u16,
    /// Milliseconds that the server itself took, deliberate slowness included.
    pub server_ms: f64,
    /// Whether a `Client-Token` header came with it, right or wrong.
    pub had_client_token: bool,
    /// Whether the real one is known to punish such a call, on the way to a registration: here it
    /// blocked the number.
    #[serde(default)]
    pub punished: bool,
}

/// The customer cannot do that now (or there is no such customer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the customer cannot do that now")]
pub struct NotNow;

/// A running server. Dropping it stops it: no connection is accepted any more, and those that are
/// open close after the answer under way.
#[derive(Debug)]
pub struct Practice {
    address: SocketAddr,
    server: Arc<routes::Server>,
    /// Its receiver ends the server when this is dropped.
    _running: oneshot::Sender<()>,
}

impl Practice {
    /// Starts the server on the tokio runtime this is called from.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let address = listener.local_addr()?;
        // Small answers go out at once: benchmarks measure this path.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });

        let server = Arc::new(routes::Server::new(config));
        let router = routes::router(&server);
        let (running, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            // Accept errors are retried inside, so that this ends in one way only: by `stopped`.
            let _ = axum::serve(listener, router)
                .with_graceful_shutdown(async {
                    let _ = stopped.await;
                })
                .await;
        });
        Ok(Self {
            address,
            server,
            _running: running,
        })
    }

    /// Base address, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the partner routes demand as Bearer token.
    pub fn partner_token(&self) -> String {
        self.server.world().partner_token().to_owned()
    }

    /// The customers in the order of [`Config::customers`], behind them the plain ones and those
    /// whose instance was created, without those whose instance was removed. The listing has them in
    /// an order of its own once [`Moves`] were at work.
    pub fn customers(&self) -> Vec<Customer> {
        self.server.world().roster.customers()
    }

    /// Makes an instance, as `POST /instances/integrator/on-demand` does. It plays
    /// [`Scenario::Connects`] or [`Scenario::RegistersBySms`].
    pub fn create_instance(&self, name: &str, middleware: Middleware) -> Customer {
        let now = self.server.now();
        self.server.world().roster.create(name, middleware, now).0
    }

    /// Removes an instance from the account. Its id is not given again.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn remove_instance(&self, instance_id: &str) -> Result<(), NotNow> {
        let removed = self.server.world().roster.remove(instance_id);
        removed.then_some(()).ok_or(NotNow)
    }

    /// Gives an instance another name, as the partner can on the panel.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn rename_instance(&self, instance_id: &str, name: &str) -> Result<(), NotNow> {
        self.change(instance_id, |instance| instance.rename(name.to_owned()))
    }

    /// Connects an instance or ends its connection, whatever is in the way. No code that was given
    /// is good afterwards.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn set_connected(&self, instance_id: &str, connected: bool) -> Result<(), NotNow> {
        self.change(instance_id, |instance| instance.set_connected(connected))
    }

    fn change(
        &self,
        instance_id: &str,
        change: impl FnOnce(&mut instance::Instance),
    ) -> Result<(), NotNow> {
        let mut world = self.server.world();
        let instance = world.instance_mut(instance_id);
        instance.map(change).map_err(|_| NotNow)
    }

    /// A customer's scenario and what they can do now; `None` without such an instance.
    pub fn actions(&self, instance_id: &str) -> Option<(Scenario, Vec<Action>)> {
        let now = self.server.now();
        self.server.world().actions(instance_id, now)
    }

    /// What the customer has in front of them, to be told to the agent: the registration code that
    /// was sent, or the PIN that is asked for, if they remember it.
    pub fn received(&self, instance_id: &str) -> Option<String> {
        self.server.world().received(instance_id)
    }

    /// Sets the server's clock ahead, as if that time went by.
    pub fn time_passes(&self, time: Duration) {
        self.server.time_passes(time);
    }

    /// Lets the customer do something.
    ///
    /// # Errors
    /// It is not among [`Practice::actions`].
    pub fn play(&self, instance_id: &str, action: Action) -> Result<(), NotNow> {
        let now = self.server.now();
        self.server.world().play(instance_id, action, now)
    }

    /// The latest calls, at most 100,000, in the order in which they were finished.
    pub fn ledger(&self) -> Vec<Call> {
        self.server.world().ledger.lines()
    }

    /// How many calls on `route` were finished, of all since the start, as [`Call::route`] names it:
    /// such as `/instances` for the listing.
    pub fn calls(&self, route: &str) -> usize {
        self.server.world().ledger.calls_on(route)
    }

    /// The most calls on `route` that were under way at once.
    pub fn most_at_once(&self, route: &str) -> usize {
        self.server.world().ledger.most_at_once(route)
    }
}
