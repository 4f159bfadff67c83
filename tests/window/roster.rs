//! The roster: from the Partner listing, from a spreadsheet, and by a link.

use std::path::Path;
use std::time::Duration;

use ponte_tests::{App, Home, word};
use practice::{Action, Config, Listing, Practice, Scenario};
use thirtyfour::By;

use crate::setup::says;

async fn partner(instances: usize) -> Practice {
    let config = Config {
        instances,
        // Slow enough for the progress to be seen.
        listing: Listing {
            pause: Duration::from_millis(60),
            ..Listing::default()
        },
        ..Config::default()
    };
    Practice::start(config).await.unwrap()
}

/// An account with the server's Partner token.
async fn with_partner_token(home: &Path, server: &Practice) -> App {
    let app = App::open(home, Some(&server.url())).await;
    app.click("add-account").await;
    app.fill(&word("accountForm.name"), "Agência Litoral").await;
    app.fill(&word("accountForm.partnerToken"), &server.partner_token())
        .await;
    app.press(&word("accountForm.save")).await;
    app
}

async fn search(app: &App, text: &str) {
    let field = app.hook("customer-search").await;
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_thousand_are_imported_one_is_found_by_half_a_name_and_connected() {
    let home = Home::new("roster");
    let server = partner(1_000).await;
    let app = with_partner_token(home.path(), &server).await;
    app.click("import").await;
    app.hook("import-progress").await;
    app.hook("import-told").await;
    search(&app, "daria auro").await;
    app.click("customer-row").await;
    app.click("method-qr").await;
    app.attempt_is("waiting").await;
    let customers = server.customers().into_iter();
    let mut aurora = customers.filter(|customer| customer.scenario == Scenario::Connects);
    let aurora = aurora.next().unwrap();
    server.play(&aurora.instance_id, Action::ReadsQr).unwrap();
    app.attempt_is("connected").await;

    // Nothing of what the listing brought as secrets is on the disk.
    let tokens: Vec<_> = server
        .customers()
        .into_iter()
        .map(|customer| customer.token)
        .collect();
    app.quit().await;
    for token in tokens.iter().take(50) {
        assert_eq!(home.file_with(token), None, "a token is on the disk");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_link_from_a_ticket_shows_its_customer_in_the_window_that_is_open() {
    let home = Home::new("link");
    let server = partner(60).await;
    let app = with_partner_token(home.path(), &server).await;
    app.click("import").await;
    app.hook("import-told").await;
    let customer = server.customers().remove(6);
    let follow = async |link: String| {
        // What a browser starts: a second Ponte, which hands the link over and ends.
        let environment = [
            ("PONTE_HOME", home.path().to_str().unwrap()),
            ("LANG", "pt_BR.UTF-8"),
        ];
        let second = tokio::process::Command::new(ponte_tests::program("PONTE_BIN"))
            .arg(link)
            .envs(environment)
            .kill_on_drop(true)
            .status();
        let ended = tokio::time::timeout(ponte_tests::PATIENCE, second).await;
        assert!(ended.unwrap().unwrap().success());
    };
    follow(format!("ponte://connect/{}", customer.instance_id)).await;
    let heading = format!("//h1[contains(., \"{}\")]", customer.name);
    app.find(By::XPath(heading)).await;
    // One that names nobody is told, and changes nothing.
    follow("ponte://connect/5511900000000".into()).await;
    app.hook("link-problem").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_spreadsheet_becomes_customers() {
    let home = Home::new("spreadsheet");
    let server = Practice::start(Config::default()).await.unwrap();
    let app = App::open(home.path(), Some(&server.url())).await;
    app.click("add-account").await;
    app.fill(&word("accountForm.name"), "Agência Litoral").await;
    app.press(&word("accountForm.save")).await;
    let mut table = String::from("Cliente;Id da instância;Token;Telefone\r\n");
    for customer in server.customers().iter().take(3) {
        let (name, id, token) = (&customer.name, &customer.instance_id, &customer.token);
        table += &format!("{name};{id};{token};{}\r\n", customer.phone);
    }
    table += "Sem identificação;;;\r\n";
    let file = home.path().join("clientes.csv");
    // As spreadsheets on Windows write it.
    let latin: Vec<u8> = table.chars().map(|c| u32::from(c) as u8).collect();
    std::fs::write(&file, latin).unwrap();

    app.press(&word("customers.add")).await;
    app.click("import-file").await;
    let field = app
        .driver
        .find(By::Css("[data-testid='csv-file']"))
        .await
        .unwrap();
    field.send_keys(file.to_str().unwrap()).await.unwrap();
    app.hook("csv-columns").await;
    app.click("csv-import").await;
    app.hook("csv-result").await;
    says(&app, "3").await;
    app.press(&word("csv.done")).await;
    app.choose("Padaria Aurora").await;
    app.click("method-qr").await;
    app.attempt_is("waiting").await;
    std::fs::remove_file(&file).unwrap();
    let token = server.customers().remove(0).token;
    app.quit().await;
    assert_eq!(home.file_with(&token), None, "a token is on the disk");
}
