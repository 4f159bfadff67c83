//! One desk: a store, a vault, a client, and the attempts that run.
//!
//! The accounts' and the customers' parts are in [`crate::accounts`] and [`crate::customers`].

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Notify, broadcast, watch};

use crate::attempt::machine::{Code, Phase};
use crate::attempt::view::{
    self, ConnectionCode, ExpectedNumber, PhoneCode, PresenterState, PresenterView, QrCode,
    ShownCode,
};
use crate::attempt::{Attempt, LastQrCode, Method, SharedServerClock, Snapshot};
use crate::clock::{Clock, SystemClock};
use crate::customers::{ConnectionStatus, StatusCounts};
use crate::deadline::Deadline;
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::{FreshCode, Identity, Reading, ZapiGateway};
use crate::history::{AttemptRecord, Outcome};
use crate::input::{Field, Problem, ProblemCode};
use crate::language::Language;
use crate::lock;
use crate::messages::{self, MessageKind, Template, Values};
use crate::phone;
use crate::picture::Picture;
use crate::registration::Registrations;
use crate::roster::csv::import::Held;
use crate::roster::watch::Watched;
use crate::roster::{Created, Import, Job};
use crate::store::{CustomerRecord, Recovered, Store, StoreError};
use crate::triage::{self, Triage};
use crate::vault::{self, Holder, Keychain, SecretName, Vault};

/// The extension's page (zapi.md §2).
pub const CHROME_STORE: &str =
    "https://chromewebstore.google.com/detail/iopmkohngoecmepoheapifkafbeomphn";
/// Where the customer logs in.
pub const WHATSAPP_WEB: &str = "https://web.whatsapp.com/";

/// Failures kept for the diagnostic report.
const FAILURES_KEPT: usize = 20;

/// How long after the start the backup of the day is looked after: what the agent sees comes first.
const BACKUP_AFTER: Duration = Duration::from_secs(60);
/// And how often from then on.
const BACKUP_EVERY: Duration = Duration::from_secs(60 * 60);

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
    /// Customers were added, changed or removed by an import.
    RosterChanged,
    /// The reading of a Partner listing began, went on or ended.
    Import(Import),
    /// Lines of a spreadsheet are being added.
    CsvProgress {
        /// Lines done.
        done: u32,
        /// Of so many.
        total: u32,
    },
    /// Customers that were connected are not any more, and the agent wants to be told.
    WentOffline {
        /// One of them.
        customer_id: String,
        /// Its name.
        name: String,
        /// How many they are.
        count: u32,
    },
    /// How the customers are has changed.
    Counts(StatusCounts),
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
    /// By customer; see [`LastQrCode`].
    last_qr_codes: Mutex<HashMap<String, LastQrCode>>,
    templates: RwLock<HashMap<(Language, MessageKind), String>>,
    /// An attempt began or ended, or a template changed.
    views_changed: watch::Sender<()>,
    pub(crate) events: broadcast::Sender<Event>,
    failures: Mutex<VecDeque<NotedFailure>>,
    /// Customers whose kind of instance was looked for.
    pub(crate) looked_up: Mutex<HashSet<String>>,
    pub(crate) registrations: Mutex<Registrations>,
    /// When a subscription was last paid for, or may have been, by customer and our ticks.
    pub(crate) paid: Mutex<HashMap<String, Duration>>,
    /// By account.
    pub(crate) imports: Mutex<HashMap<String, Job>>,
    pub(crate) import_ended: Notify,
    /// As the Partner listings gave them, by instance. In memory only.
    pub(crate) listed_tokens: Mutex<HashMap<String, SecretString>>,
    pub(crate) created: Mutex<Created>,
    pub(crate) csv: Held,
    pub(crate) watched: Watched,
}

/// A server, and what we know of its clock.
#[derive(Clone)]
pub(crate) struct Server {
    address: Option<String>,
    /// Built beside the start: reading the system's certificates takes a while.
    client: Arc<OnceLock<std::result::Result<zapi::Client, zapi::BaseAddressError>>>,
    pub(crate) clock: SharedServerClock,
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

/// The number expected, as people write it; empty when none is.
fn display(customer: &CustomerRecord) -> String {
    let phone = customer.phone.as_deref();
    phone.map(phone::display).unwrap_or_default()
}

/// What a message can say of a customer. `number`: see [`display`].
fn values<'a>(customer: &'a CustomerRecord, number: &'a str) -> Values<'a> {
    Values {
        name: &customer.name,
        number,
        link: CHROME_STORE,
        ..Values::default()
    }
}

/// What goes on goes on, whether or not a note of it can be kept.
pub(crate) fn note(what: &str, kept: std::result::Result<(), StoreError>) {
    if let Err(error) = kept {
        log::warn!("not kept of an attempt: the {what}: {error}");
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
        let in_file = config.folder.is_some();
        match Self::over(store.clone(), config).await {
            Ok(desk) => {
                if in_file {
                    desk.back_up_daily();
                }
                Ok(desk)
            }
            Err(failure) => {
                if failure.code == ErrorCode::StoreDamaged {
                    store.suspect();
                }
                // Whoever tries again must find nobody in the file.
                store.close().await;
                Err(failure)
            }
        }
    }

    async fn over(store: Store, config: Config) -> Result<Arc<Self>> {
        store.interrupt_attempts().await?;
        let address = match &config.fixed_address {
            Some(address) => Some(address.clone()),
            None => store.setting(ZAPI_ADDRESS).await?,
        };
        let server = Server::new(address)?;
        let waits = store.registration_waits(config.clock.ticks()).await?;
        let edited = store.templates().await?;
        let desk = Arc::new(Self {
            store,
            vault: config.vault,
            clock: config.clock,
            server: RwLock::new(server),
            fixed_address: config.fixed_address.is_some(),
            attempts: Mutex::default(),
            last_qr_codes: Mutex::default(),
            templates: RwLock::new(
                edited
                    .into_iter()
                    .map(|(l, k, text)| ((l, k), text))
                    .collect(),
            ),
            views_changed: watch::Sender::default(),
            events: broadcast::Sender::new(256),
            failures: Mutex::default(),
            looked_up: Mutex::default(),
            registrations: Mutex::new(Registrations::new(waits)),
            paid: Mutex::default(),
            imports: Mutex::default(),
            import_ended: Notify::new(),
            listed_tokens: Mutex::default(),
            created: Mutex::default(),
            csv: Held::default(),
            watched: Watched::default(),
        });
        desk.forget_old_history().await?;
        Ok(desk)
    }

    /// Ends all attempts and closes the file.
    pub async fn close(&self) {
        self.watched.stop();
        self.cancel_csv();
        self.forget_csv();
        lock(&self.imports).clear();
        lock(&self.attempts).clear();
        lock(&self.registrations).clear();
        self.store.close().await;
    }

    /// Makes the backup of each day for as long as the desk is there.
    fn back_up_daily(self: &Arc<Self>) {
        let desk = Arc::downgrade(self);
        let mut pause = BACKUP_AFTER;
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(desk) = desk.upgrade() else { return };
                if let Err(error) = desk.store.back_up(desk.clock.wall_ms()).await {
                    desk.note_failure(&error.into());
                }
                pause = BACKUP_EVERY;
            }
        });
    }

    /// The data file was damaged when the desk was opened, and this was done about it.
    pub fn recovered(&self) -> Option<Recovered> {
        self.store.recovered().cloned()
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
            self.forget_listing(None);
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

    pub(crate) fn message(
        &self,
        customer: &CustomerRecord,
        kind: MessageKind,
        code: &str,
        valid_until: &str,
    ) -> String {
        let number = display(customer);
        let values = Values {
            code,
            valid_until,
            ..values(customer, &number)
        };
        messages::fill(&self.template(customer.language, kind).text, &values)
    }

    // --- what the customer may be seeing

    /// The cards for a customer. `agent`: the language that the agent reads; `own`: the folder with
    /// the desk's own cards.
    pub async fn triage(&self, customer_id: &str, agent: Language, own: PathBuf) -> Result<Triage> {
        let customer = self.customer(customer_id).await?;
        let read = move || {
            let number = display(&customer);
            let values = values(&customer, &number);
            triage::triage(agent, customer.language, Some(&own), &values)
        };
        tokio::task::spawn_blocking(read).await.map_err(|error| {
            log::error!("no cards: {error}");
            ErrorCode::Internal.into()
        })
    }

    // --- attempts

    /// Starts an attempt in place of one of another method or that is over, or joins the one that
    /// runs.
    pub async fn start_attempt(self: &Arc<Self>, customer_id: &str, method: Method) -> Result<()> {
        if method == Method::Registration {
            return Err(ErrorCode::NotNow.into());
        }
        let runs = |attempt: &Arc<Attempt>| attempt.is_running() && attempt.method() == method;
        if self.attempt(customer_id).as_ref().is_some_and(runs) {
            return Ok(());
        }
        let customer = self.customer(customer_id).await?;
        let server = self.server();
        let gateway = self.gateway(&server, &customer).await?;
        {
            let mut attempts = lock(&self.attempts);
            // Another window may have started it while the keychain was asked.
            if attempts.get(customer_id).is_some_and(runs) {
                return Ok(());
            }
            let clock = Arc::clone(&self.clock);
            let server_clock = Arc::clone(&server.clock);
            let last_qr_code = {
                let mut last = lock(&self.last_qr_codes);
                Arc::clone(last.entry(customer.id.clone()).or_default())
            };
            let attempt = Attempt::start(method, last_qr_code, gateway, clock, server_clock);
            let attempt = Arc::new(attempt);
            let record = AttemptRecord::begin(&customer, method, self.clock.wall_ms());
            tokio::spawn(Arc::clone(self).follow(record, attempt.snapshots()));
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
            attempt.method(),
            snapshot,
            customer.phone.as_deref(),
            || self.message(&customer, MessageKind::Preparation, "", ""),
            |code| self.shown(&customer, code),
        )))
    }

    /// What the presenter window shows of it.
    pub async fn presenter_view(&self, customer_id: &str) -> Result<PresenterView> {
        let customer = self.customer(customer_id).await?;
        let attempt = self.attempt(customer_id);
        let mut shown = PresenterView {
            language: customer.language,
            state: PresenterState::Over,
            halves: Vec::new(),
            method: Method::Extension,
            picture: None,
            valid_until: None,
            phone_display: customer.phone.as_deref().map(phone::display),
        };
        let Some(attempt) = attempt else {
            return Ok(shown);
        };
        shown.method = attempt.method();
        let phase = attempt.snapshots().borrow().phase.clone();
        match phase {
            Phase::Waiting { code, read } => {
                shown.state = match read {
                    true => PresenterState::Read,
                    false => PresenterState::Waiting,
                };
                shown.valid_until = code.deadline.as_ref().map(view::valid_until);
                match code.fresh {
                    FreshCode::Qr(picture) => shown.picture = Some(picture.data_url()),
                    FreshCode::Phone { text, phone } => {
                        shown.halves = view::halves(&text);
                        shown.phone_display = Some(phone::display(&phone));
                    }
                    FreshCode::Connection { text, .. } => shown.halves = view::halves(&text),
                }
            }
            Phase::Checking | Phase::Preparing => shown.state = PresenterState::Preparing,
            Phase::Expired { .. } => shown.state = PresenterState::Expired,
            Phase::Passkey => shown.state = PresenterState::Passkey,
            Phase::Connected { identity, .. } | Phase::AlreadyConnected { identity } => {
                shown.state = PresenterState::Connected;
                shown.phone_display = identity.phone_display.or(shown.phone_display);
            }
            Phase::GaveUp | Phase::Failed(_) => {}
        }
        Ok(shown)
    }

    /// Fetches a fresh code for the customer's attempt. `number`, in any spelling: whose phone, for
    /// the phone code.
    pub async fn get_code(&self, customer_id: &str, number: Option<&str>) -> Result<()> {
        let attempt = self.attempt(customer_id).ok_or(ErrorCode::NoAttempt)?;
        let number = match attempt.method() {
            Method::PhoneCode => {
                let problem = |code| Failure::from(Problem::new(Field::Phone, code));
                let digits = phone::parse(number.unwrap_or_default()).map_err(problem)?;
                Some(digits.ok_or_else(|| problem(ProblemCode::Missing))?)
            }
            Method::QrCode | Method::Extension | Method::Registration => None,
        };
        let code = attempt.get_code(number);
        // Not held while waiting: an attempt that is ended must end at once.
        drop(attempt);
        code.await
    }

    /// The agent says that the customer has read or typed the code.
    pub fn code_read(&self, customer_id: &str) -> Result<()> {
        let attempt = self.attempt(customer_id).ok_or(ErrorCode::NoAttempt)?;
        attempt.code_read();
        Ok(())
    }

    /// How long the code will live; `None` without one or when nobody says.
    pub fn time_left(&self, customer_id: &str) -> Option<Duration> {
        self.attempt(customer_id)?.time_left()
    }

    fn live_code(&self, customer_id: &str) -> Result<FreshCode> {
        let attempt = self.attempt(customer_id).ok_or(ErrorCode::NoAttempt)?;
        Ok(attempt.live_code().ok_or(ErrorCode::CodeNotValid)?.fresh)
    }

    /// The code to type, for copying: only while it lives.
    pub fn code_to_copy(&self, customer_id: &str) -> Result<String> {
        match self.live_code(customer_id)? {
            FreshCode::Phone { text, .. } | FreshCode::Connection { text, .. } => Ok(text),
            FreshCode::Qr(_) => Err(ErrorCode::CodeNotValid.into()),
        }
    }

    /// The QR code, for handing over: only while it lives.
    pub fn picture(&self, customer_id: &str) -> Result<Picture> {
        match self.live_code(customer_id)? {
            FreshCode::Qr(picture) => Ok(picture),
            _ => Err(ErrorCode::CodeNotValid.into()),
        }
    }

    /// The message for where the attempt stands, for copying.
    pub async fn message_to_copy(&self, customer_id: &str) -> Result<String> {
        let attempt = self.attempt(customer_id).ok_or(ErrorCode::NoAttempt)?;
        let customer = self.customer(customer_id).await?;
        let phase = attempt.snapshots().borrow().phase.clone();
        match phase {
            Phase::Preparing if attempt.method() == Method::Extension => {
                Ok(self.message(&customer, MessageKind::Preparation, "", ""))
            }
            Phase::Waiting { code, .. } if attempt.is_live(&code) => {
                match self.shown(&customer, &code) {
                    ShownCode::Phone(code) => Ok(code.message),
                    ShownCode::Connection(code) => Ok(code.message),
                    ShownCode::Qr(_) => Err(ErrorCode::CodeNotValid.into()),
                }
            }
            _ => Err(ErrorCode::CodeNotValid.into()),
        }
    }

    fn shown(&self, customer: &CustomerRecord, code: &Code) -> ShownCode {
        match &code.fresh {
            FreshCode::Qr(picture) => ShownCode::Qr(QrCode {
                picture: picture.data_url(),
                turn: code.turn,
            }),
            FreshCode::Phone { text, phone } => ShownCode::Phone(PhoneCode {
                halves: view::halves(text),
                phone_display: phone::display(phone),
                message: {
                    // About the number that the code was asked for.
                    let phone = Some(phone.clone());
                    let customer = CustomerRecord {
                        phone,
                        ..customer.clone()
                    };
                    self.message(&customer, MessageKind::PhoneCode, text, "")
                },
                text: text.clone(),
            }),
            FreshCode::Connection { text, .. } => {
                let deadline = code.deadline.as_ref();
                let valid_until = deadline.map(view::valid_until).unwrap_or_default();
                let kind = MessageKind::ConnectionCode;
                ShownCode::Connection(ConnectionCode {
                    halves: view::halves(text),
                    approximate: deadline.is_none_or(Deadline::is_approximate),
                    message: self.message(customer, kind, text, &valid_until),
                    text: text.clone(),
                    valid_until,
                })
            }
        }
    }

    /// How the customer is being, or was last, connected.
    pub(crate) fn method(&self, customer_id: &str) -> Option<Method> {
        self.attempt(customer_id).map(|attempt| attempt.method())
    }

    /// The method of an attempt that ended because the subscription is over.
    pub(crate) fn waits_for_subscription(&self, customer_id: &str) -> Option<Method> {
        let attempt = self.attempt(customer_id)?;
        let over = matches!(&attempt.snapshots().borrow().phase,
            Phase::Failed(failure) if failure.code == ErrorCode::SubscriptionOver);
        over.then(|| attempt.method())
    }

    /// Whether an attempt looks at the customer.
    pub(crate) fn is_attempted(&self, customer_id: &str) -> bool {
        self.attempt(customer_id)
            .is_some_and(|attempt| attempt.is_running())
    }

    /// Ends the attempts of all customers of an account.
    pub(crate) async fn end_attempts_of(&self, account_id: &str) -> Result<()> {
        let attempted: Vec<String> = lock(&self.attempts).keys().cloned().collect();
        for (id, customer) in self.store.customers_by_id(&attempted).await? {
            if customer.account_id == account_id {
                self.end_attempt(&id);
            }
        }
        Ok(())
    }

    fn attempt(&self, customer_id: &str) -> Option<Arc<Attempt>> {
        lock(&self.attempts).get(customer_id).cloned()
    }

    /// Notes what an attempt sees of the customer, and keeps what becomes of it, until it ends.
    async fn follow(
        self: Arc<Self>,
        mut record: AttemptRecord,
        mut snapshots: watch::Receiver<Snapshot>,
    ) {
        let customer_id = record.customer_id.clone();
        note("begun", self.store.begin_attempt(&record).await);
        let mut connected = None;
        let mut trouble = None;
        let mut errors = BTreeMap::new();
        record.outcome = Outcome::Stopped;
        while snapshots.changed().await.is_ok() {
            let snapshot = snapshots.borrow_and_update().clone();
            record.passkey = snapshot.met_passkey;
            let (status, failure) = match snapshot.phase {
                Phase::Checking => (None, snapshot.trouble),
                Phase::GaveUp => {
                    record.outcome = Outcome::GaveUp;
                    (None, snapshot.trouble)
                }
                Phase::Failed(failure) => {
                    record.outcome = Outcome::Failed;
                    (ConnectionStatus::from_failure(&failure), Some(failure))
                }
                Phase::Preparing
                | Phase::Waiting { .. }
                | Phase::Expired { .. }
                | Phase::Passkey => (Some(ConnectionStatus::Offline), snapshot.trouble),
                Phase::AlreadyConnected { .. } => {
                    record.outcome = Outcome::AlreadyConnected;
                    (Some(ConnectionStatus::Connected), None)
                }
                Phase::Connected { identity, seconds } => {
                    record.outcome = Outcome::Connected;
                    record.seconds = i64::try_from(seconds).ok();
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
            for (code, times) in &snapshot.errors {
                if errors.insert(*code, *times) != Some(*times) {
                    let counted = self.store.put_error(&record.id, *code, *times).await;
                    note("error", counted);
                }
            }
            if let Some(status) = status
                && let Err(failure) = self.note_status(&customer_id, status).await
            {
                log::warn!("a status was not noted: {failure}");
            }
            if record.outcome != Outcome::Stopped && record.ended_at.is_none() {
                record.ended_at = Some(self.clock.wall_ms());
                note("end", self.store.update_attempt(&record).await);
            }
        }
        if record.ended_at.is_none() {
            record.ended_at = Some(self.clock.wall_ms());
            note("end", self.store.update_attempt(&record).await);
        }
        if let Err(failure) = self.forget_old_history().await {
            log::warn!("old history stays: {failure}");
        }
        if let Some(identity) = connected {
            self.tell_connected(&customer_id, identity).await;
        }
    }

    /// Tells that a customer has become connected.
    pub(crate) async fn tell_connected(&self, customer_id: &str, identity: Identity) {
        // As the customer is now: the number expected may have been corrected meanwhile.
        if let Ok(customer) = self.customer(customer_id).await {
            // Nobody may be listening.
            let _ = self.events.send(Event::Connected {
                expected: ExpectedNumber::compare(customer.phone.as_deref(), &identity),
                customer_id: customer_id.to_owned(),
                name: customer.name,
                identity,
            });
        }
    }

    // --- shared by accounts, customers and attempts

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

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
        let ticks = self.clock.ticks();
        let change = self
            .store
            .note_status(customer_id, status, now, ticks)
            .await?;
        self.tell_changes(change.into_iter().collect());
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

    /// Remembers a failure for the diagnostic report: its code and nothing else. After damage the next
    /// start looks at all of the data file.
    pub fn note_failure(&self, failure: &Failure) {
        if failure.code == ErrorCode::StoreDamaged {
            self.store.suspect();
        }
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
