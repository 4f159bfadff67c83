//! What goes wrong on the wire, played by raw sockets.

use std::future::pending;
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use wiremock::matchers::{any, body_json, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};
use zapi::{Client, Error, Middleware, Resolve, Unexpected, Unreachable};

use crate::{
    CLIENT_TOKEN, ID, NAME, PARTNER_TOKEN, TOKEN, builder, client, credentials, error_of, value_of,
};

const SOON: Duration = Duration::from_millis(200);
const HEALTHY: &str = r#"{"connected":true}"#;

/// Accepts connections for as long as the test runs and hands each to `serve`.
async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The client may hang up at any time; what it makes of that is for the test to see.
            tokio::spawn(serve(stream));
        }
    });
    address.to_string()
}

/// Keeps the connection open without a word.
async fn hold(_stream: TcpStream) -> io::Result<()> {
    pending().await
}

/// Reads one request: up to its empty line, and then its body.
async fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.map(drop)
}

/// A server that reads a request, writes `answer` and closes.
async fn answering(answer: String) -> Client {
    let address = listen(move |mut stream| {
        let answer = answer.clone();
        async move {
            read_request(&mut stream).await?;
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
    })
    .await;
    client(&format!("http://{address}"))
}

/// A server that writes `head`, and then `piece` again and again with `pause` between.
async fn endless(piece: &str, pause: Duration) -> String {
    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
    let address = listen(move |mut stream| {
        let chunk = chunk.clone();
        async move {
            read_request(&mut stream).await?;
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(chunk.as_bytes()).await?;
                tokio::time::sleep(pause).await;
            }
        }
    })
    .await;
    format!("http://{address}")
}

async fn status_error(client: &Client) -> Error {
    error_of(client.instance(&credentials()).status().await)
}

/// The errors of a POST without body, a POST with one, a DELETE and a partner's POSTs.
async fn writing_errors(client: &Client) -> [Error; 5] {
    let credentials = credentials();
    let instance = client.instance(&credentials);
    let partner_token = PARTNER_TOKEN.into();
    [
        error_of(instance.reset_passkey_challenge().await),
        error_of(instance.queue_page(Some("SAMPLE")).await),
        error_of(instance.empty_queue().await),
        error_of(
            client
                .partner(&partner_token)
                .subscribe(ID, &TOKEN.into())
                .await,
        ),
        error_of(
            client
                .partner(&partner_token)
                .create(NAME, Middleware::Web)
                .await,
        ),
    ]
}

#[tokio::test]
async fn a_call_that_writes_fails_like_one_that_reads() {
    let html = "<!doctype html>";
    for (answer, expected) in [
        (String::new(), Unreachable::Reset.into()),
        (
            format!("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{HEALTHY}"),
            Unexpected::Truncated.into(),
        ),
        (
            format!("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{html}"),
            Unexpected::NotJson.into(),
        ),
        (
            format!("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 15\r\n\r\n{html}"),
            Error::Gateway { status: 502 },
        ),
        (
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n".to_owned(),
            Unexpected::Status(405).into(),
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 500\r\n\r\n"
                .to_owned(),
            Error::TooOften {
                retry_after: Some(Duration::from_secs(3)),
            },
        ),
    ] {
        let client = answering(answer.clone()).await;
        assert_eq!(writing_errors(&client).await, [expected; 5], "{answer}");
    }

    let base = endless(&" ".repeat(16 << 10), Duration::ZERO).await;
    let client = builder(&base).max_body(64 << 10).build().unwrap();
    assert_eq!(
        writing_errors(&client).await,
        [Unexpected::TooLarge.into(); 5]
    );

    let address = listen(hold).await;
    let base = format!("http://{address}");
    let client = builder(&base).timeout(SOON).build().unwrap();
    assert_eq!(
        writing_errors(&client).await,
        [Unreachable::Timeout.into(); 5]
    );
}

#[tokio::test]
async fn a_refused_port() {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = client(&format!("http://{address}"));
    assert_eq!(status_error(&client).await, Unreachable::Refused.into());
    assert_eq!(error_of(client.warm().await), Unreachable::Refused.into());
}

#[tokio::test]
async fn closed_before_an_answer() {
    let client = answering(String::new()).await;
    assert_eq!(status_error(&client).await, Unreachable::Reset.into());
}

#[tokio::test]
async fn reset_before_an_answer() {
    // Closing with the request unread makes the system send a reset.
    let address = listen(|stream| async move { stream.readable().await }).await;
    let client = client(&format!("http://{address}"));
    assert_eq!(status_error(&client).await, Unreachable::Reset.into());
}

#[tokio::test]
async fn something_that_does_not_speak_http() {
    let client = answering("220 mail.example ESMTP\r\n".to_owned()).await;
    assert_eq!(status_error(&client).await, Unreachable::Reset.into());
}

#[tokio::test]
async fn a_body_cut_short() {
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{HEALTHY}"),
        format!("HTTP/1.1 400 Bad Request\r\nContent-Length: 500\r\n\r\n{HEALTHY}"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"con\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{\"con".to_owned(),
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"con".to_owned(),
    ] {
        let client = answering(answer.clone()).await;
        assert_eq!(
            status_error(&client).await,
            Unexpected::Truncated.into(),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_head_that_says_enough_needs_no_whole_body() {
    for (head, expected) in [
        ("502 Bad Gateway", Error::Gateway { status: 502 }),
        (
            "429 Too Many Requests\r\nRetry-After: 3",
            Error::TooOften {
                retry_after: Some(Duration::from_secs(3)),
            },
        ),
    ] {
        let client = answering(format!("HTTP/1.1 {head}\r\nContent-Length: 500\r\n\r\n<")).await;
        assert_eq!(status_error(&client).await, expected);
    }
}

#[tokio::test]
async fn html_instead_of_json() {
    for (head, expected) in [
        ("200 OK", Unexpected::NotJson.into()),
        ("502 Bad Gateway", Error::Gateway { status: 502 }),
    ] {
        let html = "<!doctype html><title>Log in to the hotel</title>";
        let length = html.len();
        let client = answering(format!(
            "HTTP/1.1 {head}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{html}"
        ))
        .await;
        assert_eq!(status_error(&client).await, expected, "{head}");
    }
}

#[tokio::test]
async fn a_body_without_end() {
    let base = endless(&" ".repeat(16 << 10), Duration::ZERO).await;
    let client = builder(&base).max_body(64 << 10).build().unwrap();
    assert_eq!(status_error(&client).await, Unexpected::TooLarge.into());
}

#[tokio::test]
async fn a_slow_body_without_end() {
    let base = endless(" ", SOON / 10).await;
    let client = builder(&base).timeout(SOON).build().unwrap();
    assert_eq!(status_error(&client).await, Unreachable::Timeout.into());
}

#[tokio::test]
async fn no_answer() {
    let address = listen(hold).await;
    let base = format!("http://{address}");
    let client = builder(&base).timeout(SOON).build().unwrap();
    let started = Instant::now();
    assert_eq!(status_error(&client).await, Unreachable::Timeout.into());
    assert!(started.elapsed() < SOON * 8, "took {:?}", started.elapsed());
}

#[tokio::test]
async fn a_handshake_that_never_comes() {
    let address = listen(hold).await;
    let base = format!("https://{address}");
    let client = builder(&base).connect_timeout(SOON).build().unwrap();
    let started = Instant::now();
    assert_eq!(status_error(&client).await, Unreachable::Timeout.into());
    assert!(started.elapsed() < SOON * 8, "took {:?}", started.elapsed());
}

#[tokio::test]
async fn a_redirect_elsewhere_sends_nothing_there() {
    let elsewhere = StdListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    for target in [
        format!("http://127.0.0.1:{port}/instances/{ID}/token/{TOKEN}/status"),
        format!("http://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("//127.0.0.1:{port}/"),
        "file:///etc/hostname".to_owned(),
        "http://[".to_owned(),
    ] {
        for status in ["301 Moved Permanently", "307 Temporary Redirect"] {
            let client = answering(format!(
                "HTTP/1.1 {status}\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
            ))
            .await;
            let redirected = Unexpected::Redirected.into();
            assert_eq!(status_error(&client).await, redirected, "{status} {target}");
            let errors = writing_errors(&client).await;
            assert_eq!(errors, [redirected; 5], "{status} {target}");
            let arrived = elsewhere.accept().map_err(|error| error.kind());
            let arrived = arrived.expect_err("nothing should have been sent elsewhere");
            assert_eq!(arrived, io::ErrorKind::WouldBlock);
        }
    }
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed() {
    let server = MockServer::start().await;
    let from = format!("/instances/{ID}/token/{TOKEN}/status");
    Mock::given(path(from))
        .respond_with(ResponseTemplate::new(307).insert_header("Location", "/moved"))
        .mount(&server)
        .await;
    // The address that it came from holds the token.
    Mock::given(path("/moved"))
        .and(header("Client-Token", CLIENT_TOKEN))
        .and(|request: &Request| !request.headers.contains_key("referer"))
        .respond_with(ResponseTemplate::new(200).set_body_string(HEALTHY))
        .expect(1)
        .mount(&server)
        .await;
    let status = client(&server.uri())
        .instance(&credentials())
        .status()
        .await;
    assert!(value_of(status).connected);
}

#[tokio::test]
async fn a_redirect_that_would_change_the_verb_is_not_followed() {
    for status in [301, 302, 303] {
        let server = MockServer::start().await;
        Mock::given(path("/moved"))
            .respond_with(ResponseTemplate::new(200).set_body_string("{}"))
            .expect(0)
            .with_priority(1)
            .mount(&server)
            .await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(status).insert_header("Location", "/moved"))
            .expect(5)
            .mount(&server)
            .await;
        let errors = writing_errors(&client(&server.uri())).await;
        assert_eq!(errors, [Unexpected::Redirected.into(); 5], "{status}");
    }
}

#[tokio::test]
async fn a_redirect_that_is_followed_keeps_verb_and_body() {
    for status in [307, 308] {
        let server = MockServer::start().await;
        Mock::given(path("/moved"))
            .and(method("POST"))
            .and(header("Client-Token", CLIENT_TOKEN))
            .and(header("Content-Type", "application/json"))
            .and(body_json(json!({"pageSize": 30, "pagingState": null})))
            .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"messages":[]}"#))
            .with_priority(1)
            .mount(&server)
            .await;
        Mock::given(path(format!("/instances/{ID}/token/{TOKEN}/queue")))
            .respond_with(ResponseTemplate::new(status).insert_header("Location", "/moved"))
            .mount(&server)
            .await;
        let client = client(&server.uri());
        let page = value_of(client.instance(&credentials()).queue_page(None).await);
        assert_eq!(page.messages, 0, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_in_a_circle_ends() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(307).insert_header("Location", "/again"))
        .expect(6)
        .mount(&server)
        .await;
    let client = client(&server.uri());
    assert_eq!(status_error(&client).await, Unexpected::Redirected.into());
}

#[tokio::test]
async fn something_that_does_not_speak_tls() {
    let address = listen(|mut stream| async move {
        stream.write_all(b"220 mail.example ESMTP\r\n").await?;
        stream.readable().await?;
        pending().await
    })
    .await;
    let client = client(&format!("https://{address}"));
    assert_eq!(status_error(&client).await, Unreachable::Tls.into());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = listen(move |stream| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(stream).await.map(drop) }
    })
    .await;
    let port = address.rsplit(':').next().unwrap();
    let client = client(&format!("https://localhost:{port}"));
    assert_eq!(status_error(&client).await, Unreachable::Tls.into());
}

struct Unresolved;

impl Resolve for Unresolved {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let failure = io::Error::new(io::ErrorKind::NotFound, format!("no {}", name.as_str()));
        Box::pin(async move { Err(failure.into()) })
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved() {
    let client = builder("https://z-api.invalid")
        .dns_resolver(Arc::new(Unresolved))
        .build()
        .unwrap();
    assert_eq!(status_error(&client).await, Unreachable::Dns.into());
}

struct NeverResolved;

impl Resolve for NeverResolved {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(pending())
    }
}

#[tokio::test]
async fn a_name_that_takes_too_long() {
    let client = builder("https://z-api.invalid")
        .connect_timeout(SOON)
        .dns_resolver(Arc::new(NeverResolved))
        .build()
        .unwrap();
    assert_eq!(status_error(&client).await, Unreachable::Timeout.into());
}

#[tokio::test]
async fn a_warmed_connection_is_used_by_the_next_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()));
    let server = tokio::spawn(async move {
        // Accepts once: a second connection would get no answer.
        let (mut stream, _) = listener.accept().await?;
        read_request(&mut stream).await?;
        stream
            .write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            .await?;
        read_request(&mut stream).await?;
        let length = HEALTHY.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{HEALTHY}");
        stream.write_all(answer.as_bytes()).await?;
        io::Result::Ok(listener)
    });
    assert_eq!(client.warm().await, Ok(()));
    let status = client.instance(&credentials()).status().await;
    assert!(value_of(status).connected);
    server.await.unwrap().unwrap();
}
