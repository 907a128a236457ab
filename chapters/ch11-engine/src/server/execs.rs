//! `/containers/{id}/exec` and `/exec/{id}/…`.

use axum::http::StatusCode;
use tokio::sync::oneshot;

use super::call::Call;
use super::detach::Keys;
use super::respond::{self, Answer};
use super::{attach, containers};
use crate::api::exec::{ExecConfig, ExecCreated, ExecStart};
use crate::core::Refusal;

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
    let id = id.to_owned();
    let (exec, stream) = call
        .blocking(move |engine| engine.start_exec(&id, &how))
        .await?;
    let Some(stream) = stream else {
        return Ok(respond::empty(StatusCode::OK));
    };
    let config = &exec.config;
    let keys = Keys::parse(&config.detach_keys).map_err(Refusal::bad)?;
    let keys = (config.tty && config.attach_stdin).then_some(keys);
    let (send, connection) = oneshot::channel();
    let _ = send.send(stream);
    Ok(attach::hijack(call, config.tty, keys, connection))
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
