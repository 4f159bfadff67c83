//! Each documented or seen answer, at its route, to the request that the documentation asks for.

use std::time::{Duration, UNIX_EPOCH};

use secrecy::ExposeSecret;
use serde_json::json;
use wiremock::matchers::{any, body_bytes, body_json, header, method, path, query_param};
use wiremock::{Mock, MockBuilder, MockServer, Request, ResponseTemplate};
use zapi::{Client, Device, Error, Middleware, QrCode, Refusal, Status, Unexpected, UnixMillis};

use crate::{
    CLIENT_TOKEN, ID, NAME, NEW_ID, NEW_TOKEN, PARTNER_TOKEN, PHONE, SECRETS, TOKEN, client,
    credentials, error_of, value_of,
};

const LOWEST_PRIORITY: u8 = u8::MAX;
const DATE: &str = "Tue, 30 Jun 2026 20:20:38 GMT";
const PAGING_STATE: &str = "SAMPLE-PAGING-STATE";

pub(crate) fn fixture(name: &str) -> ResponseTemplate {
    with_status(name, 200)
}

pub(crate) fn with_status(name: &str, status: u16) -> ResponseTemplate {
    let file = format!("{}/tests/answers/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let body = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    ResponseTemplate::new(status).set_body_raw(body, "application/json")
}

/// A server that gives `answer` once to `expected`. Any other call fails the test, which then
/// prints the call.
pub(crate) async fn server(expected: MockBuilder, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    expected.respond_with(answer).expect(1).mount(&server).await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(599))
        .with_priority(LOWEST_PRIORITY)
        .expect(0)
        .named("a call that was not expected")
        .mount(&server)
        .await;
    server
}

pub(crate) fn instance_call(route: &str) -> MockBuilder {
    instance_call_by("GET", route)
}

pub(crate) fn instance_call_by(verb: &str, route: &str) -> MockBuilder {
    Mock::given(method(verb))
        .and(path(format!("/instances/{ID}/token/{TOKEN}/{route}")))
        .and(header("Client-Token", CLIENT_TOKEN))
        .and(|request: &Request| !request.headers.contains_key("authorization"))
}

fn partner_call() -> MockBuilder {
    partner_call_by("GET", "/instances")
        .and(query_param("page", "1"))
        .and(query_param("pageSize", "15"))
}

fn partner_call_by(verb: &str, route: &str) -> MockBuilder {
    Mock::given(method(verb))
        .and(path(route))
        .and(header(
            "Authorization",
            format!("Bearer {PARTNER_TOKEN}").as_str(),
        ))
        .and(|request: &Request| !request.headers.contains_key("client-token"))
}

/// A request that says that it has no body.
pub(crate) fn without_body(call: MockBuilder) -> MockBuilder {
    call.and(header("Content-Length", "0"))
        .and(body_bytes(b""))
        .and(|request: &Request| !request.headers.contains_key("content-type"))
}

#[tokio::test]
async fn status() {
    for (name, connected, smartphone_connected, message) in [
        (
            "status-connected",
            true,
            Some(true),
            "You are already connected",
        ),
        (
            "status-connected-full-stop",
            true,
            Some(true),
            "You are already connected.",
        ),
        (
            "status-not-connected",
            false,
            Some(false),
            "You are not connected",
        ),
        (
            "status-restore-session",
            false,
            None,
            "You need to restore the session.",
        ),
    ] {
        let server = server(instance_call("status"), fixture(name)).await;
        let status = client(&server.uri())
            .instance(&credentials())
            .status()
            .await;
        let expected = Status {
            connected,
            smartphone_connected,
            needs_restore: name == "status-restore-session",
            message: Some(message.to_owned()),
        };
        assert_eq!(value_of(status), expected, "{name}");
    }
}

#[tokio::test]
async fn device() {
    let server = server(instance_call("device"), fixture("device")).await;
    let device = client(&server.uri())
        .instance(&credentials())
        .device()
        .await;
    let expected = Device {
        phone: Some("5511999999999".to_owned()),
        name: Some("Sample Shop".to_owned()),
        original_device: Some("iphone".to_owned()),
        is_business: Some(false),
    };
    assert_eq!(value_of(device), expected);
}

#[tokio::test]
async fn me_without_its_secrets() {
    let server = server(instance_call("me"), fixture("me")).await;
    let me = value_of(client(&server.uri()).instance(&credentials()).me().await);
    assert_eq!(me.name.as_deref(), Some("Sample Shop"));
    assert_eq!(me.connected, Some(true));
    assert_eq!(me.due, Some(UnixMillis(1_700_000_000_000)));
    assert_eq!(me.payment_status.as_deref(), Some("PAID"));
    let told = format!("{me:?}");
    for secret in [TOKEN, "SAMPLE-PROXY-PASSWORD"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn extension_token_with_the_servers_date() {
    let answer = fixture("extension-token").insert_header("Date", DATE);
    let server = server(instance_call("extension-token"), answer).await;
    let credentials = credentials();
    let received = client(&server.uri())
        .instance(&credentials)
        .extension_token()
        .await
        .unwrap();
    assert_eq!(received.value.token, "FA48-HS63");
    assert_eq!(received.value.expires_at, Some(1_782_851_138_085));
    assert_eq!(
        received.date,
        Some(UNIX_EPOCH + Duration::from_secs(1_782_850_838))
    );
    let told = format!("{received:?}");
    assert!(!told.contains("FA48"), "{told}");
}

#[tokio::test]
async fn qr_code() {
    let picture = b"\x89PNG\r\n\x1a\n";
    for (name, status) in [("qr-code-data-url", 200), ("qr-code-base64", 200)] {
        let server = server(instance_call("qr-code/image"), with_status(name, status)).await;
        let client = client(&server.uri());
        let code = value_of(client.instance(&credentials()).qr_code().await);
        assert_eq!(format!("{code:?}"), "Image(..)", "{name}");
        assert!(
            matches!(&code, QrCode::Image(bytes) if bytes.starts_with(picture)),
            "{name}"
        );
    }
    let text = "2@SAMPLE/REF+0,SAMPLEKEY0=,SAMPLEKEY1=,SAMPLE==";
    for (name, status, expected, told) in [
        (
            "qr-code-text",
            200,
            QrCode::Text(text.to_owned()),
            "Text(..)",
        ),
        ("qr-code-challenge", 200, QrCode::Challenge, "Challenge"),
        (
            "qr-code-connected",
            200,
            QrCode::AlreadyConnected,
            "AlreadyConnected",
        ),
        (
            "status-connected",
            200,
            QrCode::AlreadyConnected,
            "AlreadyConnected",
        ),
        (
            "error-already-connected",
            200,
            QrCode::AlreadyConnected,
            "AlreadyConnected",
        ),
        (
            "error-already-connected",
            400,
            QrCode::AlreadyConnected,
            "AlreadyConnected",
        ),
        (
            "error-already-connected-full-stop",
            200,
            QrCode::AlreadyConnected,
            "AlreadyConnected",
        ),
        (
            "error-already-connected-full-stop",
            400,
            QrCode::AlreadyConnected,
            "AlreadyConnected",
        ),
    ] {
        let answer = with_status(name, status).insert_header("Date", DATE);
        let server = server(instance_call("qr-code/image"), answer).await;
        let client = client(&server.uri());
        let received = client.instance(&credentials()).qr_code().await.unwrap();
        assert_eq!(received.value, expected, "{name} {status}");
        assert_eq!(format!("{:?}", received.value), told);
        assert!(received.date.is_some(), "{name} {status} lost its date");
    }
}

#[tokio::test]
async fn phone_code() {
    let server = server(
        instance_call(&format!("phone-code/{PHONE}")),
        fixture("phone-code"),
    )
    .await;
    let client = client(&server.uri());
    let code = value_of(client.instance(&credentials()).phone_code(PHONE).await);
    assert_eq!(code.value, "A1B2C3D4E5");
    let told = format!("{code:?}");
    assert!(!told.contains("A1B2"), "{told}");
}

#[tokio::test]
async fn a_phone_that_is_not_digits_is_not_sent() {
    let server = MockServer::start().await;
    let client = client(&server.uri());
    let (plus, long) = (format!("+{PHONE}"), "5".repeat(16));
    for phone in ["", "..", " ", "55 11", "٥٥", plus.as_str(), long.as_str()] {
        let error = client
            .instance(&credentials())
            .phone_code(phone)
            .await
            .unwrap_err();
        assert_eq!(error, Unexpected::UnknownRoute.into(), "{phone:?}");
    }
    let received = server.received_requests().await.unwrap();
    assert!(received.is_empty(), "{received:?}");
}

#[tokio::test]
async fn codes_of_an_instance_that_is_connected_already() {
    for (name, status) in [
        ("error-already-connected", 200),
        ("error-already-connected", 400),
        ("error-already-connected-full-stop", 400),
        ("qr-code-connected", 200),
    ] {
        let answer = with_status(name, status);
        let server = server(instance_call("extension-token"), answer.clone()).await;
        let result = client(&server.uri())
            .instance(&credentials())
            .extension_token()
            .await;
        assert_eq!(error_of(result), Error::AlreadyConnected, "{name} {status}");
        let server = self::server(instance_call(&format!("phone-code/{PHONE}")), answer).await;
        let result = client(&server.uri())
            .instance(&credentials())
            .phone_code(PHONE)
            .await;
        assert_eq!(error_of(result), Error::AlreadyConnected, "{name} {status}");
    }
}

#[tokio::test]
async fn reset_passkey_challenge() {
    let call = || without_body(instance_call_by("POST", "reset-passkey-challenge"));
    let healthy = server(call(), fixture("reset-passkey-challenge")).await;
    let client_of = |server: &MockServer| client(&server.uri());
    let result = client_of(&healthy)
        .instance(&credentials())
        .reset_passkey_challenge()
        .await;
    value_of(result);
    let failing = server(call(), fixture("error-reset-passkey-challenge")).await;
    let result = client_of(&failing)
        .instance(&credentials())
        .reset_passkey_challenge()
        .await;
    assert_eq!(error_of(result), Unexpected::Said.into());
}

#[tokio::test]
async fn restart_disconnect_and_restore_session() {
    let credentials = credentials();
    for route in ["restart", "disconnect", "restore-session"] {
        let server = server(instance_call(route), fixture("value-true")).await;
        let client = client(&server.uri());
        let instance = client.instance(&credentials);
        value_of(match route {
            "restart" => instance.restart().await,
            "disconnect" => instance.disconnect().await,
            _ => instance.restore_session().await,
        });
    }
}

#[tokio::test]
async fn a_queue_page_by_page() {
    for (asked, name, messages, paging_state, has_more) in [
        (None, "queue", 2, Some(PAGING_STATE), true),
        (Some(PAGING_STATE), "queue-last-page", 0, None, false),
    ] {
        let call = instance_call_by("POST", "queue")
            .and(header("Content-Type", "application/json"))
            .and(body_json(json!({"pageSize": 30, "pagingState": asked})));
        let server = server(call, fixture(name)).await;
        let client = client(&server.uri());
        let page = value_of(client.instance(&credentials()).queue_page(asked).await);
        assert_eq!(
            (page.messages, page.has_more),
            (messages, has_more),
            "{name}"
        );
        assert_eq!(page.paging_state.as_deref(), paging_state, "{name}");
        let told = format!("{page:?}");
        assert!(!told.contains("SAMPLE"), "{told}");
    }
}

#[tokio::test]
async fn an_emptied_queue() {
    for answer in [
        fixture("value-true"),
        ResponseTemplate::new(204),
        ResponseTemplate::new(200),
    ] {
        let server = server(
            instance_call_by("DELETE", "queue").and(body_bytes(b"")),
            answer,
        )
        .await;
        let client = client(&server.uri());
        value_of(client.instance(&credentials()).empty_queue().await);
    }
}

#[tokio::test]
async fn subscribe() {
    let route = format!("/instances/{ID}/token/{TOKEN}/integrator/on-demand/subscription");
    let call = || without_body(partner_call_by("POST", &route));
    let partner_token = PARTNER_TOKEN.into();
    for (answer, expected) in [
        (ResponseTemplate::new(201), Ok(())),
        (with_status("value-true", 201), Ok(())),
        (
            with_status("error-partner-token-empty", 401),
            Err(Refusal::PartnerToken.into()),
        ),
        (
            ResponseTemplate::new(403),
            Err(Refusal::PartnerToken.into()),
        ),
        (
            with_status("error-partner-instance-not-found", 404),
            Err(Error::NoSuchInstance),
        ),
    ] {
        let server = server(call(), answer).await;
        let client = client(&server.uri());
        let result = client
            .partner(&partner_token)
            .subscribe(ID, &TOKEN.into())
            .await;
        match expected {
            Ok(()) => value_of(result),
            Err(expected) => assert_eq!(error_of(result), expected),
        }
    }
}

#[tokio::test]
async fn create() {
    for (middleware, body) in [
        (Middleware::Web, json!({"name": NAME})),
        (Middleware::Mobile, json!({"name": NAME, "isDevice": true})),
    ] {
        let call = || {
            partner_call_by("POST", "/instances/integrator/on-demand")
                .and(header("Content-Type", "application/json"))
                .and(body_json(&body))
        };
        for status in [200, 201] {
            let server = server(call(), with_status("partner-new-instance", status)).await;
            let result = client(&server.uri())
                .partner(&PARTNER_TOKEN.into())
                .create(NAME, middleware)
                .await;
            let new = value_of(result);
            assert_eq!(new.id, NEW_ID);
            assert_eq!(new.token.expose_secret(), NEW_TOKEN);
            assert_eq!(new.due, Some(UnixMillis(1_648_565_999_675)));
            let told = format!("{new:?}");
            assert!(!told.contains("SAMPLE"), "{told}");
        }
        for (answer, expected) in [
            (
                with_status("error-partner-token-empty", 401),
                Refusal::PartnerToken.into(),
            ),
            (ResponseTemplate::new(403), Refusal::PartnerToken.into()),
            (
                ResponseTemplate::new(400)
                    .set_body_json(json!({"message": format!("{NAME} is taken")})),
                Unexpected::Said.into(),
            ),
            (
                ResponseTemplate::new(201).set_body_json(json!({"id": NEW_ID})),
                Unexpected::Shape.into(),
            ),
            (
                ResponseTemplate::new(201).set_body_json(json!({"token": NEW_TOKEN})),
                Unexpected::Shape.into(),
            ),
        ] {
            let server = server(call(), answer).await;
            let result = client(&server.uri())
                .partner(&PARTNER_TOKEN.into())
                .create(NAME, middleware)
                .await;
            assert_eq!(error_of(result), expected);
        }
    }
}

#[tokio::test]
async fn a_call_without_client_token_sends_none() {
    let call = Mock::given(path(format!("/instances/{ID}/token/{TOKEN}/status")))
        .and(|request: &Request| !request.headers.contains_key("client-token"));
    let server = server(call, fixture("status-connected")).await;
    let mut credentials = credentials();
    credentials.client_token = None;
    let status = client(&server.uri()).instance(&credentials).status().await;
    assert!(value_of(status).connected);
}

#[tokio::test]
async fn partner_instances() {
    let server = server(partner_call(), fixture("partner-instances")).await;
    let page = client(&server.uri())
        .partner(&PARTNER_TOKEN.into())
        .instances(1, 15)
        .await;
    let page = value_of(page);
    assert_eq!((page.total, page.total_pages), (Some(1), Some(1)));
    let [row] = page.rows.as_slice() else {
        panic!("the sample has one row: {page:?}");
    };
    assert_eq!(row.middleware, Some(Middleware::Web));
    assert_eq!(row.whatsapp_connected, Some(false));
    assert_eq!(row.phone_connected, Some(false));
    assert_eq!(row.due, Some(UnixMillis(1_648_565_999_675)));
}

#[tokio::test]
async fn errors_of_an_instance() {
    let ip = "203.0.113.7".parse().ok();
    for (name, status, expected) in [
        (
            "error-client-token-missing",
            200,
            Refusal::ClientTokenMissing.into(),
        ),
        (
            "error-client-token-not-configured",
            400,
            Refusal::ClientTokenNotConfigured.into(),
        ),
        (
            "error-client-token-wrong",
            403,
            Refusal::ClientTokenWrong.into(),
        ),
        ("error-address", 200, Refusal::Address { ip }.into()),
        ("error-instance-not-found", 400, Error::NoSuchInstance),
        ("error-subscription-over", 400, Error::SubscriptionOver),
        ("error-unknown-route", 200, Unexpected::UnknownRoute.into()),
    ] {
        let server = server(instance_call("status"), with_status(name, status)).await;
        let result = client(&server.uri())
            .instance(&credentials())
            .status()
            .await;
        assert_eq!(error_of(result), expected, "{name}");
    }
}

#[tokio::test]
async fn errors_of_a_partner() {
    for (name, status, expected) in [
        (
            "error-partner-token-empty",
            401,
            Refusal::PartnerToken.into(),
        ),
        (
            "error-partner-instance-not-found",
            404,
            Error::NoSuchInstance,
        ),
    ] {
        let server = server(partner_call(), with_status(name, status)).await;
        let client = client(&server.uri());
        let result = client.partner(&PARTNER_TOKEN.into()).instances(1, 15).await;
        assert_eq!(error_of(result), expected, "{name}");
    }
}

#[tokio::test]
async fn too_often() {
    let answer = ResponseTemplate::new(429).insert_header("Retry-After", "12");
    let server = server(instance_call("extension-token"), answer).await;
    let client = client(&server.uri());
    let result = client.instance(&credentials()).extension_token().await;
    let retry_after = Some(Duration::from_secs(12));
    assert_eq!(error_of(result), Error::TooOften { retry_after });
}

#[tokio::test]
async fn credentials_that_no_request_can_hold_are_wrong_without_a_call() {
    let server = MockServer::start().await;
    let client = client(&server.uri());
    let (mut id, mut client_token) = (credentials(), credentials());
    id.id = "..".to_owned();
    client_token.client_token = Some("SAMPLE\nTOKEN".into());
    let error = client.instance(&id).status().await.unwrap_err();
    assert_eq!(error, Error::NoSuchInstance);
    let error = client.instance(&client_token).status().await.unwrap_err();
    assert_eq!(error, Refusal::ClientTokenWrong.into());
    let error = client
        .partner(&"SAMPLE\nTOKEN".into())
        .instances(1, 15)
        .await
        .unwrap_err();
    assert_eq!(error, Refusal::PartnerToken.into());
    let error = client
        .partner(&PARTNER_TOKEN.into())
        .subscribe(ID, &"..".into())
        .await
        .unwrap_err();
    assert_eq!(error, Error::NoSuchInstance);
    let error = client
        .partner(&"SAMPLE\nTOKEN".into())
        .create(NAME, Middleware::Web)
        .await
        .unwrap_err();
    assert_eq!(error, Refusal::PartnerToken.into());
    let received = server.received_requests().await.unwrap();
    assert!(received.is_empty(), "{received:?}");
}

#[tokio::test]
async fn a_base_address_may_have_a_path() {
    let call = Mock::given(path(format!("/prefix/instances/{ID}/token/{TOKEN}/status")));
    let server = server(call, fixture("status-connected")).await;
    let base = format!("{}/prefix/", server.uri());
    let status = client(&base).instance(&credentials()).status().await;
    assert!(value_of(status).connected);
}

#[tokio::test]
async fn warming_sends_no_credential_and_takes_any_answer() {
    let call = Mock::given(method("HEAD"))
        .and(path("/"))
        .and(|request: &Request| {
            let headers = &request.headers;
            !headers.contains_key("client-token") && !headers.contains_key("authorization")
        });
    let server = server(call, ResponseTemplate::new(404)).await;
    let warmed = client(&format!("{}/prefix", server.uri())).warm().await;
    assert_eq!(warmed, Ok(()));
}

#[test]
fn debug_output_is_redacted() {
    let client = Client::builder().build().unwrap();
    let credentials = credentials();
    let token = PARTNER_TOKEN.into();
    let told = format!(
        "{credentials:?} {:?} {:?} {client:?}",
        client.instance(&credentials),
        client.partner(&token),
    );
    for secret in SECRETS {
        assert!(!told.contains(secret), "{told}");
    }
}
