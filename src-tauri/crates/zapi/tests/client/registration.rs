//! The registration of a number on a *mobile* instance.

use serde_json::{Value, json};
use wiremock::matchers::{body_bytes, body_json, header};
use wiremock::{MockBuilder, MockServer, ResponseTemplate};
use zapi::{
    Client, CodeConfirmed, CodeMethod, CodeRequested, Error, Number, Outcome, Received, Rejection,
    SecretString, UnbanStatus, Unbanning, Unexpected, Wait, Waits,
};

use crate::documented::{
    fixture, instance_call, instance_call_by, server, with_status, without_body,
};
use crate::{
    APPEAL_TOKEN, DESCRIPTION, NATIONAL_PHONE, SECRETS, TYPED, client, credentials, error_of,
    value_of,
};

const NOW: Waits = Waits {
    sms: Wait::Now,
    voice: Wait::Now,
    wa_old: Wait::Now,
    wa_old_eligible: Some(true),
};
const AFTER_A_CODE: Waits = Waits {
    sms: Wait::Seconds(125),
    voice: Wait::Seconds(125),
    wa_old: Wait::Seconds(125),
    wa_old_eligible: None,
};

fn number() -> Number {
    Number {
        ddi: "55".to_owned(),
        phone: NATIONAL_PHONE.to_owned(),
    }
}

fn posted(route: &str, body: Value) -> MockBuilder {
    instance_call_by("POST", &format!("mobile/{route}"))
        .and(header("Content-Type", "application/json"))
        .and(body_json(body))
}

fn asked_for_a_code(method: &str) -> MockBuilder {
    posted(
        "request-registration-code",
        json!({"ddi": "55", "phone": NATIONAL_PHONE, "method": method}),
    )
}

/// A server for one call, and its client.
async fn answering(call: MockBuilder, answer: ResponseTemplate) -> (MockServer, Client) {
    let server = server(call, answer).await;
    let client = client(&server.uri());
    (server, client)
}

async fn ask_for_a_code(
    client: &Client,
    method: CodeMethod,
) -> Result<Received<CodeRequested>, Error> {
    client
        .instance(&credentials())
        .request_registration_code(&number(), method)
        .await
}

#[tokio::test]
async fn registration_available() {
    for (name, available, blocked, waits) in [
        ("registration-available", true, false, NOW),
        ("registration-blocked", false, true, Waits::default()),
    ] {
        let call = posted(
            "registration-available",
            json!({"ddi": "55", "phone": NATIONAL_PHONE}),
        );
        let (_server, client) = answering(call, fixture(name)).await;
        let credentials = credentials();
        let instance = client.instance(&credentials);
        let answer = value_of(instance.registration_available(&number()).await);
        assert_eq!(answer.available, Some(available), "{name}");
        assert_eq!(answer.blocked, blocked, "{name}");
        assert_eq!(answer.appeal_token.is_some(), blocked, "{name}");
        assert_eq!(answer.waits, waits, "{name}");
        assert_eq!(answer.reason, None, "{name}");
        let told = format!("{answer:?}");
        assert!(!told.contains(APPEAL_TOKEN), "{told}");
    }
}

#[tokio::test]
async fn a_code_is_asked_for_in_each_way() {
    for (method, name) in [
        (CodeMethod::Sms, "sms"),
        (CodeMethod::Voice, "voice"),
        (CodeMethod::WaOld, "wa_old"),
    ] {
        for spelling in ["registration-code", "registration-code-old"] {
            let (_server, client) = answering(asked_for_a_code(name), fixture(spelling)).await;
            let answer = value_of(ask_for_a_code(&client, method).await);
            assert!(answer.success && !answer.blocked, "{spelling}");
            assert_eq!(answer.retry_after, Some(165), "{spelling}");
            assert_eq!(answer.waits, AFTER_A_CODE, "{spelling}");
            assert_eq!(answer.method, Some(CodeMethod::Sms), "{spelling}");
            assert_eq!(answer.captcha, None, "{spelling}");
        }
    }
}

#[tokio::test]
async fn a_code_that_is_not_simply_sent() {
    for (name, success, blocked, picture) in [
        ("registration-code-captcha", true, false, true),
        ("registration-code-blocked", false, true, false),
    ] {
        let (_server, client) = answering(asked_for_a_code("sms"), fixture(name)).await;
        let answer = value_of(ask_for_a_code(&client, CodeMethod::Sms).await);
        assert_eq!(
            (answer.success, answer.blocked),
            (success, blocked),
            "{name}"
        );
        let captcha = answer.captcha.unwrap_or_default();
        assert_eq!(captcha.starts_with(b"\x89PNG\r\n\x1a\n"), picture, "{name}");
    }
}

#[tokio::test]
async fn confirm_registration_code() {
    let nothing = CodeConfirmed {
        success: false,
        security_code_needed: false,
        device_confirmation_needed: false,
        said: None,
        blocked: false,
        retry_after: None,
        waits: Waits::default(),
    };
    for (name, status, expected) in [
        (
            "success-true",
            200,
            CodeConfirmed {
                success: true,
                ..nothing.clone()
            },
        ),
        (
            "registration-security-code",
            200,
            CodeConfirmed {
                security_code_needed: true,
                ..nothing.clone()
            },
        ),
        (
            "registration-device-confirm",
            200,
            CodeConfirmed {
                device_confirmation_needed: true,
                ..nothing.clone()
            },
        ),
        ("success-false", 200, nothing.clone()),
        ("success-false", 400, nothing),
    ] {
        let call = posted("confirm-registration-code", json!({"code": TYPED}));
        let (_server, client) = answering(call, with_status(name, status)).await;
        let credentials = credentials();
        let instance = client.instance(&credentials);
        let answer = value_of(instance.confirm_registration_code(TYPED).await);
        assert_eq!(answer, expected, "{name} {status}");
    }
}

#[tokio::test]
async fn respond_captcha_confirm_pin_code_and_recovery_pin_code() {
    let wrong = ResponseTemplate::new(400)
        .set_body_json(json!({"success": false, "error": format!("wrong: {TYPED}")}));
    let rejected = Outcome {
        said: Some(Rejection::WrongCode),
        ..Outcome::default()
    };
    let done = Outcome {
        success: true,
        ..Outcome::default()
    };
    for (answer, expected) in [
        (fixture("success-true"), done),
        (fixture("success-false"), Outcome::default()),
        (wrong, rejected),
    ] {
        for route in ["respond-captcha", "confirm-pin-code", "recovery-pin-code"] {
            let call = match route {
                "respond-captcha" => posted(route, json!({"captcha": TYPED})),
                "confirm-pin-code" => posted(route, json!({"code": TYPED})),
                _ => without_body(instance_call_by("POST", &format!("mobile/{route}"))),
            };
            let (_server, client) = answering(call, answer.clone()).await;
            let credentials = credentials();
            let instance = client.instance(&credentials);
            let outcome = value_of(match route {
                "respond-captcha" => instance.respond_captcha(TYPED).await,
                "confirm-pin-code" => instance.confirm_pin_code(TYPED).await,
                _ => instance.recovery_pin_code().await,
            });
            assert_eq!(outcome, expected, "{route}");
        }
    }
}

#[tokio::test]
async fn device_transfer_confirmed() {
    for (answer, expected) in [
        (fixture("success-true"), Ok(true)),
        (fixture("success-false"), Ok(false)),
        (with_status("success-false", 400), Ok(false)),
        (ResponseTemplate::new(400), Ok(false)),
        (
            with_status("error-instance-not-found", 400),
            Err(Error::NoSuchInstance),
        ),
        (
            with_status("error-unknown-route", 400),
            Err(Unexpected::UnknownRoute.into()),
        ),
        (
            ResponseTemplate::new(503),
            Err(Error::Gateway { status: 503 }),
        ),
    ] {
        let call = instance_call("mobile/device-transfer-confirmed").and(body_bytes(b""));
        let (_server, client) = answering(call, answer).await;
        let credentials = credentials();
        let result = client
            .instance(&credentials)
            .device_transfer_confirmed()
            .await;
        match expected {
            Ok(expected) => assert_eq!(value_of(result), expected),
            Err(expected) => assert_eq!(error_of(result), expected),
        }
    }
}

#[tokio::test]
async fn request_unbanning() {
    for (name, success, status) in [
        ("unbanning-in-review", true, UnbanStatus::InReview),
        ("unbanning-unbanned", true, UnbanStatus::Unbanned),
        ("success-false", false, UnbanStatus::Other),
    ] {
        let call = posted(
            "request-unbanning",
            json!({"appealToken": APPEAL_TOKEN, "description": DESCRIPTION}),
        );
        let (_server, client) = answering(call, fixture(name)).await;
        let credentials = credentials();
        let instance = client.instance(&credentials);
        let token = SecretString::from(APPEAL_TOKEN);
        let answer = value_of(instance.request_unbanning(&token, DESCRIPTION).await);
        assert_eq!(answer, Unbanning { success, status }, "{name}");
    }
}

#[tokio::test]
async fn a_code_is_asked_for_once_however_it_fails() {
    for (answer, expected) in [
        (ResponseTemplate::new(500), Error::Gateway { status: 500 }),
        (
            ResponseTemplate::new(429),
            Error::TooOften { retry_after: None },
        ),
        (
            with_status("error-subscription-over", 400),
            Error::SubscriptionOver,
        ),
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            Unexpected::NotJson.into(),
        ),
    ] {
        // The server fails the test on a second call.
        let (_server, client) = answering(asked_for_a_code("sms"), answer).await;
        let result = ask_for_a_code(&client, CodeMethod::Sms).await;
        assert_eq!(error_of(result), expected);
    }
}

#[test]
fn debug_output_of_a_number_is_redacted() {
    let told = format!("{:?}", number());
    for secret in SECRETS {
        assert!(!told.contains(secret), "{told}");
    }
}
