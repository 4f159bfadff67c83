#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use reqwest::header::HeaderMap;

use super::*;
use crate::answer::read;
use crate::answer::tests::{SAID, any_json, any_saying, any_status, fails, read_as, told};
use crate::error::Refusal;

fn readable<T: Answer>(status: u16, body: &Value) -> T {
    read_as(status, &body.to_string())
        .unwrap_or_else(|error| panic!("{status} {body} was read as {error:?}"))
}

#[test]
fn a_wait_is_a_number_however_it_is_spelt() {
    for (sent, wait, retry_after) in [
        (json!(0), Wait::Now, Some(0)),
        (json!("0"), Wait::Now, Some(0)),
        (json!(-0.0), Wait::Now, Some(0)),
        (json!(125), Wait::Seconds(125), Some(125)),
        (json!(" 125 "), Wait::Seconds(125), Some(125)),
        (json!(125.0), Wait::Seconds(125), Some(125)),
        (json!(0.1), Wait::Seconds(1), Some(1)),
        (json!("124.5"), Wait::Seconds(125), Some(125)),
        (json!(u64::MAX), Wait::Seconds(u32::MAX), Some(u32::MAX)),
        (json!(-1), Wait::Closed, None),
        (json!("-1"), Wait::Closed, None),
        (json!(-0.5), Wait::Closed, None),
        (json!(i64::MIN), Wait::Closed, None),
        (json!(""), Wait::Unsaid, None),
        (json!("soon"), Wait::Unsaid, None),
        (json!("125 s"), Wait::Unsaid, None),
        (json!("NaN"), Wait::Unsaid, None),
        (json!("inf"), Wait::Unsaid, None),
        (json!("-inf"), Wait::Unsaid, None),
        (json!(true), Wait::Unsaid, None),
        (json!(null), Wait::Unsaid, None),
        (json!([125]), Wait::Unsaid, None),
    ] {
        let body = json!({"success": true, "available": true, "retryAfter": sent,
            "smsWaitSeconds": sent, "voiceWaitSeconds": sent, "waOldWaitSeconds": sent});
        let expected = Waits {
            sms: wait,
            voice: wait,
            wa_old: wait,
            wa_old_eligible: None,
        };
        assert_eq!(
            readable::<Availability>(200, &body).waits,
            expected,
            "{sent}"
        );
        let requested: CodeRequested = readable(200, &body);
        assert_eq!(
            (requested.waits, requested.retry_after),
            (expected, retry_after),
            "{sent}"
        );
        let outcome: Outcome = readable(200, &body);
        assert_eq!(
            (outcome.waits, outcome.retry_after),
            (expected, retry_after),
            "{sent}"
        );
    }
}

#[test]
fn each_way_has_its_own_wait() {
    let body = json!({"smsWaitSeconds": 0, "voiceWaitSeconds": -1, "waOldWaitSeconds": 7,
        "waOldEligible": "false"});
    let expected = Waits {
        sms: Wait::Now,
        voice: Wait::Closed,
        wa_old: Wait::Seconds(7),
        wa_old_eligible: Some(false),
    };
    assert_eq!(readable::<Availability>(200, &body).waits, expected);
    assert_eq!(readable::<CodeRequested>(200, &body).waits, expected);
    assert_eq!(readable::<CodeConfirmed>(200, &body).waits, expected);
}

#[test]
fn availability_may_lack_all_but_one_field() {
    for (body, available, is_blocked, has_token) in [
        (
            json!({"available": "true", "more": [1]}),
            Some(true),
            false,
            false,
        ),
        (
            json!({"available": 0, "blocked": null}),
            Some(false),
            false,
            false,
        ),
        (json!({"blocked": "true"}), None, true, false),
        (
            json!({"appealToken": 7, "available": "?"}),
            None,
            false,
            true,
        ),
        (json!({"smsWaitSeconds": 0}), None, false, false),
        (json!({"reason": "new"}), None, false, false),
    ] {
        let answer: Availability = readable(200, &body);
        assert_eq!(answer.available, available, "{body}");
        assert_eq!(answer.blocked, is_blocked, "{body}");
        assert_eq!(answer.appeal_token.is_some(), has_token, "{body}");
    }
    for body in [
        json!({}),
        json!({"available": null}),
        json!({"available": "?", "blocked": false, "smsWaitSeconds": "?", "more": 1}),
    ] {
        let error = fails::<Availability>(200, &body.to_string());
        assert_eq!(error, Unexpected::Shape.into(), "{body}");
    }
}

#[test]
fn a_reason_is_passed_on_as_it_comes_or_not_at_all() {
    let longest = "ç".repeat(200);
    let overlong = "a".repeat(201);
    for (reason, expected) in [
        (json!("TOO_recent."), Some("TOO_recent.")),
        (json!(42), Some("42")),
        (json!(longest), Some(longest.as_str())),
        (json!(overlong), None),
        (json!("a\u{9b}b"), None),
        (json!(" "), None),
        (json!(null), None),
        (json!(["a"]), None),
    ] {
        let body = json!({"available": false, "success": false, "reason": reason});
        for status in [200, 400] {
            let availability: Availability = readable(status, &body);
            assert_eq!(availability.available, Some(false), "{body}");
            assert_eq!(availability.reason.as_deref(), expected, "{body}");
            let requested: CodeRequested = readable(status, &body);
            assert_eq!(requested.reason.as_deref(), expected, "{body}");
        }
    }
}

#[test]
fn a_captcha_is_never_overlooked() {
    let longest = "A".repeat((512 << 10) / 3 * 4);
    let overlong = "A".repeat((512 << 10) / 3 * 4 + 4);
    for (sent, expected) in [
        (json!("AAEC/w=="), Some(vec![0, 1, 2, 255])),
        (
            json!("data:image/png;base64,AAEC/w"),
            Some(vec![0, 1, 2, 255]),
        ),
        (json!(longest), Some(vec![0; (512 << 10) / 3 * 3])),
        (json!(overlong), Some(Vec::new())),
        (json!("data:text/html;base64,AAEC"), Some(Vec::new())),
        (json!("data:image/svg+xml,<svg/>"), Some(Vec::new())),
        (json!("https://images.example/captcha"), Some(Vec::new())),
        (json!(true), Some(Vec::new())),
        (json!({"image": "AAEC"}), Some(Vec::new())),
        (json!(false), None),
        (json!(" "), None),
        (json!(null), None),
    ] {
        for (status, body, success) in [
            (200, json!({"success": true, "captcha": sent}), true),
            (200, json!({"success": false, "captcha": sent}), false),
            (400, json!({"success": false, "captcha": sent}), false),
            (400, json!({"success": true, "captcha": sent}), false),
            (
                200,
                json!({"success": true, "captcha": sent, "error": "?"}),
                false,
            ),
        ] {
            let shown: String = body.to_string().chars().take(80).collect();
            let requested: CodeRequested = readable(status, &body);
            assert_eq!(requested.success, success, "{status} {shown}");
            assert!(requested.captcha == expected, "{status} {shown}");
        }
    }
    let alone: CodeRequested = readable(200, &json!({"captcha": "AAEC"}));
    assert!(!alone.success && alone.captcha.is_some());
}

#[test]
fn a_request_that_is_turned_down_keeps_its_waits() {
    for (status, more) in [
        (200, json!({"success": false})),
        (200, json!({"success": true, "error": "?"})),
        (200, json!({"error": "?"})),
        (400, json!({"success": false, "error": "?"})),
        (400, json!({"message": "?"})),
        (403, json!({})),
    ] {
        let mut body = json!({"retryAfter": "60", "smsWaitSeconds": 125, "method": "VOICE"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let requested: CodeRequested = readable(status, &body);
        assert!(!requested.success, "{status} {body}");
        assert_eq!(requested.retry_after, Some(60), "{status} {body}");
        assert_eq!(requested.waits.sms, Wait::Seconds(125), "{status} {body}");
        assert_eq!(requested.method, Some(CodeMethod::Voice), "{status} {body}");
    }
    for (body, said) in [
        (
            json!({"success": false, "reason": "too_many"}),
            Rejection::TooMany,
        ),
        (
            json!({"success": false, "reason": "format_wrong"}),
            Rejection::Other,
        ),
    ] {
        assert_eq!(readable::<CodeRequested>(400, &body).said, Some(said));
    }
    let unknown = json!({"success": true, "method": "pigeon"});
    assert_eq!(readable::<CodeRequested>(200, &unknown).method, None);
}

#[test]
fn a_rejection_is_guessed_from_the_words() {
    for (text, expected) in [
        ("Wrong code", Rejection::WrongCode),
        ("code is INCORRECT.", Rejection::WrongCode),
        ("INVALID_CODE", Rejection::WrongCode),
        ("mismatch", Rejection::WrongCode),
        ("The code doesn't match", Rejection::WrongCode),
        ("Código inválido", Rejection::WrongCode),
        ("bad-captcha: invalid", Rejection::WrongCode),
        ("invalid code for wa_old", Rejection::WrongCode),
        ("code expired", Rejection::Expired),
        ("This code is too old", Rejection::Expired),
        ("old", Rejection::Expired),
        ("stale", Rejection::Expired),
        ("O código expirou", Rejection::Expired),
        ("Too many attempts", Rejection::TooMany),
        ("too_many_guesses", Rejection::TooMany),
        ("guessed_too_fast", Rejection::TooMany),
        ("limit reached", Rejection::TooMany),
        ("Muitas tentativas", Rejection::TooMany),
        ("Too many wrong codes", Rejection::TooMany),
        ("told to hold", Rejection::Other),
        ("wa_old", Rejection::Other),
        ("temporarily_unavailable", Rejection::Other),
    ] {
        for field in ["error", "message", "reason"] {
            for status in [200, 400, 422] {
                let body = json!({"success": false, field: text});
                let outcome: Outcome = readable(status, &body);
                let expected = Outcome {
                    said: Some(expected),
                    ..Outcome::default()
                };
                assert_eq!(outcome, expected, "{status} {body}");
                let confirmed: CodeConfirmed = readable(status, &body);
                assert!(!confirmed.success, "{status} {body}");
                assert_eq!(confirmed.said, expected.said, "{status} {body}");
            }
        }
    }
}

#[test]
fn an_outcome_without_words_says_only_that() {
    for body in [
        json!({"success": false}),
        json!({"success": "false", "error": null}),
        json!({"success": 0, "error": " ", "message": ["?"]}),
        json!({"success": false, "reason": "..."}),
    ] {
        for status in [200, 400] {
            let outcome: Outcome = readable(status, &body);
            assert_eq!(outcome, Outcome::default(), "{status} {body}");
        }
    }
    for (success, message) in [
        (json!(true), json!("Invalid codes are past")),
        (json!("TRUE"), json!(null)),
        (json!(1), json!("ok")),
    ] {
        let body = json!({"success": success, "message": message, "error": null});
        let done = Outcome {
            success: true,
            ..Outcome::default()
        };
        assert_eq!(readable::<Outcome>(200, &body), done, "{body}");
    }
}

#[test]
fn an_outcome_has_to_say_how_it_went() {
    for (status, body, expected) in [
        (200, json!({}), Unexpected::Shape),
        (200, json!({"success": null}), Unexpected::Shape),
        (200, json!({"success": "yes"}), Unexpected::Shape),
        (200, json!({"value": true}), Unexpected::Shape),
        (
            200,
            json!({"blocked": false, "deviceConfirm": 2}),
            Unexpected::Shape,
        ),
        (200, json!([]), Unexpected::Shape),
        (200, json!(true), Unexpected::Shape),
        (200, json!(null), Unexpected::Shape),
        (200, json!("Wrong code"), Unexpected::Said),
        (200, json!({"error": "?"}), Unexpected::Said),
        (
            200,
            json!({"success": true, "error": "Wrong code"}),
            Unexpected::Said,
        ),
        (400, json!({"success": true}), Unexpected::Status(400)),
        (400, json!({}), Unexpected::Status(400)),
        (403, json!({"error": "Invalid token"}), Unexpected::Said),
        (400, json!({"error": "The code is blue"}), Unexpected::Said),
    ] {
        let body = body.to_string();
        let expected = expected.into();
        assert_eq!(fails::<Outcome>(status, &body), expected, "{status} {body}");
        assert_eq!(
            fails::<CodeConfirmed>(status, &body),
            expected,
            "{status} {body}"
        );
    }
}

#[test]
fn a_failure_may_be_told_without_success() {
    for (status, body, expected) in [
        (
            400,
            json!({"error": "Invalid code"}),
            Outcome {
                said: Some(Rejection::WrongCode),
                ..Outcome::default()
            },
        ),
        (
            200,
            json!({"message": "captcha expired"}),
            Outcome {
                said: Some(Rejection::Expired),
                ..Outcome::default()
            },
        ),
        (
            400,
            json!({"blocked": true}),
            Outcome {
                blocked: true,
                ..Outcome::default()
            },
        ),
        (
            200,
            json!({"retryAfter": "9", "more": {}}),
            Outcome {
                retry_after: Some(9),
                ..Outcome::default()
            },
        ),
    ] {
        assert_eq!(
            readable::<Outcome>(status, &body),
            expected,
            "{status} {body}"
        );
    }
}

#[test]
fn what_is_needed_next_is_never_a_success() {
    for (status, body, pin, phone) in [
        (200, json!({"confirmSecurityCode": true}), true, false),
        (
            200,
            json!({"success": true, "confirmSecurityCode": "true"}),
            true,
            false,
        ),
        (
            400,
            json!({"success": false, "confirmSecurityCode": 1}),
            true,
            false,
        ),
        (
            200,
            json!({"success": "true", "deviceConfirm": true}),
            false,
            true,
        ),
        (
            400,
            json!({"deviceConfirm": true, "error": "device_confirm"}),
            false,
            true,
        ),
        (
            200,
            json!({"confirmSecurityCode": true, "deviceConfirm": true}),
            true,
            true,
        ),
    ] {
        let confirmed: CodeConfirmed = readable(status, &body);
        assert_eq!(
            (
                confirmed.success,
                confirmed.security_code_needed,
                confirmed.device_confirmation_needed
            ),
            (false, pin, phone),
            "{status} {body}"
        );
    }
}

#[test]
fn a_transfer_is_unconfirmed_on_every_bad_request() {
    for (status, body, confirmed) in [
        (200, "{\"success\":\"true\"}", true),
        (200, "{\"success\":false,\"error\":\"not yet\"}", false),
        (404, "{\"success\":false}", false),
        (400, "{\"success\":true}", false),
        (400, "{\"error\":\"not yet\"}", false),
        (400, "\"not yet\"", false),
        (400, "not yet", false),
        (400, "{}", false),
        (400, "null", false),
        (400, " ", false),
    ] {
        let transfer = read_as::<Transfer>(status, body);
        assert_eq!(transfer, Ok(Transfer { confirmed }), "{status} {body}");
    }
    for (status, body, expected) in [
        (200, "{}", Unexpected::Shape.into()),
        (200, "", Unexpected::Truncated.into()),
        (200, "{\"error\":\"not yet\"}", Unexpected::Said.into()),
        (404, "", Unexpected::Status(404).into()),
        (400, "<html>", Unexpected::NotJson.into()),
        (400, "{\"success\":fa", Unexpected::Truncated.into()),
        (
            400,
            "{\"error\":\"null not allowed\"}",
            Refusal::ClientTokenMissing.into(),
        ),
        (400, "You are already connected.", Error::AlreadyConnected),
        (500, "{\"success\":false}", Error::Gateway { status: 500 }),
    ] {
        assert_eq!(fails::<Transfer>(status, body), expected, "{status} {body}");
    }
}

#[test]
fn an_appeal_stands_where_the_answer_says() {
    for (status, body, success, stands) in [
        (
            200,
            json!({"success": "true", "status": "in_review"}),
            true,
            UnbanStatus::InReview,
        ),
        (
            200,
            json!({"status": " UNBANNED "}),
            false,
            UnbanStatus::Unbanned,
        ),
        (
            200,
            json!({"success": true, "status": "REJECTED"}),
            true,
            UnbanStatus::Other,
        ),
        (
            200,
            json!({"success": true, "status": 3}),
            true,
            UnbanStatus::Other,
        ),
        (
            400,
            json!({"success": false, "error": "?"}),
            false,
            UnbanStatus::Other,
        ),
    ] {
        let unbanning: Unbanning = readable(status, &body);
        let expected = Unbanning {
            success,
            status: stands,
        };
        assert_eq!(unbanning, expected, "{body}");
    }
    for (status, body, expected) in [
        (200, json!({}), Unexpected::Shape),
        (200, json!({"status": "REJECTED"}), Unexpected::Shape),
        (
            400,
            json!({"status": 400, "error": "Bad Request"}),
            Unexpected::Said,
        ),
    ] {
        let error = fails::<Unbanning>(status, &body.to_string());
        assert_eq!(error, expected.into(), "{status} {body}");
    }
}

#[test]
fn general_errors_stay_errors_beside_a_failure() {
    let texts = [
        ("null not allowed", Refusal::ClientTokenMissing.into()),
        (
            "Client-Token F00 not allowed",
            Refusal::ClientTokenWrong.into(),
        ),
        ("Instance not found", Error::NoSuchInstance),
        ("You are already connected", Error::AlreadyConnected),
        (
            "To continue sending a message, you must subscribe to this instance again",
            Error::SubscriptionOver,
        ),
    ];
    for (text, expected) in texts {
        for status in [200, 400, 403] {
            let body = json!({"success": false, "available": false, "error": text}).to_string();
            assert_eq!(
                fails_as_all(status, &body),
                [expected; 6],
                "{status} {body}"
            );
        }
    }
    let failed = "{\"success\":false,\"available\":false}";
    assert_eq!(
        fails_as_all(502, failed),
        [Error::Gateway { status: 502 }; 6]
    );
    let too_often = Error::TooOften { retry_after: None };
    assert_eq!(fails_as_all(429, failed), [too_often; 6]);
}

fn fails_as_all(status: u16, body: &str) -> [Error; 6] {
    [
        fails::<Availability>(status, body),
        fails::<CodeRequested>(status, body),
        fails::<CodeConfirmed>(status, body),
        fails::<Outcome>(status, body),
        fails::<Transfer>(status, body),
        fails::<Unbanning>(status, body),
    ]
}

/// Reads `body` as every kind of answer; whether any of them says that all went well.
fn any_success(status: StatusCode, body: &[u8]) -> bool {
    fn says<T: Answer>(status: StatusCode, body: &[u8], success: fn(T) -> bool) -> bool {
        read(status, &HeaderMap::new(), body).is_ok_and(|received| success(received.value))
    }
    let successes = [
        says(status, body, |answer: Availability| {
            answer.available == Some(true)
        }),
        says(status, body, |answer: CodeRequested| answer.success),
        says(status, body, |answer: CodeConfirmed| answer.success),
        says(status, body, |answer: Outcome| answer.success),
        says(status, body, |answer: Transfer| answer.confirmed),
        says(status, body, |answer: Unbanning| answer.success),
    ];
    successes.contains(&true)
}

fn any_field() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        [
            "available",
            "blocked",
            "appealToken",
            "smsWaitSeconds",
            "voiceWaitSeconds",
            "waOldWaitSeconds",
            "waOldEligible",
            "reason",
            "success",
            "captcha",
            "retryAfter",
            "method",
            "confirmSecurityCode",
            "deviceConfirm",
            "status",
            "message",
            "type",
            "extra",
        ]
        .as_slice(),
    )
}

fn any_fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Object> {
    prop::collection::vec((any_field(), value), 0..8).prop_map(|fields| {
        fields
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .collect()
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_success(
        status in any_status(),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        prop_assert!(!any_success(status, &body));
    }

    #[test]
    fn only_what_says_so_is_a_success(status in any_status(), fields in any_fields(any_json())) {
        let body = serde_json::to_vec(&fields).unwrap();
        let said = ["success", "available"].map(|field| flag(&fields, field));
        for status in [status, StatusCode::OK] {
            let allowed = status.is_success() && said.contains(&Some(true));
            prop_assert!(allowed || !any_success(status, &body));
        }
    }

    #[test]
    fn an_error_text_is_never_a_success(
        status in any_status(),
        fields in any_fields(any_json()),
        text in "\\PC{0,30}[!-~]",
    ) {
        let mut fields = fields;
        fields.extend([
            ("success".to_owned(), json!(true)),
            ("available".to_owned(), json!(true)),
            ("error".to_owned(), json!(text)),
        ]);
        let body = serde_json::to_vec(&fields).unwrap();
        for status in [status, StatusCode::OK] {
            prop_assert!(!any_success(status, &body));
        }
    }

    #[test]
    fn any_value_in_any_other_field_leaves_a_failure_readable(
        fields in any_fields(any_json()),
        status in prop::sample::select([200, 400].as_slice()),
    ) {
        // Texts in these may be known errors.
        let mut fields = fields;
        for field in ["reason", "message", "type"] {
            fields.remove(field);
        }
        fields.extend([
            ("success".to_owned(), json!(false)),
            ("available".to_owned(), json!(false)),
        ]);
        let body = Value::from(fields);
        prop_assert_eq!(readable::<Availability>(status, &body).available, Some(false));
        prop_assert!(!readable::<CodeRequested>(status, &body).success);
        prop_assert!(!readable::<CodeConfirmed>(status, &body).success);
        prop_assert!(!readable::<Outcome>(status, &body).success);
        prop_assert!(!readable::<Transfer>(status, &body).confirmed);
        prop_assert!(!readable::<Unbanning>(status, &body).success);
    }

    #[test]
    fn what_a_server_says_stays_untold(
        status in any_status(),
        error in prop::option::of(any_saying()),
        fields in any_fields(any_saying()),
    ) {
        let mut fields = fields;
        fields.extend(error.map(|error| ("error".to_owned(), error)));
        let body = serde_json::to_vec(&fields).unwrap();
        for status in [status, StatusCode::OK, StatusCode::BAD_REQUEST] {
            let told = [
                told::<Availability>(status, &body),
                told::<CodeRequested>(status, &body),
                told::<CodeConfirmed>(status, &body),
                told::<Outcome>(status, &body),
                told::<Transfer>(status, &body),
                told::<Unbanning>(status, &body),
            ];
            for told in told {
                prop_assert!(!told.contains(SAID), "{told}");
            }
        }
    }
}
