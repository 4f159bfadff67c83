//! The registration of a number on a mobile instance.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Admitted, Punished, Server};
use crate::captcha;
use crate::instance::Refusal;
use crate::registration::{APPEAL_TOKEN, Answer, Waits, Way};

pub(super) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route(
            "/instances/{id}/token/{token}/mobile/registration-available",
            post(check),
        )
        .route(
            "/instances/{id}/token/{token}/mobile/request-registration-code",
            post(request_code),
        )
        .route(
            "/instances/{id}/token/{token}/mobile/respond-captcha",
            post(respond_captcha),
        )
        .route(
            "/instances/{id}/token/{token}/mobile/confirm-registration-code",
            post(confirm_code),
        )
        .route(
            "/instances/{id}/token/{token}/mobile/confirm-pin-code",
            post(confirm_pin),
        )
        .route(
            "/instances/{id}/token/{token}/mobile/device-transfer-confirmed",
            get(confirm_transfer),
        )
        .route(
            "/instances/{id}/token/{token}/mobile/recovery-pin-code",
            post(recover_pin),
        )
        .route(
            "/instances/{id}/token/{token}/mobile/request-unbanning",
            post(appeal),
        )
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let body = match self {
            Self::Available {
                waits,
                wa_old_eligible,
            } => with_waits(
                json!({"available": true, "waOldEligible": wa_old_eligible}),
                waits,
            ),
            Self::AvailableWithoutWaits => json!({"available": true}),
            Self::NotAvailable => json!({"available": false, "reason": "practice_odd_reason"}),
            Self::NumberBlocked { can_appeal: true } => {
                json!({"available": false, "blocked": true, "appealToken": APPEAL_TOKEN})
            }
            Self::NumberBlocked { can_appeal: false } => {
                json!({"available": false, "blocked": true})
            }
            Self::Requested {
                way,
                captcha,
                waits,
                retry_after,
            } => {
                let body = json!({"success": true, "retryAfter": retry_after, "method": way});
                let mut body = with_waits(body, waits);
                if captcha {
                    match captcha::png() {
                        Ok(png) => body["captcha"] = json!(BASE64_STANDARD.encode(png)),
                        Err(error) => {
                            let error = error.to_string();
                            return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response();
                        }
                    }
                }
                body
            }
            Self::RequestedWithoutWaits { retry_after } => {
                json!({"success": true, "retryAfter": retry_after.to_string()})
            }
            // The reasons here and below are unknown; these are WhatsApp's own words.
            Self::WayClosed { way, waits } => {
                let body = json!({"success": false, "reason": "no_routes", "method": way});
                with_waits(body, waits)
            }
            Self::Wrong => json!({"success": false, "reason": "mismatch"}),
            Self::TooManyTries { waits, retry_after } => {
                let reason = "too_many_guesses";
                let body = json!({"success": false, "reason": reason, "retryAfter": retry_after});
                with_waits(body, waits)
            }
            Self::Blocked { punished } => {
                let body = Json(json!({"success": false, "blocked": true}));
                return match punished {
                    true => (Extension(Punished), body).into_response(),
                    false => body.into_response(),
                };
            }
            Self::Done | Self::Registered => json!({"success": true}),
            Self::Refused => json!({"success": false}),
            Self::PinNeeded => json!({"success": false, "confirmSecurityCode": true}),
            Self::PhoneNeeded => json!({"success": false, "deviceConfirm": true}),
            Self::PhoneHasNotConfirmed => {
                let body = Json(json!({"success": false}));
                return (StatusCode::BAD_REQUEST, body).into_response();
            }
            Self::InReview => json!({"success": true, "status": "IN_REVIEW"}),
            Self::Unbanned => json!({"success": true, "status": "UNBANNED"}),
        };
        Json(body).into_response()
    }
}

fn with_waits(mut body: Value, waits: Waits) -> Value {
    body["smsWaitSeconds"] = json!(waits.sms);
    body["voiceWaitSeconds"] = json!(waits.voice);
    body["waOldWaitSeconds"] = json!(waits.wa_old);
    body
}

#[derive(Deserialize)]
struct Number {
    ddi: String,
    phone: String,
}

impl Number {
    /// With country code. How the real gateway refuses a number is unknown.
    fn digits(self) -> Result<String, Refusal> {
        let is_number =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(&self.ddi) || !is_number(&self.phone) {
            return Err(Refusal::Unfit("ddi and phone must have digits only"));
        }
        Ok(self.ddi + &self.phone)
    }
}

async fn check(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Json(number): Json<Number>,
) -> Result<Answer, Refusal> {
    let number = number.digits()?;
    let now = server.now();
    let mut world = server.world();
    world
        .instance_mut(&id)?
        .register(|registrations| registrations.check(number, now))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(flatten)]
    number: Number,
    method: Way,
}

async fn request_code(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Json(wanted): Json<Wanted>,
) -> Result<Answer, Refusal> {
    let number = wanted.number.digits()?;
    let now = server.now();
    let mut world = server.world();
    world.request_registration(&id, number, wanted.method, now)
}

#[derive(Deserialize)]
struct CaptchaAnswer {
    captcha: String,
}

async fn respond_captcha(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Json(CaptchaAnswer { captcha }): Json<CaptchaAnswer>,
) -> Result<Answer, Refusal> {
    let now = server.now();
    server.world().respond_captcha(&id, &captcha, now)
}

/// A registration code, or a PIN.
#[derive(Deserialize)]
struct Typed {
    code: String,
}

async fn confirm_code(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Json(Typed { code }): Json<Typed>,
) -> Result<Answer, Refusal> {
    let now = server.now();
    let mut world = server.world();
    world
        .instance_mut(&id)?
        .register(|registrations| registrations.current(now).confirm_code(&code, now))
}

async fn confirm_pin(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Json(Typed { code: pin }): Json<Typed>,
) -> Result<Answer, Refusal> {
    let now = server.now();
    let mut world = server.world();
    world
        .instance_mut(&id)?
        .register(|registrations| registrations.current(now).confirm_pin(&pin))
}

async fn confirm_transfer(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Answer, Refusal> {
    let now = server.now();
    let mut world = server.world();
    world
        .instance_mut(&id)?
        .register(|registrations| registrations.current(now).confirm_transfer())
}

async fn recover_pin(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Answer, Refusal> {
    let now = server.now();
    let mut world = server.world();
    world
        .instance_mut(&id)?
        .register(|registrations| registrations.current(now).recover_pin())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Appeal {
    appeal_token: String,
    description: String,
}

async fn appeal(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Json(appeal): Json<Appeal>,
) -> Result<Answer, Refusal> {
    if appeal.description.trim().is_empty() {
        return Err(Refusal::Unfit("description is missing"));
    }
    let now = server.now();
    let mut world = server.world();
    world
        .instance_mut(&id)?
        .register(|registrations| registrations.current(now).appeal(&appeal.appeal_token))
}
