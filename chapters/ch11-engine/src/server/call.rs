//! A request, taken apart: what handlers ask of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::header::{CONTENT_TYPE, UPGRADE};
use axum::http::{HeaderMap, Method};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use serde::de::DeserializeOwned;

use super::App;
use crate::api::{self, Filters};
use crate::core::Refusal;
use crate::effects::Engine;

/// No JSON body is longer, in bytes; what is longer is refused unread.
const LONGEST: usize = 4 << 20;
/// From here on even the sender of a body is not worth waiting for, in bytes.
const LONGEST_HEARD: usize = 64 << 20;

/// A request.
pub(super) struct Call {
    pub(super) app: Arc<App>,
    pub(super) method: Method,
    /// The path after the version, cut at its slashes, each part decoded.
    pub(super) path: Vec<String>,
    pub(super) headers: HeaderMap,
    /// The minor number of the API's version that the client speaks.
    pub(super) minor: u32,
    query: BTreeMap<String, String>,
    /// Behind a lock because a body alone may not be looked at from two threads.
    body: Mutex<Body>,
    upgrade: Option<OnUpgrade>,
    /// Under which name somebody wants the steps of this request.
    explain: Option<String>,
}

impl Call {
    /// Takes a request apart.
    ///
    /// # Errors
    /// A version that is not spoken here, in docker's words.
    pub(super) fn new(app: Arc<App>, mut request: Request) -> Result<Self, Refusal> {
        let mut path: Vec<String> = request
            .uri()
            .path()
            .split('/')
            .skip(1)
            .map(decode)
            .collect();
        let mut minor = minor_of(api::VERSION);
        if let Some(version) = path.first().and_then(|first| version(first)) {
            minor = check_version(&version)?;
            path.remove(0);
        }
        let query = Query::<BTreeMap<String, String>>::try_from_uri(request.uri())
            .map(|Query(query)| query)
            .map_err(|error| Refusal::bad(error.to_string()))?;
        let upgrade = request
            .headers()
            .contains_key(UPGRADE)
            .then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        let explain = parts.headers.get(api::EXPLAIN_HEADER);
        let explain = explain
            .and_then(|name| name.to_str().ok())
            .map(str::to_owned);
        Ok(Self {
            app,
            method: parts.method,
            path,
            headers: parts.headers,
            minor,
            query,
            body: Mutex::new(body),
            upgrade,
            explain,
        })
    }

    /// A query parameter; empty when it is not given.
    pub(super) fn text(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// A query parameter that is yes or no, as docker reads it.
    pub(super) fn flag(&self, name: &str) -> bool {
        !matches!(
            self.text(name).trim().to_ascii_lowercase().as_str(),
            "" | "0" | "no" | "false" | "none"
        )
    }

    /// A query parameter that is a number, if it is given.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn number<T: std::str::FromStr>(
        &self,
        name: &str,
    ) -> Result<Option<T>, Refusal> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Refusal::bad(format!("invalid value for {name}: {text:?} is no number"))
            }),
        }
    }

    /// The `filters` parameter.
    ///
    /// # Errors
    /// It is not what filters look like.
    pub(super) fn filters(&self) -> Result<Filters, Refusal> {
        Filters::parse(self.text("filters")).map_err(Refusal::bad)
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// It is too long, not JSON, or not said to be.
    pub(super) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Refusal> {
        let body = self.bytes().await?;
        self.check_type(&body)?;
        api::parse(&body).map_err(|error| Refusal::bad(error.to_string()))
    }

    /// The same where no body means the default.
    ///
    /// # Errors
    /// As [`Call::json`].
    pub(super) async fn json_or_default<T: DeserializeOwned + Default>(
        &mut self,
    ) -> Result<T, Refusal> {
        let body = self.bytes().await?;
        if body.is_empty() {
            return Ok(T::default());
        }
        self.check_type(&body)?;
        api::parse(&body).map_err(|error| Refusal::bad(error.to_string()))
    }

    /// The whole body. What is too long is read too, and dropped, up to a point: a
    /// client that is still sending would not hear the refusal.
    async fn bytes(&mut self) -> Result<Vec<u8>, Refusal> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut body = std::mem::take(body);
        let (mut kept, mut length) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|error| Refusal::bad(format!("read the body: {error}")))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            length += data.len();
            if length <= LONGEST {
                kept.extend_from_slice(&data);
            } else if length > LONGEST_HEARD {
                break;
            }
        }
        if length > LONGEST {
            return Err(Refusal::bad("the request's body is longer than 4 MiB"));
        }
        Ok(kept)
    }

    fn check_type(&self, body: &[u8]) -> Result<(), Refusal> {
        let media = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default();
        let name = media.split(';').next().unwrap_or_default().trim();
        if body.is_empty() || name.eq_ignore_ascii_case("application/json") {
            return Ok(());
        }
        Err(Refusal::bad(format!(
            "unsupported Content-Type header ({media}): must be 'application/json'"
        )))
    }

    /// The connection itself, if the client asks for it.
    pub(super) fn upgrade(&mut self) -> Option<OnUpgrade> {
        self.upgrade.take()
    }

    /// Does what blocks, and announces its steps to whoever asked for them.
    ///
    /// # Errors
    /// The work's own.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Engine) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        // Only while the work is done: whoever waits for the end of the steps waits for
        // the last sender to be closed.
        let name = self.explain.as_deref();
        let steps = name.and_then(|name| self.app.explained.sender(name));
        let work = move |engine: &Engine| {
            workbench::steps::send_to(steps);
            let done = act(engine);
            workbench::steps::send_to(None);
            done
        };
        self.app.blocking(work).await
    }
}

/// `v1.43` is a version, `volumes` none.
fn version(part: &str) -> Option<String> {
    let number = part.strip_prefix('v')?;
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    (!number.is_empty() && number.bytes().all(digits)).then(|| number.to_owned())
}

fn minor_of(version: &str) -> u32 {
    version
        .strip_prefix("1.")
        .and_then(|minor| minor.parse().ok())
        .unwrap_or(0)
}

fn check_version(version: &str) -> Result<u32, Refusal> {
    let mut numbers = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let asked = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let (oldest, newest) = (minor_of(api::MIN_VERSION), minor_of(api::VERSION));
    if asked < (1, oldest) {
        return Err(Refusal::bad(format!(
            "client version {version} is too old. Minimum supported API version is {}, \
             please upgrade your client to a newer version",
            api::MIN_VERSION
        )));
    }
    if asked > (1, newest) {
        return Err(Refusal::bad(format!(
            "client version {version} is too new. Maximum supported API version is {}",
            api::VERSION
        )));
    }
    Ok(asked.1)
}

/// Percent-decoding (RFC 3986, 2.1); what is no code stands for itself.
fn decode(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let code = (*byte == b'%')
            .then(|| part.get(index + 1..index + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(code.unwrap_or(*byte));
        index += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_limits() {
        let says = |text| check_version(text).unwrap_err().message;
        assert_eq!(check_version("1.24"), Ok(24));
        assert_eq!(check_version("1.51"), Ok(51));
        assert!(says("1.99").starts_with("client version 1.99 is too new. Maximum"));
        assert!(says("1.10").starts_with("client version 1.10 is too old. Minimum"));
        assert!(says("2.0").contains("too new"));
        assert_eq!(version("v1.43").as_deref(), Some("1.43"));
        assert_eq!(version("volumes"), None);
        assert_eq!(version("v"), None);
    }

    #[test]
    fn paths_are_decoded() {
        assert_eq!(decode("a%2Fb%3ac"), "a/b:c");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%2"), "%zz%2");
    }
}
