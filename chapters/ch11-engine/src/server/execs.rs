//! `/containers/{id}/exec` and `/exec/{id}/…`.

use std::io::Write;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;

use anyhow::Context;
use axum::http::StatusCode;
use tokio::sync::oneshot;

use super::App;
use super::call::Call;
use super::detach::Keys;
use super::respond::{self, Answer};
use super::{attach, containers};
use crate::api::exec::{ExecConfig, ExecCreated, ExecStart};
use crate::core::exec::ExecState;
use crate::core::{Kind, Refusal};

/// `POST /containers/{id}/exec`
pub(super) async fn create(mut call: Call, id: &str) -> Answer {
    let config: ExecConfig = call.json().await?;
    Keys::parse(&config.detach_keys).map_err(Refusal::bad)?;
    let id = id.to_owned();
    let id = call
        .blocking(move |engine| engine.create_exec(&id, config))
        .await?;
    respond::json_with(StatusCode::CREATED, &ExecCreated { id })
}

/// `POST /exec/{id}/start`
pub(super) async fn start(mut call: Call, id: &str) -> Answer {
    let how: ExecStart = call.json_or_default().await?;
    let (send, connection) = oneshot::channel();
    let detach = how.detach;
    // Heard from now on, so that no end is missed.
    let over = call.app.exec_over(id);
    let wanted = id.to_owned();
    let started = call
        .blocking(move |engine| engine.start_exec(&wanted, &how))
        .await;
    let stream = match started {
        Ok((_, stream)) => stream,
        // What cannot be run has run, as docker has it: its last words are the reason,
        // its status tells which.
        Err(refusal) if refusal.kind == Kind::Bad && !detach => Some(last_words(
            &refusal,
            call.app.engine.core().exec(id)?.config.tty,
        )?),
        Err(refusal) => return Err(refusal),
    };
    let Some(stream) = stream else {
        return Ok(respond::empty(StatusCode::OK));
    };
    let config = call.app.engine.core().exec(id)?.config.clone();
    let keys = Keys::parse(&config.detach_keys).map_err(Refusal::bad)?;
    let keys = (config.tty && config.attach_stdin).then_some(keys);
    let _ = send.send(stream);
    let exec = call.app.engine.core().exec(id)?.clone();
    let input = attach::Input {
        container: exec.container,
        exec: Some(exec.id),
    };
    let hijack = attach::Hijack {
        terminal: config.tty,
        keys,
        input: config.attach_stdin.then_some(input),
        connection,
        known: over,
    };
    Ok(hijack.begin(call))
}

/// A stream that says why there is none.
fn last_words(refusal: &Refusal, terminal: bool) -> Result<StdStream, Refusal> {
    let text = format!("{}\r\n", refusal.message);
    let (stream, mut ours) = StdStream::pair().context("make a stream of a refusal")?;
    if !terminal {
        let header = shim::frame::header(shim::frame::Stream::Stderr, text.len());
        ours.write_all(&header).context("frame a refusal")?;
    }
    ours.write_all(text.as_bytes())
        .context("write a refusal into a stream")?;
    Ok(stream)
}

impl App {
    /// Resolves when this exec does not run; it listens from the call on. Clients ask
    /// for its status as soon as its streams have ended.
    fn exec_over(self: &Arc<Self>, id: &str) -> impl Future<Output = ()> + use<> {
        let mut events = self.hub.subscribe();
        let (app, id) = (Arc::clone(self), id.to_owned());
        async move {
            loop {
                let running = {
                    let core = app.engine.core();
                    let exec = core.exec(&id);
                    exec.is_ok_and(|exec| matches!(exec.state, ExecState::Running(_)))
                };
                if !running {
                    return;
                }
                // Too many events to keep up with are as good as one.
                let _ = events.recv().await;
            }
        }
    }
}

/// `POST /exec/{id}/resize`
pub(super) async fn resize(call: Call, id: &str) -> Answer {
    let (rows, columns) = containers::size(&call)?;
    let id = id.to_owned();
    call.blocking(move |engine| engine.resize_exec(&id, rows, columns))
        .await?;
    Ok(respond::empty(StatusCode::OK))
}

/// `GET /exec/{id}/json`
pub(super) fn inspect(call: &Call, id: &str) -> Answer {
    respond::json(&call.app.engine.inspect_exec(id)?)
}
