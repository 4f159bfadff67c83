//! Registrations over the pretend Z-API, which blocks a number for what the real one is known to
//! punish and keeps a record of it.

use std::sync::Arc;
use std::time::Duration;

use desk::attempt::Method;
use desk::customers::ConnectionStatus;
use desk::history::{HistoryQuery, Outcome};
use desk::instance::InstanceType;
use desk::registration::machine::{Appeal, Rejection};
use desk::registration::view::{Registration, Step};
use desk::registration::waits::Way;
use desk::{Desk, ErrorCode};
use practice::{Action, CAPTCHA_ANSWER, Practice, Scenario};

use crate::clock::Shifted;
use crate::setup::{Setting, account, customer, practice};

const NUMBER: &str = "(44) 99999-0101";

impl Setting {
    async fn shown(&self) -> Registration {
        self.desk.registration(&self.id).await.unwrap()
    }

    async fn step(&self) -> Step {
        self.shown().await.step
    }

    async fn check(&self) {
        let checked = self.desk.check_registration(&self.id, NUMBER, true).await;
        checked.unwrap();
    }

    async fn request(&self, way: Way) -> Result<(), desk::Failure> {
        self.desk.request_registration_code(&self.id, way).await
    }

    async fn confirm(&self) {
        let code = self.server.received(&self.known.instance_id).unwrap();
        let spaced = format!("{} - {}", &code[..3], &code[3..]);
        let confirmed = self.desk.confirm_registration_code(&self.id, &spaced);
        confirmed.await.unwrap();
    }

    /// Checked, and a code requested.
    async fn awaiting(scenario: Scenario) -> Self {
        let setting = Self::with(scenario).await;
        setting.check().await;
        setting.request(Way::Sms).await.unwrap();
        setting
    }

    fn punished(&self) -> usize {
        self.server
            .ledger()
            .iter()
            .filter(|call| call.punished)
            .count()
    }

    async fn is_registered(&self) {
        assert_eq!(self.step().await, Step::Registered);
        let status = self.desk.customer_status(&self.id).await.unwrap();
        assert_eq!(status.status, ConnectionStatus::Connected);
        assert_eq!(
            status.phone_online, None,
            "means nothing on a mobile instance"
        );
        let page = self.desk.history(&HistoryQuery::default()).await.unwrap();
        let row = &page.rows[0];
        assert_eq!(
            (row.method, row.outcome),
            (Method::Registration, Outcome::Connected)
        );
        assert_eq!(self.punished(), 0);
    }
}

#[tokio::test]
async fn a_code_by_sms_registers_the_number() {
    let setting = Setting::with(Scenario::RegistersBySms).await;
    let mut events = setting.desk.events();
    assert_eq!(setting.step().await, Step::Number);
    let unconfirmed = setting.desk.check_registration(&setting.id, NUMBER, false);
    assert_eq!(
        unconfirmed.await.unwrap_err().params["problem"],
        "notConfirmed"
    );
    assert_eq!(setting.calls("/registration-available"), 0);
    setting.check().await;
    let shown = setting.shown().await;
    assert_eq!(shown.phone.as_deref(), Some("5544999990101"));
    assert_eq!(
        shown.step,
        Step::Ways {
            ways: Way::ALL.to_vec()
        }
    );
    setting.request(Way::Sms).await.unwrap();
    assert_eq!(setting.step().await, Step::Code { way: Way::Sms });
    assert!(setting.shown().await.message.unwrap().contains("SMS"));
    let short = setting
        .desk
        .confirm_registration_code(&setting.id, "12345")
        .await;
    assert_eq!(short.unwrap_err().params["problem"], "notSixDigits");
    setting.confirm().await;
    setting.is_registered().await;
    let connected = async {
        loop {
            if let desk::desk::Event::Connected { identity, .. } = events.recv().await.unwrap() {
                return identity.phone;
            }
        }
    };
    let phone = tokio::time::timeout(crate::setup::PATIENCE, connected)
        .await
        .unwrap();
    assert_eq!(phone.as_deref(), Some("5544999990101"));
}

#[tokio::test]
async fn a_number_that_was_disconnected_is_registered_anew() {
    let setting = Setting::awaiting(Scenario::RegistersBySms).await;
    setting.confirm().await;
    setting.is_registered().await;
    let action = desk::instance::InstanceAction::Disconnect;
    setting
        .desk
        .instance_action(&setting.id, action)
        .await
        .unwrap();
    assert_eq!(setting.step().await, Step::Number);
    setting.check().await;
    let refused = setting.request(Way::Sms).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::WayMustWait, "the wait goes on");
}

#[tokio::test]
async fn what_is_no_web_instance_is_told_by_the_partner_listing_or_by_hand() {
    let server = practice(&[Scenario::RegistersBySms, Scenario::Connects]).await;
    let desk = crate::setup::desk(&server).await;
    let account = account(&desk).await;
    let known = server.customers();
    let mobile = customer(&desk, &account, &server, &known[0]).await;
    let web = customer(&desk, &account, &server, &known[1]).await;
    let kind = async |id: &str| desk.customer_status(id).await.unwrap().instance_type;
    assert_eq!(kind(&mobile.id).await, None, "without a Partner token");
    desk.set_instance_type(&mobile.id, InstanceType::Mobile)
        .await
        .unwrap();
    assert_eq!(kind(&mobile.id).await, Some(InstanceType::Mobile));

    let token = Some(server.partner_token().into());
    let secret = desk::accounts::AccountSecret::PartnerToken;
    desk.set_account_secret(&account.id, secret, token, desk::vault::Keep::Keychain)
        .await
        .unwrap();
    assert_eq!(kind(&web.id).await, Some(InstanceType::Web));
    assert_eq!(kind(&web.id).await, Some(InstanceType::Web));
    let ledger = server.ledger();
    let listings = ledger.iter().filter(|call| call.route == "/instances");
    assert_eq!(listings.count(), 1, "asked for once");
}

#[tokio::test]
async fn a_captcha_is_answered_and_no_code_is_requested_again() {
    let setting = Setting::awaiting(Scenario::Captcha).await;
    let Step::Captcha { picture, way } = setting.step().await else {
        panic!("{:?}", setting.step().await)
    };
    assert!(picture.starts_with("data:image/png;base64,") && way == Way::Sms);
    assert_eq!(
        setting.request(Way::Sms).await.unwrap_err().code,
        ErrorCode::WayMustWait
    );
    setting
        .desk
        .answer_captcha(&setting.id, "000000")
        .await
        .unwrap();
    let shown = setting.shown().await;
    assert!(matches!(shown.step, Step::Captcha { .. }));
    assert!(shown.rejection.is_some(), "{shown:?}");
    setting
        .desk
        .answer_captcha(&setting.id, CAPTCHA_ANSWER)
        .await
        .unwrap();
    assert_eq!(setting.step().await, Step::Code { way: Way::Sms });
    setting.confirm().await;
    setting.is_registered().await;
    assert_eq!(setting.calls("/request-registration-code"), 1);
}

#[tokio::test]
async fn a_pin_is_asked_for_and_a_forgotten_one_reset() {
    let setting = Setting::awaiting(Scenario::AsksPin).await;
    setting.confirm().await;
    assert_eq!(setting.step().await, Step::Pin { recovery: false });
    setting
        .desk
        .confirm_pin(&setting.id, "000000".into())
        .await
        .unwrap();
    assert!(setting.shown().await.rejection.is_some());
    let pin = setting.server.received(&setting.known.instance_id).unwrap();
    setting
        .desk
        .confirm_pin(&setting.id, pin.into())
        .await
        .unwrap();
    setting.is_registered().await;

    let setting = Setting::awaiting(Scenario::ForgotPin).await;
    setting.confirm().await;
    assert_eq!(setting.server.received(&setting.known.instance_id), None);
    setting.desk.recover_pin(&setting.id).await.unwrap();
    assert_eq!(setting.step().await, Step::Pin { recovery: true });
    setting.play(Action::ResetsPin);
    let pin = setting.server.received(&setting.known.instance_id).unwrap();
    setting
        .desk
        .confirm_pin(&setting.id, pin.into())
        .await
        .unwrap();
    setting.is_registered().await;
}

#[tokio::test]
async fn the_old_phone_confirms() {
    let setting = Setting::awaiting(Scenario::ConfirmsOnPhone).await;
    setting.confirm().await;
    assert_eq!(setting.step().await, Step::PhoneConfirm { watching: true });
    let again = Setting::awaiting(Scenario::ConfirmsOnPhone).await;
    again.confirm().await;
    // Whatever is being asked at this moment.
    let (_, begun) = tokio::join!(
        again.desk.check_transfer(&again.id),
        again.desk.start_registration_again(&again.id)
    );
    assert_eq!(begun, Ok(()));
    assert_eq!(again.step().await, Step::Number);
    setting.desk.check_transfer(&setting.id).await.unwrap();
    assert_eq!(
        setting.step().await,
        Step::PhoneConfirm { watching: true },
        "not yet"
    );
    setting.play(Action::ConfirmsTransfer);
    // It is noticed without a click.
    let mut changes = setting.desk.changes(&setting.id);
    let noticed = async {
        while setting.step().await != Step::Registered {
            changes.next().await;
        }
    };
    tokio::time::timeout(crate::setup::PATIENCE, noticed)
        .await
        .unwrap();
    setting.is_registered().await;
}

#[tokio::test]
async fn closed_and_ineligible_ways_are_not_asked_for() {
    let setting = Setting::with(Scenario::VoiceClosed).await;
    setting.check().await;
    let ways = vec![Way::Sms, Way::Voice];
    assert_eq!(setting.step().await, Step::Ways { ways });
    let waits = setting.desk.registration_waits(&setting.id).await.unwrap();
    let left: Vec<_> = waits.iter().map(|wait| (wait.way, wait.left)).collect();
    assert_eq!(left, [(Way::Sms, Some(0)), (Way::Voice, None)]);
    for way in [Way::Voice, Way::OldPhone] {
        let refused = setting.request(way).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::WayMustWait, "{way:?}");
    }
    assert_eq!(setting.calls("/request-registration-code"), 0);
}

#[tokio::test]
async fn blocked_numbers_appeal_where_they_can() {
    let setting = Setting::with(Scenario::Blocked).await;
    setting.check().await;
    let (can_appeal, appeal) = (true, None);
    assert_eq!(setting.step().await, Step::Blocked { can_appeal, appeal });
    let empty = setting.desk.appeal(&setting.id, " \n").await.unwrap_err();
    assert_eq!(empty.params["field"], "appeal");
    setting
        .desk
        .appeal(&setting.id, "É o número da padaria.")
        .await
        .unwrap();
    let appeal = Some(Appeal::InReview);
    assert_eq!(setting.step().await, Step::Blocked { can_appeal, appeal });
    // Looking again does not lose it.
    let again = setting.desk.check_registration_again(&setting.id);
    again.await.unwrap();
    assert_eq!(setting.step().await, Step::Blocked { can_appeal, appeal });
    setting.play(Action::AppealAccepted);
    setting
        .desk
        .appeal(&setting.id, "É o número da padaria.")
        .await
        .unwrap();
    let appeal = Some(Appeal::Unbanned);
    assert_eq!(setting.step().await, Step::Blocked { can_appeal, appeal });
    setting
        .desk
        .check_registration_again(&setting.id)
        .await
        .unwrap();
    assert!(matches!(setting.step().await, Step::Ways { .. }));

    let setting = Setting::awaiting(Scenario::BlockedForGood).await;
    let (can_appeal, appeal) = (false, None);
    assert_eq!(setting.step().await, Step::Blocked { can_appeal, appeal });
    let refused = setting
        .desk
        .appeal(&setting.id, "Por favor.")
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotNow);
}

#[tokio::test]
async fn too_many_tries_lead_back_to_the_ways_and_their_waits() {
    let setting = Setting::awaiting(Scenario::TooManyTries).await;
    for _ in 0..2 {
        setting
            .desk
            .confirm_registration_code(&setting.id, "000000")
            .await
            .unwrap();
        let shown = setting.shown().await;
        assert_eq!(shown.rejection, Some(Rejection::Wrong), "{shown:?}");
    }
    setting
        .desk
        .confirm_registration_code(&setting.id, "000000")
        .await
        .unwrap();
    let shown = setting.shown().await;
    assert!(matches!(shown.step, Step::Ways { .. }), "{shown:?}");
    assert_eq!(shown.rejection, Some(Rejection::TooMany));
    let refused = setting.request(Way::Voice).await.unwrap_err();
    assert!(refused.retry_after().unwrap() > Duration::from_secs(100));
    assert_eq!(setting.punished(), 0);
}

#[tokio::test]
async fn odd_answers_are_survived() {
    let setting = Setting::with(Scenario::OddAnswers).await;
    setting.check().await;
    assert!(matches!(
        setting.step().await,
        Step::NotAvailable { reason: Some(_) }
    ));
    setting
        .desk
        .check_registration_again(&setting.id)
        .await
        .unwrap();
    setting.request(Way::Sms).await.unwrap();
    setting.confirm().await;
    setting.is_registered().await;
}

/// A desk in a folder, over a server, with a clock of its own.
async fn run(server: &Practice, folder: &std::path::Path, clock: &Shifted) -> Arc<Desk> {
    Desk::open(desk::Config {
        folder: Some(folder.to_owned()),
        vault: desk::vault::Vault::new(crate::setup::keychain(), Duration::from_secs(1)),
        fixed_address: Some(server.url()),
        clock: Arc::new(clock.clone()),
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_wait_is_the_same_after_a_restart_whatever_the_wall_clock_says() {
    let folder = std::env::temp_dir().join(format!("ponte-waits-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let server = practice(&[Scenario::RegistersBySms]).await;
    let known = server.customers().remove(0);
    let clock = Shifted::default();
    let first = run(&server, &folder, &clock).await;
    let account = account(&first).await;
    let id = customer(&first, &account, &server, &known).await.id;
    first.check_registration(&id, NUMBER, true).await.unwrap();
    first
        .request_registration_code(&id, Way::Sms)
        .await
        .unwrap();
    // Killed: nothing is closed.
    let day = 24 * 60 * 60 * 1_000;
    let slept = Duration::from_secs(40);
    server.time_passes(slept);
    let clock = Shifted::new(Duration::from_secs(7_777), day);

    let second = run(&server, &folder, &clock).await;
    assert_eq!(
        second.registration(&id).await.unwrap().step,
        Step::Code { way: Way::Sms }
    );
    second.another_way(&id).await.unwrap();
    let left = async || {
        second.registration_waits(&id).await.unwrap()[1]
            .left
            .unwrap()
    };
    assert!(
        left().await > 120_000,
        "in full before the server's clock is known"
    );
    second.customer_status(&id).await.unwrap();
    let seen = left().await;
    assert!(
        (84_000..=87_000).contains(&seen),
        "{seen} ms of 125 s after 40 s"
    );
    let refused = second
        .request_registration_code(&id, Way::Voice)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::WayMustWait);
    server.time_passes(Duration::from_secs(90));
    clock.advance(Duration::from_secs(90));
    second
        .request_registration_code(&id, Way::Voice)
        .await
        .unwrap();
    assert!(server.ledger().iter().all(|call| !call.punished));

    // Forgetting the customer ends no wait of the number.
    second.remove_customer(&id).await.unwrap();
    let account = second.accounts().await.unwrap().remove(0);
    let id = customer(&second, &account, &server, &known).await.id;
    second.check_registration(&id, NUMBER, true).await.unwrap();
    let refused = second
        .request_registration_code(&id, Way::Sms)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::WayMustWait);
    first.close().await;
    second.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn no_code_and_no_pin_is_stored() {
    let folder = std::env::temp_dir().join(format!("ponte-pin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let server = practice(&[Scenario::AsksPin]).await;
    let known = server.customers().remove(0);
    let desk = run(&server, &folder, &Shifted::default()).await;
    let account = account(&desk).await;
    let id = customer(&desk, &account, &server, &known).await.id;
    desk.check_registration(&id, NUMBER, true).await.unwrap();
    desk.request_registration_code(&id, Way::Sms).await.unwrap();
    let code = server.received(&known.instance_id).unwrap();
    desk.confirm_registration_code(&id, &code).await.unwrap();
    let pin = server.received(&known.instance_id).unwrap();
    desk.confirm_pin(&id, pin.as_str().into()).await.unwrap();
    assert_eq!(desk.registration(&id).await.unwrap().step, Step::Registered);
    desk.close().await;
    for file in std::fs::read_dir(&folder).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap();
        for secret in [&code, &pin] {
            let found = bytes.windows(6).any(|window| window == secret.as_bytes());
            assert!(!found, "a code or PIN is in {}", file.path().display());
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
