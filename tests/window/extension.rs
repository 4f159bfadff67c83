//! The main job: connected by the extension's code, and no secret anywhere.

use std::time::Duration;

use ponte_tests::{App, Home, PATIENCE, clipboard, keyring, processes, program, word};
use practice::Scenario;
use serde_json::json;
use thirtyfour::By;

use crate::setup::{
    CLIENT_TOKEN, PARTNER_TOKEN, add_account, add_customer, app, at_work, connect, get_code,
    practice, says,
};

const REPLACED_TOKEN: &str = "FAKEPARTNERTOKENFAKE0002";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn from_an_empty_app_to_connected_and_no_secret_anywhere() {
    let home = Home::new("connect");
    let server = practice(&[Scenario::Connects]).await;
    let customer = server.customers().remove(0);
    let app = app(&home, &server).await;
    app.hook("practice").await;
    app.record_messages().await;

    add_account(&app).await;
    add_customer(&app, &customer, &server).await;
    let code = get_code(&app).await;
    assert_eq!(code.len(), 9, "{code}");

    app.click("copy-code").await;
    says(&app, &word("attempt.codeCopied")).await;
    assert_eq!(clipboard().await, code, "what is copied is what is shown");
    app.click("copy-message").await;
    says(&app, &word("attempt.messageCopied")).await;
    let message = clipboard().await;
    for part in [
        code.as_str(),
        &customer.name,
        "chromewebstore.google.com",
        "Conectar na Z-API",
    ] {
        assert!(
            message.contains(part),
            "the message lacks {part}: {message}"
        );
    }

    connect(&server, &customer);
    app.attempt_is("connected").await;

    let accounts = app.driver.execute_async(
        "const done = arguments[0]; window.__TAURI_INTERNALS__.invoke('accounts').then((all) => done(all[0].id))",
        vec![],
    );
    let id: String = accounts.await.unwrap().convert().unwrap();
    let replace =
        json!({ "id": id, "secret": "partnerToken", "value": REPLACED_TOKEN, "keep": "keychain" });
    app.command("set_account_secret", replace).await;
    // As an agent would copy it.
    app.command("copy_diagnostic_report", json!({})).await;
    let report = clipboard().await;
    assert!(report.contains("Ponte "), "{report}");

    let secrets = [
        CLIENT_TOKEN,
        PARTNER_TOKEN,
        REPLACED_TOKEN,
        customer.token.as_str(),
    ];
    let messages = app.recorded_messages().await;
    assert!(
        messages.len() > 10,
        "the recorder works: {}",
        messages.len()
    );
    assert!(
        messages.iter().any(|m| m.contains(&code)),
        "it hears the attempt as well"
    );
    let mut places: Vec<(String, Vec<u8>)> = messages
        .into_iter()
        .map(|message| ("a message to the window".into(), message.into_bytes()))
        .collect();
    places.push(("the diagnostic report".into(), report.into_bytes()));
    for pid in processes::all() {
        for file in ["cmdline", "environ"] {
            places.push((
                format!("{file} of process {pid}"),
                processes::read(pid, file),
            ));
        }
    }
    app.quit().await;
    let files = home.files();
    assert!(files.iter().any(|file| file.ends_with("ponte.db")));
    assert!(
        files.iter().any(|file| file.ends_with("logs/ponte.log")),
        "{files:?}"
    );
    for file in files {
        places.push((
            file.display().to_string(),
            std::fs::read(&file).unwrap_or_default(),
        ));
    }
    for secret in secrets {
        for (place, bytes) in &places {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is in {place}");
        }
    }
    for (place, bytes) in &places {
        if place.ends_with("ponte.log") || place.contains("report") {
            let text = String::from_utf8_lossy(bytes);
            assert!(
                !text.contains(&customer.name) && !text.contains(&code),
                "{place}: {text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn an_expired_code_cannot_be_copied_and_a_new_one_connects() {
    let home = Home::new("expiry");
    let (app, server, customer) = at_work(&home, Scenario::Expires).await;
    let first = get_code(&app).await;
    // This customer's codes live 20 s; the state is awaited, not the time.
    app.attempt_is("expired").await;
    let copy = app
        .driver
        .find_all(By::Css(
            "[data-testid='copy-code'], [data-testid='copy-message']",
        ))
        .await;
    assert!(
        copy.unwrap().is_empty(),
        "nothing offers to copy a dead code"
    );
    app.click("new-code").await;
    app.attempt_is("waiting").await;
    let second = app.code().await;
    assert_ne!(first, second);
    connect(&server, &customer);
    app.attempt_is("connected").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn killed_in_an_attempt_it_starts_again_with_everything() {
    let home = Home::new("killed");
    let server = practice(&[Scenario::Connects, Scenario::AlreadyConnected]).await;
    let customers = server.customers();
    let app = app(&home, &server).await;
    add_account(&app).await;
    for customer in &customers {
        add_customer(&app, customer, &server).await;
    }
    app.choose(&customers[0].name).await;
    get_code(&app).await;
    app.kill().await;

    let app = App::open(home.path(), Some(&server.url())).await;
    app.choose(&customers[1].name).await;
    app.choose(&customers[0].name).await;
    get_code(&app).await;
    connect(&server, &customers[0]);
    app.attempt_is("connected").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn practice_needs_one_click_and_touches_nothing_of_the_real_profile() {
    let home = Home::new("practice");
    let before = keyring::entries();
    let app = App::open(home.path(), None).await;
    app.click("practice").await;
    app.choose("Padaria Aurora").await;
    let code = get_code(&app).await;
    assert_eq!(code.len(), 9);
    app.press(&word("practice.actions.typesCode")).await;
    app.press(&word("practice.actions.confirms")).await;
    app.attempt_is("connected").await;
    app.press(&word("app.leavePractice")).await;
    app.hook("add-account").await;
    app.quit().await;
    let trace = home.file_with("Padaria Aurora");
    assert_eq!(trace, None, "practice left a trace");
    assert_eq!(
        keyring::entries(),
        before,
        "practice asked the keychain for nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_second_launch_ends_and_brings_the_first_to_the_front() {
    let home = Home::new("twice");
    let app = App::open(home.path(), None).await;
    app.hook("practice").await;
    assert!(app.outside(&["windowunmap", "--sync"]).await);
    assert!(!app.outside(&[]).await, "the window is hidden");
    let second = tokio::process::Command::new(program("PONTE_BIN"))
        .env("PONTE_HOME", home.path())
        .status();
    let status = tokio::time::timeout(PATIENCE, second).await;
    assert!(
        status
            .expect("the second ends by itself")
            .unwrap()
            .success()
    );
    let shown = async {
        while !app.outside(&[]).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, shown)
        .await
        .expect("the first is shown again");
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn the_window_comes_back_in_its_size() {
    let home = Home::new("size");
    let app = App::open(home.path(), None).await;
    app.hook("practice").await;
    assert!(app.outside(&["windowsize", "--sync", "1011", "707"]).await);
    app.quit_by_key().await;
    drop(app);
    let again = App::open(home.path(), None).await;
    again.hook("practice").await;
    let width = again
        .driver
        .execute("return window.innerWidth", vec![])
        .await
        .unwrap();
    assert_eq!(width.convert::<u32>().unwrap(), 1011);
    again.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn quitting_takes_less_than_a_second_whatever_is_under_way() {
    let home = Home::new("quit");
    let (app, _server, _) = at_work(&home, Scenario::SlowAndFaulty).await;
    // This customer's second status call takes two seconds.
    app.click("method-extension").await;
    app.attempt_is("checking").await;
    let took = app.quit_by_key().await;
    assert!(took < Duration::from_secs(1), "took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn the_presenter_shows_the_code_and_may_ask_for_nothing_else() {
    let home = Home::new("presenter");
    let app = App::open(home.path(), None).await;
    app.click("practice").await;
    app.choose("Padaria Aurora").await;
    let code = get_code(&app).await;
    let main = app.driver.window().await.unwrap();
    app.press(&word("attempt.present")).await;
    let presenter = app.other_window(&main).await;
    app.driver.switch_to_window(presenter).await.unwrap();
    assert_eq!(app.code().await, code);
    app.hook("time-left").await;
    for command in [
        "accounts",
        "customers",
        "get_code",
        "copy_code",
        "follow_attempt",
        "plugin:event|listen",
    ] {
        let refusal = app.refusal(command).await;
        assert!(refusal.contains("not allowed"), "{command}: {refusal}");
    }
    app.driver.switch_to_window(main).await.unwrap();
    for command in [
        "presenter_follow",
        "plugin:shell|execute",
        "plugin:clipboard-manager|read_text",
    ] {
        let refusal = app.refusal(command).await;
        assert!(refusal.contains("not allowed"), "{command}: {refusal}");
    }
    app.press(&word("app.leavePractice")).await;
    app.hook("add-account").await;
    let closed = async {
        while app.driver.windows().await.unwrap().len() > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, closed)
        .await
        .expect("it closes with practice");
    app.quit().await;
}
