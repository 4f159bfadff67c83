//! Queue, subscription, restart and the rest around a connection.

use desk::ErrorCode;
use desk::accounts::AccountSecret;
use desk::attempt::Method;
use desk::attempt::view::Phase;
use desk::customers::{ConnectionStatus, CustomerQuery};
use desk::desk::Event;
use desk::instance::{InstanceAction, Queue};
use desk::vault::Keep;
use practice::{Action, Scenario};

use crate::setup::Setting;

#[tokio::test]
async fn a_queue_is_counted_and_emptied() {
    let setting = Setting::with(Scenario::QueueWaits).await;
    let queue = setting.desk.queue(&setting.id).await.unwrap();
    let (messages, more) = (75, false);
    assert_eq!(queue, Queue { messages, more });
    assert_eq!(setting.calls("/queue"), 3, "30 a page");
    setting.desk.empty_queue(&setting.id).await.unwrap();
    let queue = setting.desk.queue(&setting.id).await.unwrap();
    assert_eq!(queue, Queue::default());
}

/// From a server that would count for ever.
#[tokio::test]
async fn a_long_queue_is_not_counted_to_its_end() {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};
    let page = serde_json::json!({"messages": vec![0; 30], "pagingState": "FAKE", "hasMore": true});
    let server = MockServer::start().await;
    Mock::given(matchers::path_regex("/queue$"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page))
        .expect(10)
        .mount(&server)
        .await;
    let desk = crate::setup::desk_over(&server.uri(), None, Default::default()).await;
    let account = crate::setup::account(&desk).await;
    let address = format!(
        "{}/instances/3C00FAKE01/token/70CEFAKE01/send-text",
        server.uri()
    );
    let form = crate::setup::form(&account, "Aurora", &address, None, "");
    let row = desk.add_customer(form).await.unwrap();
    let queue = desk.queue(&row.id).await.unwrap();
    assert_eq!((queue.messages, queue.more), (300, true));
}

#[tokio::test]
async fn subscribing_again_takes_a_partner_token_and_the_attempt_goes_on_by_itself() {
    let setting = Setting::with(Scenario::SubscriptionOver).await;
    let desk = &setting.desk;
    let mut events = desk.events();
    setting.start(Method::QrCode).await;
    let over = |p: &Phase| matches!(p, Phase::Failed { failure } if failure.code == ErrorCode::SubscriptionOver);
    setting.until(over).await;
    let row = || async {
        desk.customers(&CustomerQuery::default())
            .await
            .unwrap()
            .rows
            .remove(0)
    };
    let noted = |event| {
        matches!(
            event,
            Event::Status {
                status: ConnectionStatus::SubscriptionOver,
                ..
            }
        )
    };
    while !noted(events.recv().await.unwrap()) {}
    assert_eq!(row().await.status, ConnectionStatus::SubscriptionOver);

    assert!(!row().await.account_has_partner_token);
    let refused = desk.subscribe_again(&setting.id).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PartnerTokenMissing);
    let token = Some(setting.server.partner_token().into());
    let account = row().await.account_id;
    desk.set_account_secret(&account, AccountSecret::PartnerToken, token, Keep::Keychain)
        .await
        .unwrap();
    assert!(row().await.account_has_partner_token);

    // A new credential ends attempts.
    setting.start(Method::QrCode).await;
    setting.until(over).await;
    let both = tokio::join!(
        desk.subscribe_again(&setting.id),
        desk.subscribe_again(&setting.id)
    );
    let (one, other) = both;
    let refused = match (one, other) {
        (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
        both => panic!("two clicks are one bill: {both:?}"),
    };
    let third = desk.subscribe_again(&setting.id).await.unwrap_err();
    let requested = ErrorCode::SubscriptionRequested;
    assert_eq!((refused.code, third.code), (requested, requested));
    assert_eq!(setting.calls("/subscription"), 1);
    let view = setting.until(|p| matches!(p, Phase::Waiting { .. })).await;
    assert_eq!(view.method, Method::QrCode);
    setting.play(Action::ReadsQr);
    setting
        .until(|p| matches!(p, Phase::Connected { .. }))
        .await;
}

#[tokio::test]
async fn the_instance_is_restarted_restored_and_disconnected() {
    let setting = Setting::with(Scenario::AsksRestore).await;
    let desk = &setting.desk;
    let status = desk.customer_status(&setting.id).await.unwrap();
    assert_eq!(
        (status.status, status.needs_restore),
        (ConnectionStatus::Offline, true)
    );
    let act = async |action| desk.instance_action(&setting.id, action).await.unwrap();
    let status = act(InstanceAction::RestoreSession).await;
    assert_eq!(
        (status.status, status.needs_restore),
        (ConnectionStatus::Connected, false)
    );
    assert!(status.identity.is_some());
    let status = act(InstanceAction::Restart).await;
    assert_eq!(status.status, ConnectionStatus::Connected);
    let status = act(InstanceAction::Disconnect).await;
    assert_eq!(
        (status.status, status.identity),
        (ConnectionStatus::Offline, None)
    );
}

#[tokio::test]
async fn a_phone_that_is_offline_is_told() {
    let setting = Setting::with(Scenario::PhoneOffline).await;
    let status = setting.desk.customer_status(&setting.id).await.unwrap();
    assert_eq!(
        (status.status, status.phone_online),
        (ConnectionStatus::Connected, Some(false))
    );
    setting.play(Action::PhoneComesBack);
    let status = setting.desk.customer_status(&setting.id).await.unwrap();
    assert_eq!(status.phone_online, Some(true));
}
