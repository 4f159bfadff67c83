//! Who is offline, without being asked.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use desk::accounts::AccountSecret;
use desk::customers::ConnectionStatus;
use desk::desk::Event;
use desk::roster::watch::{OnClose, QuietHours, REFRESH, WatchSettings};
use desk::vault::{Holder, Keep, Memory, SecretStore, Vault};
use desk::{Config, Desk, ErrorCode};
use practice::{Practice, Scenario};
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::clock::Shifted;
use crate::roster::{all, instances, partner, partner_account};
use crate::setup::{PATIENCE, account_form, customer};

const STATUS: &str = "/instances/{id}/token/{token}/status";

async fn desk_at(server: &Practice, clock: &Shifted) -> Arc<Desk> {
    let config = Config {
        folder: None,
        vault: Vault::memory(),
        fixed_address: Some(server.url()),
        clock: Arc::new(clock.clone()),
    };
    Desk::open(config).await.unwrap()
}

async fn next<T>(events: &mut Receiver<Event>, wanted: impl Fn(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = wanted(events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.unwrap()
}

/// Waits until the status of so many customers was told; gives their ids.
async fn statuses_of(events: &mut Receiver<Event>, customers: usize) -> HashSet<String> {
    let mut seen = HashSet::new();
    while seen.len() < customers {
        let status = |event| match event {
            Event::Status { customer_id, .. } => Some(customer_id),
            _ => None,
        };
        seen.insert(next(events, status).await);
    }
    seen
}

fn import_ended(event: Event) -> Option<u32> {
    match event {
        Event::Import(import) if import.ended_at.is_some() => {
            assert!(!import.by_hand);
            Some(import.read)
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_listing_once_imported_is_read_every_few_minutes_and_many_who_go_offline_are_told_as_one()
{
    let server = partner(instances(90)).await;
    let clock = Shifted::default();
    let desk = desk_at(&server, &clock).await;
    let account = partner_account(&desk, &server).await;
    // Nothing is read of an account before an agent wants it in the list.
    desk.start_watching();
    desk.start_watching();
    desk.import_customers(&account.id).await.unwrap();
    desk.import_over(&account.id).await.unwrap();
    assert_eq!(server.calls("/instances"), 2, "one listing");
    let mut events = desk.events();
    clock.advance(REFRESH);
    assert_eq!(next(&mut events, import_ended).await, 90);
    assert_eq!(server.calls("/instances"), 4);

    let rows = all(&desk).await;
    let connected: HashSet<_> = rows
        .iter()
        .filter(|row| row.status == ConnectionStatus::Connected)
        .take(12)
        .map(|row| row.instance_id.clone())
        .collect();
    for instance in &connected {
        server.set_connected(instance, false).unwrap();
    }
    clock.advance(REFRESH);
    assert_eq!(next(&mut events, import_ended).await, 90);
    let told = next(&mut events, |event| match event {
        Event::WentOffline { count, name, .. } => Some((count, name)),
        _ => None,
    })
    .await;
    assert_eq!(told.0, 12);
    assert!(rows.iter().any(|row| row.name == told.1));
    assert_eq!(desk.counts().all, 90);
    // Once, not once for each look.
    assert_eq!(server.calls("/instances"), 6);
}

#[tokio::test]
async fn customers_without_a_listing_are_looked_at_one_by_one() {
    let server = crate::setup::practice(&[
        Scenario::AlreadyConnected,
        Scenario::Connects,
        Scenario::SubscriptionOver,
    ])
    .await;
    let clock = Shifted::default();
    let desk = desk_at(&server, &clock).await;
    let mut form = account_form(Some(crate::setup::CLIENT_TOKEN));
    form.keep = Keep::Session;
    let account = desk.add_account(form).await.unwrap();
    for one in server.customers() {
        customer(&desk, &account, &server, &one).await;
    }
    let mut events = desk.events();
    desk.start_watching();
    statuses_of(&mut events, 3).await;
    assert_eq!(server.calls(STATUS), 3, "each once a round");
    assert_eq!(server.most_at_once(STATUS), 1);

    let connected = server.customers().remove(0).instance_id;
    server.set_connected(&connected, false).unwrap();
    clock.advance(REFRESH);
    let told = next(&mut events, |event| match event {
        Event::WentOffline { count, .. } => Some(count),
        _ => None,
    })
    .await;
    assert_eq!(told, 1);
}

#[tokio::test]
async fn what_somebody_must_mend_is_not_asked_again_for_half_an_hour() {
    let server = partner(instances(24)).await;
    let clock = Shifted::default();
    let desk = desk_at(&server, &clock).await;
    let account = partner_account(&desk, &server).await;
    desk.import_customers(&account.id).await.unwrap();
    desk.import_over(&account.id).await.unwrap();
    let calls = || server.calls("/instances");
    let before = calls();
    let mut events = desk.events();
    desk.start_watching();
    let wrong = Some("FAKE0000WRONG".into());
    desk.set_account_secret(
        &account.id,
        AccountSecret::PartnerToken,
        wrong,
        Keep::Session,
    )
    .await
    .unwrap();
    next(&mut events, import_ended).await;
    assert_eq!(
        calls() - before,
        1,
        "a credential that changed is tried at once"
    );
    let failure = desk.imports()[0].failure.clone();
    assert_eq!(failure.unwrap().code, ErrorCode::PartnerTokenWrong);
    clock.advance(REFRESH * 2);
    let again = timeout(Duration::from_secs(3), next(&mut events, import_ended)).await;
    assert!(again.is_err(), "asked again");
    clock.advance(REFRESH * 6);
    next(&mut events, import_ended).await;
    assert_eq!(calls() - before, 2);
}

#[tokio::test]
async fn quiet_hours_must_be_times_and_are_kept() {
    let server = partner(instances(24)).await;
    let desk = desk_at(&server, &Shifted::default()).await;
    let before = desk.watch_settings().await.unwrap();
    assert_eq!(
        (before.notify, before.quiet.clone(), before.on_close),
        (true, None, None)
    );
    let quiet = |from: &str| {
        Some(QuietHours {
            from: from.into(),
            until: "07:00".into(),
        })
    };
    for odd in ["", "25:00", "noon", "7"] {
        let settings = WatchSettings {
            quiet: quiet(odd),
            ..before.clone()
        };
        assert!(desk.set_watch_settings(settings).await.is_err(), "{odd}");
    }
    assert_eq!(desk.watch_settings().await.unwrap(), before);
    let settings = WatchSettings {
        notify: false,
        quiet: quiet("22:00"),
        on_close: Some(OnClose::Tray),
    };
    let kept = desk.set_watch_settings(settings.clone()).await.unwrap();
    assert_eq!(kept, settings);
}

#[tokio::test]
async fn one_customer_that_cannot_be_looked_at_stops_nobody_else() {
    let server = crate::setup::practice(&[Scenario::Connects; 4]).await;
    let clock = Shifted::default();
    let keychain = Arc::new(Memory::default());
    let config = Config {
        folder: None,
        vault: Vault::new(
            Arc::clone(&keychain) as Arc<dyn SecretStore>,
            Duration::from_secs(1),
        ),
        fixed_address: Some(server.url()),
        clock: Arc::new(clock.clone()),
    };
    let desk = Desk::open(config).await.unwrap();
    let account = crate::setup::account(&desk).await;
    let mut ids = Vec::new();
    for one in server.customers() {
        ids.push(customer(&desk, &account, &server, &one).await.id);
    }
    // Deleted behind our back, of the one whose turn is first.
    ids.sort();
    keychain.delete(&Holder::customer(&ids[0])).unwrap();
    let mut events = desk.events();
    desk.start_watching();
    let seen = statuses_of(&mut events, 3).await;
    assert!(!seen.contains(&ids[0]));
}
