//! The connection code of the extension, and what holds for every method.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use desk::attempt::machine::Phase;
use desk::attempt::{Attempt, GRACE, LONGEST_PREPARATION, Method};
use desk::clock::Clock;
use desk::gateway::FreshCode;
use desk::{ErrorCode, Failure};
use tokio::time::{Instant, sleep};

use crate::world::{ROUND_TRIP, World, is_expired, is_preparing, s, until};

async fn with_code(world: &Arc<World>) -> Attempt {
    let attempt = world.start(Method::Extension);
    until(&attempt, is_preparing).await;
    attempt.get_code(None).await.unwrap();
    attempt
}

fn text(attempt: &Attempt) -> String {
    match attempt.live_code().unwrap().fresh {
        FreshCode::Connection { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn from_the_click_to_connected() {
    let world = World::new();
    let attempt = world.start(Method::Extension);
    until(&attempt, is_preparing).await;
    assert_eq!(attempt.time_left(), None, "no code, no countdown");
    attempt.get_code(None).await.unwrap();
    assert_eq!(text(&attempt), "FA48-HS01");
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
    let attempt = world.start(Method::Extension);
    until(
        &attempt,
        |p| matches!(p, Phase::AlreadyConnected { identity } if identity.phone.is_some()),
    )
    .await;
    let refused = attempt.get_code(None).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::AlreadyConnected);
    assert_eq!(world.calls("code"), 0);
}

#[tokio::test(start_paused = true)]
async fn no_code_is_fetched_before_the_status_is_known() {
    let world = World::new();
    let attempt = world.start(Method::Extension);
    assert_eq!(
        attempt.get_code(None).await.unwrap_err().code,
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
    let FreshCode::Connection {
        expires_at: Some(expires_at),
        ..
    } = code.fresh
    else {
        panic!("no end")
    };
    for _ in 0..299 {
        let truth = (expires_at - world.server_now()).max(0);
        let left = i64::try_from(attempt.time_left().unwrap().as_millis()).unwrap();
        assert!(left <= truth, "shows {left} of {truth}");
        assert!(truth - left <= 1_500, "shows {left} of {truth}");
        sleep(s(1)).await;
    }
    until(&attempt, is_expired).await;
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
    until(&attempt, is_expired).await;
    assert!(woke.elapsed() <= s(6), "noticed after {:?}", woke.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_a_date_header_the_code_lives_five_minutes_from_the_request() {
    let world = World::with_date(false);
    let attempt = with_code(&world).await;
    assert_eq!(attempt.time_left().unwrap(), s(300) - ROUND_TRIP);
    let deadline = attempt.live_code().unwrap().deadline;
    assert!(deadline.unwrap().is_approximate());
}

#[tokio::test(start_paused = true)]
async fn a_late_confirmation_still_counts_and_then_the_watch_ends() {
    for (late, connects) in [(s(60), true), (GRACE + s(20), false)] {
        let world = World::new();
        let attempt = with_code(&world).await;
        until(&attempt, is_expired).await;
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
    until(&attempt, is_expired).await;
    sleep(GRACE - ROUND_TRIP / 2).await;
    let broken = Failure::from(ErrorCode::TimedOut);
    world
        .code_failures
        .lock()
        .unwrap()
        .push_back(broken.clone());
    assert_eq!(attempt.get_code(None).await, Err(broken));
    until(&attempt, |p| matches!(p, Phase::GaveUp)).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_code_replaces_the_old_at_any_time() {
    let world = World::new();
    let attempt = with_code(&world).await;
    sleep(s(10)).await;
    attempt.get_code(None).await.unwrap();
    assert_eq!(text(&attempt), "FA48-HS02");
    until(&attempt, is_expired).await;
    attempt.get_code(None).await.unwrap();
    assert_eq!(text(&attempt), "FA48-HS03");
    assert!(attempt.time_left().unwrap() > s(298));
}

#[tokio::test(start_paused = true)]
async fn two_clicks_are_one_call() {
    let world = World::new();
    let attempt = world.start(Method::Extension);
    until(&attempt, is_preparing).await;
    let (one, two) = tokio::join!(attempt.get_code(None), attempt.get_code(None));
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
    let attempt = world.start(Method::Extension);
    until(&attempt, is_preparing).await;
    let wait = Failure::from(ErrorCode::TooOften).with("retryAfterSeconds", 45);
    world.code_failures.lock().unwrap().push_back(wait.clone());
    assert_eq!(attempt.get_code(None).await, Err(wait.clone()));
    sleep(s(20)).await;
    let refused = attempt.get_code(None).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooOften);
    assert_eq!(refused.params["retryAfterSeconds"], "25");
    assert_eq!(world.calls("code"), 1, "the second click made no call");
    sleep(s(26)).await;
    attempt.get_code(None).await.unwrap();

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
    let attempt = world.start(Method::Extension);
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
    let attempt = world.start(Method::Extension);
    until(&attempt, is_preparing).await;
    let broken = Failure::from(ErrorCode::TimedOut);
    world
        .code_failures
        .lock()
        .unwrap()
        .push_back(broken.clone());
    assert_eq!(attempt.get_code(None).await, Err(broken.clone()));
    assert_eq!(attempt.snapshots().borrow().trouble, Some(broken));
    attempt.get_code(None).await.unwrap();
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
    let attempt = world.start(Method::Extension);
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
