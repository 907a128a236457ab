//! One request on one connection: HTTP/1.1 (RFC 9112) over a unix socket or tcp.
//!
//! A connection costs a few microseconds here and lets every request end as it
//! likes: hijacked, dropped half-way, or read to the end.

use std::fmt;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use workbench::steps::{self, Step};

use super::body::Body;
use super::host::Host;

/// What the daemon answered instead of doing what it was asked for.
#[derive(Debug)]
pub struct Failure {
    /// The HTTP status: 404 for what is not there, 409 for a conflict, ….
    pub status: u16,
    /// The daemon's words.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// A request being put together.
#[derive(Debug)]
pub(super) struct Request<'h> {
    host: &'h Host,
    method: Method,
    target: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    why: &'static str,
}

impl<'h> Request<'h> {
    /// `target` is a path whose parts are escaped already; `why` is told by
    /// `--explain`.
    pub(super) fn new(
        host: &'h Host,
        method: Method,
        target: String,
        why: &'static str,
    ) -> Self {
        Self {
            host,
            method,
            target,
            headers: Vec::new(),
            body: Bytes::new(),
            why,
        }
    }

    pub(super) fn query(mut self, key: &str, value: impl AsRef<str>) -> Self {
        let mark = if self.target.contains('?') { '&' } else { '?' };
        self.target.push(mark);
        self.target.push_str(key);
        self.target.push('=');
        self.target.push_str(&escape(value.as_ref()));
        self
    }

    /// As [`Request::query`], when there is a value.
    pub(super) fn maybe(self, key: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    /// `key=1`, when it is so.
    pub(super) fn flag(self, key: &str, on: bool) -> Self {
        self.maybe(key, on.then_some("1"))
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let text = serde_json::to_vec(body).context("write the request")?;
        self.body = Bytes::from(text);
        Ok(self.header(CONTENT_TYPE, HeaderValue::from_static("application/json")))
    }

    /// Sends the request and waits for the answer's head; a refusal is a [`Failure`].
    pub(super) async fn send(self) -> Result<Reply> {
        let call = format!("{} {}", self.method, self.target);
        let why = self.why;
        let reply = explained(call, why, self.roundtrip()).await?;
        reply.refused().await
    }

    /// Sends the request and takes the connection over: a stream of bytes both ways.
    pub(super) async fn hijack(self) -> Result<Hijacked> {
        let asked = self
            .header(CONNECTION, HeaderValue::from_static("Upgrade"))
            .header(UPGRADE, HeaderValue::from_static("tcp"));
        let reply = asked.send().await?;
        anyhow::ensure!(
            reply.0.status() == StatusCode::SWITCHING_PROTOCOLS,
            "the daemon did not hand over the connection: {}",
            reply.0.status()
        );
        let upgraded = hyper::upgrade::on(reply.0).await;
        upgraded
            .map(TokioIo::new)
            .context("take over the connection")
    }

    async fn roundtrip(self) -> Result<Reply> {
        match self.host {
            Host::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                let stream =
                    stream.with_context(|| format!("connect to {}", self.host))?;
                self.over(stream).await
            }
            Host::Tcp(address) => {
                let stream = TcpStream::connect(address).await;
                let stream =
                    stream.with_context(|| format!("connect to {}", self.host))?;
                // A key that was pressed shall not wait for the next one.
                stream
                    .set_nodelay(true)
                    .context("turn off Nagle's algorithm")?;
                self.over(stream).await
            }
        }
    }

    async fn over<S>(self, stream: S) -> Result<Reply>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let lost = || format!("speak with the daemon at {}", self.host);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .with_context(lost)?;
        // It ends with the connection; its error is the sender's, too.
        tokio::spawn(connection.with_upgrades());
        let mut request = hyper::Request::builder()
            .method(self.method)
            .uri(self.target)
            .header(HOST, "skiff");
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(self.body))
            .context("write the request")?;
        let answer = sender.send_request(request).await;
        answer.map(Reply).with_context(lost)
    }
}

/// A connection that was taken over.
pub type Hijacked = TokioIo<Upgraded>;

/// An answer whose head has arrived.
#[derive(Debug)]
pub(super) struct Reply(Response<Incoming>);

impl Reply {
    async fn refused(self) -> Result<Self> {
        let status = self.0.status();
        if !(status.is_client_error() || status.is_server_error()) {
            return Ok(self);
        }
        let text = self.text().await.unwrap_or_default();
        let told = serde_json::from_str::<serde_json::Value>(&text).ok();
        let message = told.as_ref().and_then(|told| told["message"].as_str());
        let message = match message {
            Some(message) => message.to_owned(),
            None if text.trim().is_empty() => status.to_string(),
            None => text.trim().to_owned(),
        };
        Err(Failure {
            status: status.as_u16(),
            message,
        }
        .into())
    }

    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    pub(super) async fn bytes(self) -> Result<Bytes> {
        let body = self.0.into_body().collect().await;
        Ok(body.context("read the daemon's answer")?.to_bytes())
    }

    pub(super) async fn text(self) -> Result<String> {
        let bytes = self.bytes().await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).context("understand the daemon's answer")
    }

    pub(super) fn body(self) -> Body {
        Body::of(self.0.into_body())
    }
}

/// Percent-encodes what is not unreserved (RFC 3986, 2.3); slashes stay, as the names
/// of images have them.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte as char);
            }
            b'/' | b':' | b',' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Announces a request as a step of the client, if anybody listens.
async fn explained<T>(
    call: String,
    why: &str,
    request: impl Future<Output = Result<T>>,
) -> Result<T> {
    if !steps::on() {
        return request.await;
    }
    let at = steps::boot_clock();
    let answer = request.await;
    steps::announce(&Step {
        at,
        took: steps::boot_clock().saturating_sub(at),
        pid: 0,
        role: "client".to_owned(),
        chapter: 11,
        call,
        why: why.to_owned(),
        error: answer.as_ref().err().map(|error| format!("{error:#}")),
    });
    answer
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_a_query_would_misread_is_escaped() {
        assert_eq!(escape("a b&c=d#ä%"), "a%20b%26c%3Dd%23%C3%A4%25");
        assert_eq!(escape("docker.io/library/x:1"), "docker.io/library/x:1");
    }
}
