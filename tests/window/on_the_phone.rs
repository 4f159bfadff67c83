//! Connected by QR code and by phone code; WhatsApp's question for a passkey.

use ponte_tests::{Home, clipboard, word};
use practice::{Action, Scenario};
use thirtyfour::By;

use crate::setup::{at_work, says};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_qr_code_is_shown_in_app_and_presenter_and_connects() {
    let home = Home::new("qr-code");
    let (app, server, customer) = at_work(&home, Scenario::Connects).await;
    app.click("method-qr").await;
    app.attempt_is("waiting").await;
    let picture = app.hook("qr-code").await.attr("src").await.unwrap();
    let is_png = |src: &Option<String>| {
        src.as_deref()
            .is_some_and(|src| src.starts_with("data:image/png;base64,"))
    };
    assert!(is_png(&picture), "{picture:?}");
    let drawn = "return document.querySelector('[data-testid=qr-code]').naturalWidth";
    let width: u32 = app
        .driver
        .execute(drawn, vec![])
        .await
        .unwrap()
        .convert()
        .unwrap();
    assert!(width > 100, "the page could draw it: {width}");

    let main = app.driver.window().await.unwrap();
    app.press(&word("attempt.present")).await;
    let presenter = app.other_window(&main).await;
    app.driver.switch_to_window(presenter).await.unwrap();
    assert!(is_png(
        &app.hook("qr-code").await.attr("src").await.unwrap()
    ));
    app.driver.switch_to_window(main).await.unwrap();

    server.play(&customer.instance_id, Action::ReadsQr).unwrap();
    app.attempt_is("connected").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_passkey_is_noticed_and_the_extension_connects() {
    let home = Home::new("passkey");
    let (app, server, customer) = at_work(&home, Scenario::AsksPasskey).await;
    app.click("method-qr").await;
    app.attempt_is("waiting").await;
    server.play(&customer.instance_id, Action::ReadsQr).unwrap();
    // Told by the next QR code.
    app.attempt_is("passkey").await;
    says(&app, &word("passkey.title")).await;
    app.click("connect-extension").await;
    app.attempt_is("preparing").await;
    app.click("new-code").await;
    app.attempt_is("waiting").await;
    for action in [Action::TypesCode, Action::Confirms] {
        server.play(&customer.instance_id, action).unwrap();
    }
    app.attempt_is("connected").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_phone_code_is_copied_and_connects() {
    let home = Home::new("phone-code");
    let (app, server, customer) = at_work(&home, Scenario::Connects).await;
    app.click("method-phone").await;
    app.attempt_is("preparing").await;
    // The number expected stands there already.
    app.click("get-phone-code").await;
    app.attempt_is("waiting").await;
    let code = app.hook("phone-code").await.text().await.unwrap();
    let letters = |text: &str| {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
    };
    app.click("copy-code").await;
    says(&app, &word("attempt.codeCopied")).await;
    let copied = clipboard().await;
    assert!(
        letters(&code).contains(&letters(&copied)) && copied.len() >= 8,
        "{copied} of {code}"
    );
    app.click("copy-message").await;
    says(&app, &word("attempt.messageCopied")).await;
    let message = clipboard().await;
    assert!(
        message.contains(&copied) && message.contains(&customer.name),
        "{message}"
    );
    server
        .play(&customer.instance_id, Action::TypesPhoneCode)
        .unwrap();
    app.attempt_is("connected").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn what_the_customer_says_leads_to_the_extension() {
    let home = Home::new("triage");
    let (app, _server, _) = at_work(&home, Scenario::Connects).await;
    app.click("open-triage").await;
    let search = app.hook("triage-search").await;
    search
        .send_keys("verificacao de SEGURANCA rapida")
        .await
        .unwrap();
    let card = app
        .find(By::Css("[data-testid='triage-card'] button"))
        .await;
    card.click().await.unwrap();
    app.click("triage-next").await;
    app.attempt_is("preparing").await;
    app.quit().await;
}
