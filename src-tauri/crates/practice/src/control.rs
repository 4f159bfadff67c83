//! Routes with which another program plays the customers and reads the ledger. They are no part of
//! the pretend API, and not in its ledger.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::routes::Server;
use crate::{Action, Call, Customer};

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/practice/ping", get(ping))
        .route("/practice/ledger", get(ledger))
        .route("/practice/calls", get(calls))
        .route("/practice/customers", get(customers))
        .route(
            "/practice/customers/{id}",
            get(customer).patch(change).delete(remove),
        )
        .route("/practice/customers/{id}/play", post(play))
}

async fn ping() -> Json<Value> {
    Json(json!({"practice": true}))
}

async fn ledger(State(server): State<Arc<Server>>) -> Json<Vec<Call>> {
    Json(server.world().ledger.lines())
}

async fn calls(State(server): State<Arc<Server>>) -> Json<Value> {
    Json(json!(server.world().ledger.calls()))
}

async fn customers(State(server): State<Arc<Server>>) -> Json<Vec<Customer>> {
    Json(server.world().roster.customers())
}

async fn customer(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let now = server.now();
    let world = server.world();
    let (scenario, actions) = world.actions(&id, now).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({
        "scenario": scenario,
        "actions": actions,
        "received": world.received(&id),
    })))
}

#[derive(Deserialize)]
struct NewState {
    name: Option<String>,
    connected: Option<bool>,
}

async fn change(
    state: State<Arc<Server>>,
    path: Path<String>,
    Json(new): Json<NewState>,
) -> Result<Json<Value>, StatusCode> {
    {
        let mut world = state.world();
        let instance = world.instance_mut(&path);
        let instance = instance.map_err(|_| StatusCode::NOT_FOUND)?;
        if let Some(name) = new.name {
            instance.rename(name);
        }
        if let Some(connected) = new.connected {
            instance.set_connected(connected);
        }
    }
    customer(state, path).await
}

async fn remove(State(server): State<Arc<Server>>, Path(id): Path<String>) -> StatusCode {
    if server.world().roster.remove(&id) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

#[derive(Deserialize)]
struct Play {
    action: Action,
}

async fn play(
    state: State<Arc<Server>>,
    path: Path<String>,
    Json(Play { action }): Json<Play>,
) -> Result<Json<Value>, StatusCode> {
    let now = state.now();
    if state.world().instance(&path).is_err() {
        return Err(StatusCode::NOT_FOUND);
    }
    let played = state.world().play(&path, action, now);
    played.map_err(|_| StatusCode::CONFLICT)?;
    customer(state, path).await
}
