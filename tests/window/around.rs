//! Queue, subscription and history.

use ponte_tests::{Home, word};
use practice::{Action, Scenario};

use crate::setup::{at_work, says};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_queue_is_seen_and_emptied_before_connecting() {
    let home = Home::new("queue");
    let (app, server, _) = at_work(&home, Scenario::QueueWaits).await;
    app.click("empty-queue").await;
    let emptied = || {
        let ledger = server.ledger();
        ledger
            .iter()
            .any(|call| call.method == "DELETE" && call.route.ends_with("/queue"))
    };
    assert!(!emptied(), "it asks first");
    app.confirm().await;
    says(&app, &word("queue.emptied")).await;
    assert!(emptied());
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn a_subscription_that_is_over_is_renewed_and_the_attempt_goes_on() {
    let home = Home::new("subscription");
    let (app, server, customer) = at_work(&home, Scenario::SubscriptionOver).await;
    app.click("method-qr").await;
    app.attempt_is("failed").await;
    app.click("subscribe-again").await;
    let paid = || {
        let ledger = server.ledger();
        ledger
            .iter()
            .filter(|call| call.route.ends_with("/subscription"))
            .count()
    };
    assert_eq!(paid(), 0, "it asks first");
    app.confirm().await;
    app.attempt_is("waiting").await;
    assert_eq!(paid(), 1);
    server.play(&customer.instance_id, Action::ReadsQr).unwrap();
    app.attempt_is("connected").await;
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn the_history_is_there_after_a_restart_and_opens_as_a_table() {
    let home = Home::new("history");
    let (app, server, customer) = at_work(&home, Scenario::Connects).await;
    app.click("method-qr").await;
    app.attempt_is("waiting").await;
    server.play(&customer.instance_id, Action::ReadsQr).unwrap();
    app.attempt_is("connected").await;
    app.quit().await;

    let downloads = home.path().join("downloads");
    std::fs::create_dir_all(&downloads).unwrap();
    let app = ponte_tests::App::open_with(
        home.path(),
        Some(&server.url()),
        &[
            ("HOME", downloads.to_str().unwrap()),
            ("XDG_CONFIG_HOME", downloads.to_str().unwrap()),
        ],
    )
    .await;
    app.press(&word("history.title")).await;
    let row = app.hook("history-row").await.text().await.unwrap();
    assert!(row.contains(&customer.name), "{row}");
    app.click("export-history").await;
    let saved = async {
        loop {
            let files = std::fs::read_dir(&downloads).unwrap().flatten();
            let csv = files
                .map(|file| file.path())
                .find(|path| path.extension().is_some_and(|it| it == "csv"));
            match csv.map(|path| std::fs::read_to_string(path).unwrap()) {
                Some(text) if text.ends_with("\r\n") => return text,
                _ => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    };
    let csv = tokio::time::timeout(ponte_tests::PATIENCE, saved)
        .await
        .unwrap();
    let mut lines = csv.lines();
    let heading = lines.next().unwrap();
    assert!(
        heading.starts_with("\u{feff}") && heading.contains(';'),
        "{heading}"
    );
    assert!(lines.next().unwrap().starts_with(&customer.name), "{csv}");
    app.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a D-Bus session; cargo xtask test runs it"]
async fn the_guide_opens_offline_and_may_ask_for_nothing() {
    let home = Home::new("guide");
    let app = ponte_tests::App::open(home.path(), None).await;
    app.hook("practice").await;
    let main = app.driver.window().await.unwrap();
    app.command("open_guide", serde_json::json!({})).await;
    let guide = app.other_window(&main).await;
    app.driver.switch_to_window(guide).await.unwrap();
    let picture = app.find(thirtyfour::By::Css("main img")).await;
    assert!(picture.attr("src").await.unwrap().is_some());
    for command in ["accounts", "get_code", "unfollow"] {
        let refusal = app.refusal(command).await;
        assert!(refusal.contains("not allowed"), "{command}: {refusal}");
    }
    app.driver.switch_to_window(main).await.unwrap();
    app.quit().await;
}
