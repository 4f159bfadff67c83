//! Every step of a registration with every answer that zapi.md §5 documents, and with fields
//! missing, mistyped and extra: what it leads to, and that nothing leads further than it says.

use std::sync::{Arc, Mutex};

use desk::Desk;
use desk::registration::view::Step;
use desk::registration::waits::Way;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use crate::setup::{account, desk_over, form};

/// A server that answers every call of a registration with what stands here.
struct Scripted {
    next: Arc<Mutex<(u16, Value)>>,
    _server: MockServer,
    desk: Arc<Desk>,
    id: String,
}

impl Scripted {
    async fn new() -> Self {
        let next = Arc::new(Mutex::new((200, Value::Null)));
        let server = MockServer::start().await;
        let script = Arc::clone(&next);
        Mock::given(matchers::path_regex("/mobile/"))
            .respond_with(move |_: &Request| {
                let (status, body) = script.lock().unwrap().clone();
                ResponseTemplate::new(status).set_body_json(body)
            })
            .mount(&server)
            .await;
        let status = json!({"connected": false, "error": "You are not connected"});
        Mock::given(matchers::path_regex("/status$"))
            .respond_with(ResponseTemplate::new(200).set_body_json(status))
            .mount(&server)
            .await;
        let desk = desk_over(&server.uri(), None, Arc::default()).await;
        let account = account(&desk).await;
        let address = format!(
            "{}/instances/3C00FAKE01/token/70CEFAKE01/send-text",
            server.uri()
        );
        let form = form(&account, "Aurora", &address, None, "");
        let id = desk.add_customer(form).await.unwrap().id;
        Self {
            next,
            _server: server,
            desk,
            id,
        }
    }

    /// Does what is done at a step, and gets this answer.
    async fn act(&self, at: &str, status: u16, answer: Value) {
        *self.next.lock().unwrap() = (status, answer);
        let (desk, id) = (&self.desk, &self.id);
        // Refusals are in the view.
        let _ = match at {
            "number" => desk.check_registration(id, "44999990101", true).await,
            "ways" => desk.request_registration_code(id, Way::Sms).await,
            "captcha" => desk.answer_captcha(id, "407258").await,
            "code" => desk.confirm_registration_code(id, "123456").await,
            "pin" => desk.confirm_pin(id, "123456".into()).await,
            "phoneConfirm" => desk.check_transfer(id).await,
            "blocked" => desk.check_registration_again(id).await,
            other => panic!("{other}"),
        };
    }

    async fn step(&self) -> &'static str {
        match self.desk.registration(&self.id).await.unwrap().step {
            Step::Number => "number",
            Step::Ways { .. } => "ways",
            Step::Captcha { .. } => "captcha",
            Step::Code { .. } => "code",
            Step::Pin { .. } => "pin",
            Step::PhoneConfirm { .. } => "phoneConfirm",
            Step::NotAvailable { .. } => "notAvailable",
            Step::Blocked { .. } => "blocked",
            Step::Registered => "registered",
        }
    }

    /// By documented answers from the beginning to a step.
    async fn at(step: &str) -> Self {
        let scripted = Self::new().await;
        let open = json!({"available": true, "smsWaitSeconds": 0, "voiceWaitSeconds": 0, "waOldWaitSeconds": 0, "waOldEligible": true});
        let sent = json!({"success": true, "retryAfter": 165, "smsWaitSeconds": 125, "voiceWaitSeconds": 125, "waOldWaitSeconds": 125, "method": "sms"});
        let way: Vec<(&str, Value)> = match step {
            "number" => vec![],
            "ways" => vec![("number", open)],
            "captcha" => vec![
                ("number", open),
                ("ways", json!({"success": true, "captcha": "AAAA"})),
            ],
            "code" => vec![("number", open), ("ways", sent)],
            "pin" => vec![
                ("number", open),
                ("ways", sent),
                (
                    "code",
                    json!({"success": false, "confirmSecurityCode": true}),
                ),
            ],
            "phoneConfirm" => vec![
                ("number", open),
                ("ways", sent),
                ("code", json!({"success": false, "deviceConfirm": true})),
            ],
            "blocked" => vec![(
                "number",
                json!({"available": false, "blocked": true, "appealToken": "Ae0B_FAKE"}),
            )],
            other => panic!("{other}"),
        };
        for (at, answer) in way {
            scripted.act(at, 200, answer).await;
        }
        assert_eq!(scripted.step().await, step);
        scripted
    }
}

fn answers() -> Vec<(u16, Value)> {
    let mut answers: Vec<(u16, Value)> = [
        json!({"available": true, "smsWaitSeconds": 0, "voiceWaitSeconds": 0, "waOldWaitSeconds": 0, "waOldEligible": true}),
        json!({"available": true, "smsWaitSeconds": "9", "voiceWaitSeconds": -1, "waOldWaitSeconds": null, "extra": [1]}),
        json!({"available": true}),
        json!({"available": "true"}),
        json!({"available": false, "reason": "no_such_reason"}),
        json!({"available": false, "blocked": true, "appealToken": "Ae0B_FAKE"}),
        json!({"success": true}),
        json!({"success": true, "retryAfter": "165", "method": "sms"}),
        json!({"success": true, "retryAfter": 165, "smsWaitSeconds": 125, "voiceWaitSeconds": 125, "waOldWaitSeconds": 125, "method": "sms"}),
        json!({"success": true, "captcha": "bm8gcGljdHVyZQ=="}),
        json!({"success": false}),
        json!({"success": false, "blocked": true}),
        json!({"success": false, "confirmSecurityCode": true}),
        json!({"success": false, "deviceConfirm": true}),
        json!({"success": "yes"}),
        json!({"success": false, "error": "code expired"}),
        json!({"success": false, "error": "too many tries"}),
        json!({}),
        json!([]),
        json!("text"),
        Value::Null,
        json!({"error": "NOT_FOUND", "message": "Unable to find matching target resource method"}),
    ]
    .map(|answer| (200, answer))
    .into();
    answers.push((400, json!({"success": false})));
    answers.push((400, json!({"error": "Instance not found"})));
    answers.push((500, json!({"success": true})));
    answers
}

/// Which steps an answer can lead to.
fn allowed(at: &str, status: u16, answer: &Value) -> &'static [&'static str] {
    let is = |field: &str, value: Value| answer.get(field) == Some(&value);
    let yes = status == 200 && is("success", json!(true));
    // That question is answered by yes or no.
    if is("blocked", json!(true)) && at != "phoneConfirm" {
        return &["blocked"];
    }
    match at {
        "number" | "blocked" if status == 200 && answer.get("available").is_some() => {
            &["ways", "notAvailable"]
        }
        // A success that says nothing of the number is no leave to go on.
        "number" | "blocked" => &["number", "notAvailable", "blocked"],
        "ways" if yes && answer.get("captcha").is_some() => &["captcha"],
        "ways" if yes => &["code"],
        // Whether a code was sent is known, or must be checked.
        "ways" => &["ways", "number"],
        "captcha" if yes => &["code"],
        "captcha" => &["captcha"],
        "code" if is("confirmSecurityCode", json!(true)) => &["pin"],
        "code" if is("deviceConfirm", json!(true)) => &["phoneConfirm"],
        "code" | "pin" | "phoneConfirm" if yes => &["registered"],
        "code" => &["code", "ways"],
        "pin" => &["pin"],
        "phoneConfirm" => &["phoneConfirm"],
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_leads_further_than_it_says() {
    for at in [
        "number",
        "ways",
        "captcha",
        "code",
        "pin",
        "phoneConfirm",
        "blocked",
    ] {
        for (status, answer) in answers() {
            let scripted = Scripted::at(at).await;
            scripted.act(at, status, answer.clone()).await;
            let to = scripted.step().await;
            let allowed = allowed(at, status, &answer);
            assert!(
                allowed.contains(&to),
                "{at} + {status} {answer}: {to}, not one of {allowed:?}"
            );
            let shown = scripted.desk.registration(&scripted.id).await.unwrap();
            assert!(!shown.busy, "{at} + {status} {answer}: still busy");
            scripted.desk.close().await;
        }
    }
}
