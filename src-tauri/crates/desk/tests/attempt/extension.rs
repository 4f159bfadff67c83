//! The attempt in virtual time: no waiting, no network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::attempt::machine::Phase;
use desk::attempt::{Attempt, GRACE, LONGEST_PREPARATION, Snapshot};
use desk::clock::Clock;
use desk::gateway::{FreshCode, Gateway, Identity, Reading};
use desk::{ErrorCode, Failure};
use tokio::time::{Instant, sleep};

type Result<T> = std::result::Result<T, Failure>;

const LIFE: i64 = 300_000;
const ROUND_TRIP: Duration = Duration::from_millis(80);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Ticks follow the runtime's virtual time, plus the time slept.
struct TestClock {
    start: Instant,
    slept_ms: AtomicU64,
    wall_off_ms: AtomicI64,
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
struct World {
    clock: TestClock,
    connected: Mutex<bool>,
    status_failures: Mutex<VecDeque<Failure>>,
    code_failures: Mutex<VecDeque<Failure>>,
    identity_failures: Mutex<VecDeque<Failure>>,
    calls: Mutex<Vec<(&'static str, Duration)>>,
    sends_date: bool,
}

impl World {
    fn new() -> Arc<Self> {
        Self::with_date(true)
    }

    fn with_date(sends_date: bool) -> Arc<Self> {
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
            calls: Mutex::default(),
            sends_date,
        })
    }

    fn server_now(&self) -> i64 {
        1_790_000_000_000 - 31_536_000_000
            + 137
            + i64::try_from(self.clock.ticks().as_millis()).unwrap()
    }

    async fn call<T>(
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

    fn calls(&self, name: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| *called == name).count()
    }

    fn start(self: &Arc<Self>) -> Attempt {
        Attempt::start(
            At(Arc::clone(self)),
            Arc::new(At(Arc::clone(self))),
            Arc::default(),
        )
    }

    fn connect(&self) {
        *self.connected.lock().unwrap() = true;
    }
}

struct At(Arc<World>);

impl Clock for At {
    fn ticks(&self) -> Duration {
        self.0.clock.ticks()
    }
    fn wall_ms(&self) -> i64 {
        self.0.clock.wall_ms()
    }
}

impl Gateway for At {
    async fn connected(&self) -> Result<Reading<bool>> {
        let connected = || *self.0.connected.lock().unwrap();
        self.0
            .call("status", &self.0.status_failures, connected)
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
    async fn connection_code(&self) -> Result<Reading<FreshCode>> {
        let code = || FreshCode {
            text: format!("FA48-HS{:02}", self.0.calls("code")),
            expires_at: Some(self.0.server_now() + LIFE),
        };
        self.0.call("code", &self.0.code_failures, code).await
    }
}

/// Waits (virtually) until the attempt is in a phase. Fails loudly when it ends elsewhere.
async fn until(attempt: &Attempt, wanted: impl Fn(&Phase) -> bool) -> Snapshot {
    let mut snapshots = attempt.snapshots();
    let found =
        tokio::time::timeout(s(2 * 60 * 60), snapshots.wait_for(|s| wanted(&s.phase))).await;
    match found {
        Ok(Ok(snapshot)) => snapshot.clone(),
        _ => panic!("never came; last: {:?}", attempt.snapshots().borrow().phase),
    }
}

fn is_preparing(phase: &Phase) -> bool {
    matches!(phase, Phase::Preparing)
}

async fn with_code(world: &Arc<World>) -> Attempt {
    let attempt = world.start();
    until(&attempt, is_preparing).await;
    attempt.get_code().await.unwrap();
    attempt
}

#[tokio::test(start_paused = true)]
async fn from_the_click_to_connected() {
    let world = World::new();
    let attempt = world.start();
    until(&attempt, is_preparing).await;
    assert_eq!(attempt.time_left(), None, "no code, no countdown");
    attempt.get_code().await.unwrap();
    assert_eq!(attempt.live_code().unwrap().text, "FA48-HS01");
    sleep(s(30)).await;
    world.connect();
    let snapshot = until(
        &attempt,
        |p| matches!(p, Phase::Connected { identity, .. } if identity.phone.is_some()),
    )
    .await;
    let Phase::Connected { identity, seconds } = snapshot.phase else {
        unreachable!()
    };
    assert_eq!(identity.name.as_deref(), Some("Aurora"));
    assert!((30..40).contains(&seconds), "{seconds}");
    assert!(!attempt.is_running());
    assert!(attempt.live_code().is_none());
    let calls = world.calls.lock().unwrap().len();
    sleep(s(600)).await;
    assert_eq!(
        world.calls.lock().unwrap().len(),
        calls,
        "nothing is called once connected"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connected_customer_gets_no_code_by_accident() {
    let world = World::new();
    world.connect();
    let attempt = world.start();
    until(
        &attempt,
        |p| matches!(p, Phase::AlreadyConnected { identity } if identity.phone.is_some()),
    )
    .await;
    let refused = attempt.get_code().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::AlreadyConnected);
    assert_eq!(world.calls("code"), 0);
}

#[tokio::test(start_paused = true)]
async fn no_code_is_fetched_before_the_status_is_known() {
    let world = World::new();
    let attempt = world.start();
    assert_eq!(
        attempt.get_code().await.unwrap_err().code,
        ErrorCode::NoAttempt
    );
    assert_eq!(world.calls("code"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_countdown_is_the_servers_and_ends_the_code() {
    let world = World::new();
    let attempt = with_code(&world).await;
    let Phase::Waiting { code, .. } = attempt.snapshots().borrow().phase.clone() else {
        panic!("no code")
    };
    let expires_at = code.expires_at.unwrap();
    for _ in 0..299 {
        let truth = (expires_at - world.server_now()).max(0);
        let left = i64::try_from(attempt.time_left().unwrap().as_millis()).unwrap();
        assert!(left <= truth, "shows {left} of {truth}");
        assert!(truth - left <= 1_500, "shows {left} of {truth}");
        sleep(s(1)).await;
    }
    until(&attempt, |p| matches!(p, Phase::Expired)).await;
    assert!(
        world.server_now() <= expires_at,
        "expired here before it does there"
    );
    assert_eq!(attempt.time_left(), Some(Duration::ZERO));
    assert!(
        attempt.live_code().is_none(),
        "a dead code cannot be copied"
    );
}

#[tokio::test(start_paused = true)]
async fn the_countdown_survives_sleep_and_a_clock_that_is_set() {
    let world = World::new();
    let attempt = with_code(&world).await;
    let day = 86_400_000;
    let before = attempt.time_left().unwrap();
    for wall_off in [day, -day, 0] {
        world.clock.wall_off_ms.store(wall_off, Ordering::SeqCst);
        assert_eq!(
            attempt.time_left().unwrap(),
            before,
            "the wall clock was set by {wall_off} ms"
        );
    }
    world.clock.slept_ms.fetch_add(200_000, Ordering::SeqCst);
    assert_eq!(attempt.time_left().unwrap(), before - s(200), "slept 200 s");
    world.clock.slept_ms.fetch_add(3_600_000, Ordering::SeqCst);
    assert_eq!(
        attempt.time_left().unwrap(),
        Duration::ZERO,
        "slept an hour"
    );
    assert!(
        attempt.live_code().is_none(),
        "not copyable, although no timer has fired yet"
    );
    let woke = Instant::now();
    until(&attempt, |p| matches!(p, Phase::Expired)).await;
    assert!(woke.elapsed() <= s(6), "noticed after {:?}", woke.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_a_date_header_the_code_lives_five_minutes_from_the_request() {
    let world = World::with_date(false);
    let attempt = with_code(&world).await;
    assert_eq!(attempt.time_left().unwrap(), s(300) - ROUND_TRIP);
    let Phase::Waiting { deadline, .. } = attempt.snapshots().borrow().phase.clone() else {
        panic!("no code")
    };
    assert!(deadline.is_approximate());
}

#[tokio::test(start_paused = true)]
async fn a_late_confirmation_still_counts_and_then_the_watch_ends() {
    for (late, connects) in [(s(60), true), (GRACE + s(20), false)] {
        let world = World::new();
        let attempt = with_code(&world).await;
        until(&attempt, |p| matches!(p, Phase::Expired)).await;
        let died = Instant::now();
        sleep(late).await;
        world.connect();
        let end = until(&attempt, Phase::is_over).await.phase;
        assert_eq!(
            matches!(end, Phase::Connected { .. }),
            connects,
            "{late:?}: {end:?}"
        );
        if !connects {
            assert!(died.elapsed() >= GRACE);
            let calls = world.calls.lock().unwrap().len();
            sleep(s(600)).await;
            assert_eq!(
                world.calls.lock().unwrap().len(),
                calls,
                "nothing is called after giving up"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_new_code_at_the_end_of_the_watch_does_not_make_it_endless() {
    let world = World::new();
    let attempt = with_code(&world).await;
    until(&attempt, |p| matches!(p, Phase::Expired)).await;
    sleep(GRACE - ROUND_TRIP / 2).await;
    let broken = Failure::from(ErrorCode::TimedOut);
    world
        .code_failures
        .lock()
        .unwrap()
        .push_back(broken.clone());
    assert_eq!(attempt.get_code().await, Err(broken));
    until(&attempt, |p| matches!(p, Phase::GaveUp)).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_code_replaces_the_old_at_any_time() {
    let world = World::new();
    let attempt = with_code(&world).await;
    sleep(s(10)).await;
    attempt.get_code().await.unwrap();
    assert_eq!(attempt.live_code().unwrap().text, "FA48-HS02");
    until(&attempt, |p| matches!(p, Phase::Expired)).await;
    attempt.get_code().await.unwrap();
    assert_eq!(attempt.live_code().unwrap().text, "FA48-HS03");
    assert!(attempt.time_left().unwrap() > s(298));
}

#[tokio::test(start_paused = true)]
async fn two_clicks_are_one_call() {
    let world = World::new();
    let attempt = world.start();
    until(&attempt, is_preparing).await;
    let (one, two) = tokio::join!(attempt.get_code(), attempt.get_code());
    assert_eq!((one, two), (Ok(()), Ok(())));
    assert_eq!(world.calls("code"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_watch_is_polite_and_survives_errors() {
    let world = World::new();
    let attempt = with_code(&world).await;
    let before = world.calls("status");
    sleep(s(60)).await;
    let in_a_minute = world.calls("status") - before;
    assert!(
        (15..=20).contains(&in_a_minute),
        "{in_a_minute} status calls in a minute"
    );

    let broken = || Failure::from(ErrorCode::ConnectionReset);
    world
        .status_failures
        .lock()
        .unwrap()
        .extend((0..1_000).map(|_| broken()));
    let before = world.calls("status");
    sleep(s(120)).await;
    let in_two = world.calls("status") - before;
    assert!(in_two <= 10, "{in_two} calls in two minutes of errors");
    assert_eq!(attempt.snapshots().borrow().trouble, Some(broken()));
    assert!(
        attempt.live_code().is_some(),
        "the code is good whatever the watch sees"
    );

    world.status_failures.lock().unwrap().clear();
    world.connect();
    let snapshot = until(&attempt, |p| matches!(p, Phase::Connected { .. })).await;
    assert_eq!(snapshot.trouble, None);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let world = World::new();
    let attempt = world.start();
    until(&attempt, is_preparing).await;
    let wait = Failure::from(ErrorCode::TooOften).with("retryAfterSeconds", 45);
    world.code_failures.lock().unwrap().push_back(wait.clone());
    assert_eq!(attempt.get_code().await, Err(wait.clone()));
    sleep(s(20)).await;
    let refused = attempt.get_code().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooOften);
    assert_eq!(refused.params["retryAfterSeconds"], "25");
    assert_eq!(world.calls("code"), 1, "the second click made no call");
    sleep(s(26)).await;
    attempt.get_code().await.unwrap();

    let calls = world.calls("status");
    world.status_failures.lock().unwrap().push_back(wait);
    sleep(s(44)).await;
    assert!(
        world.calls("status") <= calls + 1,
        "the watch waits as well"
    );
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_change_ends_the_attempt_before_a_code_and_not_after() {
    let wrong = || Failure::from(ErrorCode::InstanceNotFound);
    let world = World::new();
    world.status_failures.lock().unwrap().push_back(wrong());
    let attempt = world.start();
    let end = until(&attempt, Phase::is_over).await.phase;
    assert_eq!(end, Phase::Failed(wrong()));

    let world = World::new();
    let attempt = with_code(&world).await;
    world.status_failures.lock().unwrap().push_back(wrong());
    sleep(s(5)).await;
    assert!(attempt.is_running());
}

#[tokio::test(start_paused = true)]
async fn a_failed_code_leaves_the_attempt_where_it_was() {
    let world = World::new();
    let attempt = world.start();
    until(&attempt, is_preparing).await;
    let over = Failure::from(ErrorCode::SubscriptionOver);
    world.code_failures.lock().unwrap().push_back(over.clone());
    assert_eq!(attempt.get_code().await, Err(over.clone()));
    assert_eq!(attempt.snapshots().borrow().trouble, Some(over));
    attempt.get_code().await.unwrap();
    assert_eq!(attempt.snapshots().borrow().trouble, None);
}

#[tokio::test(start_paused = true)]
async fn connected_counts_even_if_nobody_can_say_as_whom() {
    let world = World::new();
    let attempt = with_code(&world).await;
    let broken = || Failure::from(ErrorCode::TimedOut);
    world
        .identity_failures
        .lock()
        .unwrap()
        .extend((0..10).map(|_| broken()));
    world.connect();
    until(&attempt, |p| matches!(p, Phase::Connected { .. })).await;
    sleep(s(300)).await;
    assert_eq!(
        world.calls("identity"),
        3,
        "a few tries, then it stays unknown"
    );
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_preparation_ends() {
    let world = World::new();
    let attempt = world.start();
    until(&attempt, |p| matches!(p, Phase::GaveUp)).await;
    assert!(world.clock.ticks() >= LONGEST_PREPARATION);
    assert!(world.calls("status") < 400, "{}", world.calls("status"));
}

#[tokio::test(start_paused = true)]
async fn attempts_run_side_by_side_and_dropping_one_ends_it() {
    let (one, two) = (World::new(), World::new());
    let first = with_code(&one).await;
    let second = with_code(&two).await;
    one.connect();
    until(&first, |p| matches!(p, Phase::Connected { .. })).await;
    assert!(second.live_code().is_some());
    drop(second);
    let calls = two.calls.lock().unwrap().len();
    sleep(s(60)).await;
    assert_eq!(
        two.calls.lock().unwrap().len(),
        calls,
        "a dropped attempt makes no calls"
    );
}
