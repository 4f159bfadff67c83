//! What the partner does with all their instances.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Server;
use crate::Middleware;
use crate::instance::{Instance, Refusal};

/// The real limit is unknown; clients have to cope with fewer rows than they asked for.
const LARGEST_PAGE: usize = 50;

pub(super) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/instances", get(list_instances))
        .route(
            "/instances/{id}/token/{token}/integrator/on-demand/subscription",
            post(subscribe),
        )
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    page: Option<usize>,
    page_size: Option<usize>,
    query: Option<String>,
    middleware: Option<Middleware>,
}

async fn list_instances(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Query(listing): Query<Listing>,
) -> Result<Json<Value>, Refusal> {
    let now = server.now();
    let world = server.world();
    world.admit_partner(bearer(&headers))?;

    let page = listing.page.unwrap_or(1).max(1);
    let page_size = listing.page_size.unwrap_or(15).clamp(1, LARGEST_PAGE);
    let mut found = world.find(listing.query.as_deref().unwrap_or_default());
    if let Some(wanted) = listing.middleware {
        found.retain(|instance| instance.customer.middleware == wanted);
    }
    let content: Vec<Value> = found
        .iter()
        .skip((page - 1).saturating_mul(page_size))
        .take(page_size)
        .map(|instance| row(instance, now))
        .collect();
    Ok(Json(json!({
        "total": found.len(),
        "totalPage": found.len().div_ceil(page_size),
        "pageSize": page_size,
        "page": page,
        "content": content,
    })))
}

fn row(instance: &Instance, now: i64) -> Value {
    json!({
        "token": instance.right_token,
        "tenant": "FAKE0000TENANT0000",
        "created": "2024-01-15T12:00:00.000Z",
        "due": instance.due_ms(now),
        "paymentStatus": "PAID",
        "deliveryCallbackUrl": null,
        "phoneConnected": instance.connected(),
        "whatsappConnected": instance.connected(),
        "middleware": instance.customer.middleware,
        "name": instance.customer.name,
        "id": instance.customer.instance_id,
    })
}

/// The vendor documents no body. An instance that is subscribed already stays so.
async fn subscribe(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Path((id, token)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let mut world = server.world();
    world.admit_partner(bearer(&headers))?;
    world.subscribe(&id, &token)?;
    Ok(StatusCode::CREATED)
}
