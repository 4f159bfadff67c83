//! Everything the pretend Z-API remembers. No HTTP and no clock in here: the time is passed in, in
//! Unix milliseconds by the server's clock.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::faults::{self, Fault};
use crate::{Action, Call, Config, Customer, NotNow, Scenario};

/// Calls kept; older ones are forgotten.
const LEDGER_LENGTH: usize = 100_000;

/// Life of a code in [`Scenario::Expires`].
const SHORT_CODE_LIFE_MS: i64 = 20_000;

/// The extension's confirmation screen has a countdown of its own, of about a minute.
const CONFIRMATION_LIFE_MS: i64 = 60_000;

const NAMES: [&str; 7] = [
    "Padaria Aurora",
    "Clínica Vida Plena",
    "Ótica Horizonte",
    "Mercado São Jorge",
    "Pet Shop Amigo Fiel",
    "Studio Bela Forma",
    "Auto Peças Central",
];

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    InstanceNotFound,
    ClientTokenMissing,
    /// With the token that was sent, which the real answer repeats.
    ClientTokenWrong(String),
    PartnerTokenMissing,
    PartnerTokenWrong,
    SubscriptionOver,
    AlreadyConnected,
    NotConnected,
}

/// A connection code and when it dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionCode {
    pub text: String,
    pub expires_at: i64,
}

/// How far a customer has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Connection {
    None,
    /// There is a code to type.
    Code(ConnectionCode),
    /// The code was typed; the confirmation screen stays until then.
    Confirming {
        until: i64,
    },
    Connected,
}

/// One customer's instance.
#[derive(Debug)]
pub(crate) struct Instance {
    pub customer: Customer,
    /// The token that opens the instance.
    pub right_token: String,
    connection: Connection,
    /// Requests so far, by route: the place in the round of faults.
    requests: BTreeMap<String, usize>,
}

impl Instance {
    fn new(index: usize, scenario: Scenario) -> Self {
        let number = index + 1;
        let right_token = format!("70CEFA4E{number:016}");
        let name = NAMES[index % NAMES.len()];
        let customer = Customer {
            scenario,
            name: match index / NAMES.len() {
                0 => name.to_owned(),
                round => format!("{name} {}", round + 1),
            },
            instance_id: format!("3C00FA4E{number:024}"),
            token: match scenario {
                Scenario::WrongToken => format!("BADBADFA4E{number:014}"),
                _ => right_token.clone(),
            },
            phone: (5_544_999_990_100 + number).to_string(),
        };
        Self {
            customer,
            right_token,
            connection: match scenario {
                Scenario::AlreadyConnected => Connection::Connected,
                _ => Connection::None,
            },
            requests: BTreeMap::new(),
        }
    }

    pub fn connected(&self) -> bool {
        self.connection == Connection::Connected
    }

    /// The connected number, digits with country code.
    pub fn phone(&self) -> Result<String, Refusal> {
        if !self.connected() {
            return Err(Refusal::NotConnected);
        }
        Ok(match self.customer.scenario {
            Scenario::OtherNumber => self.customer.phone.replacen("99999", "98888", 1),
            _ => self.customer.phone.clone(),
        })
    }

    /// What the customer can do at `now`.
    fn actions(&self, now: i64) -> Vec<Action> {
        match &self.connection {
            Connection::Code(code) if now < code.expires_at => vec![Action::TypesCode],
            Connection::Confirming { until } if now < *until => vec![Action::Confirms],
            Connection::Connected => vec![Action::Disconnects],
            Connection::None | Connection::Code(_) | Connection::Confirming { .. } => vec![],
        }
    }

    fn play(&mut self, action: Action, now: i64) -> Result<(), NotNow> {
        if !self.actions(now).contains(&action) {
            return Err(NotNow);
        }
        self.connection = match action {
            Action::TypesCode => Connection::Confirming {
                until: now + CONFIRMATION_LIFE_MS,
            },
            Action::Confirms => Connection::Connected,
            Action::Disconnects => Connection::None,
        };
        Ok(())
    }

    /// A new code in place of the one before, typed or not.
    fn issue_code(&mut self, text: String, life: i64, now: i64) -> Result<ConnectionCode, Refusal> {
        if self.customer.scenario == Scenario::SubscriptionOver {
            return Err(Refusal::SubscriptionOver);
        }
        if self.connected() {
            return Err(Refusal::AlreadyConnected);
        }
        let life = match self.customer.scenario {
            Scenario::Expires => life.min(SHORT_CODE_LIFE_MS),
            _ => life,
        };
        let code = ConnectionCode {
            text,
            expires_at: now.saturating_add(life),
        };
        self.connection = Connection::Code(code.clone());
        Ok(code)
    }
}

/// All that is remembered.
#[derive(Debug)]
pub(crate) struct World {
    instances: Vec<Instance>,
    /// Instance id → place in `instances`.
    places: HashMap<String, usize>,
    ledger: VecDeque<Call>,
    random: fastrand::Rng,
    client_token: Option<String>,
    partner_token: String,
    code_life_ms: i64,
}

impl World {
    pub fn new(config: Config) -> Self {
        let instances: Vec<Instance> = config
            .customers
            .iter()
            .enumerate()
            .map(|(index, scenario)| Instance::new(index, *scenario))
            .collect();
        Self {
            places: instances
                .iter()
                .enumerate()
                .map(|(place, instance)| (instance.customer.instance_id.clone(), place))
                .collect(),
            instances,
            ledger: VecDeque::new(),
            random: fastrand::Rng::new(),
            client_token: config.client_token,
            partner_token: config.partner_token,
            code_life_ms: i64::try_from(config.code_life.as_millis()).unwrap_or(i64::MAX),
        }
    }

    pub fn customers(&self) -> Vec<Customer> {
        self.instances
            .iter()
            .map(|instance| instance.customer.clone())
            .collect()
    }

    pub fn instance(&self, id: &str) -> Result<&Instance, Refusal> {
        self.places
            .get(id)
            .and_then(|place| self.instances.get(*place))
            .ok_or(Refusal::InstanceNotFound)
    }

    fn instance_mut(&mut self, id: &str) -> Result<&mut Instance, Refusal> {
        self.places
            .get(id)
            .and_then(|place| self.instances.get_mut(*place))
            .ok_or(Refusal::InstanceNotFound)
    }

    pub fn actions(&self, id: &str, now: i64) -> Option<(Scenario, Vec<Action>)> {
        let instance = self.instance(id).ok()?;
        Some((instance.customer.scenario, instance.actions(now)))
    }

    pub fn play(&mut self, id: &str, action: Action, now: i64) -> Result<(), NotNow> {
        self.instance_mut(id).map_err(|_| NotNow)?.play(action, now)
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
        let requests = instance.requests.entry(route.to_owned()).or_default();
        let fault = faults::nth(route, *requests);
        *requests += 1;
        fault
    }

    pub fn issue_code(&mut self, id: &str, now: i64) -> Result<ConnectionCode, Refusal> {
        let text = code_text(&mut self.random);
        let life = self.code_life_ms;
        self.instance_mut(id)?.issue_code(text, life, now)
    }

    /// The instances whose name or id contains `query`, in capitals or not.
    pub fn find(&self, query: &str) -> Vec<&Instance> {
        let query = query.to_lowercase();
        self.instances
            .iter()
            .filter(|instance| {
                instance.customer.name.to_lowercase().contains(&query)
                    || instance
                        .customer
                        .instance_id
                        .to_lowercase()
                        .contains(&query)
            })
            .collect()
    }

    pub fn record(&mut self, call: Call) {
        if self.ledger.len() == LEDGER_LENGTH {
            self.ledger.pop_front();
        }
        self.ledger.push_back(call);
    }

    pub fn ledger(&self) -> Vec<Call> {
        self.ledger.iter().cloned().collect()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const NOW: i64 = 1_782_850_838_085;

    fn world(scenario: Scenario) -> (World, String) {
        let world = World::new(Config {
            customers: vec![scenario],
            ..Config::default()
        });
        let id = world.customers()[0].instance_id.clone();
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
    fn the_ledger_forgets_the_oldest_calls() {
        let (mut world, _) = world(Scenario::Connects);
        for at_ms in 0..=LEDGER_LENGTH as u64 {
            world.record(Call {
                at_ms,
                method: "GET".to_owned(),
                route: "/".to_owned(),
                instance_id: None,
                status: 200,
                server_ms: 0.0,
                had_client_token: false,
            });
        }
        let ledger = world.ledger();
        assert_eq!(ledger.len(), LEDGER_LENGTH);
        assert_eq!(ledger[0].at_ms, 1);
    }

    #[test]
    fn many_customers_have_names_and_ids_of_their_own() {
        let world = World::new(Config {
            customers: vec![Scenario::Connects; 1_000],
            ..Config::default()
        });
        let mut names: Vec<_> = world.customers().into_iter().map(|c| c.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 1_000);
        assert_eq!(world.places.len(), 1_000);
    }
}
