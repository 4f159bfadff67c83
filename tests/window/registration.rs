//! The registration of a number on a mobile instance.

use ponte_tests::{App, Home};
use practice::{CAPTCHA_ANSWER, Customer, Practice, Scenario};
use thirtyfour::By;

use crate::setup::at_work;

async fn step_is(app: &App, step: &str) {
    let page = format!("[data-testid='registration'][data-step='{step}']");
    app.find(By::Css(page)).await;
}

/// From the number to a code that is requested by SMS.
async fn request(home: &Home, scenario: Scenario) -> (App, Practice, Customer) {
    let (app, server, customer) = at_work(home, scenario).await;
    // The Partner listing tells what kind of instance it is.
    step_is(&app, "number").await;
    app.click("registration-confirm").await;
    app.click("registration-check").await;
    step_is(&app, "ways").await;
    app.click("way-sms").await;
    (app, server, customer)
}

/// Types into the field of a hook and sends it off.
async fn answer(app: &App, hook: &str, text: &str) {
    let field = app.hook(hook).await;
    field.send_keys(text).await.unwrap();
    field.send_keys("\u{e007}").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_code_by_sms_with_captcha_and_pin_connects() {
    let home = Home::new("registration");
    let (app, server, customer) = request(&home, Scenario::CaptchaAndPin).await;
    let received = || server.received(&customer.instance_id).unwrap();
    step_is(&app, "captcha").await;
    answer(&app, "captcha-answer", CAPTCHA_ANSWER).await;
    step_is(&app, "code").await;
    let code = received();
    answer(
        &app,
        "registration-code",
        &format!("{}-{}", &code[..3], &code[3..]),
    )
    .await;
    step_is(&app, "pin").await;
    answer(&app, "registration-pin", &received()).await;
    // Of a customer who is connected.
    app.hook("move").await;
    let ledger = server.ledger();
    let requests = ledger
        .iter()
        .filter(|call| call.route.ends_with("/request-registration-code"));
    assert_eq!(
        requests.count(),
        1,
        "the captcha's code is not requested again"
    );
    assert!(ledger.iter().all(|call| !call.punished));
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn killed_during_a_wait_it_waits_as_long_afterwards() {
    let home = Home::new("registration-wait");
    let (app, server, customer) = request(&home, Scenario::RegistersBySms).await;
    step_is(&app, "code").await;
    app.kill().await;

    let app = App::open(home.path(), Some(&server.url())).await;
    app.choose(&customer.name).await;
    step_is(&app, "code").await;
    app.click("another-way").await;
    step_is(&app, "ways").await;
    let way = app.hook("way-sms").await;
    assert!(
        !way.is_enabled().await.unwrap(),
        "{}",
        app.page_text().await
    );
    // Not even past the page.
    let again = serde_json::json!({"customerId": id(&app).await, "way": "sms"});
    let refusal = app.refusal_of("request_registration_code", again).await;
    assert!(refusal.contains("wayMustWait"), "{refusal}");
    let ledger = server.ledger();
    let requests = ledger
        .iter()
        .filter(|call| call.route.ends_with("/request-registration-code"));
    assert_eq!(requests.count(), 1);
    app.quit().await;
}

/// The one customer's id.
async fn id(app: &App) -> String {
    let script = "const done = arguments[0];
        const query = { text: '', accountId: null, status: null, instanceType: null, label: null,
            sort: 'name', offset: 0, limit: 1 };
        window.__TAURI_INTERNALS__.invoke('customers', { query }).then((page) => done(page.rows[0].id))";
    let id = app.driver.execute_async(script, vec![]).await.unwrap();
    id.convert().unwrap()
}
