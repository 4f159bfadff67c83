//! The app with accounts and customers of a pretend Z-API.

use ponte_tests::{App, Home, word};
use practice::{Action, Config, Customer, Practice, Scenario};
use thirtyfour::By;

pub const PARTNER_TOKEN: &str = "FAKEPARTNERTOKENFAKE0001";
pub const CLIENT_TOKEN: &str = "F0FAKECLIENTTOKENF0FAKES";

pub async fn practice(scenarios: &[Scenario]) -> Practice {
    let config = Config {
        customers: scenarios.to_vec(),
        client_token: Some(CLIENT_TOKEN.into()),
        partner_token: PARTNER_TOKEN.into(),
        ..Config::default()
    };
    Practice::start(config).await.unwrap()
}

pub async fn app(home: &Home, server: &Practice) -> App {
    App::open(home.path(), Some(&server.url())).await
}

pub async fn add_account(app: &App) {
    app.click("add-account").await;
    app.fill(&word("accountForm.name"), "Agência Litoral").await;
    app.fill(&word("accountForm.clientToken"), CLIENT_TOKEN)
        .await;
    app.fill(&word("accountForm.partnerToken"), PARTNER_TOKEN)
        .await;
    app.press(&word("accountForm.save")).await;
    app.hook("customer-search").await;
}

pub async fn add_customer(app: &App, customer: &Customer, server: &Practice) {
    app.press(&word("customers.add")).await;
    app.fill(
        &word("customerForm.address"),
        &customer.address(&server.url()),
    )
    .await;
    app.fill(&word("customerForm.name"), &customer.name).await;
    app.fill(&word("customerForm.phone"), &customer.phone).await;
    // The button in the dialog says the same as the one that opened it, perhaps.
    let save = By::XPath("//dialog[@open]//button[@type='submit']");
    app.find(save).await.click().await.unwrap();
    app.choose(&customer.name).await;
}

/// The app with an account, and one customer who is chosen.
pub async fn at_work(home: &Home, scenario: Scenario) -> (App, Practice, Customer) {
    let server = practice(&[scenario]).await;
    let customer = server.customers().remove(0);
    let app = app(home, &server).await;
    add_account(&app).await;
    add_customer(&app, &customer, &server).await;
    (app, server, customer)
}

/// Waits until the page says exactly this somewhere.
pub async fn says(app: &App, text: &str) {
    app.find(By::XPath(format!("//*[normalize-space()=\"{text}\"]")))
        .await;
}

/// The customer does what the message says.
pub fn connect(server: &Practice, customer: &Customer) {
    for action in [Action::TypesCode, Action::Confirms] {
        server.play(&customer.instance_id, action).unwrap();
    }
}

pub async fn get_code(app: &App) -> String {
    app.click("method-extension").await;
    app.attempt_is("preparing").await;
    app.click("new-code").await;
    app.attempt_is("waiting").await;
    app.code().await
}
