//! What is kept of attempts.

use std::sync::Arc;
use std::time::Duration;

use desk::attempt::Method;
use desk::attempt::view::Phase;
use desk::history::{HistoryPage, HistoryQuery, Outcome};
use desk::vault::Vault;
use desk::{Config, Desk, ErrorCode};
use practice::{Action, Practice, Scenario};

use crate::clock::Shifted;
use crate::setup::{Setting, account, customer, desk_over, practice, until};

/// The history once all attempts in it have ended in the way wanted: it is written beside them.
async fn history(desk: &Desk, wanted: impl Fn(&HistoryPage) -> bool) -> HistoryPage {
    let seen = async {
        loop {
            let page = desk.history(&HistoryQuery::default()).await.unwrap();
            if wanted(&page) {
                return page;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::setup::PATIENCE, seen)
        .await
        .expect("the history gets there")
}

fn outcomes(page: &HistoryPage) -> Vec<(Method, Outcome)> {
    let rows = page.rows.iter().rev();
    rows.map(|row| (row.method, row.outcome)).collect()
}

#[tokio::test]
async fn every_attempt_is_kept_with_its_end_and_its_errors_and_no_code() {
    let setting = Setting::with(Scenario::Connects).await;
    let desk = &setting.desk;
    setting.start(Method::PhoneCode).await;
    setting
        .until(|p| matches!(p, Phase::Preparing { .. }))
        .await;
    history(desk, |page| page.total == 1).await;
    setting.start(Method::QrCode).await;
    setting.until(|p| matches!(p, Phase::Waiting { .. })).await;
    setting.play(Action::ReadsQr);
    setting
        .until(|p| matches!(p, Phase::Connected { .. }))
        .await;
    let page = history(desk, |page| {
        page.rows.len() == 2 && page.rows.iter().all(|row| row.ended_at.is_some())
    })
    .await;
    assert_eq!(
        outcomes(&page),
        [
            (Method::PhoneCode, Outcome::Stopped),
            (Method::QrCode, Outcome::Connected)
        ]
    );
    let row = &page.rows[0];
    assert_eq!(row.customer_name, setting.known.name);
    assert_eq!(row.account_name.as_deref(), Some("Agência Litoral"));
    assert!(row.seconds.is_some_and(|seconds| seconds < 20) && !row.passkey);
    let totals: Vec<_> = page
        .methods
        .iter()
        .map(|t| (t.method, t.attempts, t.connected))
        .collect();
    assert_eq!(totals, [(Method::QrCode, 1, 1), (Method::PhoneCode, 1, 0)]);

    let only = |query| async move { desk.history(&query).await.unwrap().total };
    let query = HistoryQuery::default;
    let customer_id = Some(setting.id.clone());
    assert_eq!(
        only(HistoryQuery {
            customer_id,
            ..query()
        })
        .await,
        2
    );
    let customer_id = Some("somebody else".into());
    assert_eq!(
        only(HistoryQuery {
            customer_id,
            ..query()
        })
        .await,
        0
    );
    let method = Some(Method::QrCode);
    assert_eq!(only(HistoryQuery { method, ..query() }).await, 1);
    let outcome = Some(Outcome::GaveUp);
    assert_eq!(only(HistoryQuery { outcome, ..query() }).await, 0);
    let since = Some(row.started_at + 1);
    assert_eq!(only(HistoryQuery { since, ..query() }).await, 0);

    desk.remove_customer(&setting.id).await.unwrap();
    assert_eq!(only(query()).await, 0, "forgotten with the customer");
}

/// Windows and clicks share the one that runs.
#[tokio::test]
async fn a_customer_has_one_watch_however_many_look() {
    let setting = Setting::with(Scenario::Connects).await;
    for _ in 0..5 {
        setting.start(Method::Extension).await;
        setting
            .until(|p| matches!(p, Phase::Preparing { .. }))
            .await;
    }
    assert_eq!(setting.calls("/status"), 1);
    let page = history(&setting.desk, |page| page.total > 0).await;
    assert_eq!(page.total, 1);
}

#[tokio::test]
async fn errors_are_counted_by_their_code() {
    let setting = Setting::with(Scenario::SubscriptionOver).await;
    setting.start(Method::QrCode).await;
    let page = history(&setting.desk, |page| {
        page.rows.iter().any(|row| row.ended_at.is_some())
    })
    .await;
    assert_eq!(outcomes(&page), [(Method::QrCode, Outcome::Failed)]);
    let [error] = page.rows[0].errors[..] else {
        panic!("{:?}", page.rows[0].errors)
    };
    assert_eq!((error.code, error.times), (ErrorCode::SubscriptionOver, 1));
}

/// A desk in a folder, with a customer whose attempt runs.
async fn running(server: &Practice, folder: &std::path::Path) -> (Arc<Desk>, String) {
    let desk = desk_over(&server.url(), Some(folder), Arc::default()).await;
    let account = account(&desk).await;
    let row = customer(&desk, &account, server, &server.customers()[0]).await;
    desk.start_attempt(&row.id, Method::QrCode).await.unwrap();
    until(&desk, &row.id, |p| matches!(p, Phase::Waiting { .. })).await;
    history(&desk, |page| page.total == 1).await;
    (desk, row.id)
}

#[tokio::test]
async fn what_ran_when_ponte_ended_is_interrupted_and_what_is_old_is_forgotten() {
    let folder = std::env::temp_dir().join(format!("ponte-history-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let server = practice(&[Scenario::Connects]).await;
    let (first, id) = running(&server, &folder).await;
    // As after a crash: nothing was closed.
    let second = desk_over(&server.url(), Some(&folder), Arc::default()).await;
    let page = history(&second, |page| page.total == 1).await;
    assert_eq!(outcomes(&page), [(Method::QrCode, Outcome::Interrupted)]);
    assert_eq!(page.rows[0].ended_at, None);

    first.end_attempt(&id);
    first.close().await;
    second.close().await;

    let later = |days: i64| {
        let ahead_ms = days * 24 * 60 * 60 * 1_000;
        Desk::open(Config {
            folder: Some(folder.clone()),
            vault: Vault::memory(),
            fixed_address: Some(server.url()),
            clock: Arc::new(Shifted::new(Duration::ZERO, ahead_ms)),
        })
    };
    let desk = later(179).await.unwrap();
    assert_eq!(history(&desk, |_| true).await.total, 1, "kept for 180 days");
    desk.set_history_days(3_650).await.unwrap();
    desk.close().await;
    let desk = later(181).await.unwrap();
    assert_eq!(
        history(&desk, |_| true).await.total,
        1,
        "or as the desk wants"
    );
    desk.set_history_days(180).await.unwrap();
    assert_eq!(history(&desk, |_| true).await.total, 0, "forgotten at once");
    desk.set_history_days(0).await.unwrap();
    assert_eq!(desk.history_days().await.unwrap(), 1, "at least a day");
    desk.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}
