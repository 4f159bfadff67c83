//! One customer's instance: how it gets connected and what becomes of the connection.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::names;
use crate::registration::{Answer, Registrations};
use crate::{Action, Customer, Middleware, NotNow, Scenario};

/// Life of a connection code in [`Scenario::Expires`].
const SHORT_CODE_LIFE_MS: i64 = 20_000;

/// The extension's confirmation screen has a countdown of its own, of about a minute.
const CONFIRMATION_LIFE_MS: i64 = 60_000;

/// After this time WhatsApp voids a QR code.
const QR_CODE_LIFE_MS: i64 = 20_000;

/// Messages in the queue of [`Scenario::QueueWaits`].
const QUEUE_LENGTH: usize = 75;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long a subscription and a trial last is unknown.
const PAID_DAYS: i64 = 30;
const TRIAL_DAYS: i64 = 2;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    InstanceNotFound,
    ClientTokenMissing,
    /// With the token that was sent, which the real answer repeats.
    ClientTokenWrong(String),
    PartnerTokenMissing,
    PartnerTokenWrong,
    /// As [`Refusal::InstanceNotFound`], in the words of the partner routes.
    PartnerInstanceNotFound,
    /// As [`Refusal::Unfit`], in the words of the partner routes.
    PartnerUnfit(&'static str),
    SubscriptionOver,
    AlreadyConnected,
    NotConnected,
    /// The method is for the other kind of instance.
    OtherMiddleware,
    /// Something in the request cannot be: says what.
    Unfit(&'static str),
}

/// A connection code and when it dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionCode {
    pub text: String,
    pub expires_at: i64,
}

/// What the call for a QR code comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QrAnswer {
    Code { text: String, shape: QrShape },
    PasskeyChallenge,
    Connected,
}

/// The shapes in which a QR code has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QrShape {
    DataUrl,
    BareBase64,
    RawText,
}

/// Whether WhatsApp is linked to the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    None,
    /// There is a session, and it has to be restored. Any other way to connect replaces it.
    ToRestore,
    Connected,
}

/// How far the customer has come in the extension. All `until` are Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extension {
    #[default]
    Idle,
    /// There is a connection code to type.
    Code { until: i64 },
    /// The code was typed; the confirmation screen stays.
    Confirming { until: i64 },
}

/// What there is to type and to read. A connection, a restart and a passkey reset void all of it.
#[derive(Debug, Default)]
struct Codes {
    extension: Extension,
    /// When the newest QR code dies. Each has its own 20 seconds, whether a newer one exists or
    /// not; which of the living ones is read makes no difference.
    qr_code_until: Option<i64>,
    /// Whether there is a phone code: the newest one, as it voids the one before. How long it lives
    /// is unknown; here until a newer one.
    phone_code: bool,
}

/// One customer's instance.
#[derive(Debug)]
pub(crate) struct Instance {
    pub customer: Customer,
    name_in_lowercase: Box<str>,
    /// The token that opens the instance.
    pub right_token: String,
    /// The number of the customer's phone, which gets connected whatever the desk expects. On a
    /// mobile instance the one that was registered.
    own_number: String,
    link: Link,
    codes: Codes,
    /// On a mobile instance, and only there.
    registrations: Option<Box<Registrations>>,
    /// WhatsApp asked for a passkey, and nobody has reset that.
    passkey_asked: bool,
    /// Whether the phone can be reached, once connected.
    phone_online: bool,
    subscribed: bool,
    /// End of the paid time, in Unix milliseconds. Stays as it is, so that a listing does.
    due_ms: i64,
    /// Messages in the queue.
    waiting: usize,
    /// Requests so far, by route: the place in the round of faults.
    requests: BTreeMap<String, usize>,
}

impl Instance {
    /// The instance of a customer with a scenario. `index` counts all instances; it makes id, name
    /// and number. `registration_wait_ms` is how long the ways to receive a registration code wait
    /// after one was asked for.
    pub fn new(index: usize, scenario: Scenario, registration_wait_ms: i64, now: i64) -> Self {
        let name = names::of_scenario(index);
        Self::named(index, name, scenario, registration_wait_ms, now)
    }

    /// One of the many. Most are connected, of the others the connection or the subscription ended
    /// or there never was one; one in ten is mobile. The same `index` makes the same.
    pub fn plain(index: usize, registration_wait_ms: i64, now: i64) -> Self {
        let mut random = fastrand::Rng::with_seed(index as u64);
        let is_mobile = random.u8(..10) == 0;
        let percentile = random.u8(..100);
        let scenario = match percentile {
            _ if is_mobile => Scenario::RegistersBySms,
            0..85 => Scenario::AlreadyConnected,
            93..97 => Scenario::SubscriptionOver,
            _ => Scenario::Connects,
        };
        let name = names::plain(index);
        let mut instance = Self::named(index, name, scenario, registration_wait_ms, now);
        let days = match percentile {
            93..97 => -random.i64(1..=40),
            // Never connected: still in the trial.
            97.. => TRIAL_DAYS,
            _ => random.i64(1..=60),
        };
        if percentile < 85 {
            instance.link = Link::Connected;
        }
        instance.subscribed = days > 0;
        instance.due_ms = now + days * DAY_MS;
        instance
    }

    /// One that the partner has made.
    pub fn created(
        index: usize,
        name: &str,
        middleware: Middleware,
        registration_wait_ms: i64,
        now: i64,
    ) -> Self {
        let scenario = match middleware {
            Middleware::Web => Scenario::Connects,
            Middleware::Mobile => Scenario::RegistersBySms,
        };
        let mut instance = Self::named(index, name.to_owned(), scenario, registration_wait_ms, now);
        instance.due_ms = now + TRIAL_DAYS * DAY_MS;
        instance
    }

    fn named(
        index: usize,
        name: String,
        scenario: Scenario,
        registration_wait_ms: i64,
        now: i64,
    ) -> Self {
        let number = index + 1;
        let right_token = format!("70CEFA4E{number:016}");
        let phone = mobile_number(number);
        let customer = Customer {
            scenario,
            middleware: scenario.middleware(),
            name,
            instance_id: format!("3C00FA4E{number:024}"),
            token: match scenario {
                Scenario::WrongToken => format!("BADBADFA4E{number:014}"),
                _ => right_token.clone(),
            },
            phone: phone.clone(),
        };
        let is_mobile = customer.middleware == Middleware::Mobile;
        let subscribed = scenario != Scenario::SubscriptionOver;
        let days_paid = if subscribed { PAID_DAYS } else { -1 };
        Self {
            registrations: is_mobile.then(|| {
                let number = phone.clone();
                Box::new(Registrations::new(scenario, registration_wait_ms, number))
            }),
            name_in_lowercase: customer.name.to_lowercase().into(),
            customer,
            right_token,
            own_number: match scenario {
                // Far from the numbers that other customers have.
                Scenario::OtherNumber => mobile_number(number + 88_890_000),
                _ => phone,
            },
            link: match scenario {
                Scenario::AlreadyConnected | Scenario::PhoneOffline => Link::Connected,
                Scenario::AsksRestore => Link::ToRestore,
                _ => Link::None,
            },
            codes: Codes::default(),
            passkey_asked: false,
            phone_online: scenario != Scenario::PhoneOffline,
            subscribed,
            due_ms: now + days_paid * DAY_MS,
            waiting: match scenario {
                Scenario::QueueWaits => QUEUE_LENGTH,
                _ => 0,
            },
            requests: BTreeMap::new(),
        }
    }

    pub fn link(&self) -> Link {
        self.link
    }

    pub fn connected(&self) -> bool {
        self.link == Link::Connected
    }

    /// Means nothing on a mobile instance, which needs no other phone: `false` there.
    pub fn smartphone_connected(&self) -> bool {
        self.phone_online() && self.registrations.is_none()
    }

    /// The connected number, digits with country code.
    pub fn phone(&self) -> Result<&str, Refusal> {
        if !self.connected() {
            return Err(Refusal::NotConnected);
        }
        Ok(&self.own_number)
    }

    /// Messages in the queue.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// End of the paid time, in Unix milliseconds.
    pub fn due_ms(&self) -> i64 {
        self.due_ms
    }

    pub fn name_in_lowercase(&self) -> &str {
        &self.name_in_lowercase
    }

    pub fn rename(&mut self, name: String) {
        self.name_in_lowercase = name.to_lowercase().into();
        self.customer.name = name;
    }

    /// Whether the phone is online, as the listing says it: of a mobile instance the connection.
    pub fn phone_online(&self) -> bool {
        self.connected() && self.phone_online
    }

    /// How many requests there were on the route before this one.
    pub fn count_request(&mut self, route: &str) -> usize {
        let requests = self.requests.entry(route.to_owned()).or_default();
        *requests += 1;
        *requests - 1
    }

    /// What the customer can do at `now`.
    pub fn actions(&self, now: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.connected() {
            // A phone that cannot be reached cannot end the connection either.
            if self.phone_online {
                actions.push(Action::Disconnects);
            } else {
                actions.push(Action::PhoneComesBack);
            }
            if self.customer.scenario == Scenario::DisconnectsLater {
                actions.push(Action::AnHourPasses);
            }
            return actions;
        }
        if let Some(registrations) = &self.registrations {
            return registrations.actions();
        }
        if self.codes.qr_code_until.is_some_and(|until| now < until) {
            actions.push(Action::ReadsQr);
        }
        if self.codes.phone_code {
            actions.push(Action::TypesPhoneCode);
        }
        match self.codes.extension {
            Extension::Code { until } if now < until => actions.push(Action::TypesCode),
            Extension::Confirming { until } if now < until => actions.push(Action::Confirms),
            Extension::Idle | Extension::Code { .. } | Extension::Confirming { .. } => {}
        }
        actions
    }

    pub fn play(&mut self, action: Action, now: i64) -> Result<(), NotNow> {
        if !self.actions(now).contains(&action) {
            return Err(NotNow);
        }
        match action {
            Action::ReadsQr | Action::TypesPhoneCode
                if self.customer.scenario == Scenario::AsksPasskey =>
            {
                self.passkey_asked = true;
                self.codes.qr_code_until = None;
                self.codes.phone_code = false;
            }
            Action::ReadsQr | Action::TypesPhoneCode | Action::Confirms => self.connect(),
            Action::TypesCode => {
                self.codes.extension = Extension::Confirming {
                    until: now + CONFIRMATION_LIFE_MS,
                };
            }
            Action::Disconnects | Action::AnHourPasses => self.disconnect(),
            Action::PhoneComesBack => self.phone_online = true,
            Action::ResetsPin | Action::ConfirmsTransfer | Action::AppealAccepted => {
                if let Some(registrations) = &mut self.registrations {
                    registrations.current(now).play(action);
                }
            }
        }
        Ok(())
    }

    /// The customer's phone is at hand now, and what waited in the queue is sent.
    fn connect(&mut self) {
        self.link = Link::Connected;
        self.codes = Codes::default();
        self.passkey_asked = false;
        self.phone_online = true;
        self.waiting = 0;
    }

    /// A new connection code in place of the one before, typed or not.
    pub fn issue_code(
        &mut self,
        text: String,
        life: i64,
        now: i64,
    ) -> Result<ConnectionCode, Refusal> {
        self.can_be_linked()?;
        let life = match self.customer.scenario {
            Scenario::Expires => life.min(SHORT_CODE_LIFE_MS),
            _ => life,
        };
        let expires_at = now.saturating_add(life);
        self.codes.extension = Extension::Code { until: expires_at };
        Ok(ConnectionCode { text, expires_at })
    }

    /// A new QR code beside those that still live.
    pub fn issue_qr_code(&mut self, text: String, now: i64) -> Result<QrAnswer, Refusal> {
        match self.can_be_linked() {
            Err(Refusal::AlreadyConnected) => return Ok(QrAnswer::Connected),
            other => other?,
        }
        if self.passkey_asked {
            return Ok(QrAnswer::PasskeyChallenge);
        }
        self.codes.qr_code_until = Some(now.saturating_add(QR_CODE_LIFE_MS));
        let shape = match self.customer.scenario {
            Scenario::QueueWaits => QrShape::BareBase64,
            Scenario::DisconnectsLater => QrShape::RawText,
            _ => QrShape::DataUrl,
        };
        Ok(QrAnswer::Code { text, shape })
    }

    /// A new phone code in place of the one before. Its route knows no challenge, so there is one
    /// even when WhatsApp has asked for a passkey. WhatsApp takes a code on the phone whose number
    /// it was asked for; here the customer's phone takes any.
    pub fn issue_phone_code(&mut self) -> Result<(), Refusal> {
        self.can_be_linked()?;
        self.codes.phone_code = true;
        Ok(())
    }

    /// Takes a step of a registration, the last of which connects the instance.
    pub fn register(
        &mut self,
        step: impl FnOnce(&mut Registrations) -> Answer,
    ) -> Result<Answer, Refusal> {
        let can_connect = self.can_connect();
        let registrations = self.registrations.as_mut();
        let registrations = registrations.ok_or(Refusal::OtherMiddleware)?;
        can_connect?;
        let answer = step(registrations);
        if answer == Answer::Registered {
            self.own_number = registrations.number().to_owned();
            self.connect();
        }
        Ok(answer)
    }

    /// The code or the PIN that the customer has in front of them.
    pub fn received(&self) -> Option<&str> {
        self.registrations.as_ref()?.received()
    }

    fn can_be_linked(&self) -> Result<(), Refusal> {
        if self.registrations.is_some() {
            return Err(Refusal::OtherMiddleware);
        }
        self.can_connect()
    }

    fn can_connect(&self) -> Result<(), Refusal> {
        self.has_subscription()?;
        if self.connected() {
            return Err(Refusal::AlreadyConnected);
        }
        Ok(())
    }

    fn has_subscription(&self) -> Result<(), Refusal> {
        if !self.subscribed {
            return Err(Refusal::SubscriptionOver);
        }
        Ok(())
    }

    /// Changes nothing when there was no challenge.
    pub fn reset_passkey_challenge(&mut self) -> Result<(), Refusal> {
        self.restart()?;
        self.passkey_asked = false;
        Ok(())
    }

    /// Keeps the connection, and the passkey challenge too: that has a reset of its own.
    pub fn restart(&mut self) -> Result<(), Refusal> {
        self.has_subscription()?;
        self.codes = Codes::default();
        Ok(())
    }

    /// Changes nothing when there is no connection.
    pub fn disconnect(&mut self) {
        self.link = Link::None;
        self.codes = Codes::default();
    }

    /// Whatever the customer does, and whatever is in the way of a connection.
    pub fn set_connected(&mut self, connected: bool) {
        if connected {
            self.connect();
        } else {
            self.disconnect();
        }
    }

    /// Changes nothing when connected.
    pub fn restore_session(&mut self) -> Result<(), Refusal> {
        self.has_subscription()?;
        match self.link {
            Link::None => return Err(Refusal::NotConnected),
            Link::ToRestore => self.connect(),
            Link::Connected => {}
        }
        Ok(())
    }

    pub fn empty_queue(&mut self) {
        self.waiting = 0;
    }

    pub fn subscribe(&mut self, now: i64) {
        self.subscribed = true;
        self.due_ms = now + PAID_DAYS * DAY_MS;
    }
}

pub(crate) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A Brazilian mobile number with country code: an area and nine digits beginning with 9. From
/// +55 44 99999-0101 on, going round within the area.
fn mobile_number(nth: usize) -> String {
    format!("55449{:08}", (99_990_100 + nth) % 100_000_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::HashSet;

    use super::*;

    const NOW: i64 = 1_782_850_838_085;
    const LIFE: i64 = 300_000;
    const WAIT_MS: i64 = 125_000;

    impl Instance {
        fn give_every_code(&mut self) {
            self.issue_qr_code("2@FAKE".to_owned(), NOW).unwrap();
            self.issue_phone_code().unwrap();
            self.issue_code("FA48-HS63".to_owned(), LIFE, NOW).unwrap();
        }

        fn play_all(&mut self, actions: &[Action]) {
            for action in actions {
                assert_eq!(self.play(*action, NOW), Ok(()), "{action:?}");
            }
        }
    }

    /// What the customer does for each method.
    const METHODS: [&[Action]; 3] = [
        &[Action::ReadsQr],
        &[Action::TypesPhoneCode],
        &[Action::TypesCode, Action::Confirms],
    ];

    #[test]
    fn every_method_connects_and_voids_the_other_codes() {
        for scenario in Scenario::ALL {
            if scenario.middleware() == Middleware::Mobile {
                continue;
            }
            for method in METHODS {
                if scenario == Scenario::AsksPasskey && !method.contains(&Action::Confirms) {
                    continue;
                }
                let mut instance = Instance::new(0, scenario, WAIT_MS, NOW);
                instance.subscribe(NOW);
                instance.disconnect();
                instance.give_every_code();
                assert_eq!(instance.phone(), Err(Refusal::NotConnected));
                instance.play_all(method);
                assert!(instance.smartphone_connected(), "{scenario}, {method:?}");
                assert_eq!(
                    instance.phone().unwrap() == instance.customer.phone,
                    scenario != Scenario::OtherNumber,
                    "{scenario}, {method:?}"
                );
                assert_eq!(
                    instance.issue_phone_code(),
                    Err(Refusal::AlreadyConnected),
                    "{scenario}"
                );
                instance.disconnect();
                assert_eq!(instance.actions(NOW), [], "{scenario}: a code survived");
            }
        }
    }

    #[test]
    fn each_kind_of_instance_has_methods_of_its_own() {
        let other = Refusal::OtherMiddleware;
        let mut mobile = Instance::new(0, Scenario::RegistersBySms, WAIT_MS, NOW);
        let text = || "2@FAKE".to_owned();
        assert_eq!(mobile.issue_qr_code(text(), NOW), Err(other.clone()));
        assert_eq!(mobile.issue_phone_code(), Err(other.clone()));
        assert_eq!(mobile.issue_code(text(), LIFE, NOW), Err(other.clone()));

        for scenario in [Scenario::Connects, Scenario::AlreadyConnected] {
            let mut web = Instance::new(0, scenario, WAIT_MS, NOW);
            let registered = web.register(|_| Answer::Registered);
            assert_eq!(registered, Err(other.clone()), "{scenario}");
            assert_eq!(web.received(), None);
        }
    }

    #[test]
    fn a_registration_connects_as_the_number_it_was_for() {
        let mut instance = Instance::new(0, Scenario::RegistersBySms, WAIT_MS, NOW);
        let number = "5544977770000".to_owned();
        let check = |instance: &mut Instance| {
            instance.register(|registrations| registrations.check(number.clone(), NOW))
        };
        check(&mut instance).unwrap();
        assert_eq!(instance.phone(), Err(Refusal::NotConnected));
        let registered = instance.register(|_| Answer::Registered);
        assert_eq!(registered, Ok(Answer::Registered));
        assert_eq!(instance.phone(), Ok(number.as_str()));
        assert!(!instance.smartphone_connected(), "there is no other phone");
        assert_eq!(check(&mut instance), Err(Refusal::AlreadyConnected));

        assert_eq!(instance.actions(NOW), [Action::Disconnects]);
        instance.play_all(&[Action::Disconnects]);
        assert!(matches!(check(&mut instance), Ok(Answer::Available { .. })));
    }

    #[test]
    fn a_qr_code_can_be_read_until_the_newest_is_20_seconds_old() {
        let mut instance = Instance::new(0, Scenario::Connects, WAIT_MS, NOW);
        instance.issue_qr_code("2@FAKE".to_owned(), NOW).unwrap();
        assert_eq!(instance.actions(NOW + 19_999), [Action::ReadsQr]);
        assert_eq!(instance.play(Action::ReadsQr, NOW + 20_000), Err(NotNow));

        let later = NOW + 15_000;
        instance.issue_qr_code("2@FAKE".to_owned(), later).unwrap();
        assert_eq!(instance.actions(later + 19_999), [Action::ReadsQr]);
        assert_eq!(instance.actions(later + 20_000), []);
    }

    #[test]
    fn a_phone_code_lives_until_it_is_typed() {
        let mut instance = Instance::new(0, Scenario::Connects, WAIT_MS, NOW);
        assert_eq!(instance.play(Action::TypesPhoneCode, NOW), Err(NotNow));
        instance.issue_phone_code().unwrap();
        instance.issue_phone_code().unwrap();
        let much_later = NOW + 24 * 60 * 60 * 1000;
        assert_eq!(instance.actions(much_later), [Action::TypesPhoneCode]);
        assert_eq!(instance.play(Action::TypesPhoneCode, much_later), Ok(()));
        assert!(instance.connected());
    }

    #[test]
    fn a_passkey_stays_in_the_way_until_it_is_reset_or_the_extension_connects() {
        for link in [Action::ReadsQr, Action::TypesPhoneCode] {
            let mut instance = Instance::new(0, Scenario::AsksPasskey, WAIT_MS, NOW);
            let qr_code = |instance: &mut Instance| {
                let answer = instance.issue_qr_code("2@FAKE".to_owned(), NOW).unwrap();
                answer != QrAnswer::PasskeyChallenge
            };
            instance.give_every_code();
            instance.play_all(&[link]);
            assert!(!instance.connected(), "{link:?} connected");
            assert_eq!(
                instance.actions(NOW),
                [Action::TypesCode],
                "the extension's code is still good"
            );
            assert!(!qr_code(&mut instance));
            instance.restart().unwrap();
            assert!(!qr_code(&mut instance), "a restart is no reset");
            instance.reset_passkey_challenge().unwrap();
            assert!(qr_code(&mut instance));

            instance.give_every_code();
            instance.play_all(&[link, Action::TypesCode, Action::Confirms]);
            assert!(instance.connected());
            instance.disconnect();
            assert!(qr_code(&mut instance), "the connection ended the challenge");
        }
    }

    #[test]
    fn nothing_connects_without_subscription() {
        let mut instance = Instance::new(0, Scenario::SubscriptionOver, WAIT_MS, NOW);
        let over = Refusal::SubscriptionOver;
        assert!(instance.due_ms() < NOW);
        assert_eq!(
            instance.issue_qr_code("2@FAKE".to_owned(), NOW),
            Err(over.clone())
        );
        assert_eq!(instance.issue_phone_code(), Err(over.clone()));
        assert_eq!(
            instance.issue_code("FA48-HS63".to_owned(), LIFE, NOW),
            Err(over.clone())
        );
        assert_eq!(instance.reset_passkey_challenge(), Err(over.clone()));
        assert_eq!(instance.restart(), Err(over.clone()));
        assert_eq!(instance.restore_session(), Err(over));

        instance.subscribe(NOW);
        assert!(instance.due_ms() > NOW);
        instance.give_every_code();
    }

    #[test]
    fn the_queue_is_gone_once_connected_or_emptied() {
        let mut connected = Instance::new(0, Scenario::QueueWaits, WAIT_MS, NOW);
        assert_eq!(connected.waiting(), 75);
        connected.give_every_code();
        connected.play_all(&[Action::ReadsQr]);
        assert_eq!(connected.waiting(), 0);

        let mut emptied = Instance::new(0, Scenario::QueueWaits, WAIT_MS, NOW);
        emptied.empty_queue();
        assert_eq!(emptied.waiting(), 0);
    }

    #[test]
    fn an_offline_phone_comes_back() {
        let mut instance = Instance::new(0, Scenario::PhoneOffline, WAIT_MS, NOW);
        assert!(instance.connected() && !instance.smartphone_connected());
        assert_eq!(instance.actions(NOW), [Action::PhoneComesBack]);
        instance.play_all(&[Action::PhoneComesBack]);
        assert!(instance.smartphone_connected());
        assert_eq!(instance.actions(NOW), [Action::Disconnects]);
    }

    #[test]
    fn the_connection_ends_when_an_hour_passes() {
        let mut instance = Instance::new(0, Scenario::DisconnectsLater, WAIT_MS, NOW);
        assert_eq!(instance.play(Action::AnHourPasses, NOW), Err(NotNow));
        instance.give_every_code();
        instance.play_all(&[Action::ReadsQr, Action::AnHourPasses]);
        assert_eq!(instance.link(), Link::None);
    }

    #[test]
    fn a_session_is_restored_when_there_is_one() {
        let mut instance = Instance::new(0, Scenario::AsksRestore, WAIT_MS, NOW);
        assert_eq!(instance.link(), Link::ToRestore);
        instance.restart().unwrap();
        assert_eq!(instance.link(), Link::ToRestore, "restarting restores it");
        instance.restore_session().unwrap();
        assert!(instance.connected());
        instance.restore_session().unwrap();
        assert!(instance.connected());
        instance.disconnect();
        assert_eq!(instance.restore_session(), Err(Refusal::NotConnected));
    }

    #[test]
    fn a_restart_keeps_the_connection_and_voids_the_codes() {
        let mut instance = Instance::new(0, Scenario::Connects, WAIT_MS, NOW);
        instance.give_every_code();
        instance.restart().unwrap();
        assert_eq!(instance.actions(NOW), []);
        instance.give_every_code();
        instance.play_all(&[Action::ReadsQr]);
        instance.restart().unwrap();
        assert!(instance.connected());
    }

    #[test]
    fn a_hundred_thousand_customers_have_mobile_numbers_of_their_own() {
        let mut seen = HashSet::new();
        for index in 0..100_000 {
            let instance = Instance::new(index, Scenario::OtherNumber, WAIT_MS, NOW);
            for number in [instance.customer.phone, instance.own_number] {
                assert!(
                    number.len() == 13 && number.starts_with("55449"),
                    "{number}"
                );
                assert!(seen.insert(number.clone()), "{number} twice");
            }
        }
        let first = Instance::new(0, Scenario::OtherNumber, WAIT_MS, NOW);
        assert_eq!(first.customer.phone, "5544999990101");
        assert_eq!(first.own_number, "5544988880101");
    }
}
