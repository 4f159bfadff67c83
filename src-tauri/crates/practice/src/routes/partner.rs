//! What the partner does with all their instances.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Server;
use crate::Middleware;
use crate::instance::{Instance, Refusal};
use crate::listing::Treatment;
use crate::roster::Search;

pub(super) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/instances", get(list_instances))
        .route("/instances/integrator/on-demand", post(create))
        .route(
            "/instances/{id}/token/{token}/integrator/on-demand/subscription",
            post(subscribe),
        )
}

/// A caller who showed the Partner token.
struct ThePartner;

impl FromRequestParts<Arc<Server>> for ThePartner {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Refusal> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        server.world().admit_partner(token)?;
        Ok(Self)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    page: Option<usize>,
    page_size: Option<usize>,
    query: Option<String>,
    middleware: Option<Middleware>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    total: usize,
    total_page: usize,
    page_size: usize,
    page: usize,
    content: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    token: &'a str,
    tenant: &'static str,
    created: &'static str,
    due: i64,
    payment_status: &'static str,
    delivery_callback_url: Option<&'static str>,
    phone_connected: bool,
    whatsapp_connected: bool,
    middleware: Middleware,
    name: &'a str,
    id: &'a str,
}

impl<'a> Row<'a> {
    fn of(instance: &'a Instance) -> Self {
        Self {
            token: &instance.right_token,
            tenant: "FAKE0000TENANT0000",
            created: "2024-01-15T12:00:00.000Z",
            due: instance.due_ms(),
            payment_status: "PAID",
            delivery_callback_url: None,
            phone_connected: instance.phone_online(),
            whatsapp_connected: instance.connected(),
            middleware: instance.customer.middleware,
            name: &instance.customer.name,
            id: &instance.customer.instance_id,
        }
    }
}

async fn list_instances(
    _: ThePartner,
    State(server): State<Arc<Server>>,
    Query(asked): Query<Asked>,
) -> Response {
    let page = asked.page.unwrap_or(1).max(1);
    let search = Search::new(asked.query.as_deref().unwrap_or_default(), asked.middleware);
    let (treatment, pause) = {
        let paging = &mut server.world().paging;
        (paging.next(page), paging.pause())
    };
    // Even a sleep of nothing takes a tick of the timer.
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    match treatment {
        Treatment::Page => {}
        Treatment::Fails => {
            let said = Json(json!({"message": "Internal server error"}));
            return (StatusCode::INTERNAL_SERVER_ERROR, said).into_response();
        }
        Treatment::TooOften => {
            let said = Json(json!({"message": "Too many requests"}));
            let retry = [(header::RETRY_AFTER, "1")];
            return (StatusCode::TOO_MANY_REQUESTS, retry, said).into_response();
        }
    }

    let mut world = server.world();
    let page_size = world.paging.page_size(asked.page_size.unwrap_or(15));
    let (total, rows) = world.roster.page(&search, page, page_size);
    let response = Json(Page {
        total,
        total_page: total.div_ceil(page_size),
        page_size,
        page,
        content: rows.into_iter().map(Row::of).collect(),
    })
    .into_response();
    world.after_page(server.now());
    response
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: Option<String>,
    #[serde(default)]
    is_device: bool,
}

/// The vendor documents no status.
async fn create(
    _: ThePartner,
    State(server): State<Arc<Server>>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let name = wanted.name.as_deref().unwrap_or_default();
    if name.trim().is_empty() {
        return Err(Refusal::PartnerUnfit("name is required"));
    }
    let middleware = match wanted.is_device {
        false => Middleware::Web,
        true => Middleware::Mobile,
    };
    let now = server.now();
    let (made, due) = server.world().roster.create(name, middleware, now);
    Ok(Json(json!({
        "id": made.instance_id,
        "token": made.token,
        "due": due,
    })))
}

/// The vendor documents no body. An instance that is subscribed already stays so.
async fn subscribe(
    _: ThePartner,
    State(server): State<Arc<Server>>,
    Path((id, token)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let now = server.now();
    server.world().subscribe(&id, &token, now)?;
    Ok(StatusCode::CREATED)
}
