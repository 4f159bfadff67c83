//! Everything the pretend Z-API remembers. No HTTP and no clock in here: the time is passed in, in
//! Unix milliseconds by the server's clock.

use crate::faults::{self, Fault};
use crate::instance::{ConnectionCode, Instance, QrAnswer, Refusal, ms};
use crate::ledger::Ledger;
use crate::listing::Paging;
use crate::registration::{Answer, Way};
use crate::roster::Roster;
use crate::{Action, Config, NotNow, Scenario};

/// All that is remembered.
#[derive(Debug)]
pub(crate) struct World {
    pub roster: Roster,
    pub paging: Paging,
    pub ledger: Ledger,
    random: fastrand::Rng,
    client_token: Option<String>,
    partner_token: String,
    code_life_ms: i64,
}

impl World {
    pub fn new(config: Config, now: i64) -> Self {
        Self {
            roster: Roster::new(&config, now),
            paging: Paging::new(config.listing),
            ledger: Ledger::default(),
            random: fastrand::Rng::new(),
            client_token: config.client_token,
            partner_token: config.partner_token,
            code_life_ms: ms(config.code_life),
        }
    }

    pub fn partner_token(&self) -> &str {
        &self.partner_token
    }

    pub fn instance(&self, id: &str) -> Result<&Instance, Refusal> {
        self.roster.get(id).ok_or(Refusal::InstanceNotFound)
    }

    pub fn instance_mut(&mut self, id: &str) -> Result<&mut Instance, Refusal> {
        self.roster.get_mut(id).ok_or(Refusal::InstanceNotFound)
    }

    pub fn actions(&self, id: &str, now: i64) -> Option<(Scenario, Vec<Action>)> {
        let instance = self.instance(id).ok()?;
        Some((instance.customer.scenario, instance.actions(now)))
    }

    pub fn play(&mut self, id: &str, action: Action, now: i64) -> Result<(), NotNow> {
        self.instance_mut(id).map_err(|_| NotNow)?.play(action, now)
    }

    pub fn received(&self, id: &str) -> Option<String> {
        self.instance(id).ok()?.received().map(str::to_owned)
    }

    /// Lets a request to an instance route in. The instance comes first: the Client-Token is its
    /// account's, so the real gateway cannot check it without knowing the instance.
    pub fn admit(&self, id: &str, token: &str, client_token: Option<&str>) -> Result<(), Refusal> {
        if self.instance(id)?.right_token != token {
            return Err(Refusal::InstanceNotFound);
        }
        match (self.client_token.as_deref(), client_token) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(Refusal::ClientTokenMissing),
            (Some(wanted), Some(sent)) if wanted == sent => Ok(()),
            (Some(_), Some(sent)) => Err(Refusal::ClientTokenWrong(sent.to_owned())),
        }
    }

    pub fn admit_partner(&self, token: Option<&str>) -> Result<(), Refusal> {
        match token {
            None | Some("") => Err(Refusal::PartnerTokenMissing),
            Some(token) if token == self.partner_token => Ok(()),
            Some(_) => Err(Refusal::PartnerTokenWrong),
        }
    }

    /// Counts a request and tells how it is to be treated.
    pub fn next_fault(&mut self, id: &str, route: &str) -> Fault {
        let Ok(instance) = self.instance_mut(id) else {
            return Fault::None;
        };
        if instance.customer.scenario != Scenario::SlowAndFaulty {
            return Fault::None;
        }
        faults::nth(route, instance.count_request(route))
    }

    pub fn issue_code(&mut self, id: &str, now: i64) -> Result<ConnectionCode, Refusal> {
        let text = code_text(&mut self.random);
        let life = self.code_life_ms;
        self.instance_mut(id)?.issue_code(text, life, now)
    }

    pub fn issue_qr_code(&mut self, id: &str, now: i64) -> Result<QrAnswer, Refusal> {
        let text = qr_code_text(&mut self.random);
        self.instance_mut(id)?.issue_qr_code(text, now)
    }

    pub fn issue_phone_code(&mut self, id: &str) -> Result<String, Refusal> {
        let text = phone_code_text(&mut self.random);
        self.instance_mut(id)?.issue_phone_code()?;
        Ok(text)
    }

    pub fn request_registration(
        &mut self,
        id: &str,
        number: String,
        way: Way,
        now: i64,
    ) -> Result<Answer, Refusal> {
        let code = registration_code_text(&mut self.random);
        self.instance_mut(id)?
            .register(|registrations| registrations.request(number, way, code, now))
    }

    pub fn respond_captcha(&mut self, id: &str, answer: &str, now: i64) -> Result<Answer, Refusal> {
        let code = registration_code_text(&mut self.random);
        self.instance_mut(id)?.register(|registrations| {
            let registration = registrations.current(now);
            registration.respond_captcha(answer, code, now)
        })
    }

    /// Subscribes the instance again, for its partner.
    pub fn subscribe(&mut self, id: &str, token: &str, now: i64) -> Result<(), Refusal> {
        match self.instance_mut(id) {
            Ok(instance) if instance.right_token == token => {
                instance.subscribe(now);
                Ok(())
            }
            _ => Err(Refusal::PartnerInstanceNotFound),
        }
    }

    /// A page was given: others may have been at work on the account.
    pub fn after_page(&mut self, now: i64) {
        if let Some(change) = self.paging.after_page() {
            self.roster.change(change, &mut self.paging.random, now);
        }
    }
}

/// Like the vendor's sample `FA48-HS63`: two letters and two digits in each half.
fn code_text(random: &mut fastrand::Rng) -> String {
    let mut half = || {
        [
            random.uppercase(),
            random.uppercase(),
            random.digit(10),
            random.digit(10),
        ]
        .into_iter()
        .collect::<String>()
    };
    format!("{}-{}", half(), half())
}

/// As the text of a real QR code: `2@` and four parts with commas between, much of it random.
fn qr_code_text(random: &mut fastrand::Rng) -> String {
    let mut part = |length| -> String {
        let random = std::iter::repeat_with(|| random.alphanumeric());
        "FAKE".chars().chain(random).take(length).collect()
    };
    format!("2@{},{},{},{}", part(96), part(44), part(44), part(44))
}

/// Like the vendor's sample `A1B2C3D4E5`.
fn phone_code_text(random: &mut fastrand::Rng) -> String {
    (0..5)
        .flat_map(|_| [random.uppercase(), random.digit(10)])
        .collect()
}

fn registration_code_text(random: &mut fastrand::Rng) -> String {
    (0..6).map(|_| random.digit(10)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const NOW: i64 = 1_782_850_838_085;

    fn world(scenario: Scenario) -> (World, String) {
        let config = Config {
            customers: vec![scenario],
            ..Config::default()
        };
        let world = World::new(config, NOW);
        let id = world.roster.customers().remove(0).instance_id;
        (world, id)
    }

    #[test]
    fn a_code_can_be_typed_until_it_dies_and_not_after() {
        for (scenario, life) in [(Scenario::Connects, 300_000), (Scenario::Expires, 20_000)] {
            let (mut world, id) = world(scenario);
            let code = world.issue_code(&id, NOW).unwrap();
            assert_eq!(code.expires_at, NOW + life, "{scenario}");
            assert_eq!(
                world.play(&id, Action::TypesCode, NOW + life),
                Err(NotNow),
                "{scenario}: a dead code was typed"
            );
            assert_eq!(world.play(&id, Action::TypesCode, NOW + life - 1), Ok(()));
        }
    }

    #[test]
    fn the_confirmation_screen_goes_away_after_a_minute() {
        let (mut world, id) = world(Scenario::Connects);
        world.issue_code(&id, NOW).unwrap();
        world.play(&id, Action::TypesCode, NOW).unwrap();
        assert_eq!(world.play(&id, Action::Confirms, NOW + 60_000), Err(NotNow));
        assert_eq!(world.play(&id, Action::Confirms, NOW + 59_999), Ok(()));
        assert!(world.instance(&id).unwrap().connected());
    }

    #[test]
    fn a_new_code_voids_the_one_that_was_typed() {
        let (mut world, id) = world(Scenario::Connects);
        let first = world.issue_code(&id, NOW).unwrap();
        world.play(&id, Action::TypesCode, NOW).unwrap();
        let second = world.issue_code(&id, NOW + 1_000).unwrap();
        assert_ne!(first.text, second.text);
        assert_eq!(world.play(&id, Action::Confirms, NOW + 1_000), Err(NotNow));
        let (_, actions) = world.actions(&id, NOW + 1_000).unwrap();
        assert_eq!(actions, [Action::TypesCode]);
    }

    #[test]
    fn each_qr_code_and_each_phone_code_is_new() {
        let (mut world, id) = world(Scenario::Connects);
        let mut qr_code = || world.issue_qr_code(&id, NOW).unwrap();
        assert_ne!(qr_code(), qr_code());
        let mut phone_code = || world.issue_phone_code(&id).unwrap();
        assert_ne!(phone_code(), phone_code());
    }
}
