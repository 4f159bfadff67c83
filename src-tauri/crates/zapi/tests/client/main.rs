//! The client against pretend servers on loopback: the documented answers, and faults on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod documented;
mod faults;
mod registration;

use std::error::Error as StdError;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use zapi::{Client, ClientBuilder, Error, InstanceCredentials, Received};

const ID: &str = "SAMPLE-INSTANCE-ID";
const TOKEN: &str = "SAMPLE-INSTANCE-TOKEN";
const CLIENT_TOKEN: &str = "SAMPLE-CLIENT-TOKEN";
const PARTNER_TOKEN: &str = "SAMPLE-PARTNER-TOKEN";
const NAME: &str = "SAMPLE-NAME";
const NEW_ID: &str = "SAMPLE-NEW-ID";
const NEW_TOKEN: &str = "SAMPLE-NEW-TOKEN";
const PHONE: &str = "5511999999999";
const NATIONAL_PHONE: &str = "11999999999";
const TYPED: &str = "SAMPLE-TYPED";
const APPEAL_TOKEN: &str = "SAMPLE-APPEAL-TOKEN";
const DESCRIPTION: &str = "SAMPLE-DESCRIPTION";
const SECRETS: [&str; 12] = [
    ID,
    TOKEN,
    CLIENT_TOKEN,
    PARTNER_TOKEN,
    NAME,
    NEW_ID,
    NEW_TOKEN,
    PHONE,
    NATIONAL_PHONE,
    TYPED,
    APPEAL_TOKEN,
    DESCRIPTION,
];

fn credentials() -> InstanceCredentials {
    InstanceCredentials {
        id: ID.to_owned(),
        token: TOKEN.into(),
        client_token: Some(CLIENT_TOKEN.into()),
    }
}

/// A client with limits that a failing test reaches soon.
fn builder(base: &str) -> ClientBuilder {
    record_log();
    Client::builder()
        .base(base)
        .connect_timeout(Duration::from_millis(500))
        .timeout(Duration::from_secs(2))
}

fn client(base: &str) -> Client {
    builder(base).build().unwrap()
}

/// The error of a call that has to fail, after a look for secrets wherever it could leave them.
fn error_of<T: Debug>(result: Result<T, Error>) -> Error {
    let error = result.expect_err("the call should have failed");
    let mut told = format!("{error:?} {error:#?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        told += &format!(" {cause:?} {cause}");
        source = cause.source();
    }
    for forbidden in SECRETS
        .into_iter()
        .chain(["http", "127.0.0.1", "localhost", "instances"])
    {
        assert!(
            !told.contains(forbidden),
            "an error tells {forbidden:?}: {told}"
        );
    }
    assert_log_is_clean();
    error
}

fn value_of<T>(result: Result<Received<T>, Error>) -> T {
    let value = result.expect("the call should have succeeded").value;
    assert_log_is_clean();
    value
}

/// Log lines of every test, with their targets.
static LINES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

fn lines() -> MutexGuard<'static, Vec<(String, String)>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Recorder;

impl log::Log for Recorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = (record.target().to_owned(), record.args().to_string());
        lines().push(line);
    }

    fn flush(&self) {}
}

fn record_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Recorder).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

fn assert_log_is_clean() {
    let lines = lines().clone();
    let ours = lines
        .iter()
        .filter(|(target, _)| target.starts_with("zapi"));
    assert!(ours.count() > 0, "each call should leave a line in the log");
    // The pretend server prints the requests that it gets.
    for (target, line) in lines
        .iter()
        .filter(|(target, _)| !target.starts_with("wiremock"))
    {
        for secret in SECRETS {
            assert!(!line.contains(secret), "{target} logs {secret}: {line}");
        }
        assert!(
            !(target.starts_with("zapi") && line.contains("http")),
            "{target} logs an address: {line}"
        );
    }
}
