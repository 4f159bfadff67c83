//! One try to connect one customer, from start to connected or given up.
//!
//! [`machine`] decides (pure), this module acts: one background task per attempt that makes the
//! calls, keeps the time and publishes a [`Snapshot`] after every change. Dropping the [`Attempt`]
//! ends the task. [`view`] is what the windows get to see.

pub mod machine;
pub mod view;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use self::machine::{Effect, Input, Machine, Phase};
use crate::clock::{Clock, ServerClock};
use crate::deadline::Deadline;
use crate::failure::{ErrorCode, Failure, Result};
use crate::gateway::{FreshCode, Gateway, Identity, Reading};
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

/// Timers of the runtime stand still while the computer sleeps; our ticks do not. Waking up at
/// least this often shows the truth soon after a lid was opened.
const LONGEST_NAP: Duration = Duration::from_secs(5);
/// Tries to learn which number was connected.
const IDENTITY_TRIES: u32 = 3;

/// The server's clock, shared by everything that talks to the same server.
pub type SharedServerClock = Arc<Mutex<ServerClock>>;

/// Where an attempt stands.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The machine's phase.
    pub phase: Phase,
    /// A code is being fetched.
    pub requesting: bool,
    /// What went wrong last, while the attempt goes on.
    pub trouble: Option<Failure>,
    /// The server's last answer: Unix milliseconds by the wall clock.
    pub checked_at: Option<i64>,
}

/// A running attempt. Dropping it ends it.
pub struct Attempt {
    snapshots: watch::Receiver<Snapshot>,
    commands: mpsc::Sender<oneshot::Sender<Result<()>>>,
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
    /// Starts with reading the status. Must be called inside a tokio runtime.
    pub fn start(gateway: impl Gateway, clock: Arc<dyn Clock>, server: SharedServerClock) -> Self {
        let machine = Machine::default();
        let (publish, snapshots) = watch::channel(Snapshot {
            phase: machine.phase().clone(),
            requesting: false,
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
            started: now,
            due: Due {
                status: Some(now),
                ..Due::default()
            },
            failures_in_a_row: 0,
            identity_tries: 0,
            checked_at: None,
        };
        let task = tokio::spawn(runner.run(asked)).abort_handle();
        Self {
            snapshots,
            commands,
            clock,
            server,
            task,
        }
    }

    /// Where it stands, now and after every change. Outlives the attempt with its last snapshot.
    pub fn snapshots(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.clone()
    }

    /// Whether it can still become connected.
    pub fn is_running(&self) -> bool {
        !self.snapshots.borrow().phase.is_over()
    }

    /// Fetches a fresh connection code. Resolves when it stands in the snapshot.
    pub fn get_code(&self) -> impl Future<Output = Result<()>> + Send + 'static {
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
            commands.send(answer).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        }
    }

    /// The connection code that lives now.
    pub fn live_code(&self) -> Option<FreshCode> {
        match &self.snapshots.borrow().phase {
            Phase::Waiting { code, deadline } if self.is_live(deadline) => Some(code.clone()),
            _ => None,
        }
    }

    /// How long the connection code will live; zero when it is dead, `None` without one.
    pub fn time_left(&self) -> Option<Duration> {
        match &self.snapshots.borrow().phase {
            Phase::Waiting { deadline, .. } => Some(self.left(deadline)),
            Phase::Expired => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// Whether a code with this deadline may still be handed over.
    pub fn is_live(&self, deadline: &Deadline) -> bool {
        !self.left(deadline).is_zero()
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
    /// The end of the watch after a code died.
    give_up: Option<Duration>,
    /// No code may be asked for before this (the server said so).
    code_allowed: Duration,
}

/// An answered call.
enum Answer {
    Status(Result<Reading<bool>>),
    Identity(Result<Reading<Identity>>),
    Code(Duration, Result<Reading<FreshCode>>),
}

struct Runner<G> {
    gateway: Arc<G>,
    clock: Arc<dyn Clock>,
    server: SharedServerClock,
    machine: Machine,
    publish: watch::Sender<Snapshot>,
    calls: JoinSet<Answer>,
    waiting_for_code: Vec<oneshot::Sender<Result<()>>>,
    started: Duration,
    due: Due,
    failures_in_a_row: u32,
    identity_tries: u32,
    checked_at: Option<i64>,
}

impl<G: Gateway> Runner<G> {
    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<Result<()>>>) {
        while !self.is_done() {
            self.act_on_time();
            let nap = self.nap();
            tokio::select! {
                command = asked.recv() => match command {
                    Some(answer) => self.asked_for_code(answer),
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

    fn asked_for_code(&mut self, answer: oneshot::Sender<Result<()>>) {
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
        self.step(Input::CodeAsked);
    }

    fn act_on_time(&mut self) {
        let now = self.clock.ticks();
        if let Phase::Waiting { deadline, .. } = self.machine.phase() {
            let deadline = *deadline;
            if self.left(&deadline, now).is_zero() {
                self.due.give_up = Some(now + GRACE);
                self.step(Input::CodeDied);
            }
        }
        if matches!(self.machine.phase(), Phase::Checking | Phase::Preparing)
            && now >= self.started + LONGEST_PREPARATION
        {
            self.due.give_up = Some(now);
        }
        if self.due.give_up.take_if(|at| *at <= now).is_some() {
            self.step(Input::WatchOver);
        }
        if self.machine.phase().is_over() {
            self.due.status = None;
        }
        if self.due.status.take_if(|at| *at <= now).is_some() {
            let gateway = Arc::clone(&self.gateway);
            self.call(async move |_| Answer::Status(gateway.connected().await));
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
                Answer::Status(Ok(reading)) => reading.date,
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
        match answer {
            Answer::Status(result) => {
                if result.is_ok() {
                    self.checked_at = Some(self.clock.wall_ms());
                    self.failures_in_a_row = 0;
                } else {
                    self.failures_in_a_row += 1;
                }
                self.due.status = Some(now + self.pause(result.as_ref().err()));
                self.step(Input::Status(result.map(|reading| reading.value)));
            }
            Answer::Identity(Ok(reading)) => self.step(Input::Identity(reading.value)),
            Answer::Identity(Err(failure)) => {
                self.identity_tries += 1;
                if self.identity_tries < IDENTITY_TRIES {
                    self.due.identity = Some(now + self.pause(Some(&failure)));
                }
            }
            Answer::Code(sent, Ok(reading)) => {
                let server = *lock(&self.server);
                let deadline = Deadline::new(
                    reading.value.expires_at,
                    sent,
                    now,
                    self.clock.wall_ms(),
                    &server,
                );
                self.due.give_up = None;
                // From here on the customer may confirm at any moment.
                self.due.status = self.due.status.map(|due| due.min(now + POLL));
                self.step(Input::Code(Ok((reading.value, deadline))));
                self.reply(Ok(()));
            }
            Answer::Code(_, Err(failure)) => {
                if matches!(self.machine.phase(), Phase::Expired) {
                    // The watch may have come to its end while this was under way.
                    self.due.give_up.get_or_insert(now + GRACE);
                }
                if let Some(wait) = failure.retry_after() {
                    self.due.code_allowed = now + wait;
                }
                self.step(Input::Code(Err(failure.clone())));
                self.reply(Err(failure));
            }
        }
    }

    fn step(&mut self, input: Input) {
        let seconds = self.clock.ticks().saturating_sub(self.started).as_secs();
        for effect in self.machine.step(input, seconds) {
            match effect {
                Effect::ReadIdentity => self.due.identity = Some(self.clock.ticks()),
                Effect::FetchCode => {
                    let gateway = Arc::clone(&self.gateway);
                    self.call(async move |sent| {
                        Answer::Code(sent, gateway.connection_code().await)
                    });
                }
            }
        }
        if self.machine.phase().is_over() && !self.waiting_for_code.is_empty() {
            self.reply(Err(ErrorCode::AlreadyConnected.into()));
        }
        // Nobody may be looking; the attempt goes on all the same.
        let _ = self.publish.send(Snapshot {
            phase: self.machine.phase().clone(),
            requesting: self.machine.is_requesting(),
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

    fn left(&self, deadline: &Deadline, now: Duration) -> Duration {
        let server = *lock(&self.server);
        deadline.left(now, &server)
    }

    /// The pause before the next call of the watch.
    fn pause(&self, failure: Option<&Failure>) -> Duration {
        let usual = match self.machine.phase() {
            Phase::Waiting { .. } | Phase::Expired | Phase::Connected { .. } => POLL,
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
        let death = match self.machine.phase() {
            Phase::Waiting { deadline, .. } => Some(now + self.left(deadline, now)),
            _ => None,
        };
        [self.due.status, self.due.identity, self.due.give_up, death]
            .into_iter()
            .flatten()
            .map(|at| at.saturating_sub(now))
            .fold(LONGEST_NAP, Duration::min)
            // Runtimes count milliseconds: never wake a moment too early, again and again.
            .max(Duration::from_millis(1))
    }
}
