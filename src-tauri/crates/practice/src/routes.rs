//! The pretend API over HTTP, in the shapes of the real one.

mod instance;
mod pairing;
mod partner;
mod registration;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{
    DefaultBodyLimit, FromRequestParts, MatchedPath, Path, RawPathParams, Request, State,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::instance::Refusal;
use crate::world::World;
use crate::{Call, Config, control, faults};

/// Nothing that anyone sends here is longer.
const LONGEST_BODY: usize = 64 * 1024;

const YEAR_9999_MS: i64 = 253_370_764_800_000;

/// As nginx logs a caller who hung up before the answer.
const HUNG_UP: u16 = 499;

/// Goes with the answer to a call that the real one is known to punish.
#[derive(Clone, Copy)]
struct Punished;

/// What the routes share.
#[derive(Debug)]
pub(crate) struct Server {
    world: Mutex<World>,
    started: Instant,
    /// Milliseconds ahead of this computer's clock.
    clock_offset: AtomicI64,
}

impl Server {
    pub fn new(config: Config) -> Self {
        let clock_offset = config.clock_offset;
        Self {
            started: Instant::now(),
            clock_offset: AtomicI64::new(clock_offset),
            world: Mutex::new(World::new(config, now_with(clock_offset))),
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere leaves nothing half-done in here.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unix milliseconds by the server's clock, within the years that a `Date` header can tell.
    pub fn now(&self) -> i64 {
        now_with(self.clock_offset.load(Ordering::Relaxed))
    }

    /// Sets the clock ahead.
    pub fn time_passes(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        // Always gives a value, so that it cannot fail.
        let _ = self
            .clock_offset
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |offset| {
                Some(offset.saturating_add(ms))
            });
    }
}

fn now_with(clock_offset: i64) -> i64 {
    let computer = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(computer.as_millis())
        .unwrap_or(i64::MAX)
        .saturating_add(clock_offset)
        .clamp(0, YEAR_9999_MS)
}

pub(crate) fn router(server: &Arc<Server>) -> Router {
    let api = Router::new()
        .route("/", get(unknown_route))
        .merge(instance::router())
        .merge(pairing::router())
        .merge(partner::router())
        .merge(registration::router())
        .method_not_allowed_fallback(wrong_verb)
        .fallback(unknown_route)
        .layer(from_fn_with_state(Arc::clone(server), record));
    api.merge(control::router())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(server), tell_time))
        .with_state(Arc::clone(server))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // Where the facts give no status, or (connected or not, another kind of instance) no answer at
        // all, the choice is ours.
        let (status, body) = match self {
            Self::InstanceNotFound => (
                StatusCode::BAD_REQUEST,
                json!({"error": "Instance not found"}),
            ),
            Self::ClientTokenMissing => {
                (StatusCode::FORBIDDEN, json!({"error": "null not allowed"}))
            }
            Self::ClientTokenWrong(sent) => (
                StatusCode::FORBIDDEN,
                json!({"error": format!("Client-Token {sent} not allowed")}),
            ),
            Self::PartnerTokenMissing => (
                StatusCode::UNAUTHORIZED,
                json!({"message": "Authorization token is empty"}),
            ),
            Self::PartnerTokenWrong => (
                StatusCode::UNAUTHORIZED,
                json!({"message": "Authorization token is invalid", "type": "UNAUTHORIZED"}),
            ),
            Self::PartnerInstanceNotFound => (
                StatusCode::NOT_FOUND,
                json!({"message": "Instance not found"}),
            ),
            Self::PartnerUnfit(what) => (StatusCode::BAD_REQUEST, json!({"message": what})),
            Self::SubscriptionOver => (
                StatusCode::BAD_REQUEST,
                json!({"error": "To continue sending a message, you must subscribe to this instance again"}),
            ),
            Self::AlreadyConnected => (
                StatusCode::BAD_REQUEST,
                json!({"error": "You are already connected"}),
            ),
            Self::NotConnected => (
                StatusCode::BAD_REQUEST,
                json!({"error": "You are not connected"}),
            ),
            Self::OtherMiddleware => (
                StatusCode::BAD_REQUEST,
                json!({"error": "Method not available for the middleware of this instance"}),
            ),
            Self::Unfit(what) => (StatusCode::BAD_REQUEST, json!({"error": what})),
        };
        (status, Json(body)).into_response()
    }
}

/// The id of an instance whose caller showed the right credentials and was spared a fault.
struct Admitted(String);

impl FromRequestParts<Arc<Server>> for Admitted {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        server: &Arc<Server>,
    ) -> Result<Self, Self::Rejection> {
        #[derive(Deserialize)]
        struct Address {
            id: String,
            token: String,
        }
        let Path(Address { id, token }) = Path::from_request_parts(parts, server)
            .await
            .map_err(IntoResponse::into_response)?;
        let route = MatchedPath::from_request_parts(parts, server)
            .await
            .map_err(IntoResponse::into_response)?;
        let client_token = parts
            .headers
            .get("client-token")
            .map(|value| String::from_utf8_lossy(value.as_bytes()));

        let fault = {
            let mut world = server.world();
            world
                .admit(&id, &token, client_token.as_deref())
                .map_err(IntoResponse::into_response)?;
            world.next_fault(&id, route.as_str())
        };
        faults::play(fault).await?;
        Ok(Self(id))
    }
}

/// The real gateway says this with status 200.
async fn unknown_route() -> Json<Value> {
    Json(json!({
        "error": "NOT_FOUND",
        "message": "Unable to find matching target resource method",
    }))
}

async fn wrong_verb() -> (StatusCode, &'static str) {
    (
        StatusCode::METHOD_NOT_ALLOWED,
        "No resource method found for this verb",
    )
}

/// Sets `Date` from the server's own clock. Left to itself, hyper writes the computer's time, out
/// of a cache that can be most of a second old.
async fn tell_time(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let now = Duration::from_millis(u64::try_from(server.now()).unwrap_or_default());
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(UNIX_EPOCH + now)) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Writes one line of the ledger when dropped, so that a request whose caller hung up is in it too.
struct LedgerLine {
    server: Arc<Server>,
    arrived: Instant,
    call: Call,
}

impl Drop for LedgerLine {
    fn drop(&mut self) {
        self.call.server_ms = self.arrived.elapsed().as_secs_f64() * 1000.0;
        let call = self.call.clone();
        self.server.world().ledger.record(call);
    }
}

async fn record(
    State(server): State<Arc<Server>>,
    route: Option<MatchedPath>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let arrived = Instant::now();
    // A path that matches no route has no parameters.
    let instance_id = params.ok().and_then(|params| {
        params
            .iter()
            .find(|(name, id)| *name == "id" && server.world().instance(id).is_ok())
            .map(|(_, id)| id.to_owned())
    });
    let route = route.map_or("unknown".to_owned(), |route| route.as_str().to_owned());
    server.world().ledger.begin(&route);
    let mut line = LedgerLine {
        arrived,
        call: Call {
            at_ms: u64::try_from(arrived.duration_since(server.started).as_millis())
                .unwrap_or(u64::MAX),
            // A verb can be any word; the ledger keeps no long ones.
            method: request.method().as_str().chars().take(16).collect(),
            route,
            instance_id,
            status: HUNG_UP,
            server_ms: 0.0,
            had_client_token: request.headers().contains_key("client-token"),
            punished: false,
        },
        server,
    };
    let response = next.run(request).await;
    line.call.status = response.status().as_u16();
    line.call.punished = response.extensions().get::<Punished>().is_some();
    response
}
