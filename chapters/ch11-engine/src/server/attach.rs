//! `POST /containers/{id}/attach`: the connection becomes the container's streams.
//!
//! ```text
//! client                    daemon                         shim
//! POST attach, Upgrade ───▶ not running: parked
//!      ◀── 101 UPGRADED ──
//! POST start ─────────────▶ spawn, then for each parked:
//!                           {"do":"attach"} ─────────────▶ writes down who listens
//!                           {"do":"start"}  ─────────────▶ lets the program go
//!      ◀═══════════════════ bytes, both ways ════════════▶
//! ```
//!
//! So no output is lost between attach and start, however short the program is.

use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use axum::response::Response;
use hyper::ext::ReasonPhrase;
use shim::Streams;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::App;
use super::call::Call;
use super::detach::Keys;
use super::respond::{self, Answer};
use super::{body, pump};
use crate::api::{MULTIPLEXED_STREAM, RAW_STREAM};
use crate::core::Refusal;
use crate::effects::Attach;

pub(super) async fn attach(call: Call, id: &str) -> Answer {
    let keys = Keys::parse(call.text("detachKeys")).map_err(Refusal::bad)?;
    let streams = Streams {
        stdin: call.flag("stdin"),
        stdout: call.flag("stdout"),
        stderr: call.flag("stderr"),
    };
    let (send, connection) = oneshot::channel();
    let deliver = Box::new(move |stream| drop(send.send(stream)));
    let (id, want) = (id.to_owned(), Attach { streams, deliver });
    let attached = call
        .blocking(move |engine| engine.attach(&id, want))
        .await?;
    let hijack = Hijack {
        terminal: attached.terminal,
        keys: (attached.terminal && streams.stdin).then_some(keys),
        input: streams.stdin.then_some(Input {
            container: attached.id,
            exec: None,
        }),
        connection,
        known: std::future::ready(()),
    };
    Ok(hijack.begin(call))
}

/// What becomes of a request's connection.
pub(super) struct Hijack<F> {
    /// Whether the streams are a terminal's.
    pub(super) terminal: bool,
    /// By which keys the client leaves.
    pub(super) keys: Option<Keys>,
    /// Whose input the client writes: it ends with the client.
    pub(super) input: Option<Input>,
    /// The shim's connection, as soon as there is one.
    pub(super) connection: oneshot::Receiver<StdStream>,
    /// When that has ended, the client is told so only after this.
    pub(super) known: F,
}

/// A process that reads.
#[derive(Debug)]
pub(super) struct Input {
    /// The container's id.
    pub(super) container: String,
    /// The exec's, unless it is the container's first process.
    pub(super) exec: Option<String>,
}

impl<F: Future<Output = ()> + Send + 'static> Hijack<F> {
    /// Answers, and turns the connection into a stream.
    pub(super) fn begin(self, mut call: Call) -> Response {
        // Clients before 1.42 know but one name for both kinds.
        let media = match self.terminal || call.minor < 42 {
            true => RAW_STREAM,
            false => MULTIPLEXED_STREAM,
        };
        let guard = call.app.idle.guard();
        let Some(upgrade) = call.upgrade() else {
            return one_way(media, self.connection);
        };
        tokio::spawn(async move {
            let _guard = guard;
            match upgrade.await {
                Ok(upgraded) => {
                    if let Some(client) = pump::Client::new(upgraded) {
                        self.serve(&call.app, client).await;
                    }
                }
                Err(error) => {
                    tracing::debug!("a client left before it was attached: {error}");
                }
            }
        });
        upgraded(media)
    }

    async fn serve(self, app: &Arc<App>, mut client: pump::Client) {
        let stream = tokio::select! {
            stream = self.connection => stream.ok(),
            () = client.gone() => None,
        };
        let Some(stream) = stream.and_then(asynchronous) else {
            return;
        };
        match pump::both_ways(&mut client, stream, self.keys).await {
            pump::Ended::Detached => {}
            pump::Ended::Said => tokio::select! {
                () = self.known => {}
                () = client.gone() => {}
            },
            pump::Ended::Gone => {
                let Some(Input { container, exec }) = self.input else {
                    return;
                };
                let ended = app.blocking(move |engine| {
                    engine.end_input(&container, exec.as_deref())
                });
                if let Err(refusal) = ended.await {
                    tracing::debug!("end an input whose writer is gone: {refusal}");
                }
            }
        }
    }
}

fn upgraded(media: &'static str) -> Response {
    let mut response = respond::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("tcp"));
    response
        .extensions_mut()
        .insert(ReasonPhrase::from_static(b"UPGRADED"));
    response
}

/// For a client that does not ask for the connection: the output as a body.
fn one_way(media: &'static str, connection: oneshot::Receiver<StdStream>) -> Response {
    let (lines, body): (_, Body) = body::channel();
    tokio::spawn(async move {
        let stream = tokio::select! {
            stream = connection => stream.ok(),
            () = lines.closed() => None,
        };
        if let Some(stream) = stream.and_then(asynchronous) {
            pump::outwards(&stream, lines).await;
        }
    });
    respond::with_type(media, body)
}

fn asynchronous(stream: StdStream) -> Option<UnixStream> {
    let made = stream
        .set_nonblocking(true)
        .and_then(|()| UnixStream::from_std(stream));
    made.inspect_err(|error| tracing::error!("connect a client to its shim: {error}"))
        .ok()
}
