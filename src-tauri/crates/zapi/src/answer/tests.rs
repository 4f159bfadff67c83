#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Debug;
use std::time::UNIX_EPOCH;

use proptest::prelude::*;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::instance::{Device, Me, Status};
use crate::pairing::{ExtensionToken, PhoneCode, QrCode};
use crate::partner::{InstancePage, Middleware, NewInstance, Subscribed};
use crate::queue::{Emptied, QueuePage};

const STATUS: &str = include_str!("../../tests/answers/status-connected.json");
const DEVICE: &str = include_str!("../../tests/answers/device.json");
const ME: &str = include_str!("../../tests/answers/me.json");
const EXTENSION_TOKEN: &str = include_str!("../../tests/answers/extension-token.json");
const INSTANCES: &str = include_str!("../../tests/answers/partner-instances.json");
const NEW_INSTANCE: &str = include_str!("../../tests/answers/partner-new-instance.json");
const QR_CODE: &str = include_str!("../../tests/answers/qr-code-data-url.json");
const PHONE_CODE: &str = include_str!("../../tests/answers/phone-code.json");
const RESET: &str = include_str!("../../tests/answers/reset-passkey-challenge.json");
const QUEUE: &str = include_str!("../../tests/answers/queue.json");
const HEALTHY: [&str; 10] = [
    STATUS,
    DEVICE,
    ME,
    EXTENSION_TOKEN,
    INSTANCES,
    NEW_INSTANCE,
    QR_CODE,
    PHONE_CODE,
    RESET,
    QUEUE,
];

pub(crate) fn read_as<T: Answer>(status: u16, body: &str) -> Result<T, Error> {
    let status = StatusCode::from_u16(status).unwrap();
    read(status, &HeaderMap::new(), body.as_bytes()).map(|received| received.value)
}

pub(crate) fn fails<T: Answer + Debug>(status: u16, body: &str) -> Error {
    match read_as::<T>(status, body) {
        Ok(value) => panic!("{status} {body} was read as {value:?}"),
        Err(error) => error,
    }
}

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

#[test]
fn a_known_error_text_counts_in_every_field_and_on_every_status() {
    let texts = [
        ("null not allowed", Refusal::ClientTokenMissing.into()),
        (
            "your client-token is not configured",
            Refusal::ClientTokenNotConfigured.into(),
        ),
        (
            "Client-Token F00 not allowed",
            Refusal::ClientTokenWrong.into(),
        ),
        (
            "Client-Token 203.0.113.7 not allowed",
            Refusal::ClientTokenWrong.into(),
        ),
        ("You are already connected", Error::AlreadyConnected),
        ("Instance not found", Error::NoSuchInstance),
        ("Authorization token is empty", Refusal::PartnerToken.into()),
        (
            "Unable to find matching target resource method",
            Unexpected::UnknownRoute.into(),
        ),
        ("NOT_FOUND", Unexpected::UnknownRoute.into()),
        (
            "To continue sending a message, you must subscribe to this instance again.",
            Error::SubscriptionOver,
        ),
    ];
    for (text, expected) in texts {
        for status in [200, 201, 400, 401, 403, 404, 500] {
            for field in ["error", "message", "type", "reason"] {
                let body = json!({ field: text }).to_string();
                assert_eq!(fails::<Device>(status, &body), expected, "{status} {body}");
            }
            assert_eq!(
                fails::<Device>(status, text),
                expected,
                "{status} plain {text}"
            );
        }
    }
    let specific_first = json!({"error": "NOT_FOUND", "message": "Instance not found"}).to_string();
    assert_eq!(fails::<Device>(404, &specific_first), Error::NoSuchInstance);
}

#[test]
fn the_callers_address_is_read_from_the_refusal() {
    for (text, ip) in [
        ("203.0.113.7 not allowed", Some("203.0.113.7")),
        ("2001:DB8::7 not allowed.", Some("2001:db8::7")),
        ("IP 203.0.113.7 not allowed", Some("203.0.113.7")),
        ("203.0.113.7, 10.0.0.1 not allowed", Some("203.0.113.7")),
        ("IP not allowed", None),
    ] {
        let ip = ip.map(|ip| ip.parse().unwrap());
        let body = json!({ "error": text }).to_string();
        assert_eq!(
            fails::<Status>(403, &body),
            Refusal::Address { ip }.into(),
            "{text}"
        );
    }
    let body = json!({"error": "sending not allowed"}).to_string();
    assert_eq!(fails::<Status>(403, &body), Unexpected::Said.into());
}

#[test]
fn only_the_known_sentences_of_a_status_are_no_errors() {
    for (text, elsewhere) in [
        ("You are already connected", Error::AlreadyConnected),
        ("You are not connected.", Unexpected::Said.into()),
        ("you need to restore the session", Unexpected::Said.into()),
    ] {
        let body = json!({"connected": false, "error": text}).to_string();
        let status: Status = read_as(200, &body).unwrap();
        assert_eq!(status.message.as_deref(), Some(text));
        assert_eq!(fails::<Device>(200, &body), elsewhere, "{text}");
        assert_eq!(
            fails::<Status>(400, &body),
            Unexpected::Said.into(),
            "{text}"
        );
    }
    let body = json!({"connected": true, "error": "Something else"}).to_string();
    assert_eq!(fails::<Status>(200, &body), Unexpected::Said.into());
    let body = json!({"connected": true, "error": "Instance not found"}).to_string();
    assert_eq!(fails::<Status>(200, &body), Error::NoSuchInstance);
}

#[test]
fn an_error_field_that_says_nothing_is_no_error() {
    for nothing in [json!(null), json!(false), json!(""), json!(" ")] {
        let body = json!({"connected": true, "error": nothing}).to_string();
        assert!(read_as::<Status>(200, &body).is_ok(), "{body}");
    }
    for something in [json!(true), json!(7), json!({"message": "no"}), json!([])] {
        let body = json!({"connected": true, "error": something}).to_string();
        assert_eq!(
            fails::<Status>(200, &body),
            Unexpected::Said.into(),
            "{body}"
        );
    }
}

#[test]
fn a_text_besides_the_documented_fields_is_no_error() {
    let body = json!({"token": "AA11-BB22", "message": "created"}).to_string();
    assert!(read_as::<ExtensionToken>(200, &body).is_ok());
    let body = json!({"message": "no device"}).to_string();
    assert_eq!(fails::<Device>(200, &body), Unexpected::Said.into());
}

#[test]
fn what_is_not_json_is_told_apart_by_status() {
    let html = "<!doctype html><title>Log in</title>";
    for (status, body, expected) in [
        (200, html, Unexpected::NotJson.into()),
        (200, "hello", Unexpected::NotJson.into()),
        (200, "{\"connected\":tru", Unexpected::Truncated.into()),
        (200, "", Unexpected::Truncated.into()),
        (400, "{\"error\":\"Insta", Unexpected::Truncated.into()),
        (403, html, Unexpected::NotJson.into()),
        (404, "", Unexpected::Status(404).into()),
        (405, "Method Not Allowed", Unexpected::Status(405).into()),
        (415, "Content-Type?", Unexpected::Status(415).into()),
        (404, "{}", Unexpected::Status(404).into()),
        (502, html, Error::Gateway { status: 502 }),
        (503, "", Error::Gateway { status: 503 }),
        (500, "{\"error\":\"oops\"}", Error::Gateway { status: 500 }),
        (200, "[]", Unexpected::Shape.into()),
        (200, "\"hello\"", Unexpected::Said.into()),
        (302, "", Unexpected::Redirected.into()),
        (304, "", Unexpected::Redirected.into()),
    ] {
        assert_eq!(fails::<Status>(status, body), expected, "{status} {body}");
    }
}

#[test]
fn a_refused_partner_token_is_known_by_status() {
    for body in ["", "{}", "{\"message\":\"who?\"}", "<html>"] {
        for status in [401, 403] {
            let error = fails::<InstancePage>(status, body);
            assert_eq!(error, Refusal::PartnerToken.into(), "{status} {body}");
        }
    }
    let body = json!({"error": "203.0.113.7 not allowed"}).to_string();
    let ip = "203.0.113.7".parse().ok();
    assert_eq!(
        fails::<InstancePage>(403, &body),
        Refusal::Address { ip }.into()
    );
}

#[test]
fn too_often_says_for_how_long() {
    let date = (DATE, "Sat, 21 Nov 2026 10:00:00 GMT");
    for (sent, expected) in [
        (vec![], None),
        (vec![(RETRY_AFTER, "30")], Some(30)),
        (vec![(RETRY_AFTER, "0")], Some(0)),
        (vec![(RETRY_AFTER, "18446744073709551615")], Some(86_400)),
        (vec![(RETRY_AFTER, "soon")], None),
        (vec![(RETRY_AFTER, "-1")], None),
        (vec![(RETRY_AFTER, "Sat, 21 Nov 2026 10:01:30 GMT")], None),
        (
            vec![date.clone(), (RETRY_AFTER, "Sat, 21 Nov 2026 10:01:30 GMT")],
            Some(90),
        ),
        (
            vec![date, (RETRY_AFTER, "Sat, 21 Nov 2026 09:00:00 GMT")],
            Some(0),
        ),
    ] {
        let retry_after = expected.map(Duration::from_secs);
        for body in [STATUS, "<html>", "{\"error\":\"Instance not found\"}", ""] {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let error = read::<Status>(status, &headers(&sent), body.as_bytes()).unwrap_err();
            assert_eq!(error, Error::TooOften { retry_after }, "{sent:?} {body}");
        }
    }
}

#[test]
fn the_date_is_passed_on_as_sent() {
    let sent = headers(&[(DATE, "Sat, 21 Nov 2026 10:00:00 GMT")]);
    let received = read::<Status>(StatusCode::OK, &sent, STATUS.as_bytes()).unwrap();
    let date = UNIX_EPOCH + Duration::from_secs(1_795_255_200);
    assert_eq!(received.date, Some(date));
    let unreadable = headers(&[(DATE, "today")]);
    let received = read::<Status>(StatusCode::OK, &unreadable, STATUS.as_bytes()).unwrap();
    assert_eq!(received.date, None);
}

#[test]
fn optional_fields_may_be_missing_null_or_mistyped() {
    for body in [
        json!({"connected": true}),
        json!({"connected": true, "smartphoneConnected": null, "more": [1]}),
        json!({"connected": "TRUE", "smartphoneConnected": "?"}),
        json!({"connected": 1, "smartphoneConnected": 2}),
    ] {
        let status: Status = read_as(200, &body.to_string()).unwrap();
        assert!(status.connected, "{body}");
        assert_eq!(status.smartphone_connected, None, "{body}");
    }
    for body in [
        "{}",
        "{\"connected\":null}",
        "{\"connected\":\"yes\"}",
        "{\"connected\":2}",
    ] {
        assert_eq!(
            fails::<Status>(200, body),
            Unexpected::Shape.into(),
            "{body}"
        );
    }

    let nothing = Device {
        phone: None,
        name: None,
        original_device: None,
        is_business: None,
    };
    for body in [
        json!({}),
        json!({"phone": null, "name": null, "isBusiness": null}),
        json!({"phone": true, "name": " ", "originalDevice": {}, "isBusiness": "maybe"}),
    ] {
        assert_eq!(
            read_as::<Device>(200, &body.to_string()),
            Ok(nothing.clone()),
            "{body}"
        );
    }
    let number = json!({"phone": 5_511_999_999_999_u64}).to_string();
    let device: Device = read_as(200, &number).unwrap();
    assert_eq!(device.phone.as_deref(), Some("5511999999999"));
}

#[test]
fn moments_may_be_seconds_milliseconds_or_texts() {
    for (due, expected) in [
        (json!(1_700_000_000), Some(1_700_000_000_000)),
        (json!(1_648_565_999_675_i64), Some(1_648_565_999_675)),
        (json!("1648565999675"), Some(1_648_565_999_675)),
        (json!(" 1700000000 "), Some(1_700_000_000_000)),
        (json!(0), None),
        (json!(-1), None),
        (json!(i64::MAX), None),
        (json!(u64::MAX), None),
        (json!(1.5), None),
        (json!("2026-01-01"), None),
        (json!(null), None),
    ] {
        let me: Me = read_as(200, &json!({ "due": due }).to_string()).unwrap();
        assert_eq!(me.due, expected.map(UnixMillis), "{due}");
        let code = json!({"token": "AA11-BB22", "expiresAt": due}).to_string();
        let code: ExtensionToken = read_as(200, &code).unwrap();
        assert_eq!(code.expires_at, expected, "{due}");
    }
}

#[test]
fn a_connection_code_is_shown_as_it_comes_or_not_at_all() {
    let longest = "A".repeat(64);
    for token in [
        "FA48-HS63",
        "ç",
        "a b",
        " AA11-BB22",
        "12345678",
        longest.as_str(),
    ] {
        let body = json!({ "token": token, "value": token }).to_string();
        assert_eq!(read_as::<ExtensionToken>(200, &body).unwrap().token, token);
        assert_eq!(read_as::<PhoneCode>(200, &body).unwrap().value, token);
    }
    let overlong = "A".repeat(65);
    for token in [
        json!(""),
        json!(" "),
        json!("AA11\nBB22"),
        json!("AA11\u{9b}BB22"),
        json!(overlong),
        json!(12_345_678),
        json!(null),
        json!(["AA11-BB22"]),
    ] {
        let body = json!({ "token": token, "value": token }).to_string();
        for error in [
            fails::<ExtensionToken>(200, &body),
            fails::<PhoneCode>(200, &body),
        ] {
            assert_eq!(error, Unexpected::Shape.into(), "{body}");
        }
    }
}

fn image(bytes: &[u8]) -> Option<QrCode> {
    Some(QrCode::Image(bytes.to_vec()))
}

fn drawn(text: &str) -> Option<QrCode> {
    Some(QrCode::Text(text.to_owned()))
}

#[test]
fn a_qr_code_is_a_picture_or_a_text_to_draw() {
    let longest_picture = "A".repeat((512 << 10) / 3 * 4);
    let overlong_picture = "A".repeat((512 << 10) / 3 * 4 + 4);
    let longest_text = "@".repeat(2_953);
    let overlong_text = "@".repeat(2_954);
    for (value, expected) in [
        (
            json!("data:image/png;base64,AAEC/w=="),
            image(&[0, 1, 2, 255]),
        ),
        (
            json!("data:image/png;base64,AAEC/w"),
            image(&[0, 1, 2, 255]),
        ),
        (
            json!(" DATA:Image/JPEG;name=a;BASE64, AA\r\nEC "),
            image(&[0, 1, 2]),
        ),
        (json!("AAEC/w=="), image(&[0, 1, 2, 255])),
        (json!("AA\nEC\n/w\n"), image(&[0, 1, 2, 255])),
        (json!(longest_picture), image(&vec![0; (512 << 10) / 3 * 3])),
        (json!("2@a/b+c,d=,e=="), drawn("2@a/b+c,d=,e==")),
        (json!(" 2@a,b\n"), drawn("2@a,b")),
        (json!("2@ç,ü"), drawn("2@ç,ü")),
        (json!(longest_text), drawn(&longest_text)),
        (json!(overlong_picture), None),
        (
            json!(format!("data:image/png;base64,{overlong_picture}")),
            None,
        ),
        (json!(overlong_text), None),
        (json!("data:image/png;base64,"), None),
        (json!("data:image/png;base64,2@a"), None),
        (json!("data:image/png;base64"), None),
        (json!("data:image/svg+xml,<svg/>"), None),
        (json!("data:text/html;base64,AAEC"), None),
        (json!("2@a\u{0},b"), None),
        (json!("2@a\nb"), None),
        (json!("2@a\u{9b}b"), None),
        (json!(""), None),
        (json!(" "), None),
        (json!(null), None),
        (json!(true), None),
        (json!(12_345_678), None),
        (json!(["AAEC"]), None),
        (json!({"data": "AAEC"}), None),
    ] {
        let body = json!({ "value": value }).to_string();
        let shown: String = body.chars().take(80).collect();
        let expected = expected.ok_or(Unexpected::Shape.into());
        assert_eq!(read_as::<QrCode>(200, &body), expected, "{shown}");
    }
    assert_eq!(fails::<QrCode>(200, "{}"), Unexpected::Shape.into());
}

#[test]
fn a_passkey_challenge_is_recognised_whatever_it_holds() {
    for challenge in [
        json!({}),
        json!({"a": [1]}),
        json!([]),
        json!("a"),
        json!(true),
    ] {
        for value in [json!(null), json!("2@a,b")] {
            let body = json!({"challenge": challenge, "value": value}).to_string();
            assert_eq!(read_as(200, &body), Ok(QrCode::Challenge), "{body}");
        }
        let body = json!({ "challenge": challenge }).to_string();
        assert_eq!(read_as(200, &body), Ok(QrCode::Challenge), "{body}");
    }
    for none in [json!(null), json!(false)] {
        let body = json!({"challenge": none, "value": "2@a,b"}).to_string();
        assert_eq!(read_as(200, &body).ok(), drawn("2@a,b"), "{body}");
        let body = json!({ "challenge": none }).to_string();
        assert_eq!(fails::<QrCode>(200, &body), Unexpected::Shape.into());
    }
}

#[test]
fn to_be_connected_already_is_told_apart() {
    let said = "You are already connected";
    for (status, body) in [
        (200, json!({ "error": said })),
        (400, json!({ "error": said })),
        (400, json!({ "error": "You are already connected." })),
        (200, json!({ "message": said })),
        (200, json!(said)),
        (200, json!({"connected": true})),
        (200, json!({"connected": "true", "value": null})),
        (
            200,
            json!({"connected": true, "error": said, "smartphoneConnected": true}),
        ),
    ] {
        let body = body.to_string();
        assert_eq!(
            read_as(status, &body),
            Ok(QrCode::AlreadyConnected),
            "{status} {body}"
        );
        for error in [
            fails::<PhoneCode>(status, &body),
            fails::<ExtensionToken>(status, &body),
        ] {
            assert_eq!(error, Error::AlreadyConnected, "{status} {body}");
        }
    }
    let body = json!({"connected": true, "value": "2@a,b"}).to_string();
    assert_eq!(read_as(200, &body), Ok(QrCode::AlreadyConnected));
    for (status, body, expected) in [
        (200, json!({"connected": false}), Unexpected::Shape.into()),
        (
            400,
            json!({"connected": true}),
            Unexpected::Status(400).into(),
        ),
        (
            200,
            json!({"error": "You are not connected"}),
            Unexpected::Said.into(),
        ),
        (
            200,
            json!({"error": "Instance not found"}),
            Error::NoSuchInstance,
        ),
        (
            200,
            json!({"connected": true, "error": "?"}),
            Unexpected::Said.into(),
        ),
    ] {
        let body = body.to_string();
        assert_eq!(fails::<QrCode>(status, &body), expected, "{status} {body}");
    }
}

#[test]
fn only_the_restore_sentence_needs_a_restore() {
    for (text, expected) in [
        ("You need to restore the session", true),
        ("you need to restore the session.", true),
        ("You are not connected", false),
        ("", false),
    ] {
        let body = json!({"connected": false, "error": text}).to_string();
        let status: Status = read_as(200, &body).unwrap();
        assert_eq!(status.needs_restore, expected, "{text}");
    }
}

fn done<T: Answer>(status: u16, body: &str) -> Result<(), Error> {
    read_as::<T>(status, body).map(drop)
}

#[test]
fn done_is_what_says_so() {
    for body in [
        "{\"value\":true}",
        "{\"success\":true}",
        "{\"value\":\"true\"}",
    ] {
        assert_eq!(done::<Done>(200, body), Ok(()), "{body}");
    }
    for (body, expected) in [
        ("{\"value\":false}", Unexpected::Shape),
        ("{\"success\":false}", Unexpected::Shape),
        ("{\"success\":false,\"value\":true}", Unexpected::Shape),
        ("{\"value\":null}", Unexpected::Shape),
        ("{}", Unexpected::Shape),
        ("null", Unexpected::Shape),
        ("true", Unexpected::Shape),
        ("", Unexpected::Truncated),
        ("{\"success\":false,\"error\":\"Failed\"}", Unexpected::Said),
        ("{\"success\":true,\"error\":\"Failed\"}", Unexpected::Said),
    ] {
        assert_eq!(done::<Done>(200, body), Err(expected.into()), "{body}");
    }
}

#[test]
fn an_open_success_is_whatever_is_no_error() {
    for status in [200, 201, 204] {
        for body in [
            "",
            "{}",
            "{\"value\":true}",
            "{\"id\":1}",
            "null",
            "true",
            "[]",
        ] {
            assert_eq!(done::<Emptied>(status, body), Ok(()), "{status} {body}");
            assert_eq!(done::<Subscribed>(status, body), Ok(()), "{status} {body}");
        }
    }
    for (status, body, expected) in [
        (200, "{\"value\":false}", Unexpected::Shape),
        (200, "{\"success\":false}", Unexpected::Shape),
        (200, "false", Unexpected::Shape),
        (200, "{\"error\":\"?\"}", Unexpected::Said),
        (200, "{\"message\":\"?\"}", Unexpected::Said),
        (200, "\"?\"", Unexpected::Said),
        (200, "<html>", Unexpected::NotJson),
        (200, "{\"value\":tr", Unexpected::Truncated),
        (404, "", Unexpected::Status(404)),
        (405, "Method Not Allowed", Unexpected::Status(405)),
        (302, "", Unexpected::Redirected),
    ] {
        let error = Err(expected.into());
        assert_eq!(done::<Emptied>(status, body), error, "{status} {body}");
        assert_eq!(done::<Subscribed>(status, body), error, "{status} {body}");
    }
    let refused = Err(Refusal::PartnerToken.into());
    assert_eq!(done::<Subscribed>(401, ""), refused);
    assert_eq!(
        done::<Emptied>(401, ""),
        Err(Unexpected::Status(401).into())
    );
}

#[test]
fn a_queue_is_counted_and_its_paging_state_passed_on_as_it_is() {
    for (state, has_more, expected) in [
        (
            json!("\u{0} \"x\"\n"),
            json!(true),
            (Some("\u{0} \"x\"\n"), true),
        ),
        (json!(""), json!("false"), (Some(""), false)),
        (json!(null), json!(null), (None, false)),
        (json!(7), json!(2), (None, false)),
    ] {
        let body = json!({"messages": [{}, null, "a"], "pagingState": state, "hasMore": has_more});
        let page: QueuePage = read_as(200, &body.to_string()).unwrap();
        assert_eq!(page.messages, 3);
        assert_eq!(
            (page.paging_state.as_deref(), page.has_more),
            expected,
            "{body}"
        );
    }
    for body in [
        "{}",
        "{\"messages\":null}",
        "{\"messages\":3}",
        "{\"hasMore\":false}",
    ] {
        assert_eq!(
            fails::<QueuePage>(200, body),
            Unexpected::Shape.into(),
            "{body}"
        );
    }
}

#[test]
fn rows_of_a_page_may_lack_anything() {
    let body = json!({"totalPage": "3", "total": -1, "content": [
        {"id": "A", "token": "B", "name": "C", "middleware": "mobile", "whatsappConnected": true},
        {"middleware": "other", "due": null},
        null,
    ]});
    let page: InstancePage = read_as(200, &body.to_string()).unwrap();
    assert_eq!((page.total, page.total_pages), (None, Some(3)));
    let [full, bare] = page.rows.as_slice() else {
        panic!("two rows are objects: {page:?}");
    };
    assert_eq!((full.id.as_str(), full.name.as_deref()), ("A", Some("C")));
    assert_eq!(full.middleware, Some(Middleware::Mobile));
    assert_eq!(full.whatsapp_connected, Some(true));
    assert_eq!(
        (bare.id.as_str(), bare.middleware, bare.due),
        ("", None, None)
    );
    assert_eq!(
        fails::<InstancePage>(200, "{\"total\":1}"),
        Unexpected::Shape.into()
    );
}

#[test]
fn a_new_instance_has_an_id_and_a_token() {
    let due = Some(UnixMillis(1_648_565_999_675));
    for (body, expected) in [
        (
            json!({"id": "A", "token": "B", "due": 1_648_565_999_675_i64}),
            due,
        ),
        (
            json!({"id": "A", "token": "B", "due": 1_648_565_999}),
            Some(UnixMillis(1_648_565_999_000)),
        ),
        (
            json!({"id": " A ", "token": "B\n", "due": "soon", "message": "created"}),
            None,
        ),
        (json!({"id": "A", "token": "B"}), None),
    ] {
        for status in [200, 201] {
            let new: NewInstance = read_as(status, &body.to_string()).unwrap();
            assert_eq!((new.id.as_str(), new.token.expose_secret()), ("A", "B"));
            assert_eq!(new.due, expected, "{body}");
        }
    }
    for (status, body, expected) in [
        (200, json!({}), Unexpected::Shape),
        (201, json!({"id": "A"}), Unexpected::Shape),
        (201, json!({"token": "B", "due": 1}), Unexpected::Shape),
        (201, json!({"id": "", "token": "B"}), Unexpected::Shape),
        (201, json!({"id": "A", "token": " "}), Unexpected::Shape),
        (201, json!({"id": null, "token": {}}), Unexpected::Shape),
        (
            200,
            json!({"message": "name is required"}),
            Unexpected::Said,
        ),
        (
            400,
            json!({"message": "name is required"}),
            Unexpected::Said,
        ),
        (
            400,
            json!({"id": "A", "token": "B"}),
            Unexpected::Status(400),
        ),
    ] {
        let body = body.to_string();
        assert_eq!(
            fails::<NewInstance>(status, &body),
            expected.into(),
            "{body}"
        );
    }
    assert_eq!(fails::<NewInstance>(201, ""), Unexpected::Truncated.into());
    for status in [401, 403] {
        let error = fails::<NewInstance>(status, "");
        assert_eq!(error, Refusal::PartnerToken.into(), "{status}");
    }
}

/// Reads `body` as every kind of answer; whether each came out as a value.
fn read_as_all(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> [bool; 12] {
    [
        read::<Status>(status, headers, body).is_ok(),
        read::<Device>(status, headers, body).is_ok(),
        read::<Me>(status, headers, body).is_ok(),
        read::<ExtensionToken>(status, headers, body).is_ok(),
        read::<InstancePage>(status, headers, body).is_ok(),
        read::<NewInstance>(status, headers, body).is_ok(),
        read::<QrCode>(status, headers, body).is_ok(),
        read::<PhoneCode>(status, headers, body).is_ok(),
        read::<QueuePage>(status, headers, body).is_ok(),
        read::<Done>(status, headers, body).is_ok(),
        read::<Emptied>(status, headers, body).is_ok(),
        read::<Subscribed>(status, headers, body).is_ok(),
    ]
}

pub(crate) fn any_status() -> impl Strategy<Value = StatusCode> {
    (100..1000_u16).prop_map(|status| StatusCode::from_u16(status).unwrap())
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let value = prop_oneof![
        any::<u64>().prop_map(|seconds| seconds.to_string()),
        any::<u32>().prop_map(|seconds| {
            httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.into()))
        }),
        "[ -~]{0,32}",
    ];
    (value.clone(), value).prop_map(|(date, retry_after)| {
        headers(&[(DATE, date.as_str()), (RETRY_AFTER, retry_after.as_str())])
    })
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(Value::from("Client-Token \u{0} not allowed")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,8}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_healthy() -> impl Strategy<Value = &'static str> {
    prop::sample::select(HEALTHY.as_slice())
}

/// Stands for codes, tokens, phone numbers and messages.
pub(crate) const SAID: &str = "SAMPLE-SAID";

/// Values of every kind with [`SAID`] somewhere in them.
pub(crate) fn any_saying() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(["", "2@", "Client-Token ", "IP "].as_slice());
    let leaf = (text, prop::sample::select(["", " not allowed"].as_slice()))
        .prop_map(|(before, after)| Value::from(format!("{before}{SAID}{after}")));
    prop_oneof![
        leaf.clone(),
        (leaf.clone(), any_json()).prop_map(|(said, more)| json!([said, more, {"id": said}])),
        (leaf, any_json()).prop_map(|(said, more)| json!({SAID: more, "token": said})),
        Just(json!(true)),
    ]
}

pub(crate) fn told<T: Answer + Debug>(status: StatusCode, body: &[u8]) -> String {
    match read::<T>(status, &HeaderMap::new(), body) {
        Ok(received) => format!("{received:?}"),
        Err(error) => format!("{error} {error:?}"),
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        status in any_status(),
        headers in any_headers(),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let read = read_as_all(status, &headers, &body);
        prop_assert!(status.is_success() || read == [false; 12], "{status} is not a success");
    }

    #[test]
    fn damaged_answers_never_panic(
        fixture in any_healthy(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut body = fixture.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        read_as_all(StatusCode::OK, &HeaderMap::new(), &body);
    }

    #[test]
    fn a_cut_answer_is_truncated(fixture in any_healthy(), cut in any::<prop::sample::Index>()) {
        let body = &fixture.as_bytes()[..cut.index(fixture.trim_end().len())];
        let error = read::<Status>(StatusCode::OK, &HeaderMap::new(), body).unwrap_err();
        prop_assert_eq!(error, Unexpected::Truncated.into());
    }

    #[test]
    fn an_error_body_is_never_a_value(
        fixture in any_healthy(),
        status in any_status(),
        text in "\\PC{0,30}[!-~]",
    ) {
        prop_assume!(!Status::is_state(&text));
        let mut body: Object = serde_json::from_str(fixture).unwrap();
        body.insert("error".to_owned(), text.into());
        let body = serde_json::to_vec(&body).unwrap();
        prop_assert_eq!(read_as_all(status, &HeaderMap::new(), &body), [false; 12]);
    }

    #[test]
    fn any_value_in_an_optional_field_leaves_the_rest_readable(
        field in prop::sample::select(
            ["smartphoneConnected", "phone", "name", "isBusiness", "due", "expiresAt", "id",
                "paymentStatus", "middleware", "total", "totalPage", "pagingState", "hasMore",
                "challenge", "extra"].as_slice()),
        value in any_json(),
    ) {
        let mut body = Object::new();
        for fixture in HEALTHY {
            body.extend(serde_json::from_str::<Object>(fixture).unwrap());
        }
        body.insert("content".to_owned(), json!([{ field: value.clone() }]));
        // Optional in a row only.
        if field != "id" {
            body.insert(field.to_owned(), value);
        }
        body.remove("error");
        let body = serde_json::to_vec(&body).unwrap();
        prop_assert_eq!(read_as_all(StatusCode::OK, &HeaderMap::new(), &body), [true; 12]);
    }

    #[test]
    fn what_a_server_says_stays_untold(
        status in any_status(),
        error in prop::option::of(any_saying()),
        fields in prop::collection::hash_map(
            prop::sample::select(
                ["id", "value", "token", "challenge", "messages", "pagingState", "hasMore", "content",
                    "success", "connected", "message", "type", "reason"].as_slice()),
            any_saying(),
            0..6),
    ) {
        let mut body: Object = fields
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .collect();
        body.extend(error.map(|error| ("error".to_owned(), error)));
        let body = serde_json::to_vec(&body).unwrap();
        for status in [status, StatusCode::OK] {
            let told = [
                told::<QrCode>(status, &body),
                told::<PhoneCode>(status, &body),
                told::<ExtensionToken>(status, &body),
                told::<QueuePage>(status, &body),
                told::<InstancePage>(status, &body),
                told::<NewInstance>(status, &body),
            ];
            for told in told {
                prop_assert!(!told.contains(SAID), "{told}");
            }
        }
    }
}
