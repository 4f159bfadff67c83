//! Accounts, customers, and the connection by extension.

use std::sync::Arc;
use std::time::Duration;

use desk::accounts::{AccountForm, AccountSecret, Saved, Verdict};
use desk::attempt::Method;
use desk::attempt::view::{ExpectedNumber, Phase, ShownCode};
use desk::clock::SystemClock;
use desk::customers::{ConnectionStatus, CustomerForm, CustomerQuery};
use desk::desk::Event;
use desk::input::{Field, ProblemCode};
use desk::messages::MessageKind;
use desk::vault::{Holder, Keep, Memory, SecretStore, Vault};
use desk::{Config, Desk, ErrorCode, Failure, Language};
use practice::{Action, Practice, Scenario};
use tokio::time::timeout;

use crate::setup::{
    CLIENT_TOKEN, PATIENCE, Setting, account, account_form, customer, desk, desk_over, form,
    practice, until,
};

#[tokio::test]
async fn from_a_pasted_address_to_connected() {
    let server = practice(&[Scenario::Connects]).await;
    let desk = desk(&server).await;
    let mut events = desk.events();
    let account = account(&desk).await;
    let known = server.customers().remove(0);
    let row = customer(&desk, &account, &server, &known).await;
    assert_eq!(row.instance_id, known.instance_id);
    assert_eq!(row.token.saved, Saved::Keychain);
    let status = desk.customer_status(&row.id).await.unwrap();
    assert_eq!(
        (status.status, status.identity),
        (ConnectionStatus::Offline, None)
    );

    desk.start_attempt(&row.id, Method::Extension)
        .await
        .unwrap();
    let view = until(&desk, &row.id, |p| matches!(p, Phase::Preparing { .. })).await;
    let Phase::Preparing {
        message: Some(message),
    } = view.phase
    else {
        unreachable!()
    };
    assert_eq!(desk.message_to_copy(&row.id).await.unwrap(), message);
    assert_eq!(
        desk.code_to_copy(&row.id).unwrap_err().code,
        ErrorCode::CodeNotValid
    );

    desk.get_code(&row.id, None).await.unwrap();
    let view = until(&desk, &row.id, |p| matches!(p, Phase::Waiting { .. })).await;
    let Phase::Waiting {
        code: ShownCode::Connection(code),
        ..
    } = view.phase
    else {
        unreachable!()
    };
    assert_eq!(desk.code_to_copy(&row.id).unwrap(), code.text);
    assert_eq!(code.halves.join("-"), code.text);
    assert!(!code.approximate);
    assert!(code.message.contains(&code.text) && code.message.contains(&code.valid_until));
    let left = desk.time_left(&row.id).unwrap();
    assert!(
        left > Duration::from_millis(298_000) && left <= Duration::from_secs(300),
        "{left:?}"
    );

    server.play(&known.instance_id, Action::TypesCode).unwrap();
    server.play(&known.instance_id, Action::Confirms).unwrap();
    let connected = async {
        loop {
            if let Event::Connected { name, expected, .. } = events.recv().await.unwrap() {
                return (name, expected);
            }
        }
    };
    let (name, expected) = timeout(PATIENCE, connected).await.unwrap();
    assert_eq!(
        (name.as_str(), expected),
        (known.name.as_str(), ExpectedNumber::Matches)
    );
    let view = until(&desk, &row.id, |p| matches!(p, Phase::Connected { .. })).await;
    assert!(matches!(
        view.phase,
        Phase::Connected {
            expected: ExpectedNumber::Matches,
            ..
        }
    ));
    let rows = desk
        .customers(&CustomerQuery::default())
        .await
        .unwrap()
        .rows;
    assert_eq!(rows[0].status, ConnectionStatus::Connected);
    assert_eq!(
        desk.get_code(&row.id, None).await.unwrap_err().code,
        ErrorCode::AlreadyConnected
    );
}

#[tokio::test]
async fn a_computer_whose_clock_is_wrong_by_a_day_counts_right() {
    const DAY: i64 = 86_400_000;
    for clock_offset in [DAY, -DAY] {
        let server = Practice::start(practice::Config {
            customers: vec![Scenario::Connects],
            clock_offset,
            ..practice::Config::default()
        })
        .await
        .unwrap();
        let desk = desk(&server).await;
        let account = account(&desk).await;
        let known = server.customers().remove(0);
        let row = customer(&desk, &account, &server, &known).await;
        desk.start_attempt(&row.id, Method::Extension)
            .await
            .unwrap();
        until(&desk, &row.id, |p| matches!(p, Phase::Preparing { .. })).await;
        desk.get_code(&row.id, None).await.unwrap();
        let left = desk.time_left(&row.id).unwrap();
        let right = Duration::from_millis(298_500)..=Duration::from_secs(300);
        assert!(
            right.contains(&left),
            "{left:?} with a clock off by {clock_offset} ms"
        );
        let is_known = |p: &Phase| matches!(p, Phase::Waiting { code: ShownCode::Connection(code), .. } if !code.approximate);
        until(&desk, &row.id, is_known).await;
    }
}

#[tokio::test]
async fn another_number_than_expected_is_told() {
    let setting = Setting::with(Scenario::OtherNumber).await;
    setting.start(Method::Extension).await;
    setting
        .until(|p| matches!(p, Phase::Preparing { .. }))
        .await;
    setting.desk.get_code(&setting.id, None).await.unwrap();
    setting.play(Action::TypesCode);
    setting.play(Action::Confirms);
    let other = |p: &Phase| {
        matches!(
            p,
            Phase::Connected {
                expected: ExpectedNumber::Other,
                ..
            }
        )
    };
    setting.until(other).await;
}

#[tokio::test]
async fn every_wrong_credential_is_told_apart() {
    let server = practice(&[
        Scenario::Connects,
        Scenario::WrongToken,
        Scenario::SubscriptionOver,
    ])
    .await;
    let desk = desk(&server).await;
    let account = account(&desk).await;
    let customers = server.customers();
    let good = customer(&desk, &account, &server, &customers[0]).await;
    let wrong = customer(&desk, &account, &server, &customers[1]).await;
    let over = customer(&desk, &account, &server, &customers[2]).await;

    assert_eq!(
        desk.customer_status(&wrong.id).await.unwrap_err().code,
        ErrorCode::InstanceNotFound
    );
    desk.start_attempt(&wrong.id, Method::Extension)
        .await
        .unwrap();
    until(&desk, &wrong.id, |p| matches!(p, Phase::Failed { .. })).await;

    desk.start_attempt(&over.id, Method::Extension)
        .await
        .unwrap();
    until(&desk, &over.id, |p| matches!(p, Phase::Preparing { .. })).await;
    assert_eq!(
        desk.get_code(&over.id, None).await.unwrap_err().code,
        ErrorCode::SubscriptionOver
    );

    let tested = desk.test_account(&account.id).await.unwrap();
    assert_eq!(
        (tested.client_token, tested.partner_token),
        (Verdict::Works, Verdict::NotSaved)
    );
    for (value, expected) in [
        (Some("F0FAKE-BUT-WRONG"), ErrorCode::ClientTokenWrong),
        (None, ErrorCode::ClientTokenMissing),
    ] {
        let value = value.map(Into::into);
        let secret = AccountSecret::ClientToken;
        desk.set_account_secret(&account.id, secret, value, Keep::Keychain)
            .await
            .unwrap();
        assert_eq!(
            desk.customer_status(&good.id).await.unwrap_err().code,
            expected
        );
    }
    let tested = desk.test_account(&account.id).await.unwrap();
    let missing = Verdict::Failed {
        failure: ErrorCode::ClientTokenMissing.into(),
    };
    assert_eq!(tested.client_token, missing, "the account demands one");
    let codes: Vec<_> = desk
        .failures()
        .into_iter()
        .map(|failure| failure.code)
        .collect();
    assert!(
        codes.contains(&ErrorCode::SubscriptionOver)
            && codes.contains(&ErrorCode::InstanceNotFound)
    );
}

#[tokio::test]
async fn values_in_the_wrong_field_are_recognised_without_a_call() {
    let server = practice(&[Scenario::Connects, Scenario::Expires]).await;
    let desk = desk(&server).await;
    let account = account(&desk).await;
    let known = server.customers();
    let row = customer(&desk, &account, &server, &known[0]).await;
    let calls = server.ledger().len();

    let (id, token) = (known[1].instance_id.as_str(), known[1].token.as_str());
    let whole = known[1].address(&server.url());
    for (address, token, field, problem) in [
        (id, None, Field::Token, ProblemCode::Missing),
        (
            id,
            Some(whole.as_str()),
            Field::Token,
            ProblemCode::IsAnAddress,
        ),
        (id, Some(id), Field::Token, ProblemCode::IsInstanceId),
        (
            id,
            Some(CLIENT_TOKEN),
            Field::Token,
            ProblemCode::IsClientToken,
        ),
        (id, Some("two words"), Field::Token, ProblemCode::HasSpaces),
        ("", Some(token), Field::Address, ProblemCode::Missing),
        (
            "https://example.invalid/",
            Some(token),
            Field::Address,
            ProblemCode::NotAnAddress,
        ),
    ] {
        let check = desk
            .check_customer(None, &form(&account, "X", address, token, ""))
            .await
            .unwrap();
        let found: Vec<_> = check.problems.iter().map(|p| (p.field, p.code)).collect();
        // Only saving compares with what the keychain holds.
        assert!(
            found.contains(&(field, problem)) || problem == ProblemCode::IsClientToken,
            "{address:?} {problem:?}: {found:?}"
        );
        let refused = desk
            .add_customer(form(&account, "X", address, token, ""))
            .await
            .unwrap_err();
        let expected = serde_json::to_value(problem).unwrap();
        assert_eq!(refused.params["problem"], expected.as_str().unwrap());
    }
    for (client_token, problem) in [
        (whole.as_str(), ProblemCode::IsInstanceToken),
        (known[0].token.as_str(), ProblemCode::IsInstanceToken),
    ] {
        let secret = AccountSecret::ClientToken;
        let refused = desk
            .set_account_secret(
                &account.id,
                secret,
                Some(client_token.into()),
                Keep::Keychain,
            )
            .await;
        let expected = serde_json::to_value(problem).unwrap();
        assert_eq!(
            refused.unwrap_err().params["problem"],
            expected.as_str().unwrap()
        );
    }
    let twin = known[0].address(&server.url());
    let refused = desk
        .add_customer(form(&account, "Twin", &twin, None, ""))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::DuplicateInstance);
    assert_eq!(refused.params["customerName"], row.name);
    assert_eq!(server.ledger().len(), calls, "no call was made");
}

#[tokio::test]
async fn everything_is_there_after_a_restart_but_the_sessions_secrets() {
    let server = practice(&[Scenario::Connects, Scenario::Expires]).await;
    let folder = std::env::temp_dir().join(format!("ponte-desk-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let keychain = Arc::new(Memory::default());
    let known = server.customers();
    let first = desk_over(&server.url(), Some(&folder), Arc::clone(&keychain)).await;
    let account = account(&first).await;
    let kept = customer(&first, &account, &server, &known[0]).await;
    let session = CustomerForm {
        note: String::new(),
        labels: String::new(),
        keep: Keep::Session,
        ..form(
            &account,
            "Session",
            &known[1].address(&server.url()),
            None,
            "",
        )
    };
    let session = first.add_customer(session).await.unwrap();
    assert_eq!(session.token.saved, Saved::Session);
    let text = "{name}: {code}";
    first
        .save_template(Language::English, MessageKind::ConnectionCode, text)
        .await
        .unwrap();
    first.set_language(Some(Language::Spanish)).await.unwrap();
    // Not closed: as if killed.
    drop(first);

    let again = desk_over(&server.url(), Some(&folder), Arc::clone(&keychain)).await;
    assert_eq!(
        again
            .customers(&CustomerQuery::default())
            .await
            .unwrap()
            .total,
        2
    );
    again.customer_status(&kept.id).await.unwrap();
    assert_eq!(
        again.customer_status(&session.id).await.unwrap_err().code,
        ErrorCode::SecretMissing
    );
    assert_eq!(
        again.settings().await.unwrap().language,
        Some(Language::Spanish)
    );
    assert!(again.templates().iter().any(|t| t.edited && t.text == text));

    assert_eq!(
        again.remove_account(&account.id).await.unwrap_err().code,
        ErrorCode::AccountHasCustomers
    );
    again.remove_customer(&kept.id).await.unwrap();
    again.remove_customer(&session.id).await.unwrap();
    assert!(
        keychain.get(&Holder::customer(&kept.id)).is_empty(),
        "the secret went with the customer"
    );
    again.remove_account(&account.id).await.unwrap();
    assert!(keychain.get(&Holder::account(&account.id)).is_empty());
    again.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_edited_template_is_in_the_message_on_screen_at_once() {
    let server = practice(&[Scenario::Connects]).await;
    let desk = desk(&server).await;
    let account = account(&desk).await;
    let row = customer(&desk, &account, &server, &server.customers()[0]).await;
    desk.start_attempt(&row.id, Method::Extension)
        .await
        .unwrap();
    until(&desk, &row.id, |p| matches!(p, Phase::Preparing { .. })).await;
    let kind = MessageKind::Preparation;
    desk.save_template(Language::Portuguese, kind, "Abra {link}, {name}")
        .await
        .unwrap();
    until(
        &desk,
        &row.id,
        |p| matches!(p, Phase::Preparing { message: Some(message) } if message.starts_with("Abra ")),
    )
    .await;
    let refused = desk
        .save_template(Language::Portuguese, kind, "{nada}")
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
    assert!(
        !desk
            .reset_template(Language::Portuguese, kind)
            .await
            .unwrap()
            .edited
    );
}

#[tokio::test]
async fn a_keychain_that_fails_loses_nothing_and_saves_nothing() {
    struct Locked;
    impl SecretStore for Locked {
        fn load(
            &self,
            _: &Holder,
        ) -> Result<Option<desk::vault::Secrets>, desk::vault::VaultError> {
            Err(desk::vault::VaultError::Locked)
        }
        fn save(
            &self,
            _: &Holder,
            _: &desk::vault::Secrets,
        ) -> Result<(), desk::vault::VaultError> {
            Err(desk::vault::VaultError::Locked)
        }
        fn delete(&self, _: &Holder) -> Result<(), desk::vault::VaultError> {
            Err(desk::vault::VaultError::Locked)
        }
    }
    let server = practice(&[Scenario::Connects]).await;
    let desk = Desk::open(Config {
        folder: None,
        vault: Vault::new(Arc::new(Locked), Duration::from_secs(1)),
        fixed_address: Some(server.url()),
        clock: Arc::new(SystemClock),
    })
    .await
    .unwrap();
    let failed = desk
        .add_account(account_form(Some(CLIENT_TOKEN)))
        .await
        .unwrap_err();
    assert_eq!(failed, Failure::from(ErrorCode::KeychainLocked));
    assert!(desk.accounts().await.unwrap().is_empty(), "no half account");
    let session = AccountForm {
        keep: Keep::Session,
        ..account_form(Some(CLIENT_TOKEN))
    };
    let account = desk.add_account(session).await.unwrap();
    assert_eq!(account.client_token.saved, Saved::Session);
    let known = server.customers().remove(0);
    let session = CustomerForm {
        note: String::new(),
        labels: String::new(),
        keep: Keep::Session,
        ..form(
            &account,
            &known.name,
            &known.address(&server.url()),
            None,
            "",
        )
    };
    let row = desk.add_customer(session).await.unwrap();
    desk.customer_status(&row.id).await.unwrap();
    desk.remove_customer(&row.id)
        .await
        .expect("what is not in the keychain needs no keychain to go");
}

#[tokio::test]
async fn plain_http_to_another_computer_is_refused() {
    let server = practice(&[]).await;
    let desk = desk(&server).await;
    for address in [
        "http://example.invalid",
        "ftp://127.0.0.1",
        "https://user:pass@example.invalid",
    ] {
        let refused = desk.set_zapi_address(Some(address)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidInput, "{address}");
    }
    desk.set_zapi_address(Some(" https://zapi.example.invalid/ "))
        .await
        .unwrap();
    desk.set_zapi_address(None).await.unwrap();
}
