//! The ways to connect.

use std::error::Error;
use std::io::Cursor;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{ImageFormat, Luma};
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Admitted, Server};
use crate::instance::{QrAnswer, QrShape, Refusal};

pub(super) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route(
            "/instances/{id}/token/{token}/extension-token",
            get(extension_token),
        )
        .route("/instances/{id}/token/{token}/qr-code", get(qr_code))
        .route("/instances/{id}/token/{token}/qr-code/image", get(qr_code))
        .route(
            "/instances/{id}/token/{token}/phone-code/{phone}",
            get(phone_code),
        )
        .route(
            "/instances/{id}/token/{token}/reset-passkey-challenge",
            post(reset_passkey_challenge),
        )
}

async fn extension_token(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    let now = server.now();
    let code = server.world().issue_code(&id, now)?;
    Ok(Json(
        json!({"token": code.text, "expiresAt": code.expires_at}),
    ))
}

/// Both routes answer in the same shapes: which instance, not which route, decides about the shape.
async fn qr_code(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Response> {
    let now = server.now();
    let answer = server.world().issue_qr_code(&id, now);
    Ok(Json(match answer.map_err(IntoResponse::into_response)? {
        QrAnswer::Code { text, shape } => {
            let value = shaped(text, shape).map_err(|error| {
                let error = error.to_string();
                (StatusCode::INTERNAL_SERVER_ERROR, error).into_response()
            })?;
            json!({"value": value})
        }
        // What is inside is unknown; this looks like what a browser is asked for.
        QrAnswer::PasskeyChallenge => json!({"challenge": {
            "challenge": "RkFLRS1DSEFMTEVOR0U",
            "rpId": "web.whatsapp.com",
            "allowCredentials": [],
            "userVerification": "required",
            "timeout": 60_000,
        }}),
        // Unknown too; an error and no value at all are as likely.
        QrAnswer::Connected => json!({"connected": true}),
    }))
}

fn shaped(text: String, shape: QrShape) -> Result<String, Box<dyn Error>> {
    Ok(match shape {
        QrShape::DataUrl => format!("data:image/png;base64,{}", picture(&text)?),
        QrShape::BareBase64 => picture(&text)?,
        QrShape::RawText => text,
    })
}

/// The QR code as a PNG in base64, at the error correction of WhatsApp Web's.
fn picture(text: &str) -> Result<String, Box<dyn Error>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)?;
    let mut png = Cursor::new(Vec::new());
    code.render::<Luma<u8>>()
        .min_dimensions(300, 300)
        .build()
        .write_to(&mut png, ImageFormat::Png)?;
    Ok(BASE64_STANDARD.encode(png.into_inner()))
}

async fn phone_code(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Path(PhoneCode { phone }): Path<PhoneCode>,
) -> Result<Json<Value>, Refusal> {
    // How the real gateway refuses a number is unknown.
    if !phone.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Unfit("Phone number must have digits only"));
    }
    let text = server.world().issue_phone_code(&id)?;
    Ok(Json(json!({"value": text})))
}

#[derive(Deserialize)]
struct PhoneCode {
    phone: String,
}

async fn reset_passkey_challenge(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    let mut world = server.world();
    world.instance_mut(&id)?.reset_passkey_challenge()?;
    Ok(Json(json!({"success": true})))
}
