//! One try to connect one customer, from start to connected or given up.
//!
//! [`machine`] decides (pure), this module acts: one background task per attempt that makes the
//! calls, keeps the time and publishes a [`Snapshot`] after every change. Dropping the [`Attempt`]
//! ends the task. [`view`] is what the windows get to see.

pub mod machine;
pub mod view;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use ts_rs::TS;

use self::machine::{Answered, Code, Effect, Input, Machine, Phase};
use crate::clock::{Clock, ServerClock};
use crate::deadline::Deadline;
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::{CodeRequest, FreshCode, Gateway, Identity, Pairing, Reading, Session};
use crate::lock;

/// Status calls while a code may be typed: at least this far apart, and up to a fifth more.
pub const POLL: Duration = Duration::from_secs(3);
/// The same before a code exists, when a connection is unlikely.
pub const POLL_PREPARING: Duration = Duration::from_secs(10);
/// Longest pause after errors, unless the server asks for a longer one.
pub const POLL_SLOWEST: Duration = Duration::from_secs(30);
/// The watch goes on this long after a code died: the extension's confirmation screen has a
/// countdown of its own (zapi.md §2).
pub const GRACE: Duration = Duration::from_secs(90);
/// An attempt in which no code is asked for ends after this.
pub const LONGEST_PREPARATION: Duration = Duration::from_secs(60 * 60);
/// WhatsApp voids a QR code after this (documented).
pub const QR_CODE_LIFE: Duration = Duration::from_secs(20);
/// QR codes are asked for at least this far apart, whoever asks (documented: every 10 to 20 s).
pub const QR_CODE_PAUSE: Duration = Duration::from_secs(15);
/// How long a phone code lives is open; the watch goes on for this long after one was given out.
pub const PHONE_CODE_WATCH: Duration = Duration::from_secs(10 * 60);
/// A code that was read leads to a connection within seconds, or WhatsApp is asking for a passkey.
pub const PASSKEY_PATIENCE: Duration = Duration::from_secs(30);
/// The watch goes on this long once a passkey is asked for: the customer may have one.
pub const PASSKEY_WATCH: Duration = Duration::from_secs(10 * 60);

/// Timers of the runtime stand still while the computer sleeps; our ticks do not. Waking up at
/// least this often shows the truth soon after a lid was opened.
const LONGEST_NAP: Duration = Duration::from_secs(5);
/// Tries to learn which number was connected.
const IDENTITY_TRIES: u32 = 3;

/// The server's clock, shared by everything that talks to the same server.
pub type SharedServerClock = Arc<Mutex<ServerClock>>;

/// How a customer is being connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum Method {
    /// A QR code, read with the phone's camera.
    QrCode,
    /// A code typed on the phone.
    PhoneCode,
    /// The connection code of the Z-API Conector extension.
    Extension,
    /// The registration of the number itself, on a mobile instance. Not an attempt of this module:
    /// see [`crate::registration`].
    Registration,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::QrCode,
        Self::PhoneCode,
        Self::Extension,
        Self::Registration,
    ];
}

/// When a QR code was last asked for, by our ticks: so that they are asked for politely, whatever the
/// agent clicks.
pub type LastQrCode = Arc<Mutex<Option<Duration>>>;

/// Where an attempt stands.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The machine's phase.
    pub phase: Phase,
    /// A code is being fetched.
    pub requesting: bool,
    /// WhatsApp demanded a passkey at some time.
    pub met_passkey: bool,
    /// How often each thing went wrong so far.
    pub errors: BTreeMap<ErrorCode, u32>,
    /// What went wrong last, while the attempt goes on.
    pub trouble: Option<Failure>,
    /// The server's last answer: Unix milliseconds by the wall clock.
    pub checked_at: Option<i64>,
}

/// What the agent does.
enum Command {
    /// Asks for a code; the number is for the phone code.
    GetCode(Option<String>, oneshot::Sender<Result<()>>),
    /// Says that the customer has read or typed the code.
    CodeRead,
}

/// A running attempt. Dropping it ends it.
pub struct Attempt {
    method: Method,
    snapshots: watch::Receiver<Snapshot>,
    commands: mpsc::Sender<Command>,
    clock: Arc<dyn Clock>,
    server: SharedServerClock,
    task: AbortHandle,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Attempt {
    /// Starts with reading the status. `last_qr_code` is shared by all attempts of the customer. Must
    /// be called inside a tokio runtime.
    pub fn start(
        method: Method,
        last_qr_code: LastQrCode,
        gateway: impl Gateway,
        clock: Arc<dyn Clock>,
        server: SharedServerClock,
    ) -> Self {
        let machine = Machine::new(method);
        let (publish, snapshots) = watch::channel(Snapshot {
            phase: machine.phase().clone(),
            requesting: false,
            met_passkey: false,
            errors: BTreeMap::new(),
            trouble: None,
            checked_at: None,
        });
        let (commands, asked) = mpsc::channel(8);
        let now = clock.ticks();
        let runner = Runner {
            gateway: Arc::new(gateway),
            clock: Arc::clone(&clock),
            server: Arc::clone(&server),
            machine,
            publish,
            calls: JoinSet::new(),
            waiting_for_code: Vec::new(),
            number: None,
            last_qr_code,
            started: now,
            due: Due {
                status: Some(now),
                ..Due::default()
            },
            failures_in_a_row: 0,
            identity_tries: 0,
            errors: BTreeMap::new(),
            checked_at: None,
        };
        let task = tokio::spawn(runner.run(asked)).abort_handle();
        Self {
            method,
            snapshots,
            commands,
            clock,
            server,
            task,
        }
    }

    /// How the customer is being connected.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Where it stands, now and after every change. Outlives the attempt with its last snapshot.
    pub fn snapshots(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.clone()
    }

    /// Whether it can still become connected.
    pub fn is_running(&self) -> bool {
        !self.snapshots.borrow().phase.is_over()
    }

    /// Fetches a fresh code. Resolves when it stands in the snapshot. `number` (digits with country
    /// code): whose phone, for the phone code.
    pub fn get_code(
        &self,
        number: Option<String>,
    ) -> impl Future<Output = Result<()>> + Send + 'static {
        let (answer, answered) = oneshot::channel();
        let commands = self.commands.clone();
        let snapshots = self.snapshots();
        async move {
            let gone = || match snapshots.borrow().phase {
                Phase::AlreadyConnected { .. } | Phase::Connected { .. } => {
                    ErrorCode::AlreadyConnected
                }
                _ => ErrorCode::NoAttempt,
            };
            let command = Command::GetCode(number, answer);
            commands.send(command).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        }
    }

    /// The agent says that the customer has read or typed the code.
    pub fn code_read(&self) {
        // An attempt that is over has no use for it, and one that is busy hears it soon enough.
        let _ = self.commands.try_send(Command::CodeRead);
    }

    /// The code that lives now.
    pub fn live_code(&self) -> Option<Code> {
        match &self.snapshots.borrow().phase {
            Phase::Waiting { code, .. } if self.is_live(code) => Some(code.clone()),
            _ => None,
        }
    }

    /// How long the code will live; zero when it is dead, `None` without one or when nobody says.
    pub fn time_left(&self) -> Option<Duration> {
        match &self.snapshots.borrow().phase {
            Phase::Waiting { code, .. } => code.deadline.map(|deadline| self.left(&deadline)),
            Phase::Expired { .. } => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// Whether a code may still be handed over.
    pub fn is_live(&self, code: &Code) -> bool {
        code.deadline
            .is_none_or(|deadline| !self.left(&deadline).is_zero())
    }

    fn left(&self, deadline: &Deadline) -> Duration {
        let server = *lock(&self.server);
        deadline.left(self.clock.ticks(), &server)
    }
}

/// When the next thing must happen, in ticks.
#[derive(Default)]
struct Due {
    status: Option<Duration>,
    identity: Option<Duration>,
    /// The next QR code.
    renewal: Option<Duration>,
    /// The call for the code that is wanted.
    fetch: Option<Duration>,
    /// A code that was read should have led to a connection by then.
    passkey: Option<Duration>,
    /// The end of the watch.
    give_up: Option<Duration>,
    /// No code may be asked for before this: the server said so.
    code_allowed: Duration,
}

/// An answered call.
enum Answer {
    Session(Result<Reading<Session>>),
    Identity(Result<Reading<Identity>>),
    /// With the moment at which it was asked for.
    Code(Duration, Result<Reading<Pairing>>),
}

struct Runner<G> {
    gateway: Arc<G>,
    clock: Arc<dyn Clock>,
    server: SharedServerClock,
    machine: Machine,
    publish: watch::Sender<Snapshot>,
    calls: JoinSet<Answer>,
    waiting_for_code: Vec<oneshot::Sender<Result<()>>>,
    /// The number that a phone code was last asked for.
    number: Option<String>,
    last_qr_code: LastQrCode,
    started: Duration,
    due: Due,
    failures_in_a_row: u32,
    identity_tries: u32,
    errors: BTreeMap<ErrorCode, u32>,
    checked_at: Option<i64>,
}

impl<G: Gateway> Runner<G> {
    async fn run(mut self, mut asked: mpsc::Receiver<Command>) {
        while !self.is_done() {
            self.act_on_time();
            let nap = self.nap();
            tokio::select! {
                command = asked.recv() => match command {
                    Some(Command::GetCode(number, answer)) => self.asked_for_code(number, answer),
                    Some(Command::CodeRead) => {
                        self.due.passkey = Some(self.clock.ticks() + PASSKEY_PATIENCE);
                        self.step(Input::CodeRead);
                    }
                    None => return,
                },
                Some(done) = self.calls.join_next() => if let Ok(answer) = done {
                    self.answered(answer);
                },
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    /// Over, and nothing left to learn.
    fn is_done(&self) -> bool {
        self.machine.phase().is_over() && self.due.identity.is_none() && self.calls.is_empty()
    }

    fn asked_for_code(&mut self, number: Option<String>, answer: oneshot::Sender<Result<()>>) {
        let now = self.clock.ticks();
        let refusal = match self.machine.may_ask_for_code() {
            Err(code) => Some(code.into()),
            Ok(()) if self.due.code_allowed > now => {
                let wait = (self.due.code_allowed - now).as_secs_f64().ceil();
                Some(Failure::from(ErrorCode::TooOften).with("retryAfterSeconds", wait))
            }
            Ok(()) => None,
        };
        if let Some(failure) = refusal {
            // Whoever asked may have gone away meanwhile.
            let _ = answer.send(Err(failure));
            return;
        }
        self.waiting_for_code.push(answer);
        self.number = number;
        self.due.passkey = None;
        self.step(Input::CodeAsked);
    }

    fn act_on_time(&mut self) {
        let now = self.clock.ticks();
        if self.death(now).is_some_and(|at| at <= now) {
            self.due.give_up = Some(now + GRACE);
            self.step(Input::CodeDied);
        }
        if matches!(self.machine.phase(), Phase::Checking | Phase::Preparing)
            && now >= self.started + LONGEST_PREPARATION
        {
            self.due.give_up = Some(now);
        }
        if self.due.renewal.take_if(|at| *at <= now).is_some() {
            self.step(Input::RenewalDue);
        }
        if self.due.passkey.take_if(|at| *at <= now).is_some() {
            self.step(Input::PasskeyDue);
        }
        // With a code on its way it is not known yet where the watch stands.
        let idle = !self.machine.is_requesting();
        if idle && self.due.give_up.take_if(|at| *at <= now).is_some() {
            self.step(Input::WatchOver);
        }
        if self.due.fetch.take_if(|at| *at <= now).is_some() {
            if self.machine.method() == Method::QrCode {
                *lock(&self.last_qr_code) = Some(now);
            }
            let gateway = Arc::clone(&self.gateway);
            let request = self.request();
            self.call(async move |sent| Answer::Code(sent, gateway.code(request).await));
        }
        if self.machine.phase().is_over() {
            self.due.fetch = None;
            self.due.status = None;
            self.due.renewal = None;
            self.due.passkey = None;
        }
        if self.due.status.take_if(|at| *at <= now).is_some() {
            let gateway = Arc::clone(&self.gateway);
            self.call(async move |_| Answer::Session(gateway.session().await));
        }
        if self.due.identity.take_if(|at| *at <= now).is_some() {
            let gateway = Arc::clone(&self.gateway);
            self.call(async move |_| Answer::Identity(gateway.identity().await));
        }
    }

    /// Makes a call beside the loop. The server's clock is read off its answer right there.
    fn call<F>(&mut self, make: impl FnOnce(Duration) -> F + Send + 'static)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let clock = Arc::clone(&self.clock);
        let server = Arc::clone(&self.server);
        self.calls.spawn(async move {
            let sent = clock.ticks();
            let answer = make(sent).await;
            let date = match &answer {
                Answer::Session(Ok(reading)) => reading.date,
                Answer::Identity(Ok(reading)) => reading.date,
                Answer::Code(_, Ok(reading)) => reading.date,
                _ => None,
            };
            if let Some(date) = date {
                let mut server = lock(&server);
                server.observe(sent, clock.ticks(), date);
            }
            answer
        });
    }

    fn answered(&mut self, answer: Answer) {
        let now = self.clock.ticks();
        if let Answer::Session(Err(failure))
        | Answer::Identity(Err(failure))
        | Answer::Code(_, Err(failure)) = &answer
        {
            *self.errors.entry(failure.code).or_default() += 1;
        }
        match answer {
            Answer::Session(result) => {
                if result.is_ok() {
                    self.checked_at = Some(self.clock.wall_ms());
                    self.failures_in_a_row = 0;
                } else {
                    self.failures_in_a_row += 1;
                }
                self.due.status = Some(now + self.pause(result.as_ref().err()));
                self.step(Input::Status(result.map(|reading| reading.value.connected)));
            }
            Answer::Identity(Ok(reading)) => self.step(Input::Identity(reading.value)),
            Answer::Identity(Err(failure)) => {
                self.identity_tries += 1;
                if self.identity_tries < IDENTITY_TRIES {
                    self.due.identity = Some(now + self.pause(Some(&failure)));
                }
            }
            Answer::Code(sent, result) => self.code_answered(sent, now, result),
        }
    }

    fn code_answered(&mut self, sent: Duration, now: Duration, result: Result<Reading<Pairing>>) {
        if self.machine.method() == Method::QrCode {
            self.due.renewal = Some(sent + QR_CODE_PAUSE);
        }
        match result {
            Ok(reading) => {
                let answered = match reading.value {
                    Pairing::Code(fresh) => {
                        let deadline = self.deadline(&fresh, sent, now);
                        self.due.give_up = deadline.is_none().then_some(now + PHONE_CODE_WATCH);
                        // From here on the customer may confirm at any moment.
                        self.due.status = self.due.status.map(|due| due.min(now + POLL));
                        Answered::Code(fresh, deadline)
                    }
                    Pairing::Passkey => Answered::Passkey,
                    Pairing::AlreadyConnected => Answered::AlreadyConnected,
                };
                self.step(Input::Code(Ok(answered)));
                self.reply(Ok(()));
            }
            Err(failure) => {
                if let Some(wait) = failure.retry_after() {
                    self.due.code_allowed = now + wait;
                    self.due.renewal = self.due.renewal.map(|due| due.max(now + wait));
                }
                self.step(Input::Code(Err(failure.clone())));
                self.reply(Err(failure));
            }
        }
    }

    fn deadline(&self, fresh: &FreshCode, sent: Duration, now: Duration) -> Option<Deadline> {
        let wall_ms = self.clock.wall_ms();
        match fresh {
            FreshCode::Connection { expires_at, .. } => {
                let server = *lock(&self.server);
                Some(Deadline::new(*expires_at, sent, now, wall_ms, &server))
            }
            FreshCode::Qr(_) => Some(Deadline::after(sent + QR_CODE_LIFE, now, wall_ms)),
            FreshCode::Phone { .. } => None,
        }
    }

    fn step(&mut self, input: Input) {
        let seconds = self.clock.ticks().saturating_sub(self.started).as_secs();
        let was_passkey = *self.machine.phase() == Phase::Passkey;
        match self.machine.step(input, seconds) {
            Some(Effect::ReadStatus) => self.due.status = Some(self.clock.ticks()),
            Some(Effect::ReadIdentity) => self.due.identity = Some(self.clock.ticks()),
            Some(Effect::FetchCode) => {
                let last = *lock(&self.last_qr_code);
                let polite = last.filter(|_| self.machine.method() == Method::QrCode);
                let polite = polite.map(|last| last + QR_CODE_PAUSE).unwrap_or_default();
                self.due.fetch = Some(self.clock.ticks().max(polite));
            }
            None => {}
        }
        if *self.machine.phase() == Phase::Passkey {
            let before = self.due.give_up.filter(|_| was_passkey);
            self.due.give_up = Some(before.unwrap_or(self.clock.ticks() + PASSKEY_WATCH));
        }
        match self.machine.phase() {
            Phase::Failed(failure) => {
                let failure = failure.clone();
                self.reply(Err(failure));
            }
            phase if phase.is_over() => self.reply(Err(ErrorCode::AlreadyConnected.into())),
            _ => {}
        }
        // Nobody may be looking; the attempt goes on all the same.
        let _ = self.publish.send(Snapshot {
            phase: self.machine.phase().clone(),
            requesting: self.machine.is_requesting(),
            met_passkey: self.machine.met_passkey(),
            errors: self.errors.clone(),
            trouble: self.machine.trouble().cloned(),
            checked_at: self.checked_at,
        });
    }

    fn reply(&mut self, result: Result<()>) {
        for answer in self.waiting_for_code.drain(..) {
            // Whoever asked may have gone away meanwhile.
            let _ = answer.send(result.clone());
        }
    }

    fn request(&self) -> CodeRequest {
        match self.machine.method() {
            Method::QrCode => CodeRequest::Qr,
            Method::PhoneCode => CodeRequest::Phone(self.number.clone().unwrap_or_default()),
            // No attempt is started for a registration.
            Method::Extension | Method::Registration => CodeRequest::Connection,
        }
    }

    /// When the code in hand dies, if that still matters.
    fn death(&self, now: Duration) -> Option<Duration> {
        let Phase::Waiting { code, read: false } = self.machine.phase() else {
            return None;
        };
        let server = *lock(&self.server);
        Some(now + code.deadline?.left(now, &server))
    }

    /// The pause before the next call of the watch.
    fn pause(&self, failure: Option<&Failure>) -> Duration {
        let usual = match self.machine.phase() {
            Phase::Waiting { .. } | Phase::Expired { .. } | Phase::Connected { .. } => POLL,
            _ => POLL_PREPARING,
        };
        let Some(failure) = failure else {
            return usual.mul_f64(1.0 + fastrand::f64() / 5.0);
        };
        let slower = POLL
            .saturating_mul(1 << self.failures_in_a_row.min(8))
            .min(POLL_SLOWEST);
        slower
            .mul_f64(1.0 + fastrand::f64() / 5.0)
            .max(failure.retry_after().unwrap_or_default())
    }

    fn nap(&self) -> Duration {
        let now = self.clock.ticks();
        let Due {
            status,
            identity,
            renewal,
            fetch,
            passkey,
            ..
        } = self.due;
        let give_up = self.due.give_up.filter(|_| !self.machine.is_requesting());
        [
            status,
            identity,
            renewal,
            fetch,
            passkey,
            give_up,
            self.death(now),
        ]
        .into_iter()
        .flatten()
        .map(|at| at.saturating_sub(now))
        .fold(LONGEST_NAP, Duration::min)
        // Runtimes count milliseconds: never wake a moment too early, again and again.
        .max(Duration::from_millis(1))
    }
}
