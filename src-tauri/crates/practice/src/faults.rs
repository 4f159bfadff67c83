//! The faults of [`Scenario::SlowAndFaulty`](crate::Scenario::SlowAndFaulty), in a fixed order.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const SLOWNESS: Duration = Duration::from_secs(2);

/// How the gateway treats one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The right answer, at once.
    None,
    /// The right answer, two seconds late.
    Slow,
    /// 502 with a page of HTML.
    BadGateway,
    /// 429 with `Retry-After: 2`.
    TooOften,
    /// 200 with JSON that stops in the middle.
    Truncated,
}

const ROUND: [Fault; 5] = [
    Fault::Slow,
    Fault::BadGateway,
    Fault::TooOften,
    Fault::Truncated,
    Fault::None,
];

/// The fault for the `nth` request (from 0) on one route of one instance: the round over and over.
/// The first `/status` goes ahead of the round, so that the customer can be chosen.
pub(crate) fn nth(route: &str, nth: usize) -> Fault {
    let ahead = usize::from(route.ends_with("/status"));
    match nth.checked_sub(ahead) {
        Some(n) => ROUND[n % ROUND.len()],
        None => Fault::None,
    }
}

/// Plays the fault. A broken answer comes as `Err` and takes the place of the right one.
pub(crate) async fn play(fault: Fault) -> Result<(), Response> {
    match fault {
        Fault::None => Ok(()),
        Fault::Slow => {
            tokio::time::sleep(SLOWNESS).await;
            Ok(())
        }
        Fault::BadGateway => Err((
            StatusCode::BAD_GATEWAY,
            Html("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"),
        )
            .into_response()),
        Fault::TooOften => Err((
            StatusCode::TOO_MANY_REQUESTS,
            [
                (header::RETRY_AFTER, "2"),
                (header::CONTENT_TYPE, "application/json"),
            ],
            r#"{"error":"Too many requests"}"#,
        )
            .into_response()),
        Fault::Truncated => Err((
            [(header::CONTENT_TYPE, "application/json")],
            r#"{"connected":fal"#,
        )
            .into_response()),
    }
}
