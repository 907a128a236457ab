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

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use axum::response::Response;
use hyper::ext::ReasonPhrase;
use shim::Streams;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

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
    let keys = (attached.terminal && streams.stdin).then_some(keys);
    let known = std::future::ready(());
    Ok(hijack(call, attached.terminal, keys, connection, known))
}

/// Turns a request's connection into a stream: of the shim's, as soon as there is one.
/// When that has ended, the client is told so only after `known`.
pub(super) fn hijack(
    mut call: Call,
    terminal: bool,
    keys: Option<Keys>,
    connection: oneshot::Receiver<StdStream>,
    known: impl Future<Output = ()> + Send + 'static,
) -> Response {
    // Clients before 1.42 know but one name for both kinds.
    let media = match terminal || call.minor < 42 {
        true => RAW_STREAM,
        false => MULTIPLEXED_STREAM,
    };
    let guard = call.app.idle.guard();
    let Some(upgrade) = call.upgrade() else {
        return one_way(media, connection);
    };
    tokio::spawn(async move {
        let _guard = guard;
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => {
                tracing::debug!("a client left before it was attached: {error}");
                return;
            }
        };
        let Some(mut client) = pump::Client::new(upgraded) else {
            return;
        };
        let stream = tokio::select! {
            stream = connection => stream.ok(),
            () = client.gone() => None,
        };
        if let Some(stream) = stream.and_then(asynchronous) {
            let ended = pump::both_ways(&mut client, stream, keys).await;
            if ended {
                tokio::select! {
                    () = known => {}
                    () = client.gone() => {}
                }
            }
        }
    });
    upgraded(media)
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
