//! The HTTP side: one base address, one pool of connections, bounded in time and size.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::dns::Resolve;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use thiserror::Error;

use crate::answer::{self, Answer, Received};
use crate::error::{self, Error, Unexpected, Unreachable};
use crate::instance::{Instance, InstanceCredentials};
use crate::partner::Partner;

const BASE: &str = "https://api.z-api.io";
const USER_AGENT: &str = concat!("zapi/", env!("CARGO_PKG_VERSION"));
const MAX_REDIRECTS: usize = 5;
/// Ids and tokens are 32 characters (seen); beyond this something else was pasted.
const MAX_SEGMENT: usize = 256;

/// Calls Z-API. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    /// Fails where the computer has no root certificates; then every call says so.
    http: Result<reqwest::Client, Error>,
    base: Url,
    max_body: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// Starts from the defaults that each method of [`ClientBuilder`] names.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            base: BASE.to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            max_body: 1 << 20,
            user_agent: USER_AGENT.to_owned(),
            dns_resolver: None,
        }
    }

    /// Opens a connection, or finds one open, so that the next call costs one round trip.
    ///
    /// Sends `HEAD /` without any credential; any answer at all will do. An idle connection is kept
    /// for 90 s, unless the server closes it earlier.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub async fn warm(&self) -> Result<(), Error> {
        let mut root = self.inner.base.clone();
        root.set_path("/");
        let started = Instant::now();
        let result = match self.http()?.head(root).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(error::before_answer(&error)),
        };
        log_call("warm", started, &result);
        result
    }

    /// The calls about one instance.
    pub fn instance<'a>(&'a self, credentials: &'a InstanceCredentials) -> Instance<'a> {
        Instance::new(self, credentials)
    }

    /// The calls about a partner's account, with its Partner token.
    pub fn partner<'a>(&'a self, token: &'a SecretString) -> Partner<'a> {
        Partner::new(self, token)
    }

    /// The base address followed by `segments`, each percent-encoded. `None` when one of them
    /// cannot be a path segment, and so names nothing on the server.
    pub(crate) fn url(&self, segments: &[&str]) -> Option<Url> {
        if !segments.iter().all(|segment| is_segment(segment)) {
            return None;
        }
        let mut url = self.inner.base.clone();
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(segments);
        Some(url)
    }

    /// `route` is for the log only.
    pub(crate) async fn call<T: Answer>(
        &self,
        route: &'static str,
        verb: Verb,
        url: Url,
        credential: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Received<T>, Error> {
        let started = Instant::now();
        let result = self.exchange(verb, url, credential).await;
        log_call(route, started, &result);
        result
    }

    async fn exchange<T: Answer>(
        &self,
        verb: Verb,
        url: Url,
        credential: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Received<T>, Error> {
        let http = self.http()?;
        let mut request = match verb {
            Verb::Get => http.get(url),
            // Over HTTP/1.1 no length would be sent, which some servers and proxies refuse.
            Verb::Post => http.post(url).header(CONTENT_LENGTH, 0),
            Verb::PostJson(body) => http
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string()),
            Verb::Delete => http.delete(url),
        };
        if let Some((name, value)) = credential {
            request = request.header(name, value);
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| error::before_answer(&error))?;
        match read_body(&mut response, self.inner.max_body).await {
            Ok(body) => answer::read(response.status(), response.headers(), &body),
            Err(error) => {
                Err(answer::by_head(response.status(), response.headers()).unwrap_or(error))
            }
        }
    }

    fn http(&self) -> Result<&reqwest::Client, Error> {
        self.inner.http.as_ref().map_err(|error| *error)
    }
}

/// What a call does, with what it sends.
pub(crate) enum Verb {
    Get,
    /// Without a body.
    Post,
    PostJson(Value),
    Delete,
}

fn log_call<T>(route: &str, started: Instant, result: &Result<T, Error>) {
    let millis = started.elapsed().as_millis();
    match result {
        Ok(_) => log::debug!("{route}: answered in {millis} ms"),
        Err(error) => log::debug!("{route}: {error} after {millis} ms"),
    }
}

async fn read_body(response: &mut Response, max: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| error::within_body(&error))?
    {
        if body.len() + chunk.len() > max {
            return Err(Unexpected::TooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `.` and `..` would move within the path, and the URL parser drops tabs and line ends: both would
/// call another route than the one meant.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.len() <= MAX_SEGMENT
        && !text.contains(char::is_control)
}

/// A secret as a header value that HTTP libraries neither print nor index. `None` when it holds
/// characters that no header can.
pub(crate) fn secret_header(prefix: &str, secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    base: String,
    connect_timeout: Duration,
    timeout: Duration,
    max_body: usize,
    user_agent: String,
    dns_resolver: Option<Arc<dyn Resolve>>,
}

impl ClientBuilder {
    /// The address before the routes, by the rules of [`check_base`]; it may have a path. Default
    /// `https://api.z-api.io`.
    pub fn base(mut self, address: &str) -> Self {
        address.clone_into(&mut self.base);
        self
    }

    /// For name, TCP and TLS together. Default 5 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// For the whole call, from connecting to the last byte of the body. Default 15 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The largest body that is read, in bytes. Default 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// How the client names itself. Default `zapi/` and this crate's version, which also stands in
    /// for a name that no header can hold.
    pub fn user_agent(mut self, name: &str) -> Self {
        name.clone_into(&mut self.user_agent);
        self
    }

    /// Resolves host names instead of the system.
    pub fn dns_resolver(mut self, resolver: Arc<impl Resolve + 'static>) -> Self {
        self.dns_resolver = Some(resolver);
        self
    }

    /// Makes the client. Opens no connection.
    ///
    /// # Errors
    /// When the base address breaks a rule of [`check_base`].
    pub fn build(self) -> Result<Client, BaseAddressError> {
        let base = check_base(&self.base)?;
        let user_agent =
            HeaderValue::from_str(&self.user_agent).unwrap_or(HeaderValue::from_static(USER_AGENT));
        let mut http = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .pool_idle_timeout(Duration::from_secs(90))
            // After a sleep a kept HTTP/2 connection may be dead. Without the ping it would stay in
            // the pool and fail one call after another.
            .http2_keep_alive_interval(self.connect_timeout)
            .http2_keep_alive_timeout(self.connect_timeout)
            .redirect(redirect::Policy::custom(same_call_only))
            // It would repeat the address, token included.
            .referer(false)
            .user_agent(user_agent);
        if base.scheme() == "http" {
            // A proxy would read the token in the URL, and cannot reach this computer's loopback.
            http = http.no_proxy();
        }
        if let Some(resolver) = self.dns_resolver {
            http = http.dns_resolver(resolver);
        }
        Ok(Client {
            inner: Arc::new(Inner {
                http: http.build().map_err(|_| Unreachable::Tls.into()),
                base,
                max_body: self.max_body,
            }),
        })
    }
}

/// Our headers are sent again with each redirect, so none may leave the origin. Only 307 and 308
/// also keep the verb and the body: after the others a POST would be sent on as a GET. A redirect
/// that is not followed arrives as an answer with status 3xx.
fn same_call_only(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let same_verb = matches!(
        attempt.status(),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    let same_origin = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if same_verb && same_origin && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// Why an address cannot be a base address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BaseAddressError {
    /// Not a web address at all.
    #[error("not a web address")]
    NotAnAddress,
    /// Neither `https`, nor `http` to this computer's own loopback.
    #[error("must begin with https://")]
    NotHttps,
    /// Holds a user name or password.
    #[error("must not hold a user name or password")]
    HasCredentials,
    /// Holds a `?` or a `#`.
    #[error("must not hold a query or fragment")]
    HasQueryOrFragment,
}

/// Accepts an address that credentials may be sent to: `https` to any host, plain `http` only to
/// 127.0.0.0/8, `::1` and `localhost`; without user name, password, query and fragment.
///
/// # Errors
/// The first rule that `address` breaks.
pub fn check_base(address: &str) -> Result<Url, BaseAddressError> {
    let url = Url::parse(address).map_err(|_| BaseAddressError::NotAnAddress)?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        _ => return Err(BaseAddressError::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BaseAddressError::HasCredentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BaseAddressError::HasQueryOrFragment);
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_base_address_is_https_or_loopback() {
        for address in [
            "https://api.z-api.io",
            "https://api.z-api.io/",
            "https://gateway.example/prefix/",
            "http://127.0.0.1:1234/prefix",
            "http://127.8.9.10",
            "http://[::1]:8080",
            "http://localhost:3000",
        ] {
            assert!(check_base(address).is_ok(), "{address} should be accepted");
        }
        for (address, reason) in [
            ("", BaseAddressError::NotAnAddress),
            ("api.z-api.io", BaseAddressError::NotAnAddress),
            ("http://", BaseAddressError::NotAnAddress),
            ("http://api.z-api.io", BaseAddressError::NotHttps),
            ("http://127.0.0.1.example", BaseAddressError::NotHttps),
            ("http://localhost.example", BaseAddressError::NotHttps),
            ("http://192.168.0.1", BaseAddressError::NotHttps),
            ("http://0.0.0.0", BaseAddressError::NotHttps),
            ("ftp://api.z-api.io", BaseAddressError::NotHttps),
            ("mailto:desk@example", BaseAddressError::NotHttps),
            ("http://127.0.0.1@evil.example", BaseAddressError::NotHttps),
            (
                "https://user@api.z-api.io",
                BaseAddressError::HasCredentials,
            ),
            ("https://:pw@api.z-api.io", BaseAddressError::HasCredentials),
            (
                "https://api.z-api.io?a=b",
                BaseAddressError::HasQueryOrFragment,
            ),
            (
                "https://api.z-api.io#a",
                BaseAddressError::HasQueryOrFragment,
            ),
        ] {
            assert_eq!(check_base(address), Err(reason), "{address}");
        }
    }

    #[test]
    fn a_route_goes_behind_the_base_address_and_its_parts_are_data() {
        let routes = [
            ("https://api.z-api.io", "https://api.z-api.io/instances/ID"),
            (
                "http://[::1]:1/prefix",
                "http://[::1]:1/prefix/instances/ID",
            ),
            (
                "http://[::1]:1/prefix/",
                "http://[::1]:1/prefix/instances/ID",
            ),
        ];
        for (base, expected) in routes {
            let client = Client::builder().base(base).build().unwrap();
            let url = client.url(&["instances", "ID"]).unwrap();
            assert_eq!(url.as_str(), expected);
        }

        let client = Client::builder().build().unwrap();
        let url = client.url(&["a/../b?c#d%2F e\\f"]).unwrap();
        assert_eq!(
            url.as_str(),
            "https://api.z-api.io/a%2F..%2Fb%3Fc%23d%252F%20e%5Cf"
        );
        let overlong = "A".repeat(MAX_SEGMENT + 1);
        for segment in ["", ".", "..", "a\nb", "\t", overlong.as_str()] {
            assert_eq!(client.url(&["instances", segment]), None, "{segment:?}");
        }
    }

    #[test]
    fn a_user_agent_that_no_header_can_hold_is_replaced() {
        let client = Client::builder().user_agent("de\nsk").build().unwrap();
        assert!(client.http().is_ok(), "the client should be usable");
    }
}
