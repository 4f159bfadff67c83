#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const NOW: i64 = 1_782_850_838_085;
const WAIT_MS: i64 = 125_000;
const CODE: &str = "123456";
const BLOCKED: Answer = Answer::Blocked { punished: false };
const PUNISHED: Answer = Answer::Blocked { punished: true };
const TOO_MANY: Answer = Answer::TooManyTries {
    waits: all(125),
    retry_after: 165,
};

const fn all(seconds: i64) -> Waits {
    Waits {
        sms: seconds,
        voice: seconds,
        wa_old: seconds,
    }
}

fn available(seconds: i64) -> Answer {
    Answer::Available {
        waits: all(seconds),
        wa_old_eligible: true,
    }
}

fn requested(way: Way) -> Answer {
    Answer::Requested {
        way,
        captcha: false,
        waits: all(125),
        retry_after: 165,
    }
}

/// A number that has not been checked.
fn unchecked(scenario: Scenario) -> Registration {
    Registration::new(scenario, WAIT_MS, NOW)
}

fn checked(scenario: Scenario) -> Registration {
    let mut registration = unchecked(scenario);
    registration.check(NOW);
    registration
}

/// A number to which `CODE` was sent.
fn sent(scenario: Scenario) -> Registration {
    let mut registration = checked(scenario);
    assert_eq!(registration.sms(CODE, NOW), requested(Way::Sms));
    registration
}

/// A number whose code was right.
fn confirmed(scenario: Scenario) -> Registration {
    let mut registration = sent(scenario);
    registration.confirm_code(CODE, NOW);
    registration
}

impl Registration {
    fn sms(&mut self, code: &str, now: i64) -> Answer {
        self.request(Way::Sms, code.to_owned(), now)
    }
}

#[test]
fn a_code_comes_by_every_way_and_registers() {
    for way in [Way::Sms, Way::Voice, Way::WaOld] {
        let mut registration = unchecked(Scenario::RegistersBySms);
        assert_eq!(registration.check(NOW), available(0));
        assert_eq!(registration.received(), None);
        assert_eq!(
            registration.request(way, CODE.to_owned(), NOW),
            requested(way)
        );
        assert_eq!(registration.received(), Some(CODE));
        assert_eq!(registration.confirm_code("654321", NOW), Answer::Wrong);
        assert_eq!(registration.confirm_code(CODE, NOW), Answer::Registered);
        assert_eq!(registration.received(), None);
    }
}

#[test]
fn nothing_is_sent_to_a_number_that_was_not_checked() {
    let mut registration = unchecked(Scenario::RegistersBySms);
    assert_eq!(registration.sms(CODE, NOW), Answer::Refused);
    assert_eq!(registration.received(), None);
    assert_eq!(registration.check(NOW), available(0));
}

#[test]
fn waits_count_down_rounded_up() {
    let mut registration = sent(Scenario::RegistersBySms);
    for (later, left) in [
        (0, 125),
        (1, 125),
        (1_000, 124),
        (124_999, 1),
        (125_000, 0),
        (900_000, 0),
    ] {
        assert_eq!(registration.check(NOW + later), available(left), "{later}");
    }
}

#[test]
fn asking_early_by_any_way_is_punished() {
    for way in [Way::Sms, Way::Voice, Way::WaOld] {
        let mut early = sent(Scenario::RegistersBySms);
        let last = NOW + WAIT_MS - 1;
        assert_eq!(early.request(way, CODE.to_owned(), last), PUNISHED);

        let mut polite = sent(Scenario::RegistersBySms);
        let then = NOW + WAIT_MS;
        assert_eq!(
            polite.request(way, "222222".to_owned(), then),
            requested(way)
        );
        assert_eq!(polite.confirm_code(CODE, then), Answer::Wrong, "it is void");
        assert_eq!(polite.confirm_code("222222", then), Answer::Registered);
    }
}

#[test]
fn a_punished_number_stays_blocked() {
    let mut registration = sent(Scenario::RegistersBySms);
    assert_eq!(registration.sms(CODE, NOW), PUNISHED);
    let later = NOW + 10 * WAIT_MS;
    let blocked = Answer::NumberBlocked { can_appeal: false };
    assert_eq!(registration.check(later), blocked);
    assert_eq!(registration.sms(CODE, later), BLOCKED);
    assert_eq!(registration.confirm_code(CODE, later), BLOCKED);
    assert_eq!(registration.confirm_pin(PIN), BLOCKED);
    let captcha = registration.respond_captcha(CAPTCHA_ANSWER, CODE.to_owned(), later);
    assert_eq!(captcha, BLOCKED);
    assert_eq!(registration.appeal(APPEAL_TOKEN), Answer::Refused);
}

#[test]
fn what_is_still_needed_is_of_no_use_to_a_blocked_number() {
    let mut pin = confirmed(Scenario::AsksPin);
    pin.recover_pin();
    assert_eq!(pin.sms(CODE, NOW), PUNISHED);
    assert_eq!(pin.confirm_pin(PIN), BLOCKED);
    assert_eq!(pin.recover_pin(), Answer::Refused);

    let mut phone = confirmed(Scenario::ConfirmsOnPhone);
    phone.play(Action::ConfirmsTransfer);
    assert_eq!(phone.sms(CODE, NOW), PUNISHED);
    assert_eq!(phone.confirm_transfer(), Answer::PhoneHasNotConfirmed);
}

#[test]
fn confirming_without_a_code_is_punished() {
    for scenario in Scenario::ALL {
        for mut registration in [unchecked(scenario), checked(scenario)] {
            assert_eq!(registration.confirm_code(CODE, NOW), PUNISHED, "{scenario}");
        }
        assert_eq!(checked(scenario).confirm_pin(PIN), PUNISHED, "{scenario}");
    }
    // What was sent is used up.
    let mut registered = confirmed(Scenario::RegistersBySms);
    assert_eq!(registered.confirm_code(CODE, NOW), PUNISHED);
}

/// A number whose captcha is open.
fn captcha() -> Registration {
    let mut registration = checked(Scenario::Captcha);
    let answer = registration.sms(CODE, NOW);
    assert!(matches!(answer, Answer::Requested { captcha: true, .. }));
    registration
}

#[test]
fn a_captcha_comes_before_the_code() {
    let mut registration = captcha();
    assert_eq!(registration.received(), None);
    let mut respond = |answer: &str| registration.respond_captcha(answer, CODE.to_owned(), NOW);
    assert_eq!(respond("000000"), Answer::Refused);
    assert_eq!(respond(CAPTCHA_ANSWER), Answer::Done);
    assert_eq!(respond(CAPTCHA_ANSWER), Answer::Refused, "it is closed");
    assert_eq!(registration.received(), Some(CODE));
    assert_eq!(registration.confirm_code(CODE, NOW), Answer::Registered);
}

#[test]
fn asking_again_is_punished_however_old_the_open_captcha_is() {
    let mut registration = captcha();
    assert_eq!(registration.sms(CODE, NOW + 10 * WAIT_MS), PUNISHED);
    assert_eq!(captcha().confirm_code(CODE, NOW), PUNISHED, "nothing sent");
}

#[test]
fn an_answered_captcha_begins_the_waits_again() {
    let answered = || {
        let mut registration = captcha();
        let later = NOW + WAIT_MS;
        registration.respond_captcha(CAPTCHA_ANSWER, CODE.to_owned(), later);
        (registration, later + WAIT_MS)
    };
    let (mut twice, open_from) = answered();
    assert_eq!(twice.sms(CODE, open_from - 1), PUNISHED);
    let (mut polite, open_from) = answered();
    assert!(matches!(
        polite.sms(CODE, open_from),
        Answer::Requested { captcha: true, .. }
    ));
}

#[test]
fn a_check_gets_out_of_a_captcha_and_not_out_of_the_waits() {
    let mut registration = captcha();
    assert_eq!(registration.check(NOW + 1_000), available(124));
    let respond = registration.respond_captcha(CAPTCHA_ANSWER, CODE.to_owned(), NOW);
    assert_eq!(respond, Answer::Refused);
    let again = registration.sms(CODE, NOW + WAIT_MS);
    assert!(matches!(again, Answer::Requested { captcha: true, .. }));

    let mut hasty = captcha();
    hasty.check(NOW);
    assert_eq!(hasty.sms(CODE, NOW + WAIT_MS - 1), PUNISHED);
}

#[test]
fn a_remembered_pin_registers() {
    let mut registration = sent(Scenario::AsksPin);
    assert_eq!(registration.confirm_pin(PIN), Answer::Refused, "code first");
    for _ in 0..2 {
        assert_eq!(registration.confirm_code(CODE, NOW), Answer::PinNeeded);
    }
    assert_eq!(registration.received(), Some(PIN));
    assert_eq!(registration.confirm_pin("000000"), Answer::Wrong);
    assert_eq!(registration.confirm_pin(PIN), Answer::Registered);
}

#[test]
fn a_forgotten_pin_is_reset_by_mail() {
    let mut registration = sent(Scenario::ForgotPin);
    assert_eq!(registration.recover_pin(), Answer::Refused, "code first");
    assert_eq!(registration.confirm_code(CODE, NOW), Answer::PinNeeded);
    assert_eq!(registration.received(), None);
    assert_eq!(registration.confirm_pin(PIN), Answer::Wrong);
    assert_eq!(registration.actions(), []);
    assert_eq!(registration.recover_pin(), Answer::Done);
    assert_eq!(registration.confirm_pin(NEW_PIN), Answer::Wrong, "not yet");
    assert_eq!(registration.actions(), [Action::ResetsPin]);
    registration.play(Action::ResetsPin);
    assert_eq!(registration.actions(), []);
    assert_eq!(registration.received(), Some(NEW_PIN));
    assert_eq!(registration.confirm_pin(NEW_PIN), Answer::Registered);
}

#[test]
fn the_phone_confirms() {
    let mut registration = sent(Scenario::ConfirmsOnPhone);
    let not_yet = Answer::PhoneHasNotConfirmed;
    assert_eq!(registration.confirm_transfer(), not_yet);
    assert_eq!(registration.actions(), []);
    assert_eq!(registration.confirm_code(CODE, NOW), Answer::PhoneNeeded);
    assert_eq!(registration.received(), None);
    assert_eq!(registration.confirm_transfer(), not_yet);
    assert_eq!(registration.actions(), [Action::ConfirmsTransfer]);
    registration.play(Action::ConfirmsTransfer);
    assert_eq!(registration.actions(), []);
    assert_eq!(registration.confirm_transfer(), Answer::Registered);
    assert_eq!(registration.confirm_transfer(), not_yet, "it is over");
}

#[test]
fn every_way_must_wait_from_the_first_check_on() {
    let mut hasty = unchecked(Scenario::MustWait);
    assert_eq!(hasty.check(NOW), available(125));
    assert_eq!(hasty.sms(CODE, NOW + WAIT_MS - 1), PUNISHED);

    let mut polite = checked(Scenario::MustWait);
    assert_eq!(polite.check(NOW + 25_000), available(100));
    let then = NOW + WAIT_MS;
    assert_eq!(polite.sms(CODE, then), requested(Way::Sms));
}

#[test]
fn a_closed_way_sends_nothing_and_costs_nothing() {
    let waits = |seconds| Waits {
        voice: -1,
        ..all(seconds)
    };
    let mut registration = unchecked(Scenario::VoiceClosed);
    assert_eq!(
        registration.check(NOW),
        Answer::Available {
            waits: waits(0),
            wa_old_eligible: false,
        }
    );
    for way in [Way::Voice, Way::WaOld] {
        let answer = registration.request(way, CODE.to_owned(), NOW);
        let waits = waits(0);
        assert_eq!(answer, Answer::WayClosed { way, waits });
        assert_eq!(registration.received(), None);
    }
    assert_eq!(
        registration.sms(CODE, NOW),
        Answer::Requested {
            way: Way::Sms,
            captcha: false,
            waits: waits(125),
            retry_after: 165,
        }
    );
}

#[test]
fn an_appeal_frees_a_blocked_number_once_it_is_accepted() {
    let mut registration = unchecked(Scenario::Blocked);
    let blocked = Answer::NumberBlocked { can_appeal: true };
    assert_eq!(registration.check(NOW), blocked);
    assert_eq!(registration.sms(CODE, NOW), BLOCKED);
    assert_eq!(registration.appeal("FAKEWRONG"), Answer::Refused);
    assert_eq!(registration.actions(), []);
    for _ in 0..2 {
        assert_eq!(registration.appeal(APPEAL_TOKEN), Answer::InReview);
    }
    assert_eq!(registration.check(NOW), blocked);
    assert_eq!(registration.actions(), [Action::AppealAccepted]);
    registration.play(Action::AppealAccepted);
    assert_eq!(registration.actions(), []);
    assert_eq!(registration.appeal(APPEAL_TOKEN), Answer::Unbanned);
    assert_eq!(registration.check(NOW), available(0));
    assert_eq!(registration.sms(CODE, NOW), requested(Way::Sms));
    assert_eq!(registration.confirm_code(CODE, NOW), Answer::Registered);
}

#[test]
fn some_blocks_show_only_when_a_code_is_asked_for() {
    let mut registration = unchecked(Scenario::BlockedForGood);
    for _ in 0..2 {
        assert_eq!(registration.check(NOW), available(0));
        assert_eq!(registration.sms(CODE, NOW), BLOCKED);
    }
    assert_eq!(registration.appeal(APPEAL_TOKEN), Answer::Refused);
}

#[test]
fn three_wrong_codes_are_too_many() {
    let mut registration = sent(Scenario::TooManyTries);
    let later = NOW + 60_000;
    for _ in 0..2 {
        assert_eq!(registration.confirm_code("000000", later), Answer::Wrong);
    }
    assert_eq!(registration.confirm_code("000000", later), TOO_MANY);
    assert_eq!(registration.confirm_code(CODE, later), TOO_MANY, "used up");

    let then = later + WAIT_MS;
    assert_eq!(registration.sms("222222", then), requested(Way::Sms));
    assert_eq!(
        registration.confirm_code("222222", then),
        Answer::Registered
    );

    let mut hasty = sent(Scenario::TooManyTries);
    for _ in 0..3 {
        hasty.confirm_code("000000", later);
    }
    assert_eq!(hasty.sms(CODE, then - 1), PUNISHED, "the waits began again");
}

#[test]
fn odd_answers_register_in_the_end() {
    let mut registration = unchecked(Scenario::OddAnswers);
    assert_eq!(registration.check(NOW), Answer::NotAvailable);
    assert_eq!(registration.sms(CODE, NOW), Answer::Refused);
    assert_eq!(registration.check(NOW), Answer::AvailableWithoutWaits);
    let answer = Answer::RequestedWithoutWaits { retry_after: 165 };
    assert_eq!(registration.sms(CODE, NOW), answer);
    assert_eq!(registration.confirm_code(CODE, NOW), Answer::Registered);
}

#[test]
fn each_number_has_waits_and_a_block_of_its_own() {
    let first = || "5544999990101".to_owned();
    let second = || "5544999990202".to_owned();
    let mut registrations = Registrations::new(Scenario::RegistersBySms, WAIT_MS, first());
    assert_eq!(
        (registrations.received(), registrations.actions()),
        (None, vec![])
    );
    let mut ask = |number: String| {
        registrations.check(number.clone(), NOW);
        registrations.request(number, Way::Sms, CODE.to_owned(), NOW)
    };
    assert_eq!(ask(first()), requested(Way::Sms));
    assert_eq!(ask(first()), PUNISHED);
    assert_eq!(ask(second()), requested(Way::Sms));
    assert_eq!(registrations.number(), second());
    assert_eq!(registrations.received(), Some(CODE));
    let answer = registrations.current(NOW).confirm_code(CODE, NOW);
    assert_eq!(answer, Answer::Registered);
}
