//! The state of an instance, and what is done to it around a connection.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Admitted, Server};
use crate::instance::{Link, Refusal};

/// When the request names no page size.
const QUEUE_PAGE: usize = 20;
const LARGEST_QUEUE_PAGE: usize = 30;

/// What a paging state holds is unknown; here it is this and how many messages came before.
const PAGING_STATE: &str = "FAKE-PAGING-";

pub(super) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/instances/{id}/token/{token}/status", get(status))
        .route("/instances/{id}/token/{token}/device", get(device))
        .route("/instances/{id}/token/{token}/me", get(me))
        .route("/instances/{id}/token/{token}/restart", get(restart))
        .route("/instances/{id}/token/{token}/disconnect", get(disconnect))
        .route(
            "/instances/{id}/token/{token}/restore-session",
            get(restore_session),
        )
        .route(
            "/instances/{id}/token/{token}/queue",
            post(queue).delete(empty_queue),
        )
}

async fn status(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    let world = server.world();
    let instance = world.instance(&id)?;
    let error = match instance.link() {
        Link::None => "You are not connected.",
        Link::ToRestore => "You need to restore the session",
        Link::Connected => "You are already connected",
    };
    Ok(Json(json!({
        "connected": instance.connected(),
        "error": error,
        "smartphoneConnected": instance.smartphone_connected(),
    })))
}

async fn device(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    let world = server.world();
    let instance = world.instance(&id)?;
    let phone = instance.phone()?;
    Ok(Json(json!({
        "phone": phone,
        "imgUrl": null,
        "about": "Atendemos de segunda a sábado",
        "name": instance.customer.name,
        "device": {"sessionName": "Z-API", "device_model": "Z-API"},
        "originalDevice": "smba",
        "sessionId": 175,
        "isBusiness": true,
    })))
}

/// With the instance token and a proxy password, as the real one: clients show that they drop them.
async fn me(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    let world = server.world();
    let instance = world.instance(&id)?;
    Ok(Json(json!({
        "id": id,
        "token": instance.right_token,
        "name": instance.customer.name,
        "due": instance.due_ms() / 1000,
        "connected": instance.connected(),
        "paymentStatus": "PAID",
        "created": "2024-01-15T12:00:00.000Z",
        "connectedCallbackUrl": null,
        "disconnectedCallbackUrl": null,
        "deliveryCallbackUrl": null,
        "receivedCallbackUrl": null,
        "proxyUrl": "http://practice:FAKE-PROXY-PASSWORD@proxy.invalid:3128",
        "useProxy": true,
    })))
}

async fn restart(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    server.world().instance_mut(&id)?.restart()?;
    Ok(Json(json!({"value": true})))
}

async fn disconnect(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    server.world().instance_mut(&id)?.disconnect();
    Ok(Json(json!({"value": true})))
}

async fn restore_session(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<Json<Value>, Refusal> {
    server.world().instance_mut(&id)?.restore_session()?;
    Ok(Json(json!({"value": true})))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueuePage {
    page_size: Option<usize>,
    paging_state: Option<String>,
}

/// With the messages' text and numbers, as the real one: clients show that they only count.
async fn queue(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
    Json(wanted): Json<QueuePage>,
) -> Result<Json<Value>, Refusal> {
    // Whether the real gateway refuses more or gives fewer is unknown; a refusal shows the mistake.
    let size = wanted.page_size.unwrap_or(QUEUE_PAGE);
    if !(1..=LARGEST_QUEUE_PAGE).contains(&size) {
        return Err(Refusal::Unfit("pageSize must be between 1 and 30"));
    }
    let start: usize = match wanted.paging_state {
        None => 0,
        Some(state) => state
            .strip_prefix(PAGING_STATE)
            .and_then(|place| place.parse().ok())
            .ok_or(Refusal::Unfit("pagingState is invalid"))?,
    };
    let waiting = server.world().instance(&id)?.waiting();
    let end = waiting.min(start.saturating_add(size));
    let created = server.now();
    let messages: Vec<Value> = (start..end).map(|nth| message(nth, created)).collect();
    Ok(Json(json!({
        "messages": messages,
        // As documented, there is one on the last page too.
        "pagingState": format!("{PAGING_STATE}{end}"),
        "hasMore": end < waiting,
    })))
}

fn message(nth: usize, created: i64) -> Value {
    let number = nth + 1;
    json!({
        "_id": format!("FA4EFA4E{number:024}"),
        "ZaapId": format!("FA4EFA4E{number:024}"),
        "MessageId": format!("FA4E{number:016}"),
        "Phone": format!("554497777{number:04}"),
        "Message": format!("Mensagem de mentira {number}"),
        "DelayMessage": -1,
        "Created": created,
    })
}

/// The vendor documents no body.
async fn empty_queue(
    Admitted(id): Admitted,
    State(server): State<Arc<Server>>,
) -> Result<(), Refusal> {
    server.world().instance_mut(&id)?.empty_queue();
    Ok(())
}
