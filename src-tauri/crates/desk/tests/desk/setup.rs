//! A desk, an account, customers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use desk::accounts::{Account, AccountForm};
use desk::attempt::Method;
use desk::attempt::view::{Attempt, Phase};
use desk::clock::SystemClock;
use desk::customers::{CustomerForm, CustomerRow};
use desk::vault::{Keep, Memory, Vault};
use desk::{Config, Desk, Language};
use practice::{Action, Customer, Practice, Scenario};
use tokio::time::timeout;

pub const CLIENT_TOKEN: &str = "F0FAKECLIENTTOKENF0FAKES";
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn practice(scenarios: &[Scenario]) -> Practice {
    let config = practice::Config {
        customers: scenarios.to_vec(),
        client_token: Some(CLIENT_TOKEN.into()),
        ..practice::Config::default()
    };
    Practice::start(config).await.unwrap()
}

pub async fn desk_over(url: &str, folder: Option<&Path>, keychain: Arc<Memory>) -> Arc<Desk> {
    let config = Config {
        folder: folder.map(Path::to_owned),
        vault: Vault::new(keychain, Duration::from_secs(1)),
        fixed_address: Some(url.to_owned()),
        clock: Arc::new(SystemClock),
    };
    Desk::open(config).await.unwrap()
}

/// One keychain for all desks of a test, as on one computer.
pub fn keychain() -> Arc<Memory> {
    thread_local! {
        static KEYCHAIN: Arc<Memory> = Arc::default();
    }
    KEYCHAIN.with(Arc::clone)
}

pub async fn desk(server: &Practice) -> Arc<Desk> {
    desk_over(&server.url(), None, Arc::default()).await
}

pub fn account_form(client_token: Option<&str>) -> AccountForm {
    AccountForm {
        name: "Agência Litoral".into(),
        client_token: client_token.map(Into::into),
        partner_token: None,
        keep: Keep::Keychain,
    }
}

pub async fn account(desk: &Desk) -> Account {
    desk.add_account(account_form(Some(CLIENT_TOKEN)))
        .await
        .unwrap()
}

pub fn form(
    account: &Account,
    name: &str,
    address: &str,
    token: Option<&str>,
    phone: &str,
) -> CustomerForm {
    CustomerForm {
        account_id: account.id.clone(),
        name: name.into(),
        address: address.into(),
        token: token.map(Into::into),
        phone: phone.into(),
        language: Language::Portuguese,
        note: String::new(),
        labels: String::new(),
        keep: Keep::Keychain,
    }
}

pub async fn customer(
    desk: &Desk,
    account: &Account,
    server: &Practice,
    customer: &Customer,
) -> CustomerRow {
    let address = customer.address(&server.url());
    desk.add_customer(form(
        account,
        &customer.name,
        &address,
        None,
        &customer.phone,
    ))
    .await
    .unwrap()
}

/// Waits for a view of the attempt that is wanted.
pub async fn until(desk: &Arc<Desk>, id: &str, wanted: impl Fn(&Phase) -> bool) -> Attempt {
    let mut changes = desk.changes(id);
    let seen = async {
        loop {
            if let Some(view) = desk.attempt_view(id).await.unwrap()
                && wanted(&view.phase)
            {
                return view;
            }
            changes.next().await;
        }
    };
    timeout(PATIENCE, seen)
        .await
        .expect("the attempt gets there")
}

/// A desk with one customer, and that customer as the pretend Z-API knows them.
pub struct Setting {
    pub server: Practice,
    pub desk: Arc<Desk>,
    pub id: String,
    pub known: Customer,
}

impl Setting {
    pub async fn with(scenario: Scenario) -> Self {
        let server = practice(&[scenario]).await;
        let desk = desk(&server).await;
        let account = account(&desk).await;
        let known = server.customers().remove(0);
        let row = customer(&desk, &account, &server, &known).await;
        Self {
            server,
            desk,
            id: row.id,
            known,
        }
    }

    pub fn play(&self, action: Action) {
        self.server.play(&self.known.instance_id, action).unwrap();
    }

    pub async fn start(&self, method: Method) {
        self.desk.start_attempt(&self.id, method).await.unwrap();
    }

    pub async fn until(&self, wanted: impl Fn(&Phase) -> bool) -> Attempt {
        until(&self.desk, &self.id, wanted).await
    }

    /// Calls that the pretend Z-API got on a route.
    pub fn calls(&self, route: &str) -> usize {
        let ledger = self.server.ledger();
        ledger
            .iter()
            .filter(|call| call.route.ends_with(route))
            .count()
    }
}
