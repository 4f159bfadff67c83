//! One desk: a store, a vault, a client, and the attempts that run.
//!
//! The accounts' and the customers' parts are in [`crate::accounts`] and [`crate::customers`].

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::attempt::machine::Phase;
use crate::attempt::view::{self, ConnectionCode, ExpectedNumber, PresenterState, PresenterView};
use crate::attempt::{Attempt, SharedServerClock, Snapshot};
use crate::clock::{Clock, SystemClock};
use crate::customers::ConnectionStatus;
use crate::deadline::Deadline;
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::{FreshCode, Identity, Reading, ZapiGateway};
use crate::input::{Field, Problem, ProblemCode};
use crate::language::Language;
use crate::lock;
use crate::messages::{self, MessageKind, Template, Values};
use crate::phone;
use crate::store::{CustomerRecord, Store};
use crate::vault::{self, Holder, Keychain, SecretName, Vault};

/// The extension's page (zapi.md §2).
pub const CHROME_STORE: &str =
    "https://chromewebstore.google.com/detail/iopmkohngoecmepoheapifkafbeomphn";
/// Where the customer logs in.
pub const WHATSAPP_WEB: &str = "https://web.whatsapp.com/";

/// Failures kept for the diagnostic report.
const FAILURES_KEPT: usize = 20;

/// Keys of the settings.
const LANGUAGE: &str = "language";
const ZAPI_ADDRESS: &str = "zapi_address";

/// What a desk is made of.
pub struct Config {
    /// The data folder; `None` for a desk that ends with the process.
    pub folder: Option<PathBuf>,
    /// Where secrets go.
    pub vault: Vault,
    /// A base address that the setting cannot change (`PONTE_ZAPI_URL`, practice).
    pub fixed_address: Option<String>,
    /// This computer's clocks.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// The real desk in a folder, with the OS keychain.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            vault: Vault::new(Arc::new(Keychain), vault::TIMEOUT),
            fixed_address: None,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Something that happened without being asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A customer's status was seen.
    Status {
        /// Whose.
        customer_id: String,
        /// What.
        status: ConnectionStatus,
        /// Unix milliseconds by this computer's clock.
        since: Option<i64>,
    },
    /// An attempt ended in a connection, and it is known as which number or that it is not.
    Connected {
        /// Whose.
        customer_id: String,
        /// The customer's name.
        name: String,
        /// As whom.
        identity: Identity,
        /// Whether that is the number expected.
        expected: ExpectedNumber,
    },
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Chosen by the agent; `None` follows the system.
    pub language: Option<Language>,
    /// Base address set by the agent.
    pub zapi_address: Option<String>,
}

/// A failure of the last hours, for the diagnostic report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotedFailure {
    /// Unix milliseconds by the wall clock.
    pub at: i64,
    /// What.
    pub code: ErrorCode,
}

/// The desk. Shared behind an `Arc`; every method may be called at the same time as any other.
pub struct Desk {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    clock: Arc<dyn Clock>,
    server: RwLock<Server>,
    fixed_address: bool,
    attempts: Mutex<HashMap<String, Arc<Attempt>>>,
    templates: RwLock<HashMap<(Language, MessageKind), String>>,
    /// An attempt began or ended, or a template changed.
    views_changed: watch::Sender<()>,
    events: broadcast::Sender<Event>,
    failures: Mutex<VecDeque<NotedFailure>>,
}

/// A server, and what we know of its clock.
#[derive(Clone)]
pub(crate) struct Server {
    address: Option<String>,
    /// Built beside the start: reading the system's certificates takes a while.
    client: Arc<OnceLock<std::result::Result<zapi::Client, zapi::BaseAddressError>>>,
    clock: SharedServerClock,
}

impl Server {
    fn new(address: Option<String>) -> Result<Self> {
        if let Some(address) = &address {
            zapi::check_base(address).map_err(unusable_address)?;
        }
        let server = Self {
            address,
            client: Arc::default(),
            clock: Arc::default(),
        };
        let early = server.clone();
        // Whoever needs it first waits for it or makes it.
        tokio::task::spawn_blocking(move || drop(early.client()));
        Ok(server)
    }

    pub(crate) fn client(&self) -> Result<zapi::Client> {
        let build = || {
            let builder = zapi::Client::builder();
            match &self.address {
                Some(address) => builder.base(address),
                None => builder,
            }
            .build()
        };
        self.client
            .get_or_init(build)
            .clone()
            .map_err(unusable_address)
    }
}

fn unusable_address(_: zapi::BaseAddressError) -> Failure {
    Problem::new(Field::ZapiAddress, ProblemCode::NotHttps).into()
}

impl Desk {
    /// Opens the desk. No secret is read.
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        let store = match &config.folder {
            Some(folder) => Store::open(folder).await?,
            None => Store::in_memory().await?,
        };
        let address = match &config.fixed_address {
            Some(address) => Some(address.clone()),
            None => store.setting(ZAPI_ADDRESS).await?,
        };
        let server = Server::new(address)?;
        let edited = store.templates().await?;
        Ok(Arc::new(Self {
            store,
            vault: config.vault,
            clock: config.clock,
            server: RwLock::new(server),
            fixed_address: config.fixed_address.is_some(),
            attempts: Mutex::default(),
            templates: RwLock::new(
                edited
                    .into_iter()
                    .map(|(l, k, text)| ((l, k), text))
                    .collect(),
            ),
            views_changed: watch::Sender::default(),
            events: broadcast::Sender::new(64),
            failures: Mutex::default(),
        }))
    }

    /// Ends all attempts and closes the file.
    pub async fn close(&self) {
        lock(&self.attempts).clear();
        self.store.close().await;
    }

    /// What happens from now on. A listener that falls behind misses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Whether secrets end with the session.
    pub fn is_memory_only(&self) -> bool {
        self.vault.is_memory_only()
    }

    /// Whether the base address is given from outside.
    pub fn has_fixed_address(&self) -> bool {
        self.fixed_address
    }

    // --- settings

    /// The settings.
    pub async fn settings(&self) -> Result<Settings> {
        let language = self.store.setting(LANGUAGE).await?;
        Ok(Settings {
            language: language.and_then(|tag| tag.parse().ok()),
            zapi_address: self.store.setting(ZAPI_ADDRESS).await?,
        })
    }

    /// Sets the app's language; `None` follows the system.
    pub async fn set_language(&self, language: Option<Language>) -> Result<()> {
        Ok(self
            .store
            .put_setting(LANGUAGE, language.map(Language::tag))
            .await?)
    }

    /// Sets the base address; `None` is Z-API's own. Running attempts end: they talk to the old one.
    pub async fn set_zapi_address(&self, address: Option<&str>) -> Result<()> {
        let address = address
            .map(crate::input::clean)
            .filter(|address| !address.is_empty());
        let server = Server::new(address.map(str::to_owned))?;
        self.store.put_setting(ZAPI_ADDRESS, address).await?;
        if !self.fixed_address {
            lock(&self.attempts).clear();
            self.views_changed.send_replace(());
            *self.server.write().unwrap_or_else(PoisonError::into_inner) = server;
        }
        Ok(())
    }

    // --- messages

    /// All templates.
    pub fn templates(&self) -> Vec<Template> {
        let all = Language::ALL
            .into_iter()
            .flat_map(|l| MessageKind::ALL.map(|k| (l, k)));
        all.map(|(language, kind)| self.template(language, kind))
            .collect()
    }

    /// Keeps an edited template.
    pub async fn save_template(
        &self,
        language: Language,
        kind: MessageKind,
        text: &str,
    ) -> Result<Template> {
        if let Some(problem) = messages::check(kind, text).into_iter().next() {
            return Err(problem.into());
        }
        let edited = (text != kind.shipped(language)).then_some(text);
        self.put_template(language, kind, edited).await
    }

    /// Goes back to the template that ships.
    pub async fn reset_template(&self, language: Language, kind: MessageKind) -> Result<Template> {
        self.put_template(language, kind, None).await
    }

    async fn put_template(
        &self,
        language: Language,
        kind: MessageKind,
        text: Option<&str>,
    ) -> Result<Template> {
        self.store.put_template(language, kind, text).await?;
        {
            let mut templates = self
                .templates
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            match text {
                Some(text) => templates.insert((language, kind), text.to_owned()),
                None => templates.remove(&(language, kind)),
            };
        }
        self.views_changed.send_replace(());
        Ok(self.template(language, kind))
    }

    fn template(&self, language: Language, kind: MessageKind) -> Template {
        let templates = self
            .templates
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let edited = templates.get(&(language, kind));
        Template {
            language,
            kind,
            text: edited.map_or_else(|| kind.shipped(language).to_owned(), Clone::clone),
            edited: edited.is_some(),
        }
    }

    fn message(
        &self,
        customer: &CustomerRecord,
        kind: MessageKind,
        code: &str,
        valid_until: &str,
    ) -> String {
        let number = customer
            .phone
            .as_deref()
            .map(phone::display)
            .unwrap_or_default();
        let values = Values {
            name: &customer.name,
            number: &number,
            link: CHROME_STORE,
            code,
            valid_until,
        };
        messages::fill(&self.template(customer.language, kind).text, &values)
    }

    // --- attempts

    /// Starts an attempt, or joins the one that runs.
    pub async fn start_attempt(self: &Arc<Self>, customer_id: &str) -> Result<()> {
        if self.is_running(customer_id) {
            return Ok(());
        }
        let customer = self.customer(customer_id).await?;
        let server = self.server();
        let gateway = self.gateway(&server, &customer).await?;
        {
            let mut attempts = lock(&self.attempts);
            // Another window may have started it while the keychain was asked.
            if attempts
                .get(customer_id)
                .is_some_and(|attempt| attempt.is_running())
            {
                return Ok(());
            }
            let clock = Arc::clone(&self.clock);
            let attempt = Arc::new(Attempt::start(gateway, clock, Arc::clone(&server.clock)));
            let desk = Arc::clone(self);
            tokio::spawn(desk.follow(customer.id.clone(), attempt.snapshots()));
            attempts.insert(customer_id.to_owned(), attempt);
        }
        self.views_changed.send_replace(());
        // The keychain may have taken its time: whoever removed or changed the customer, or the
        // server, meanwhile found no attempt to end.
        let unchanged = self.customer(customer_id).await.is_ok_and(|now| {
            (now.instance_id, now.account_id) == (customer.instance_id, customer.account_id)
        });
        if unchanged && Arc::ptr_eq(&server.clock, &self.server().clock) {
            return Ok(());
        }
        self.end_attempt(customer_id);
        Err(ErrorCode::NoAttempt.into())
    }

    /// Ends an attempt; fine if there is none.
    pub fn end_attempt(&self, customer_id: &str) {
        lock(&self.attempts).remove(customer_id);
        self.views_changed.send_replace(());
    }

    /// Told whenever a view of the customer's attempt may have changed.
    pub fn changes(self: &Arc<Self>, customer_id: &str) -> Changes {
        Changes {
            views: self.views_changed.subscribe(),
            snapshots: self.snapshots(customer_id),
            desk: Arc::clone(self),
            customer_id: customer_id.to_owned(),
        }
    }

    fn snapshots(&self, customer_id: &str) -> Option<watch::Receiver<Snapshot>> {
        self.attempt(customer_id).map(|attempt| attempt.snapshots())
    }

    /// What a window shows of a customer's attempt now.
    pub async fn attempt_view(&self, customer_id: &str) -> Result<Option<view::Attempt>> {
        let Some(attempt) = self.attempt(customer_id) else {
            return Ok(None);
        };
        let customer = self.customer(customer_id).await?;
        let snapshot = attempt.snapshots().borrow().clone();
        Ok(Some(view::Attempt::new(
            customer_id,
            snapshot,
            customer.phone.as_deref(),
            || self.message(&customer, MessageKind::Preparation, "", ""),
            |code, deadline| self.connection_code(&customer, code, &deadline),
        )))
    }

    /// What the presenter window shows of it.
    pub async fn presenter_view(&self, customer_id: &str) -> Result<PresenterView> {
        let customer = self.customer(customer_id).await?;
        let attempt = self.attempt(customer_id);
        let phase = attempt.map(|attempt| attempt.snapshots().borrow().phase.clone());
        let mut shown = PresenterView {
            language: customer.language,
            state: PresenterState::Over,
            halves: Vec::new(),
            valid_until: None,
            phone_display: customer.phone.as_deref().map(phone::display),
        };
        match phase {
            Some(Phase::Waiting { code, deadline }) => {
                shown.state = PresenterState::Waiting;
                shown.halves = view::halves(&code.text);
                shown.valid_until = Some(view::valid_until(&deadline));
            }
            Some(Phase::Checking | Phase::Preparing) => shown.state = PresenterState::Preparing,
            Some(Phase::Expired) => shown.state = PresenterState::Expired,
            Some(Phase::Connected { identity, .. } | Phase::AlreadyConnected { identity }) => {
                shown.state = PresenterState::Connected;
                shown.phone_display = identity.phone_display.or(shown.phone_display);
            }
            _ => {}
        }
        Ok(shown)
    }

    /// Fetches a fresh connection code for the customer's attempt.
    pub async fn get_code(&self, customer_id: &str) -> Result<()> {
        // Not held while waiting: an attempt that is ended must end at once.
        let code = self
            .attempt(customer_id)
            .ok_or(ErrorCode::NoAttempt)?
            .get_code();
        code.await
    }

    /// How long the connection code will live; `None` without one.
    pub fn time_left(&self, customer_id: &str) -> Option<Duration> {
        self.attempt(customer_id)?.time_left()
    }

    /// The connection code, for copying: only while it lives.
    pub fn code_to_copy(&self, customer_id: &str) -> Result<String> {
        let code = self
            .attempt(customer_id)
            .and_then(|attempt| attempt.live_code());
        Ok(code.ok_or(ErrorCode::CodeNotValid)?.text)
    }

    /// The message for where the attempt stands, for copying.
    pub async fn message_to_copy(&self, customer_id: &str) -> Result<String> {
        let attempt = self.attempt(customer_id).ok_or(ErrorCode::NoAttempt)?;
        let customer = self.customer(customer_id).await?;
        let phase = attempt.snapshots().borrow().phase.clone();
        match phase {
            Phase::Preparing => Ok(self.message(&customer, MessageKind::Preparation, "", "")),
            Phase::Waiting { code, deadline } if attempt.is_live(&deadline) => {
                Ok(self.connection_code(&customer, code, &deadline).message)
            }
            _ => Err(ErrorCode::CodeNotValid.into()),
        }
    }

    fn connection_code(
        &self,
        customer: &CustomerRecord,
        code: FreshCode,
        deadline: &Deadline,
    ) -> ConnectionCode {
        let valid_until = view::valid_until(deadline);
        ConnectionCode {
            halves: view::halves(&code.text),
            approximate: deadline.is_approximate(),
            message: self.message(
                customer,
                MessageKind::ConnectionCode,
                &code.text,
                &valid_until,
            ),
            text: code.text,
            valid_until,
        }
    }

    fn is_running(&self, customer_id: &str) -> bool {
        self.attempt(customer_id)
            .is_some_and(|attempt| attempt.is_running())
    }

    fn attempt(&self, customer_id: &str) -> Option<Arc<Attempt>> {
        lock(&self.attempts).get(customer_id).cloned()
    }

    /// Notes what an attempt sees of the customer, until it ends.
    async fn follow(
        self: Arc<Self>,
        customer_id: String,
        mut snapshots: watch::Receiver<Snapshot>,
    ) {
        let mut connected = None;
        let mut trouble = None;
        while snapshots.changed().await.is_ok() {
            let snapshot = snapshots.borrow_and_update().clone();
            let (status, failure) = match snapshot.phase {
                Phase::Checking | Phase::GaveUp => (None, snapshot.trouble),
                Phase::Failed(failure) => (ConnectionStatus::from_failure(&failure), Some(failure)),
                Phase::Preparing | Phase::Waiting { .. } | Phase::Expired => {
                    (Some(ConnectionStatus::Offline), snapshot.trouble)
                }
                Phase::AlreadyConnected { .. } => (Some(ConnectionStatus::Connected), None),
                Phase::Connected { identity, .. } => {
                    connected = Some(identity);
                    (Some(ConnectionStatus::Connected), None)
                }
            };
            if failure != trouble {
                trouble = failure;
                if let Some(failure) = &trouble {
                    self.note_failure(failure);
                }
            }
            if let Some(status) = status
                && let Err(failure) = self.note_status(&customer_id, status).await
            {
                log::warn!("a status was not noted: {failure}");
            }
        }
        // As the customer is now: the number expected may have been corrected meanwhile.
        if let Some(identity) = connected
            && let Ok(customer) = self.customer(&customer_id).await
        {
            // Nobody may be listening.
            let _ = self.events.send(Event::Connected {
                expected: ExpectedNumber::compare(customer.phone.as_deref(), &identity),
                customer_id,
                name: customer.name,
                identity,
            });
        }
    }

    // --- shared by accounts, customers and attempts

    pub(crate) fn server(&self) -> Server {
        self.server
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn client(&self) -> Result<zapi::Client> {
        self.server().client()
    }

    /// The customer's instance, with its credentials out of the vault.
    pub(crate) async fn gateway(
        &self,
        server: &Server,
        customer: &CustomerRecord,
    ) -> Result<ZapiGateway> {
        let account = self.account(&customer.account_id).await?;
        let token = self.instance_token(customer).await?;
        let secrets = self.account_secrets(&account).await?;
        Ok(ZapiGateway {
            client: server.client()?,
            credentials: zapi::InstanceCredentials {
                id: customer.instance_id.clone(),
                token,
                client_token: secrets.get(SecretName::ClientToken).cloned(),
            },
        })
    }

    /// Makes a call and reads the server's clock off its answer.
    pub(crate) async fn observed<T>(
        &self,
        server: &Server,
        call: impl Future<Output = Result<Reading<T>>>,
    ) -> Result<T> {
        let sent = self.clock.ticks();
        let reading = call.await?;
        if let Some(date) = reading.date {
            lock(&server.clock).observe(sent, self.clock.ticks(), date);
        }
        Ok(reading.value)
    }

    pub(crate) async fn note_status(
        &self,
        customer_id: &str,
        status: ConnectionStatus,
    ) -> Result<()> {
        let now = self.clock.wall_ms();
        if let Some(since) = self.store.note_status(customer_id, status, now).await? {
            // Nobody may be listening.
            let _ = self.events.send(Event::Status {
                customer_id: customer_id.to_owned(),
                status,
                since: Some(since),
            });
        }
        Ok(())
    }

    /// Takes back what was put into the vault for something that then could not be stored.
    pub(crate) async fn forget(&self, holder: &Holder) {
        if let Err(error) = self.vault.delete(holder, true).await {
            log::warn!("an unused secret stays behind: {error}");
        }
    }

    /// Tells the windows that what they show of attempts may read differently now.
    pub(crate) fn views_changed(&self) {
        self.views_changed.send_replace(());
    }

    /// Remembers a failure for the diagnostic report: its code and nothing else.
    pub fn note_failure(&self, failure: &Failure) {
        let noted = NotedFailure {
            at: self.clock.wall_ms(),
            code: failure.code,
        };
        let mut failures = lock(&self.failures);
        // A failed code reaches the agent's click and the attempt's view.
        let again = |last: &NotedFailure| last.code == noted.code && noted.at - last.at < 1_000;
        if noted.code == ErrorCode::InvalidInput || failures.back().is_some_and(again) {
            return;
        }
        log::warn!("{failure}");
        if failures.len() == FAILURES_KEPT {
            failures.pop_front();
        }
        failures.push_back(noted);
    }

    /// The last failures, oldest first.
    pub fn failures(&self) -> Vec<NotedFailure> {
        lock(&self.failures).iter().copied().collect()
    }
}

/// Tells when a view of one customer's attempt may have changed.
pub struct Changes {
    desk: Arc<Desk>,
    customer_id: String,
    /// Gone when the attempt is over and says no more.
    snapshots: Option<watch::Receiver<Snapshot>>,
    views: watch::Receiver<()>,
}

impl Changes {
    /// Waits for the next change. Safe to drop and call again.
    pub async fn next(&mut self) {
        loop {
            let attempt = async {
                match &mut self.snapshots {
                    Some(snapshots) => snapshots.changed().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = attempt => match changed {
                    true => return,
                    false => self.snapshots = None,
                },
                // The desk holds the sender and we hold the desk, so it cannot be closed.
                _ = self.views.changed() => {
                    self.snapshots = self.desk.snapshots(&self.customer_id);
                    return;
                }
            }
        }
    }
}
