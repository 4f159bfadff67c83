//! A gateway and a clock in virtual time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::Failure;
use desk::attempt::machine::Phase;
use desk::attempt::{Attempt, LastQrCode, Method, Snapshot};
use desk::clock::Clock;
use desk::gateway::{CodeRequest, FreshCode, Gateway, Identity, Pairing, Reading, Session};
use desk::picture::Picture;
use tokio::time::{Instant, sleep};

pub type Result<T> = std::result::Result<T, Failure>;

pub const LIFE: i64 = 300_000;
pub const ROUND_TRIP: Duration = Duration::from_millis(80);

pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Ticks follow the runtime's virtual time, plus the time slept.
pub struct TestClock {
    pub start: Instant,
    pub slept_ms: AtomicU64,
    pub wall_off_ms: AtomicI64,
}

impl Clock for TestClock {
    fn ticks(&self) -> Duration {
        self.start.elapsed() + Duration::from_millis(self.slept_ms.load(Ordering::SeqCst))
    }
    fn wall_ms(&self) -> i64 {
        1_790_000_000_000
            + i64::try_from(self.ticks().as_millis()).unwrap()
            + self.wall_off_ms.load(Ordering::SeqCst)
    }
}

/// A gateway whose clock is a year and 137 ms off ours.
pub struct World {
    pub clock: TestClock,
    pub connected: Mutex<bool>,
    pub status_failures: Mutex<VecDeque<Failure>>,
    pub code_failures: Mutex<VecDeque<Failure>>,
    pub identity_failures: Mutex<VecDeque<Failure>>,
    /// Answers in place of a code, in their order.
    pub pairings: Mutex<VecDeque<Pairing>>,
    pub calls: Mutex<Vec<(&'static str, Duration)>>,
    pub sends_date: bool,
    pub last_qr_code: LastQrCode,
}

impl World {
    pub fn new() -> Arc<Self> {
        Self::with_date(true)
    }

    pub fn with_date(sends_date: bool) -> Arc<Self> {
        Arc::new(Self {
            clock: TestClock {
                start: Instant::now(),
                slept_ms: AtomicU64::new(0),
                wall_off_ms: AtomicI64::new(0),
            },
            connected: Mutex::default(),
            status_failures: Mutex::default(),
            code_failures: Mutex::default(),
            identity_failures: Mutex::default(),
            pairings: Mutex::default(),
            calls: Mutex::default(),
            sends_date,
            last_qr_code: LastQrCode::default(),
        })
    }

    pub fn server_now(&self) -> i64 {
        1_790_000_000_000 - 31_536_000_000
            + 137
            + i64::try_from(self.clock.ticks().as_millis()).unwrap()
    }

    pub async fn call<T>(
        &self,
        name: &'static str,
        failures: &Mutex<VecDeque<Failure>>,
        answer: impl FnOnce() -> T,
    ) -> Result<Reading<T>> {
        self.calls.lock().unwrap().push((name, self.clock.ticks()));
        sleep(ROUND_TRIP / 2).await;
        let failure = failures.lock().unwrap().pop_front();
        let date = self
            .sends_date
            .then(|| self.server_now().div_euclid(1_000) * 1_000);
        let answered = answer();
        sleep(ROUND_TRIP / 2).await;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Reading {
                value: answered,
                date,
            }),
        }
    }

    pub fn calls(&self, name: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| *called == name).count()
    }

    /// Most calls of a kind within any minute.
    pub fn most_in_a_minute(&self, name: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        let times: Vec<Duration> = calls
            .iter()
            .filter(|(called, _)| *called == name)
            .map(|(_, at)| *at)
            .collect();
        let within = |from: Duration| {
            times
                .iter()
                .filter(|at| (from..from + s(60)).contains(at))
                .count()
        };
        times.iter().map(|from| within(*from)).max().unwrap_or(0)
    }

    pub fn start(self: &Arc<Self>, method: Method) -> Attempt {
        Attempt::start(
            method,
            Arc::clone(&self.last_qr_code),
            At(Arc::clone(self)),
            Arc::new(At(Arc::clone(self))),
            Arc::default(),
        )
    }

    pub fn connect(&self) {
        *self.connected.lock().unwrap() = true;
    }
}

pub struct At(Arc<World>);

impl Clock for At {
    fn ticks(&self) -> Duration {
        self.0.clock.ticks()
    }
    fn wall_ms(&self) -> i64 {
        self.0.clock.wall_ms()
    }
}

impl Gateway for At {
    async fn session(&self) -> Result<Reading<Session>> {
        let session = || Session {
            connected: *self.0.connected.lock().unwrap(),
            ..Session::default()
        };
        self.0
            .call("status", &self.0.status_failures, session)
            .await
    }
    async fn identity(&self) -> Result<Reading<Identity>> {
        let identity = || Identity {
            phone: Some("5544999990101".into()),
            phone_display: None,
            name: Some("Aurora".into()),
        };
        self.0
            .call("identity", &self.0.identity_failures, identity)
            .await
    }
    async fn code(&self, request: CodeRequest) -> Result<Reading<Pairing>> {
        let pairing = || {
            let number = self.0.calls("code");
            let scripted = self.0.pairings.lock().unwrap().pop_front();
            scripted.unwrap_or_else(|| {
                Pairing::Code(match request {
                    CodeRequest::Qr => {
                        FreshCode::Qr(Picture::draw(&format!("2@FAKE{number}")).unwrap())
                    }
                    CodeRequest::Phone(phone) => FreshCode::Phone {
                        text: format!("A1B2C3{number:02}"),
                        phone,
                    },
                    CodeRequest::Connection => FreshCode::Connection {
                        text: format!("FA48-HS{number:02}"),
                        expires_at: Some(self.0.server_now() + LIFE),
                    },
                })
            })
        };
        self.0.call("code", &self.0.code_failures, pairing).await
    }
}

/// Waits (virtually) until the attempt is in a phase. Fails loudly when it ends elsewhere.
pub async fn until(attempt: &Attempt, wanted: impl Fn(&Phase) -> bool) -> Snapshot {
    let mut snapshots = attempt.snapshots();
    let found =
        tokio::time::timeout(s(2 * 60 * 60), snapshots.wait_for(|s| wanted(&s.phase))).await;
    match found {
        Ok(Ok(snapshot)) => snapshot.clone(),
        _ => panic!("never came; last: {:?}", attempt.snapshots().borrow().phase),
    }
}

pub fn is_preparing(phase: &Phase) -> bool {
    matches!(phase, Phase::Preparing)
}

pub fn is_waiting(phase: &Phase) -> bool {
    matches!(phase, Phase::Waiting { .. })
}

pub fn is_expired(phase: &Phase) -> bool {
    matches!(phase, Phase::Expired { .. })
}
