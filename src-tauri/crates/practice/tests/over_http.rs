//! The pretend Z-API, asked over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::ImageFormat;
use practice::{Action, Config, Customer, NotNow, Practice, Scenario};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

async fn one(scenario: Scenario) -> (Practice, Customer) {
    start(Config {
        customers: vec![scenario],
        ..Config::default()
    })
    .await
}

async fn start(config: Config) -> (Practice, Customer) {
    let practice = Practice::start(config).await.unwrap();
    let customer = practice.customers().remove(0);
    (practice, customer)
}

fn route(practice: &Practice, customer: &Customer, what: &str) -> String {
    let Customer {
        instance_id, token, ..
    } = customer;
    format!(
        "{}/instances/{instance_id}/token/{token}/{what}",
        practice.url()
    )
}

async fn ask(practice: &Practice, customer: &Customer, what: &str) -> (StatusCode, Value) {
    json_of(reqwest::get(route(practice, customer, what)).await.unwrap()).await
}

async fn post(practice: &Practice, customer: &Customer, what: &str, body: Value) -> Response {
    let request = Client::new().post(route(practice, customer, what));
    request.json(&body).send().await.unwrap()
}

async fn json_of(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

/// Unix seconds of the answer's `Date` header.
fn date(response: &Response) -> i64 {
    let text = response.headers()["date"].to_str().unwrap();
    let date = httpdate::parse_http_date(text).unwrap();
    let since = date.duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

fn computer_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

fn actions(practice: &Practice, customer: &Customer) -> Vec<Action> {
    practice.actions(&customer.instance_id).unwrap().1
}

const NOT_CONNECTED: &str = "You are not connected.";

/// From the first status to the connected number.
async fn connect(practice: &Practice, customer: &Customer) -> Value {
    let (code, status) = ask(practice, customer, "status").await;
    assert_eq!(code, 200);
    assert_eq!(
        status,
        json!({"connected": false, "error": NOT_CONNECTED, "smartphoneConnected": false})
    );
    assert_eq!(actions(practice, customer), []);
    assert_eq!(
        ask(practice, customer, "device").await,
        (
            StatusCode::BAD_REQUEST,
            json!({"error": "You are not connected"})
        )
    );

    let (code, answer) = ask(practice, customer, "extension-token").await;
    assert_eq!(code, 200);
    let text = answer["token"].as_str().unwrap();
    let shape: String = text
        .chars()
        .map(|c| match c {
            'A'..='Z' => 'L',
            '0'..='9' => 'D',
            other => other,
        })
        .collect();
    assert_eq!(shape, "LLDD-LLDD", "{text}");

    let id = &customer.instance_id;
    assert_eq!(practice.play(id, Action::Confirms), Err(NotNow));
    assert_eq!(actions(practice, customer), [Action::TypesCode]);
    practice.play(id, Action::TypesCode).unwrap();
    assert_eq!(
        ask(practice, customer, "status").await.1["connected"],
        false
    );
    assert_eq!(actions(practice, customer), [Action::Confirms]);
    practice.play(id, Action::Confirms).unwrap();
    assert_eq!(
        ask(practice, customer, "status").await.1,
        json!({"connected": true, "error": "You are already connected", "smartphoneConnected": true})
    );
    let (code, device) = ask(practice, customer, "device").await;
    assert_eq!(code, 200);
    device
}

#[tokio::test]
async fn connects_with_the_expected_number() {
    let (practice, customer) = one(Scenario::Connects).await;
    let device = connect(&practice, &customer).await;
    assert_eq!(device["phone"], customer.phone);
    assert_eq!(device["name"], customer.name);

    let (code, me) = ask(&practice, &customer, "me").await;
    assert_eq!(code, 200);
    assert_eq!(me["connected"], true);
    assert_eq!(
        me["token"], customer.token,
        "clients show that they drop it"
    );
    assert!(me["proxyUrl"].as_str().unwrap().contains("PASSWORD"));
    let due = me["due"].as_i64().unwrap();
    assert!(due < 10_000_000_000, "seconds, not milliseconds: {due}");
}

#[tokio::test]
async fn connects_another_number_than_the_expected_one() {
    let (practice, customer) = one(Scenario::OtherNumber).await;
    let device = connect(&practice, &customer).await;
    let phone = device["phone"].as_str().unwrap();
    assert_ne!(phone, customer.phone);
    assert_eq!(phone.len(), customer.phone.len());
}

#[tokio::test]
async fn a_code_that_died_cannot_be_typed_but_a_new_one_can() {
    let (practice, customer) = start(Config {
        customers: vec![Scenario::Expires],
        code_life: Duration::from_millis(400),
        ..Config::default()
    })
    .await;
    let asked = computer_now_ms();
    let (_, answer) = ask(&practice, &customer, "extension-token").await;
    assert_eq!(actions(&practice, &customer), [Action::TypesCode]);
    tokio::time::timeout(Duration::from_secs(5), async {
        while !actions(&practice, &customer).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the code should die");
    assert!(computer_now_ms() >= answer["expiresAt"].as_i64().unwrap());
    assert!(computer_now_ms() - asked >= 400, "it died too early");
    assert_eq!(
        practice.play(&customer.instance_id, Action::TypesCode),
        Err(NotNow)
    );
    ask(&practice, &customer, "extension-token").await;
    assert_eq!(actions(&practice, &customer), [Action::TypesCode]);
}

#[tokio::test]
async fn is_connected_from_the_start_and_can_disconnect() {
    let (practice, customer) = one(Scenario::AlreadyConnected).await;
    assert_eq!(
        ask(&practice, &customer, "status").await.1["connected"],
        true
    );
    assert_eq!(
        ask(&practice, &customer, "device").await.1["phone"],
        customer.phone
    );
    assert_eq!(
        ask(&practice, &customer, "extension-token").await,
        (
            StatusCode::BAD_REQUEST,
            json!({"error": "You are already connected"})
        )
    );
    practice
        .play(&customer.instance_id, Action::Disconnects)
        .unwrap();
    connect(&practice, &customer).await;
}

#[tokio::test]
async fn a_wrong_token_is_refused_everywhere() {
    let (practice, customer) = one(Scenario::WrongToken).await;
    let refused = (
        StatusCode::BAD_REQUEST,
        json!({"error": "Instance not found"}),
    );
    for what in [
        "status",
        "device",
        "me",
        "extension-token",
        "qr-code",
        "qr-code/image",
        "phone-code/5544999990101",
        "restart",
        "disconnect",
        "restore-session",
    ] {
        assert_eq!(ask(&practice, &customer, what).await, refused, "{what}");
    }
    for what in ["reset-passkey-challenge", "queue"] {
        let response = post(&practice, &customer, what, json!({})).await;
        assert_eq!(json_of(response).await, refused, "{what}");
    }
}

const QR_ROUTES: [&str; 2] = ["qr-code/image", "qr-code"];

/// The picture's sides in pixels.
fn sides(base64: &str) -> (u32, u32) {
    let png = BASE64_STANDARD.decode(base64).unwrap();
    let picture = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
    let dark = picture.to_luma8().pixels().filter(|p| p.0[0] == 0).count();
    assert!(dark > 10_000, "{dark} dark pixels are no QR code");
    (picture.width(), picture.height())
}

#[tokio::test]
async fn a_qr_code_comes_in_every_shape_that_was_seen() {
    for scenario in [
        Scenario::Connects,
        Scenario::QueueWaits,
        Scenario::DisconnectsLater,
    ] {
        let (practice, customer) = one(scenario).await;
        let mut values = Vec::new();
        for what in QR_ROUTES {
            let (code, answer) = ask(&practice, &customer, what).await;
            assert_eq!(
                (code, answer.as_object().unwrap().len()),
                (StatusCode::OK, 1)
            );
            values.push(answer["value"].as_str().unwrap().to_owned());
        }
        assert_ne!(values[0], values[1], "each answer makes a new one");
        for value in values {
            let base64 = match scenario {
                Scenario::Connects => value.strip_prefix("data:image/png;base64,").unwrap(),
                Scenario::QueueWaits => value.as_str(),
                _ => {
                    assert!(value.starts_with("2@FAKE") && value.len() > 200, "{value}");
                    continue;
                }
            };
            let (width, height) = sides(base64);
            assert_eq!(width, height);
            assert!((300..600).contains(&width), "{width} pixels");
        }
        assert_eq!(actions(&practice, &customer), [Action::ReadsQr]);
        practice
            .play(&customer.instance_id, Action::ReadsQr)
            .unwrap();
        assert_eq!(
            ask(&practice, &customer, "device").await.1["phone"],
            customer.phone
        );
        for what in QR_ROUTES {
            assert_eq!(
                ask(&practice, &customer, what).await,
                (StatusCode::OK, json!({"connected": true}))
            );
        }
    }
}

#[tokio::test]
async fn a_phone_code_is_for_digits_only() {
    let (practice, customer) = one(Scenario::Connects).await;
    for number in ["+5544999990101", "44%2099999-0101", "number"] {
        assert_eq!(
            ask(&practice, &customer, &format!("phone-code/{number}")).await,
            (
                StatusCode::BAD_REQUEST,
                json!({"error": "Phone number must have digits only"})
            )
        );
    }
    assert_eq!(actions(&practice, &customer), []);

    let what = format!("phone-code/{}", customer.phone);
    let (code, answer) = ask(&practice, &customer, &what).await;
    assert_eq!(code, 200);
    let text = answer["value"].as_str().unwrap();
    let alternates = |(place, c): (usize, char)| match place % 2 {
        0 => c.is_ascii_uppercase(),
        _ => c.is_ascii_digit(),
    };
    assert!(
        text.len() == 10 && text.chars().enumerate().all(alternates),
        "{text}"
    );
    practice
        .play(&customer.instance_id, Action::TypesPhoneCode)
        .unwrap();
    assert_eq!(
        ask(&practice, &customer, &what).await,
        (
            StatusCode::BAD_REQUEST,
            json!({"error": "You are already connected"})
        )
    );
}

#[tokio::test]
async fn a_passkey_is_asked_for_until_that_is_reset() {
    let (practice, customer) = one(Scenario::AsksPasskey).await;
    ask(&practice, &customer, "qr-code/image").await;
    practice
        .play(&customer.instance_id, Action::ReadsQr)
        .unwrap();
    for what in QR_ROUTES {
        let (code, answer) = ask(&practice, &customer, what).await;
        assert_eq!(code, 200);
        assert!(answer["challenge"].is_object(), "{answer}");
        assert_eq!(answer.get("value"), None);
    }
    assert_eq!(
        ask(&practice, &customer, "status").await.1["error"],
        NOT_CONNECTED
    );
    let response = post(&practice, &customer, "reset-passkey-challenge", json!({})).await;
    assert_eq!(
        json_of(response).await,
        (StatusCode::OK, json!({"success": true}))
    );
    let (_, answer) = ask(&practice, &customer, "qr-code/image").await;
    assert!(answer["value"].is_string(), "{answer}");
    practice
        .play(&customer.instance_id, Action::ReadsQr)
        .unwrap();
    connect(&practice, &customer).await;
}

#[tokio::test]
async fn the_queue_is_read_in_pages_and_emptied() {
    let (practice, customer) = one(Scenario::QueueWaits).await;
    let page = async |body: Value| json_of(post(&practice, &customer, "queue", body).await).await;

    let (mut state, mut ids) = (Value::Null, Vec::new());
    for (length, more) in [(30, true), (30, true), (15, false)] {
        let (code, answer) = page(json!({"pageSize": 30, "pagingState": state})).await;
        assert_eq!(code, 200);
        let messages = answer["messages"].as_array().unwrap();
        assert_eq!((messages.len(), &answer["hasMore"]), (length, &json!(more)));
        ids.extend(messages.iter().map(|message| message["_id"].to_string()));
        assert!(messages[0]["Message"].is_string() && messages[0]["Phone"].is_string());
        state = answer["pagingState"].clone();
        assert!(state.is_string());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 75);

    let (_, first) = page(json!({})).await;
    assert_eq!(first["messages"].as_array().unwrap().len(), 20);
    for wrong in [
        json!({"pageSize": 31}),
        json!({"pageSize": 0}),
        json!({"pagingState": "FAKE"}),
    ] {
        let (code, answer) = page(wrong.clone()).await;
        assert_eq!(code, 400, "{wrong}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    let without_type = Client::new().post(route(&practice, &customer, "queue"));
    assert_eq!(without_type.send().await.unwrap().status(), 415);

    let emptied = Client::new().delete(route(&practice, &customer, "queue"));
    let response = emptied.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "");
    let (_, answer) = page(json!({"pageSize": 30})).await;
    assert_eq!(
        (&answer["messages"], &answer["hasMore"]),
        (&json!([]), &json!(false))
    );
}

#[tokio::test]
async fn restart_keeps_the_connection_and_disconnect_ends_it() {
    let done = (StatusCode::OK, json!({"value": true}));
    let (practice, customer) = one(Scenario::AlreadyConnected).await;
    assert_eq!(ask(&practice, &customer, "restart").await, done);
    assert_eq!(ask(&practice, &customer, "device").await.0, 200);
    assert_eq!(ask(&practice, &customer, "disconnect").await, done);
    connect(&practice, &customer).await;
}

#[tokio::test]
async fn a_session_is_restored() {
    let (practice, customer) = one(Scenario::AsksRestore).await;
    assert_eq!(
        ask(&practice, &customer, "status").await.1,
        json!({
            "connected": false,
            "error": "You need to restore the session",
            "smartphoneConnected": false,
        })
    );
    assert_eq!(ask(&practice, &customer, "device").await.0, 400);
    assert_eq!(
        ask(&practice, &customer, "restore-session").await,
        (StatusCode::OK, json!({"value": true}))
    );
    assert_eq!(
        ask(&practice, &customer, "device").await.1["phone"],
        customer.phone
    );
}

#[tokio::test]
async fn an_offline_phone_shows_in_the_status() {
    let (practice, customer) = one(Scenario::PhoneOffline).await;
    let status = |smartphone: bool| {
        json!({
            "connected": true,
            "error": "You are already connected",
            "smartphoneConnected": smartphone,
        })
    };
    assert_eq!(ask(&practice, &customer, "status").await.1, status(false));
    practice
        .play(&customer.instance_id, Action::PhoneComesBack)
        .unwrap();
    assert_eq!(ask(&practice, &customer, "status").await.1, status(true));
}

#[tokio::test]
async fn an_instance_without_subscription_connects_once_the_partner_renews_it() {
    let (practice, customer) = one(Scenario::SubscriptionOver).await;
    let (code, status) = ask(&practice, &customer, "status").await;
    assert_eq!(
        (code, &status["connected"]),
        (StatusCode::OK, &json!(false))
    );
    let over = (
        StatusCode::BAD_REQUEST,
        json!({"error": "To continue sending a message, you must subscribe to this instance again"}),
    );
    for what in [
        "extension-token",
        "qr-code/image",
        "qr-code",
        "phone-code/5544999990101",
        "restart",
        "restore-session",
    ] {
        assert_eq!(ask(&practice, &customer, what).await, over, "{what}");
    }
    assert_eq!(actions(&practice, &customer), []);

    let subscribe = async |customer: &Customer, token: Option<&str>| {
        let what = "integrator/on-demand/subscription";
        let request = Client::new().post(route(&practice, customer, what));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    };
    let token = practice.partner_token();
    assert_eq!(subscribe(&customer, None).await.status(), 401);
    assert_eq!(subscribe(&customer, Some("FAKEWRONG")).await.status(), 401);
    let stranger = Customer {
        token: "FAKEWRONG".to_owned(),
        ..customer.clone()
    };
    assert_eq!(
        json_of(subscribe(&stranger, Some(&token)).await).await,
        (
            StatusCode::NOT_FOUND,
            json!({"message": "Instance not found"})
        )
    );
    assert_eq!(ask(&practice, &customer, "qr-code").await, over);

    assert_eq!(subscribe(&customer, Some(&token)).await.status(), 201);
    connect(&practice, &customer).await;
}

/// What a request on a faulty route came to.
async fn outcome(url: &str) -> &'static str {
    let asked = Instant::now();
    let response = reqwest::get(url).await.unwrap();
    let slow = asked.elapsed() >= Duration::from_secs(2);
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").cloned();
    let body = response.text().await.unwrap();
    match (status, serde_json::from_str::<Value>(&body).is_ok()) {
        (200, true) if slow => "slow",
        (200, true) => "right",
        (200, false) if body.starts_with('{') => "truncated",
        (502, false) if body.contains("<html>") => "bad gateway",
        (429, true) if retry_after.unwrap() == "2" => "too often",
        other => panic!("{other:?}: {body}"),
    }
}

#[tokio::test]
async fn the_faulty_gateway_goes_through_its_round() {
    const ROUND: [&str; 6] = [
        "slow",
        "bad gateway",
        "too often",
        "truncated",
        "right",
        "slow",
    ];
    let (practice, customer) = one(Scenario::SlowAndFaulty).await;
    let status = route(&practice, &customer, "status");
    let code = route(&practice, &customer, "extension-token");
    assert_eq!(outcome(&status).await, "right", "it can be chosen");
    for expected in ROUND {
        assert_eq!(outcome(&status).await, expected);
    }
    for expected in &ROUND[..5] {
        assert_eq!(outcome(&code).await, *expected);
        // Broken answers issue nothing: the code that the agent reads out stays good.
        assert_eq!(actions(&practice, &customer), [Action::TypesCode]);
    }
    let round = async |what: &str| {
        let url = route(&practice, &customer, what);
        for expected in &ROUND[..5] {
            assert_eq!(outcome(&url).await, *expected, "{what}");
        }
    };
    tokio::join!(round("qr-code/image"), round("phone-code/5544999990101"));
    let id = &customer.instance_id;
    practice.play(id, Action::TypesCode).unwrap();
    practice.play(id, Action::Confirms).unwrap();
    for expected in ["bad gateway", "too often", "truncated", "right"] {
        assert_eq!(outcome(&status).await, expected);
    }
    let (_, device) = ask(&practice, &customer, "device").await;
    assert_eq!(device["phone"], customer.phone);
}

#[tokio::test]
async fn date_and_expiry_follow_the_servers_clock() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    for clock_offset in [0, 700, DAY_MS, -DAY_MS, i64::MAX, i64::MIN] {
        let (practice, customer) = start(Config {
            customers: vec![Scenario::Connects],
            clock_offset,
            ..Config::default()
        })
        .await;
        let server_now = || {
            let now = computer_now_ms().saturating_add(clock_offset);
            now.clamp(0, 253_370_764_800_000)
        };
        let before = server_now();
        let response = reqwest::get(route(&practice, &customer, "extension-token"))
            .await
            .unwrap();
        let after = server_now();
        let date = date(&response);
        assert!(
            (before / 1000..=after / 1000).contains(&date),
            "offset {clock_offset}: {date} is not between {before} and {after}"
        );
        let expires_at = json_of(response).await.1["expiresAt"].as_i64().unwrap();
        assert!(
            (before + 300_000..=after + 300_000).contains(&expires_at),
            "offset {clock_offset}: {expires_at}"
        );
    }
}

#[tokio::test]
async fn the_client_token_is_demanded_when_there_is_one() {
    let (practice, customer) = start(Config {
        client_token: Some("FAKECLIENTTOKEN01".to_owned()),
        ..Config::default()
    })
    .await;
    let url = route(&practice, &customer, "status");
    assert_eq!(
        ask(&practice, &customer, "status").await,
        (StatusCode::FORBIDDEN, json!({"error": "null not allowed"}))
    );
    let with = async |token: &str| {
        let request = Client::new().get(&url).header("Client-Token", token);
        json_of(request.send().await.unwrap()).await
    };
    assert_eq!(
        with("FAKEWRONG").await,
        (
            StatusCode::FORBIDDEN,
            json!({"error": "Client-Token FAKEWRONG not allowed"})
        )
    );
    assert_eq!(with("FAKECLIENTTOKEN01").await.0, 200);
    let had: Vec<_> = practice
        .ledger()
        .iter()
        .map(|call| (call.had_client_token, call.status))
        .collect();
    assert_eq!(had, [(false, 403), (true, 403), (true, 200)]);
}

#[tokio::test]
async fn unknown_routes_and_wrong_verbs() {
    let (practice, customer) = one(Scenario::Connects).await;
    let not_found = json!({
        "error": "NOT_FOUND",
        "message": "Unable to find matching target resource method",
    });
    for url in [
        practice.url(),
        format!("{}/nothing/here", practice.url()),
        route(&practice, &customer, "no-such-method"),
    ] {
        let answer = json_of(reqwest::get(url).await.unwrap()).await;
        assert_eq!(answer, (StatusCode::OK, not_found.clone()));
    }
    let response = Client::new()
        .post(route(&practice, &customer, "status"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(response.headers().contains_key("date"));
}

#[tokio::test]
async fn the_partner_lists_the_instances() {
    let practice = Practice::start(Config::default()).await.unwrap();
    let list = async |query: &str, token: Option<&str>| {
        let url = format!("{}/instances{query}", practice.url());
        let request = Client::new().request(Method::GET, url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        json_of(request.send().await.unwrap()).await
    };
    assert_eq!(
        list("", None).await,
        (
            StatusCode::UNAUTHORIZED,
            json!({"message": "Authorization token is empty"})
        )
    );
    assert_eq!(list("", Some("FAKEWRONG")).await.0, 401);

    let token = Config::default().partner_token;
    let (code, page) = list("?page=2&pageSize=3", Some(&token)).await;
    assert_eq!(code, 200);
    let numbers = [
        &page["total"],
        &page["totalPage"],
        &page["page"],
        &page["pageSize"],
    ];
    assert_eq!(numbers, [24, 8, 2, 3]);
    let customers = practice.customers();
    assert_eq!(page["content"][0]["id"], customers[3].instance_id);
    assert_eq!(page["content"].as_array().unwrap().len(), 3);
    let due = page["content"][0]["due"].as_i64().unwrap();
    assert!(due > 10_000_000_000, "milliseconds, not seconds: {due}");

    let (_, found) = list("?query=%C3%93TICA", Some(&token)).await;
    assert_eq!(found["total"], 1);
    assert_eq!(found["content"][0]["name"], "Ótica Horizonte");
    let wrong = customers
        .iter()
        .find(|customer| customer.scenario == Scenario::WrongToken)
        .unwrap();
    let (_, found) = list(&format!("?query={}", wrong.instance_id), Some(&token)).await;
    assert_ne!(
        found["content"][0]["token"], wrong.token,
        "the roster has the right one"
    );
    for (middleware, total, first) in [("web", 12, 0), ("mobile", 12, 12)] {
        let query = format!("?middleware={middleware}");
        let (_, found) = list(&query, Some(&token)).await;
        assert_eq!(found["total"], total, "{middleware}");
        let row = &found["content"][0];
        assert_eq!(row["id"], customers[first].instance_id);
        assert_eq!(row["middleware"], middleware);
    }
    assert_eq!(list("?page=9", Some(&token)).await.1["content"], json!([]));
}

#[tokio::test]
async fn the_ledger_names_routes_and_never_tokens() {
    let (practice, customer) = one(Scenario::SlowAndFaulty).await;
    ask(&practice, &customer, "status").await;
    reqwest::get(format!("{}/{}", practice.url(), customer.token))
        .await
        .unwrap();
    // The second status is slow: this caller does not wait for it.
    Client::new()
        .get(route(&practice, &customer, "status"))
        .timeout(Duration::from_millis(200))
        .send()
        .await
        .unwrap_err();
    let ledger = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            let ledger = practice.ledger();
            if ledger.len() == 3 {
                return ledger;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the call whose caller hung up is recorded");

    let status = "/instances/{id}/token/{token}/status";
    let lines: Vec<_> = ledger
        .iter()
        .map(|call| (call.route.as_str(), call.status, call.instance_id.as_ref()))
        .collect();
    let id = Some(&customer.instance_id);
    assert_eq!(
        lines,
        [(status, 200, id), ("unknown", 200, None), (status, 499, id)]
    );
    assert!(ledger[0].server_ms < 1_000.0);
    assert!(ledger[2].server_ms >= 100.0);
    assert!(
        !serde_json::to_string(&ledger)
            .unwrap()
            .contains(&customer.token)
    );
}

#[tokio::test]
async fn the_ledger_names_no_phone_number() {
    let (practice, customer) = one(Scenario::Connects).await;
    let what = format!("phone-code/{}", customer.phone);
    ask(&practice, &customer, &what).await;
    post(&practice, &customer, "queue", json!({})).await;
    let ledger = practice.ledger();
    let lines: Vec<_> = ledger
        .iter()
        .map(|call| (call.method.as_str(), call.route.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("GET", "/instances/{id}/token/{token}/phone-code/{phone}"),
            ("POST", "/instances/{id}/token/{token}/queue"),
        ]
    );
    assert!(
        ledger
            .iter()
            .all(|call| call.instance_id.as_ref() == Some(&customer.instance_id))
    );
    let written = serde_json::to_string(&ledger).unwrap();
    assert!(!written.contains(&customer.phone) && !written.contains(&customer.token));
}

#[tokio::test]
async fn another_program_plays_the_customer() {
    let (practice, customer) = one(Scenario::Connects).await;
    let base = format!("{}/practice", practice.url());
    let get = async |what: &str| {
        json_of(reqwest::get(format!("{base}/{what}")).await.unwrap())
            .await
            .1
    };
    assert_eq!(get("ping").await, json!({"practice": true}));
    assert_eq!(get("customers").await, json!([customer]));
    assert_eq!(get("ledger").await, json!([]));

    let one = format!("customers/{}", customer.instance_id);
    assert_eq!(
        get(&one).await,
        json!({"scenario": "connects", "actions": [], "received": null})
    );
    ask(&practice, &customer, "extension-token").await;

    let play = async |who: &str, action: &str| {
        Client::new()
            .post(format!("{base}/{who}/play"))
            .json(&json!({"action": action}))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(play(&one, "confirms").await.status(), StatusCode::CONFLICT);
    assert_eq!(
        play("customers/nobody", "confirms").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        json_of(play(&one, "typesCode").await).await,
        (
            StatusCode::OK,
            json!({"scenario": "connects", "actions": ["confirms"], "received": null})
        )
    );
    play(&one, "confirms").await;
    assert_eq!(
        ask(&practice, &customer, "status").await.1["connected"],
        true
    );
    assert_eq!(get("ledger").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn dropping_it_stops_it() {
    let (practice, customer) = one(Scenario::Connects).await;
    let url = route(&practice, &customer, "status");
    let client = Client::new();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    drop(practice);
    tokio::time::timeout(Duration::from_secs(5), async {
        // The kept connection and the port close as soon as the server's task has run.
        while client.get(&url).send().await.is_ok() {}
    })
    .await
    .expect("the server should stop");
    assert!(reqwest::get(&url).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn the_program_prints_its_customers_and_ends_with_its_input() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_practice"))
        .args(["--port", "0", "--customers", "otherNumber,expires"])
        .args(["--clock-offset-ms", "-3600000", "--until-stdin-closes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let url = line();
    assert!(line().contains(&Config::default().partner_token));
    let (first, second) = (line(), line());
    assert!(first.starts_with("otherNumber"), "{first}");
    assert!(second.starts_with("expires"), "{second}");

    let address = first.split_whitespace().last().unwrap();
    assert!(address.starts_with(&url) && address.ends_with("/send-text"));
    let response = reqwest::get(address.replace("send-text", "status"))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let behind = computer_now_ms() / 1000 - date(&response);
    assert!((3600..3610).contains(&behind), "{behind} s");

    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}

#[test]
fn scenarios_have_names() {
    for scenario in Scenario::ALL {
        assert_eq!(scenario.to_string().parse::<Scenario>(), Ok(scenario));
    }
    assert!("sometimes".parse::<Scenario>().is_err());
}

const MOBILE_POSTS: [&str; 7] = [
    "registration-available",
    "request-registration-code",
    "respond-captcha",
    "confirm-registration-code",
    "confirm-pin-code",
    "recovery-pin-code",
    "request-unbanning",
];

/// A body with every field of the mobile routes.
fn mobile_body(customer: &Customer) -> Value {
    json!({
        "ddi": &customer.phone[..2],
        "phone": &customer.phone[2..],
        "method": "sms",
        "captcha": "000000",
        "code": "000000",
        "appealToken": "FAKE",
        "description": "FAKE",
    })
}

/// One registration, as a client sees it.
struct Mobile {
    practice: Practice,
    customer: Customer,
}

impl Mobile {
    async fn start(scenario: Scenario) -> Self {
        let (practice, customer) = one(scenario).await;
        Self { practice, customer }
    }

    /// Posts a body in which `field` is `text`.
    async fn with(&self, what: &str, field: &str, text: &str) -> Value {
        let mut body = mobile_body(&self.customer);
        body[field] = json!(text);
        let what = format!("mobile/{what}");
        let response = post(&self.practice, &self.customer, &what, body).await;
        let (code, answer) = json_of(response).await;
        assert_eq!(code, 200, "{what}");
        answer
    }

    async fn check(&self) -> Value {
        self.with("registration-available", "method", "").await
    }

    async fn request(&self, way: &str) -> Value {
        self.with("request-registration-code", "method", way).await
    }

    async fn confirm(&self, code: &str) -> Value {
        self.with("confirm-registration-code", "code", code).await
    }

    async fn transfer(&self) -> (StatusCode, Value) {
        let what = "mobile/device-transfer-confirmed";
        ask(&self.practice, &self.customer, what).await
    }

    fn received(&self) -> String {
        self.practice.received(&self.customer.instance_id).unwrap()
    }

    fn play(&self, action: Action) {
        let id = &self.customer.instance_id;
        self.practice.play(id, action).unwrap();
    }

    /// To the code that was sent.
    async fn code(&self) -> String {
        self.check().await;
        self.request("sms").await;
        self.received()
    }

    async fn assert_registered(&self) {
        assert_eq!(
            ask(&self.practice, &self.customer, "status").await.1,
            json!({"connected": true, "error": "You are already connected", "smartphoneConnected": false})
        );
        let (_, device) = ask(&self.practice, &self.customer, "device").await;
        assert_eq!(device["phone"], self.customer.phone);
        assert!(self.practice.ledger().iter().all(|call| !call.punished));
    }
}

fn open_in(seconds: i64) -> Value {
    json!({
        "available": true,
        "smsWaitSeconds": seconds,
        "voiceWaitSeconds": seconds,
        "waOldWaitSeconds": seconds,
        "waOldEligible": true,
    })
}

fn on_its_way(way: &str) -> Value {
    json!({
        "success": true,
        "retryAfter": 165,
        "smsWaitSeconds": 125,
        "voiceWaitSeconds": 125,
        "waOldWaitSeconds": 125,
        "method": way,
    })
}

#[tokio::test]
async fn a_number_is_registered_by_every_way() {
    for way in ["sms", "voice", "wa_old"] {
        let mobile = Mobile::start(Scenario::RegistersBySms).await;
        assert_eq!(mobile.check().await, open_in(0));
        assert_eq!(mobile.request(way).await, on_its_way(way));
        let code = mobile.received();
        assert!(
            code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
            "{code}"
        );
        let wrong = if code == "000000" { "111111" } else { "000000" };
        assert_eq!(mobile.confirm(wrong).await["success"], false);
        assert_eq!(mobile.confirm(&code).await, json!({"success": true}));
        mobile.assert_registered().await;

        let (practice, customer) = (&mobile.practice, &mobile.customer);
        for what in MOBILE_POSTS {
            let what = format!("mobile/{what}");
            let response = post(practice, customer, &what, mobile_body(customer)).await;
            let connected = json!({"error": "You are already connected"});
            assert_eq!(
                json_of(response).await,
                (StatusCode::BAD_REQUEST, connected),
                "{what}"
            );
        }
        ask(practice, customer, "disconnect").await;
        assert_eq!(
            ask(practice, customer, "status").await.1["connected"],
            false
        );
        let left = mobile.check().await["smsWaitSeconds"].as_i64().unwrap();
        assert!((1..=125).contains(&left), "the waits go on: {left}");
    }
}

#[tokio::test]
async fn waits_end_when_time_passes() {
    let mobile = Mobile::start(Scenario::MustWait).await;
    assert_eq!(mobile.check().await, open_in(125));
    mobile.practice.time_passes(Duration::from_secs(125));
    assert_eq!(mobile.check().await, open_in(0));
    assert_eq!(mobile.request("sms").await, on_its_way("sms"));
    assert_eq!(mobile.confirm(&mobile.received()).await["success"], true);
    mobile.assert_registered().await;
}

#[tokio::test]
async fn the_wait_can_be_set() {
    let (practice, customer) = start(Config {
        customers: vec![Scenario::RegistersBySms],
        registration_wait: Duration::from_millis(1_500),
        ..Config::default()
    })
    .await;
    let mobile = Mobile { practice, customer };
    mobile.check().await;
    let answer = mobile.request("sms").await;
    assert_eq!(
        (&answer["smsWaitSeconds"], &answer["retryAfter"]),
        (&json!(2), &json!(2))
    );
}

#[tokio::test]
async fn what_the_real_one_punishes_blocks_the_number_and_is_in_the_ledger() {
    let early = Mobile::start(Scenario::RegistersBySms).await;
    early.code().await;
    let captcha = Mobile::start(Scenario::Captcha).await;
    captcha.check().await;
    captcha.request("sms").await;
    captcha.practice.time_passes(Duration::from_secs(600));
    let twice = Mobile::start(Scenario::Captcha).await;
    twice.check().await;
    twice.request("sms").await;
    twice.practice.time_passes(Duration::from_secs(600));
    let answer = practice::CAPTCHA_ANSWER;
    let answered = twice.with("respond-captcha", "captcha", answer).await;
    assert_eq!(answered, json!({"success": true}));
    let nothing_sent = Mobile::start(Scenario::RegistersBySms).await;
    nothing_sent.check().await;

    let request = "request-registration-code";
    for (mobile, what) in [
        (early, request),
        (captcha, request),
        (twice, request),
        (nothing_sent, "confirm-registration-code"),
    ] {
        let before = mobile.practice.ledger();
        assert!(before.iter().all(|call| !call.punished), "{what}");
        assert_eq!(
            mobile.with(what, "method", "sms").await,
            json!({"success": false, "blocked": true}),
            "{what}"
        );
        assert_eq!(
            mobile.check().await,
            json!({"available": false, "blocked": true}),
            "{what}"
        );
        let ledger = mobile.practice.ledger();
        let since = ledger[before.len()..].iter();
        let punished: Vec<_> = since.map(|call| call.punished).collect();
        assert_eq!(punished, [true, false], "{what}");
    }
}

#[tokio::test]
async fn a_captcha_is_a_picture_that_can_be_answered_again() {
    let mobile = Mobile::start(Scenario::Captcha).await;
    mobile.check().await;
    let mut answer = mobile.request("sms").await;
    let captcha = answer.as_object_mut().unwrap().remove("captcha").unwrap();
    assert_eq!(answer, on_its_way("sms"));
    let png = BASE64_STANDARD.decode(captcha.as_str().unwrap()).unwrap();
    let picture = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
    assert!(picture.width() > 100 && picture.height() > 40);

    let respond = async |answer: &str| mobile.with("respond-captcha", "captcha", answer).await;
    assert_eq!(respond("000000").await, json!({"success": false}));
    assert_eq!(mobile.practice.received(&mobile.customer.instance_id), None);
    let right = respond(practice::CAPTCHA_ANSWER).await;
    assert_eq!(right, json!({"success": true}));
    assert_eq!(mobile.confirm(&mobile.received()).await["success"], true);
    mobile.assert_registered().await;
}

#[tokio::test]
async fn a_pin_is_asked_for_and_reset() {
    for (scenario, forgotten) in [(Scenario::AsksPin, false), (Scenario::ForgotPin, true)] {
        let mobile = Mobile::start(scenario).await;
        let code = mobile.code().await;
        assert_eq!(
            mobile.confirm(&code).await,
            json!({"success": false, "confirmSecurityCode": true})
        );
        if forgotten {
            assert_eq!(mobile.practice.received(&mobile.customer.instance_id), None);
            // The real one takes no body.
            let what = "mobile/recovery-pin-code";
            let recover = Client::new().post(route(&mobile.practice, &mobile.customer, what));
            assert_eq!(
                json_of(recover.send().await.unwrap()).await,
                (StatusCode::OK, json!({"success": true}))
            );
            mobile.play(Action::ResetsPin);
        }
        let confirm = async |pin: &str| mobile.with("confirm-pin-code", "code", pin).await;
        assert_eq!(confirm("000000").await["success"], false);
        let pin = mobile.received();
        assert_eq!(confirm(&pin).await, json!({"success": true}));
        mobile.assert_registered().await;
        let mut ledger = mobile.practice.ledger();
        for call in &mut ledger {
            // Any digits may be in these.
            (call.at_ms, call.server_ms) = (0, 0.0);
        }
        let ledger = serde_json::to_string(&ledger).unwrap();
        for secret in [&code, &pin, &mobile.customer.phone[2..]] {
            assert!(!ledger.contains(secret), "{secret} is in {ledger}");
        }
    }
}

#[tokio::test]
async fn the_phone_confirms_the_transfer() {
    let mobile = Mobile::start(Scenario::ConfirmsOnPhone).await;
    let not_yet = (StatusCode::BAD_REQUEST, json!({"success": false}));
    let code = mobile.code().await;
    assert_eq!(
        mobile.confirm(&code).await,
        json!({"success": false, "deviceConfirm": true})
    );
    assert_eq!(mobile.transfer().await, not_yet);
    mobile.play(Action::ConfirmsTransfer);
    let done = (StatusCode::OK, json!({"success": true}));
    assert_eq!(mobile.transfer().await, done);
    mobile.assert_registered().await;
}

#[tokio::test]
async fn a_closed_way_is_told() {
    let mobile = Mobile::start(Scenario::VoiceClosed).await;
    let answer = mobile.check().await;
    assert_eq!(
        (&answer["voiceWaitSeconds"], &answer["waOldEligible"]),
        (&json!(-1), &json!(false))
    );
    assert_eq!(mobile.request("voice").await["success"], false);
    assert_eq!(mobile.request("sms").await["voiceWaitSeconds"], -1);
}

#[tokio::test]
async fn a_blocked_number_is_freed_by_an_appeal() {
    let mobile = Mobile::start(Scenario::Blocked).await;
    let answer = mobile.check().await;
    let token = answer["appealToken"].as_str().unwrap();
    assert_eq!(
        answer,
        json!({"available": false, "blocked": true, "appealToken": token})
    );
    let appeal = async || mobile.with("request-unbanning", "appealToken", token).await;
    let in_review = json!({"success": true, "status": "IN_REVIEW"});
    assert_eq!(appeal().await, in_review);
    mobile.play(Action::AppealAccepted);
    let unbanned = json!({"success": true, "status": "UNBANNED"});
    assert_eq!(appeal().await, unbanned);
    assert_eq!(mobile.check().await, open_in(0));

    let for_good = Mobile::start(Scenario::BlockedForGood).await;
    assert_eq!(for_good.check().await, open_in(0));
    let blocked = json!({"success": false, "blocked": true});
    assert_eq!(for_good.request("sms").await, blocked);
}

#[tokio::test]
async fn too_many_tries_need_a_new_code() {
    let mobile = Mobile::start(Scenario::TooManyTries).await;
    let code = mobile.code().await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for _ in 0..2 {
        let answer = json!({"success": false, "reason": "mismatch"});
        assert_eq!(mobile.confirm(wrong).await, answer);
    }
    let answer = mobile.confirm(wrong).await;
    assert_eq!(answer["reason"], "too_many_guesses");
    assert_eq!(answer["smsWaitSeconds"], 125);
    assert_eq!(mobile.confirm(&code).await["success"], false);
    mobile.practice.time_passes(Duration::from_secs(125));
    assert_eq!(mobile.request("voice").await, on_its_way("voice"));
    assert_eq!(mobile.confirm(&mobile.received()).await["success"], true);
    mobile.assert_registered().await;
}

#[tokio::test]
async fn odd_answers_leave_things_out() {
    let mobile = Mobile::start(Scenario::OddAnswers).await;
    let answer = mobile.check().await;
    assert_eq!(answer["available"], false);
    assert!(answer["reason"].is_string(), "{answer}");
    assert_eq!(mobile.check().await, json!({"available": true}));
    assert_eq!(
        mobile.request("sms").await,
        json!({"success": true, "retryAfter": "165"})
    );
    assert_eq!(mobile.confirm(&mobile.received()).await["success"], true);
    mobile.assert_registered().await;
}

#[tokio::test]
async fn each_kind_of_instance_refuses_the_methods_of_the_other() {
    let refused = (
        StatusCode::BAD_REQUEST,
        json!({"error": "Method not available for the middleware of this instance"}),
    );
    let mobile = Mobile::start(Scenario::RegistersBySms).await;
    for what in ["extension-token", "qr-code", "phone-code/5544999990101"] {
        let answer = ask(&mobile.practice, &mobile.customer, what).await;
        assert_eq!(answer, refused, "{what}");
    }
    let (practice, customer) = one(Scenario::Connects).await;
    let web = Mobile { practice, customer };
    for what in MOBILE_POSTS {
        let what = format!("mobile/{what}");
        let body = mobile_body(&web.customer);
        let response = post(&web.practice, &web.customer, &what, body).await;
        assert_eq!(json_of(response).await, refused, "{what}");
    }
    assert_eq!(web.transfer().await, refused);
}

#[tokio::test]
async fn a_number_to_register_has_digits_only() {
    let mobile = Mobile::start(Scenario::RegistersBySms).await;
    for (ddi, phone) in [
        ("+55", "44999990101"),
        ("55", "(44) 99999-0101"),
        ("55", ""),
    ] {
        let body = json!({"ddi": ddi, "phone": phone});
        let what = "mobile/registration-available";
        let response = post(&mobile.practice, &mobile.customer, what, body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{ddi} {phone}");
    }
}

#[tokio::test]
async fn another_program_sees_what_the_customer_received() {
    let mobile = Mobile::start(Scenario::RegistersBySms).await;
    let code = mobile.code().await;
    let id = &mobile.customer.instance_id;
    let url = format!("{}/practice/customers/{id}", mobile.practice.url());
    assert_eq!(
        json_of(reqwest::get(url).await.unwrap()).await.1,
        json!({"scenario": "registersBySms", "actions": [], "received": code})
    );
}

#[test]
fn a_ledger_from_before_registrations_can_be_read() {
    let call: practice::Call = serde_json::from_value(json!({
        "atMs": 1,
        "method": "GET",
        "route": "unknown",
        "instanceId": null,
        "status": 200,
        "serverMs": 0.5,
        "hadClientToken": false,
    }))
    .unwrap();
    assert!(!call.punished);
}
