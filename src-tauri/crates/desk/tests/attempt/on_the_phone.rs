//! QR codes and phone codes, and WhatsApp's question for a passkey.

use std::sync::Arc;
use std::time::Duration;

use desk::attempt::machine::{Phase, UNREAD_QR_CODES};
use desk::attempt::{
    Attempt, GRACE, Method, PASSKEY_PATIENCE, PASSKEY_WATCH, PHONE_CODE_WATCH, QR_CODE_LIFE,
    QR_CODE_PAUSE,
};
use desk::clock::Clock;
use desk::gateway::{FreshCode, Pairing};
use desk::{ErrorCode, Failure};
use tokio::time::{Instant, sleep};

use crate::world::{World, is_expired, is_preparing, is_waiting, s, until};

const NUMBER: &str = "5544999990101";

fn is_passkey(phase: &Phase) -> bool {
    *phase == Phase::Passkey
}

async fn with_qr_code(world: &Arc<World>) -> Attempt {
    let attempt = world.start(Method::QrCode);
    until(&attempt, is_waiting).await;
    attempt
}

async fn with_phone_code(world: &Arc<World>) -> Attempt {
    let attempt = world.start(Method::PhoneCode);
    until(&attempt, is_preparing).await;
    attempt.get_code(Some(NUMBER.into())).await.unwrap();
    attempt
}

fn turn(attempt: &Attempt) -> u32 {
    attempt.live_code().unwrap().turn
}

#[tokio::test(start_paused = true)]
async fn a_qr_code_comes_by_itself_and_is_renewed_until_three_are_unread() {
    let world = World::new();
    let attempt = with_qr_code(&world).await;
    let shown = Instant::now();
    let first = attempt.live_code().unwrap().fresh;
    assert!(attempt.time_left().unwrap() <= QR_CODE_LIFE);
    for expected in 2..=UNREAD_QR_CODES {
        let renewed = |p: &Phase| matches!(p, Phase::Waiting { code, .. } if code.turn == expected);
        until(&attempt, renewed).await;
        let left = attempt.time_left().unwrap();
        assert!(left > s(19) && left <= QR_CODE_LIFE, "{left:?}");
    }
    assert_ne!(attempt.live_code().unwrap().fresh, first);
    until(&attempt, is_expired).await;
    let rounds = UNREAD_QR_CODES - 1;
    let expected = QR_CODE_PAUSE * rounds + QR_CODE_LIFE;
    let took = shown.elapsed();
    assert!(took <= expected && took >= expected - s(1), "{took:?}");
    assert!(
        attempt.live_code().is_none(),
        "a dead code is not handed over"
    );

    attempt.get_code(None).await.unwrap();
    assert_eq!(turn(&attempt), 1, "a new round");
    until(&attempt, is_expired).await;
    assert_eq!(world.calls("code"), 2 * UNREAD_QR_CODES as usize);
    let died = Instant::now();
    until(&attempt, |p| matches!(p, Phase::GaveUp)).await;
    assert!(died.elapsed() >= GRACE);
    let calls = world.calls.lock().unwrap().len();
    sleep(s(3_600)).await;
    let after = world.calls.lock().unwrap().len();
    assert_eq!(after, calls, "nothing is called after giving up");
}

/// Whoever clicks how often, and begins how many attempts.
#[tokio::test(start_paused = true)]
async fn qr_codes_and_statuses_are_asked_for_politely() {
    let world = World::new();
    let mut attempt = with_qr_code(&world).await;
    for click in 0..600 {
        match click % 50 {
            0 => attempt.code_read(),
            // The number of attempts is the agent's; a status call each is what it costs.
            30 => attempt = world.start(Method::QrCode),
            // Nobody waits for it.
            _ => drop(attempt.get_code(None)),
        }
        let _ = tokio::time::timeout(s(1), attempt.get_code(None)).await;
        sleep(s(1)).await;
    }
    assert!(world.calls("code") > 30, "{}", world.calls("code"));
    assert!(world.most_in_a_minute("code") <= 4, "QR calls a minute");
    let restarts = 2;
    let most = world.most_in_a_minute("status");
    assert!(most <= 20 + restarts, "{most} status calls a minute");
}

#[tokio::test(start_paused = true)]
async fn every_state_has_its_limit_of_calls() {
    let world = World::new();
    let attempt = world.start(Method::PhoneCode);
    until(&attempt, is_preparing).await;
    sleep(s(300)).await;
    assert!(world.most_in_a_minute("status") <= 6, "preparing");
    assert_eq!(world.calls("code"), 0, "no code unless it is asked for");

    let world = World::new();
    let attempt = with_qr_code(&world).await;
    until(&attempt, is_expired).await;
    let before = world.calls("status");
    sleep(s(60)).await;
    assert!(world.calls("status") - before <= 20, "expired");
    assert_eq!(world.calls("code"), UNREAD_QR_CODES as usize, "expired");
    drop(attempt);

    // Read, with nobody to notice a passkey before its time.
    let world = World::new();
    let attempt = with_qr_code(&world).await;
    attempt.code_read();
    sleep(PASSKEY_PATIENCE - s(1)).await;
    assert!(world.calls("status") <= 11, "read");
    assert!(world.calls("code") <= 2, "read");
    drop(attempt);

    let world = World::new();
    let attempt = with_phone_code(&world).await;
    sleep(s(300)).await;
    assert!(world.most_in_a_minute("status") <= 20, "waiting");
    assert_eq!(
        world.calls("code"),
        1,
        "a phone code is never renewed by itself"
    );
    attempt.code_read();
    until(&attempt, is_passkey).await;
    let before = world.calls("status");
    sleep(s(60)).await;
    assert!(world.calls("status") - before <= 6, "passkey");
    world.connect();
    until(&attempt, Phase::is_over).await;
    assert!(attempt.get_code(None).await.is_err());
    sleep(s(10)).await;
    let calls = world.calls.lock().unwrap().len();
    sleep(s(3_600)).await;
    assert_eq!(world.calls.lock().unwrap().len(), calls, "connected");
}

#[tokio::test(start_paused = true)]
async fn a_qr_code_that_is_read_connects() {
    let world = World::new();
    let attempt = with_qr_code(&world).await;
    attempt.code_read();
    until(&attempt, |p| matches!(p, Phase::Waiting { read: true, .. })).await;
    world.connect();
    let connected =
        |p: &Phase| matches!(p, Phase::Connected { identity, .. } if identity.phone.is_some());
    let snapshot = until(&attempt, connected).await;
    assert!(!snapshot.met_passkey);
}

#[tokio::test(start_paused = true)]
async fn a_challenge_in_the_answer_is_a_passkey() {
    let world = World::new();
    let attempt = with_qr_code(&world).await;
    world.pairings.lock().unwrap().push_back(Pairing::Passkey);
    let snapshot = until(&attempt, is_passkey).await;
    assert!(snapshot.met_passkey);
    assert_eq!(attempt.time_left(), None, "no code, no countdown");

    sleep(QR_CODE_PAUSE).await;
    attempt.get_code(None).await.unwrap();
    assert!(
        is_waiting(&attempt.snapshots().borrow().phase),
        "a code can be shown again"
    );
    assert!(
        attempt.snapshots().borrow().met_passkey,
        "that it was met stays known"
    );
}

#[tokio::test(start_paused = true)]
async fn a_code_that_was_read_without_a_connection_is_a_passkey() {
    for method in [Method::QrCode, Method::PhoneCode] {
        let world = World::new();
        let attempt = match method {
            Method::PhoneCode => with_phone_code(&world).await,
            _ => with_qr_code(&world).await,
        };
        sleep(s(7)).await;
        attempt.code_read();
        let read = Instant::now();
        until(&attempt, is_passkey).await;
        let took = read.elapsed();
        assert!(
            took >= PASSKEY_PATIENCE && took < PASSKEY_PATIENCE + s(1),
            "{took:?}"
        );
        let noticed = Instant::now();
        until(&attempt, |p| matches!(p, Phase::GaveUp)).await;
        assert!(
            noticed.elapsed() >= PASSKEY_WATCH - s(1),
            "{:?}",
            noticed.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_qr_code_that_was_read_does_not_expire() {
    let world = World::new();
    let attempt = with_qr_code(&world).await;
    until(
        &attempt,
        |p| matches!(p, Phase::Waiting { code, .. } if code.turn == UNREAD_QR_CODES),
    )
    .await;
    sleep(s(15)).await;
    attempt.code_read();
    sleep(s(20)).await;
    let phase = attempt.snapshots().borrow().phase.clone();
    assert!(
        matches!(phase, Phase::Waiting { read: true, .. }),
        "{phase:?}"
    );
    assert!(
        attempt.live_code().is_none(),
        "but it is not handed over any more"
    );
    until(&attempt, is_passkey).await;
}

#[tokio::test(start_paused = true)]
async fn asking_for_another_code_takes_back_that_it_was_read() {
    let world = World::new();
    let attempt = with_phone_code(&world).await;
    attempt.code_read();
    sleep(PASSKEY_PATIENCE - s(5)).await;
    attempt.get_code(Some(NUMBER.into())).await.unwrap();
    sleep(s(60)).await;
    let phase = attempt.snapshots().borrow().phase.clone();
    assert!(
        matches!(phase, Phase::Waiting { read: false, .. }),
        "{phase:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_phone_code_is_for_a_number_and_nobody_knows_its_end() {
    let world = World::new();
    let attempt = with_phone_code(&world).await;
    let FreshCode::Phone { phone, .. } = attempt.live_code().unwrap().fresh else {
        panic!("no phone code")
    };
    assert_eq!(phone, NUMBER);
    assert_eq!(attempt.time_left(), None);
    let asked = world.clock.ticks();
    until(&attempt, |p| matches!(p, Phase::GaveUp)).await;
    let took = world.clock.ticks() - asked;
    assert!(
        took >= PHONE_CODE_WATCH && took < PHONE_CODE_WATCH + s(1),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn when_no_code_is_needed_the_status_is_read_at_once() {
    let world = World::new();
    let attempt = world.start(Method::PhoneCode);
    until(&attempt, is_preparing).await;
    world.connect();
    world
        .pairings
        .lock()
        .unwrap()
        .push_back(Pairing::AlreadyConnected);
    let asked = Instant::now();
    attempt.get_code(Some(NUMBER.into())).await.unwrap();
    until(&attempt, |p| matches!(p, Phase::Connected { .. })).await;
    assert!(asked.elapsed() < s(1), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_over_ends_the_attempt_instead_of_an_endless_qr_code() {
    let over = || Failure::from(ErrorCode::SubscriptionOver);
    let world = World::new();
    world.code_failures.lock().unwrap().push_back(over());
    let attempt = world.start(Method::QrCode);
    let end = until(&attempt, Phase::is_over).await.phase;
    assert_eq!(end, Phase::Failed(over()));
}

#[tokio::test(start_paused = true)]
async fn a_qr_code_that_does_not_come_is_tried_again_a_few_times() {
    let world = World::new();
    let broken = || Failure::from(ErrorCode::GatewayTrouble);
    world
        .code_failures
        .lock()
        .unwrap()
        .extend((0..10).map(|_| broken()));
    let attempt = world.start(Method::QrCode);
    until(&attempt, is_preparing).await;
    sleep(s(300)).await;
    assert_eq!(world.calls("code"), UNREAD_QR_CODES as usize);
    assert_eq!(attempt.snapshots().borrow().trouble, Some(broken()));
    world.code_failures.lock().unwrap().clear();
    attempt.get_code(None).await.unwrap();
    assert_eq!(attempt.snapshots().borrow().trouble, None);
    assert!(attempt.time_left().unwrap() > Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_does_not_end_the_round() {
    let world = World::new();
    let attempt = with_qr_code(&world).await;
    let broken = Failure::from(ErrorCode::GatewayTrouble);
    world.code_failures.lock().unwrap().push_back(broken);
    until(&attempt, is_expired).await;
    let renewed = until(&attempt, is_waiting).await;
    assert_eq!(turn(&attempt), UNREAD_QR_CODES);
    assert_eq!(renewed.errors[&ErrorCode::GatewayTrouble], 1);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_fails_as_the_watch_ends_does_not_make_it_endless() {
    for answer in [Some(Pairing::AlreadyConnected), None] {
        let world = World::new();
        let attempt = with_phone_code(&world).await;
        sleep(PHONE_CODE_WATCH - Duration::from_millis(100)).await;
        match answer {
            Some(answer) => world.pairings.lock().unwrap().push_back(answer),
            None => {
                let broken = Failure::from(ErrorCode::TimedOut);
                world.code_failures.lock().unwrap().push_back(broken);
            }
        }
        // The answer comes just after the watch should have ended.
        let _ = attempt.get_code(Some(NUMBER.into())).await;
        let asked = Instant::now();
        until(&attempt, |p| matches!(p, Phase::GaveUp)).await;
        assert!(asked.elapsed() < s(60), "{:?}", asked.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn every_error_counts() {
    let world = World::new();
    let attempt = with_phone_code(&world).await;
    let failures = [
        ErrorCode::TimedOut,
        ErrorCode::TimedOut,
        ErrorCode::TooOften,
        ErrorCode::TimedOut,
    ];
    world
        .status_failures
        .lock()
        .unwrap()
        .extend(failures.map(Failure::from));
    sleep(s(120)).await;
    let errors = attempt.snapshots().borrow().errors.clone();
    let counted: Vec<_> = errors.into_iter().collect();
    assert_eq!(
        counted,
        [(ErrorCode::TimedOut, 3), (ErrorCode::TooOften, 1)]
    );
}
