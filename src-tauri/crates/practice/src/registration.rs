//! The registration of numbers on a mobile instance. No HTTP, no clock and no chance in here: the
//! time is passed in, in Unix milliseconds, and so are the codes.
//!
//! What the real one is known to punish makes a number blocked here too, from then on:
//!
//! * asking for a code before the way's wait is over;
//! * asking for a code while a captcha is open, or once more after it was answered (the code goes
//!   out with the answer, so that the waits begin again);
//! * confirming a code, or a PIN, although no code was sent.
//!
//! WhatsApp counts by number, whichever instance asks; here each instance counts for itself.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{Action, CAPTCHA_ANSWER, Scenario};

/// Wrong codes that [`Scenario::TooManyTries`] takes.
const TRIES: u32 = 3;

/// The PIN of those who remember it.
const PIN: &str = "135790";

/// The PIN of those who had it reset.
const NEW_PIN: &str = "246801";

/// What a blocked number is given for an appeal.
pub(crate) const APPEAL_TOKEN: &str = "Ae0B_FAKE-APPEAL";

/// How a code is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    Sms,
    Voice,
    WaOld,
}

/// Seconds until each way may be asked for: 0 is now, -1 never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    pub sms: i64,
    pub voice: i64,
    pub wa_old: i64,
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Available {
        waits: Waits,
        wa_old_eligible: bool,
    },
    /// With nothing said of the ways.
    AvailableWithoutWaits,
    NotAvailable,
    /// What a check says of a blocked number.
    NumberBlocked {
        can_appeal: bool,
    },
    /// A code is on its way, or will be once the captcha is answered.
    Requested {
        way: Way,
        captcha: bool,
        waits: Waits,
        retry_after: i64,
    },
    /// A code is on its way, with little said about it.
    RequestedWithoutWaits {
        retry_after: i64,
    },
    WayClosed {
        way: Way,
        waits: Waits,
    },
    /// What every other call says of a blocked number.
    Blocked {
        /// This very call is one that the real one punishes.
        punished: bool,
    },
    Done,
    Registered,
    Refused,
    /// The code or the PIN is not the right one.
    Wrong,
    TooManyTries {
        waits: Waits,
        retry_after: i64,
    },
    PinNeeded,
    PhoneNeeded,
    PhoneHasNotConfirmed,
    InReview,
    Unbanned,
}

/// How WhatsApp stands to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Fine,
    /// Blocked, which a check does not tell.
    SecretlyBlocked,
    Blocked,
    /// Blocked, and an appeal is possible.
    Appealable,
    InReview,
    /// Fine again.
    Unbanned,
}

/// How far a number has come.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Idle,
    Captcha,
    Code(Code),
}

/// A code that was sent.
#[derive(Debug, PartialEq, Eq)]
struct Code {
    text: String,
    wrong_tries: u32,
    /// The code is right, and something else is needed.
    confirmed: bool,
    /// The phone that has the number lets it go.
    phone_confirmed: bool,
}

/// The registration of one number.
#[derive(Debug)]
pub(crate) struct Registration {
    scenario: Scenario,
    wait_ms: i64,
    standing: Standing,
    checks: u32,
    /// When the ways may be asked for, save those that are closed.
    open_from: i64,
    step: Step,
    /// As the customer remembers it.
    pin: Option<&'static str>,
    /// The customer has an e-mail with which to reset the PIN.
    reset_mailed: bool,
}

impl Registration {
    fn new(scenario: Scenario, wait_ms: i64, now: i64) -> Self {
        Self {
            scenario,
            wait_ms,
            standing: match scenario {
                Scenario::Blocked => Standing::Appealable,
                Scenario::BlockedForGood => Standing::SecretlyBlocked,
                _ => Standing::Fine,
            },
            checks: 0,
            open_from: match scenario {
                Scenario::MustWait => now.saturating_add(wait_ms),
                _ => now,
            },
            step: Step::Idle,
            pin: (scenario != Scenario::ForgotPin).then_some(PIN),
            reset_mailed: false,
        }
    }

    /// Whether the number can be registered. Begins anew as far as a captcha is concerned, so that a
    /// caller whom it never reached is not caught in it; the waits stay.
    fn check(&mut self, now: i64) -> Answer {
        self.checks = self.checks.saturating_add(1);
        if self.step == Step::Captcha {
            self.step = Step::Idle;
        }
        match self.standing {
            Standing::Fine | Standing::Unbanned | Standing::SecretlyBlocked => {}
            Standing::Blocked => return Answer::NumberBlocked { can_appeal: false },
            Standing::Appealable | Standing::InReview => {
                return Answer::NumberBlocked { can_appeal: true };
            }
        }
        match self.scenario {
            _ if !self.found_available() => Answer::NotAvailable,
            Scenario::OddAnswers => Answer::AvailableWithoutWaits,
            scenario => Answer::Available {
                waits: self.waits(now),
                wa_old_eligible: scenario != Scenario::VoiceClosed,
            },
        }
    }

    fn found_available(&self) -> bool {
        match self.scenario {
            Scenario::OddAnswers => self.checks > 1,
            _ => self.checks > 0,
        }
    }

    /// Has `code` sent.
    fn request(&mut self, way: Way, code: String, now: i64) -> Answer {
        if !self.found_available() {
            return Answer::Refused;
        }
        let closed = self.is_closed(way);
        if self.step == Step::Captcha || (now < self.open_from && !closed) {
            return self.punish();
        }
        if self.is_blocked() {
            return Answer::Blocked { punished: false };
        }
        if closed {
            let waits = self.waits(now);
            return Answer::WayClosed { way, waits };
        }
        self.open_from = now.saturating_add(self.wait_ms);
        let captcha = matches!(self.scenario, Scenario::Captcha | Scenario::CaptchaAndPin);
        if captcha {
            self.step = Step::Captcha;
        } else {
            self.send(code);
        }
        match self.scenario {
            Scenario::OddAnswers => Answer::RequestedWithoutWaits {
                retry_after: self.retry_after(now),
            },
            _ => Answer::Requested {
                way,
                captcha,
                waits: self.waits(now),
                retry_after: self.retry_after(now),
            },
        }
    }

    /// The right answer sends `code`; after a wrong one the same captcha stays open.
    pub fn respond_captcha(&mut self, answer: &str, code: String, now: i64) -> Answer {
        if self.is_blocked() {
            return Answer::Blocked { punished: false };
        }
        if self.step != Step::Captcha || answer != CAPTCHA_ANSWER {
            return Answer::Refused;
        }
        self.open_from = now.saturating_add(self.wait_ms);
        self.send(code);
        Answer::Done
    }

    /// Voids the code before.
    fn send(&mut self, code: String) {
        self.step = Step::Code(Code {
            text: code,
            wrong_tries: 0,
            confirmed: false,
            phone_confirmed: false,
        });
    }

    pub fn confirm_code(&mut self, typed: &str, now: i64) -> Answer {
        let blocked = self.is_blocked();
        let Step::Code(code) = &mut self.step else {
            return self.punish();
        };
        if blocked {
            return Answer::Blocked { punished: false };
        }
        let counts_tries = self.scenario == Scenario::TooManyTries;
        if counts_tries && code.wrong_tries >= TRIES {
            return self.too_many_tries(now);
        }
        if code.text != typed {
            code.wrong_tries = code.wrong_tries.saturating_add(1);
            if counts_tries && code.wrong_tries == TRIES {
                self.open_from = now.saturating_add(self.wait_ms);
                return self.too_many_tries(now);
            }
            return Answer::Wrong;
        }
        code.confirmed = true;
        match self.scenario {
            Scenario::AsksPin | Scenario::CaptchaAndPin | Scenario::ForgotPin => Answer::PinNeeded,
            Scenario::ConfirmsOnPhone => Answer::PhoneNeeded,
            _ => self.end(),
        }
    }

    pub fn confirm_pin(&mut self, typed: &str) -> Answer {
        if self.code().is_none() {
            return self.punish();
        }
        if self.is_blocked() {
            return Answer::Blocked { punished: false };
        }
        if !self.awaits_pin() {
            return Answer::Refused;
        }
        if self.pin != Some(typed) {
            return Answer::Wrong;
        }
        self.end()
    }

    /// Has an e-mail sent with which the customer can reset the PIN.
    pub fn recover_pin(&mut self) -> Answer {
        if !self.awaits_pin() {
            return Answer::Refused;
        }
        self.reset_mailed = true;
        Answer::Done
    }

    pub fn confirm_transfer(&mut self) -> Answer {
        let phone_confirmed = self.code().is_some_and(|code| code.phone_confirmed);
        if !phone_confirmed || self.is_blocked() {
            return Answer::PhoneHasNotConfirmed;
        }
        self.end()
    }

    pub fn appeal(&mut self, token: &str) -> Answer {
        match self.standing {
            Standing::Appealable | Standing::InReview if token == APPEAL_TOKEN => {
                self.standing = Standing::InReview;
                Answer::InReview
            }
            Standing::Unbanned if token == APPEAL_TOKEN => Answer::Unbanned,
            _ => Answer::Refused,
        }
    }

    fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.reset_mailed {
            actions.push(Action::ResetsPin);
        }
        if self.awaits_phone() {
            actions.push(Action::ConfirmsTransfer);
        }
        if self.standing == Standing::InReview {
            actions.push(Action::AppealAccepted);
        }
        actions
    }

    /// Plays one of [`Self::actions`]; the others are no part of a registration.
    pub fn play(&mut self, action: Action) {
        match action {
            Action::ResetsPin => {
                self.pin = Some(NEW_PIN);
                self.reset_mailed = false;
            }
            Action::ConfirmsTransfer => {
                if let Step::Code(code) = &mut self.step {
                    code.phone_confirmed = true;
                }
            }
            Action::AppealAccepted => self.standing = Standing::Unbanned,
            _ => {}
        }
    }

    fn received(&self) -> Option<&str> {
        match self.code() {
            Some(code) if !code.confirmed => Some(&code.text),
            _ if self.awaits_pin() => self.pin,
            _ => None,
        }
    }

    fn punish(&mut self) -> Answer {
        self.standing = Standing::Blocked;
        Answer::Blocked { punished: true }
    }

    /// The number is registered.
    fn end(&mut self) -> Answer {
        self.step = Step::Idle;
        self.reset_mailed = false;
        Answer::Registered
    }

    fn too_many_tries(&self, now: i64) -> Answer {
        Answer::TooManyTries {
            waits: self.waits(now),
            retry_after: self.retry_after(now),
        }
    }

    fn is_blocked(&self) -> bool {
        !matches!(self.standing, Standing::Fine | Standing::Unbanned)
    }

    fn is_closed(&self, way: Way) -> bool {
        self.scenario == Scenario::VoiceClosed && way != Way::Sms
    }

    fn code(&self) -> Option<&Code> {
        match &self.step {
            Step::Code(code) => Some(code),
            Step::Idle | Step::Captcha => None,
        }
    }

    fn awaits_pin(&self) -> bool {
        let has_pin = matches!(
            self.scenario,
            Scenario::AsksPin | Scenario::CaptchaAndPin | Scenario::ForgotPin
        );
        has_pin && self.code().is_some_and(|code| code.confirmed) && !self.is_blocked()
    }

    fn awaits_phone(&self) -> bool {
        self.scenario == Scenario::ConfirmsOnPhone
            && self
                .code()
                .is_some_and(|code| code.confirmed && !code.phone_confirmed)
            && !self.is_blocked()
    }

    /// Rounded up, so that who waits as long as told is never early.
    fn waits(&self, now: i64) -> Waits {
        let left = seconds(self.left_ms(now));
        Waits {
            sms: left,
            voice: if self.is_closed(Way::Voice) { -1 } else { left },
            // When closed, it is said not to be eligible instead.
            wa_old: left,
        }
    }

    /// Longer than the waits, as in the documented answer: 165 s beside 125 s.
    fn retry_after(&self, now: i64) -> i64 {
        seconds(self.left_ms(now).saturating_mul(33) / 25)
    }

    fn left_ms(&self, now: i64) -> i64 {
        self.open_from.saturating_sub(now).max(0)
    }
}

fn seconds(ms: i64) -> i64 {
    ms.saturating_add(999) / 1000
}

/// The registrations of one instance.
#[derive(Debug)]
pub(crate) struct Registrations {
    scenario: Scenario,
    wait_ms: i64,
    /// The one that is being registered, digits with country code: the customer's own, until another
    /// one is named.
    number: String,
    by_number: HashMap<String, Registration>,
}

impl Registrations {
    /// `wait_ms` is how long every way waits after a code was asked for.
    pub fn new(scenario: Scenario, wait_ms: i64, number: String) -> Self {
        Self {
            scenario,
            wait_ms,
            number,
            by_number: HashMap::new(),
        }
    }

    /// The number that is being registered.
    pub fn number(&self) -> &str {
        &self.number
    }

    pub fn check(&mut self, number: String, now: i64) -> Answer {
        self.number = number;
        self.current(now).check(now)
    }

    pub fn request(&mut self, number: String, way: Way, code: String, now: i64) -> Answer {
        self.number = number;
        self.current(now).request(way, code, now)
    }

    /// The registration of the number that was named last.
    pub fn current(&mut self, now: i64) -> &mut Registration {
        self.by_number
            .entry(self.number.clone())
            .or_insert_with(|| Registration::new(self.scenario, self.wait_ms, now))
    }

    /// What the customer can do.
    pub fn actions(&self) -> Vec<Action> {
        let current = self.by_number.get(&self.number);
        current.map(Registration::actions).unwrap_or_default()
    }

    /// The code or the PIN that the customer has in front of them.
    pub fn received(&self) -> Option<&str> {
        self.by_number.get(&self.number)?.received()
    }
}

#[cfg(test)]
mod tests;
