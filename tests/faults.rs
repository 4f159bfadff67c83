//! Every way in which a call can fail, provoked through the practice server or a raw socket: which
//! error code the agent gets, how long it takes, and that it gives no secret away. The table is
//! printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::{ErrorCode, Failure};
use practice::{Config, Practice, Scenario};
use reqwest::dns::{Name, Resolve, Resolving};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use zapi::{Client, ClientBuilder, InstanceCredentials};

/// Shortened, so that the matrix takes seconds; two cases wait for the real ones.
const CONNECT: Duration = Duration::from_millis(1_000);
const WHOLE: Duration = Duration::from_millis(2_000);
/// What the agent is promised, and the client's defaults.
const REAL_CONNECT: Duration = Duration::from_secs(5);
const REAL_WHOLE: Duration = Duration::from_secs(15);
/// What a busy computer may add.
const SLACK: Duration = Duration::from_millis(1_500);

/// In every id, token and address used here, and so in none of the outputs.
const GIVEAWAYS: [&str; 6] = [
    "FAKE",
    "FA4E",
    "127.0.0.1",
    "localhost",
    "://",
    "/instances",
];

struct Outcome {
    error: zapi::Error,
    took: Duration,
}

struct Case {
    name: &'static str,
    expected: Failure,
    takes: Range<Duration>,
    outcome: Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

fn case(
    name: &'static str,
    expected: impl Into<Failure>,
    outcome: impl Future<Output = Outcome> + Send + 'static,
) -> Case {
    Case {
        name,
        expected: expected.into(),
        takes: Duration::ZERO..WHOLE + SLACK,
        outcome: Box::pin(outcome),
    }
}

impl Case {
    fn takes(mut self, about: Duration) -> Self {
        self.takes = about - Duration::from_millis(100)..about + SLACK;
        self
    }
}

async fn timed<T>(call: impl Future<Output = Result<T, zapi::Error>>) -> Outcome {
    let started = Instant::now();
    match call.await {
        Ok(_) => panic!("a case of this table must fail"),
        Err(error) => Outcome {
            error,
            took: started.elapsed(),
        },
    }
}

fn client(base: &str) -> ClientBuilder {
    Client::builder()
        .base(base)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
}

fn fake_credentials() -> InstanceCredentials {
    InstanceCredentials {
        id: "FAKE0000INSTANCE0000".to_owned(),
        token: "FAKE0000TOKEN0000".into(),
        client_token: Some("FAKE0000CLIENT0000TOKEN".into()),
    }
}

async fn status(client: ClientBuilder, credentials: InstanceCredentials) -> Outcome {
    let client = client.build().unwrap();
    timed(client.instance(&credentials).status()).await
}

// ---- the practice server

async fn practice(config: Config) -> (Practice, InstanceCredentials) {
    let practice = Practice::start(config).await.unwrap();
    let customer = practice.customers().remove(0);
    let credentials = InstanceCredentials {
        id: customer.instance_id,
        token: customer.token.into(),
        client_token: None,
    };
    (practice, credentials)
}

fn one(scenario: Scenario) -> Config {
    Config {
        customers: vec![scenario],
        ..Config::default()
    }
}

fn guarded() -> Config {
    Config {
        client_token: Some("FAKE0000RIGHT0000TOKEN".to_owned()),
        ..Config::default()
    }
}

async fn with_client_token(config: Config, client_token: Option<&str>) -> Outcome {
    let (practice, mut credentials) = practice(config).await;
    credentials.client_token = client_token.map(Into::into);
    status(client(&practice.url()), credentials).await
}

async fn connection_code(scenario: Scenario) -> Outcome {
    let (practice, credentials) = practice(one(scenario)).await;
    let client = client(&practice.url()).build().unwrap();
    timed(client.instance(&credentials).extension_token()).await
}

async fn unknown_route() -> Outcome {
    let (practice, credentials) = practice(Config::default()).await;
    let elsewhere = format!("{}/elsewhere", practice.url());
    status(client(&elsewhere), credentials).await
}

async fn partner() -> Outcome {
    let (practice, _) = practice(Config::default()).await;
    let client = client(&practice.url()).build().unwrap();
    let wrong = "FAKE0000WRONG0000PARTNER".into();
    timed(client.partner(&wrong).instances(1, 15)).await
}

/// The `nth` (from 0) `/device` in the practice server's round of faults.
async fn in_round(nth: usize) -> Outcome {
    let (practice, credentials) = practice(one(Scenario::SlowAndFaulty)).await;
    let customer = practice.customers().remove(0);
    let device = customer
        .address(&practice.url())
        .replace("send-text", "device");
    let before = reqwest::Client::new();
    for _ in 0..nth {
        before.get(&device).send().await.unwrap();
    }
    let client = client(&practice.url()).build().unwrap();
    timed(client.instance(&credentials).device()).await
}

// ---- a raw socket

/// What the other side does after it has read a request's head.
#[derive(Clone)]
enum Peer {
    /// Sends this and closes.
    Sends(String),
    /// Sends nothing and keeps the connection.
    Silent,
    /// Sends this and resets the connection.
    Resets(&'static str),
    /// Sends a body without end, this much every so often.
    Endless(usize, Duration),
}

fn answer(status: &str, headers: &str, body: &str) -> Peer {
    let length = body.len();
    Peer::Sends(format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    ))
}

fn json(status: &str, body: &str) -> Peer {
    answer(status, "Content-Type: application/json\r\n", body)
}

fn html(status: &str) -> Peer {
    let page = "<!doctype html><html><body>Log in to the hotel's network</body></html>";
    answer(status, "Content-Type: text/html\r\n", page)
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Serves until the test ends; the base address.
async fn peer(peer: Peer) -> String {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, peer.clone()));
        }
    });
    format!("http://{address}")
}

/// An `Err` is the caller hanging up, which several cases are about.
async fn serve(stream: TcpStream, peer: Peer) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        line.clear();
    }
    match peer {
        Peer::Sends(text) => stream.write_all(text.as_bytes()).await?,
        Peer::Silent => std::future::pending().await,
        Peer::Resets(text) => {
            stream.write_all(text.as_bytes()).await?;
            stream.get_ref().set_zero_linger()?;
        }
        Peer::Endless(size, pause) => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[";
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(&vec![b' '; size]).await?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    Ok(())
}

async fn raw(what: Peer) -> Outcome {
    status(client(&peer(what).await), fake_credentials()).await
}

async fn nobody_listens() -> Outcome {
    let (listener, address) = listen().await;
    drop(listener);
    status(client(&format!("http://{address}")), fake_credentials()).await
}

async fn redirect_elsewhere() -> Outcome {
    let (other, address) = listen().await;
    let location = format!("Location: http://{address}/elsewhere\r\n");
    let outcome = raw(answer("302 Found", &location, "")).await;
    let other = other.into_std().unwrap();
    assert!(
        other.accept().is_err(),
        "the redirect to another origin was followed"
    );
    outcome
}

async fn self_signed() -> Outcome {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // The client turns the handshake down.
        let _ = acceptor.accept(stream).await;
    });
    status(client(&format!("https://{address}")), fake_credentials()).await
}

async fn not_tls() -> Outcome {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        // Closing now, with the client's greeting unread, would reset the connection.
        std::future::pending::<()>().await;
    });
    status(client(&format!("https://{address}")), fake_credentials()).await
}

/// TLS is part of connecting: here the handshake never comes.
async fn silent_handshake(client: fn(&str) -> ClientBuilder) -> Outcome {
    let (_listener, address) = listen().await;
    status(client(&format!("https://{address}")), fake_credentials()).await
}

fn with_real_timeouts(base: &str) -> ClientBuilder {
    Client::builder().base(base)
}

/// Answers every name with the same address, or with none.
struct Names(Option<SocketAddr>);

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let found = self.0;
        Box::pin(async move {
            let address = found.ok_or("no such name")?;
            Ok(Box::new(std::iter::once(address)) as Box<dyn Iterator<Item = _> + Send>)
        })
    }
}

async fn named(names: Names) -> Outcome {
    let client = client("https://zapi.invalid").dns_resolver(Arc::new(names));
    status(client, fake_credentials()).await
}

fn cases() -> Vec<Case> {
    use ErrorCode as Code;
    let failure = Failure::from;
    // The kernel refuses to connect to it, as without a network, and sends nothing.
    let no_route = SocketAddr::from(([255, 255, 255, 255], 443));
    vec![
        // What Z-API answers
        case(
            "Client-Token missing",
            Code::ClientTokenMissing,
            with_client_token(guarded(), None),
        ),
        case(
            "Client-Token not configured",
            Code::ClientTokenNotConfigured,
            raw(json(
                "400 Bad Request",
                r#"{"error":"your client-token is not configured"}"#,
            )),
        ),
        case(
            "Client-Token wrong",
            Code::ClientTokenWrong,
            with_client_token(guarded(), Some("FAKE0000WRONG0000TOKEN")),
        ),
        case(
            "caller's IP not allowed",
            failure(Code::AddressNotAllowed).with("address", "203.0.113.7"),
            raw(json(
                "403 Forbidden",
                r#"{"error":"203.0.113.7 not allowed"}"#,
            )),
        ),
        case(
            "wrong id or token",
            Code::InstanceNotFound,
            connection_code(Scenario::WrongToken),
        ),
        case(
            "the same, on status 200",
            Code::InstanceNotFound,
            raw(json("200 OK", r#"{"error":"Instance not found"}"#)),
        ),
        case(
            "the same, in `message`",
            Code::InstanceNotFound,
            raw(json("404 Not Found", r#"{"message":"Instance not found"}"#)),
        ),
        case(
            "the same, as plain text",
            Code::InstanceNotFound,
            raw(answer("400 Bad Request", "", "Instance not found")),
        ),
        case(
            "subscription over",
            Code::SubscriptionOver,
            connection_code(Scenario::SubscriptionOver),
        ),
        case("unknown route", Code::UnknownRoute, unknown_route()),
        case(
            "wrong verb",
            Code::UnexpectedAnswer,
            raw(answer(
                "405 Method Not Allowed",
                "",
                "No resource method found for GET",
            )),
        ),
        case(
            "missing content type",
            Code::UnexpectedAnswer,
            raw(answer(
                "415 Unsupported Media Type",
                "",
                "Cannot consume content type",
            )),
        ),
        case(
            "too often",
            failure(Code::TooOften).with("retryAfterSeconds", 2),
            in_round(2),
        ),
        case(
            "too often, no Retry-After",
            Code::TooOften,
            raw(answer("429 Too Many Requests", "", "")),
        ),
        case(
            "502 with HTML",
            failure(Code::GatewayTrouble).with("status", 502),
            in_round(1),
        ),
        case(
            "503 without a body",
            failure(Code::GatewayTrouble).with("status", 503),
            raw(answer("503 Service Unavailable", "", "")),
        ),
        case("captive portal", Code::NotJson, raw(html("200 OK"))),
        case("Partner token wrong", Code::PartnerTokenWrong, partner()),
        // What the network does, and whoever else answers
        case("offline", Code::Offline, named(Names(Some(no_route)))),
        case("name not found", Code::DnsFailed, named(Names(None))),
        case("nobody listens", Code::ConnectionRefused, nobody_listens()),
        case("certificate unknown", Code::TlsFailed, self_signed()),
        case("not TLS at all", Code::TlsFailed, not_tls()),
        case("no handshake", Code::TimedOut, silent_handshake(client)).takes(CONNECT),
        case(
            "no handshake, real limit",
            Code::TimedOut,
            silent_handshake(with_real_timeouts),
        )
        .takes(REAL_CONNECT),
        case("no answer", Code::TimedOut, raw(Peer::Silent)).takes(WHOLE),
        case("no answer, real limit", Code::TimedOut, async {
            let base = peer(Peer::Silent).await;
            status(with_real_timeouts(&base), fake_credentials()).await
        })
        .takes(REAL_WHOLE),
        case(
            "a body that trickles",
            Code::TimedOut,
            raw(Peer::Endless(1, Duration::from_millis(50))),
        )
        .takes(WHOLE),
        case(
            "a body without end",
            Code::AnswerTooLarge,
            raw(Peer::Endless(64 * 1024, Duration::ZERO)),
        ),
        case(
            "reset before the answer",
            Code::ConnectionReset,
            raw(Peer::Resets("")),
        ),
        case(
            "closed before the answer",
            Code::ConnectionReset,
            raw(Peer::Sends(String::new())),
        ),
        case(
            "reset within the answer",
            Code::TruncatedAnswer,
            raw(Peer::Resets(
                "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"conn",
            )),
        ),
        case(
            "closed within the answer",
            Code::TruncatedAnswer,
            raw(Peer::Sends(
                "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"conn".to_owned(),
            )),
        ),
        case("truncated JSON", Code::TruncatedAnswer, in_round(3)),
        case(
            "JSON of another shape",
            Code::UnexpectedAnswer,
            raw(json("200 OK", "[]")),
        ),
        case(
            "an unknown error text",
            Code::UnexpectedAnswer,
            raw(json("200 OK", r#"{"error":"something new"}"#)),
        ),
        case(
            "redirect to another origin",
            Code::RedirectRefused,
            redirect_elsewhere(),
        ),
        case(
            "redirect without end",
            Code::RedirectRefused,
            raw(answer("302 Found", "Location: /again\r\n", "")),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_has_its_code_within_its_time() {
    // Making a client reads the system's certificates: all at once would eat up the short limits.
    let few = Arc::new(Semaphore::new(4));
    let running: Vec<_> = cases()
        .into_iter()
        .map(|case| {
            let few = Arc::clone(&few);
            let outcome = tokio::spawn(async move {
                let _turn = few.acquire().await.unwrap();
                case.outcome.await
            });
            (case.name, case.expected, case.takes, outcome)
        })
        .collect();

    let mut table = format!(
        "\n{:<28} {:<53} {:<38} {:>6}\n",
        "case", "zapi", "code", "ms"
    );
    let mut wrong = String::new();
    for (name, expected, takes, outcome) in running {
        let outcome = match outcome.await {
            Ok(outcome) => outcome,
            Err(panic) => {
                writeln!(wrong, "{name}: {panic}").unwrap();
                continue;
            }
        };
        let Outcome { error, took } = outcome;
        let failure = Failure::from(error);
        let code = serde_json::to_string(&failure.code).unwrap();
        let params: String = failure
            .params
            .iter()
            .map(|(name, value)| format!(" {name}={value}"))
            .collect();
        writeln!(
            table,
            "{name:<28} {:<53} {:<38} {:>6}",
            error.to_string(),
            format!("{}{params}", code.trim_matches('"')),
            took.as_millis()
        )
        .unwrap();

        if failure != expected {
            writeln!(wrong, "{name}: {failure:?} instead of {expected:?}").unwrap();
        }
        if !takes.contains(&took) {
            writeln!(wrong, "{name}: took {took:?} instead of {takes:?}").unwrap();
        }
        let said = format!("{error} {error:?} {failure} {failure:?}");
        if GIVEAWAYS.iter().any(|giveaway| said.contains(giveaway)) {
            writeln!(wrong, "{name}: gives something away: {said}").unwrap();
        }
    }
    // Not `print!`, which the test harness keeps to itself when all is well.
    writeln!(io::stdout(), "{table}").unwrap();
    assert!(wrong.is_empty(), "\n{wrong}");
}
