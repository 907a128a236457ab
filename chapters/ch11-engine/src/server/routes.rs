//! What is answered: the table.
//!
//! Paths are matched part by part, with the version taken off. Names of images have
//! slashes in them, so there the beginning and the end are matched and the name is
//! what lies between.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;

use super::call::Call;
use super::respond::{self, Answer};
use super::{
    App, attach, containers, events, execs, explain, images, life, logs, networks,
    system, wait,
};
use crate::core::Refusal;

/// Answers a request, whatever it is.
pub(super) async fn answer(app: Arc<App>, request: Request) -> Response {
    let answer = match Call::new(app, request) {
        Ok(call) => route(call).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = answer.unwrap_or_else(|refusal| {
        tracing::debug!("refused: {refusal}");
        respond::refusal(refusal)
    });
    respond::sign(&mut response);
    response
}

// ANCHOR: route
async fn route(call: Call) -> Answer {
    let path = call.path.clone();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let method = call.method.clone();
    match (method.as_str(), path.as_slice()) {
        ("GET" | "HEAD", ["_ping"]) => Ok(system::ping(&call)),
        ("GET", ["version"]) => respond::json(&call.app.engine.version()),
        ("GET", ["info"]) => system::info(call).await,
        ("GET", ["events"]) => events::events(call).await,
        ("GET", ["skiff", "steps", name]) => explain::steps(call, name).await,
        ("POST", ["skiff", "stop"]) => system::stop(&call),
        (_, ["containers", rest @ ..]) => container(call, method, rest).await,
        (_, ["exec", id, verb]) => match (method.as_str(), *verb) {
            ("POST", "start") => execs::start(call, id).await,
            ("POST", "resize") => execs::resize(call, id).await,
            ("GET", "json") => execs::inspect(&call, id),
            _ => Err(no_page()),
        },
        ("GET", ["images", "json"]) => images::list(call).await,
        ("POST", ["images", "create"]) => images::create(call).await,
        ("GET", ["images", name @ .., "json"]) => images::inspect(call, name).await,
        ("POST", ["images", name @ .., "tag"]) => images::tag(call, name).await,
        ("DELETE", ["images", name @ ..]) if !name.is_empty() => {
            images::remove(call, name).await
        }
        (_, ["networks" | "volumes", ..]) => networks::route(call, method, &path).await,
        _ => Err(no_page()),
    }
}
// ANCHOR_END: route

async fn container(call: Call, method: Method, path: &[&str]) -> Answer {
    match (method.as_str(), path) {
        ("GET", ["json"]) => containers::list(call).await,
        ("POST", ["create"]) => containers::create(call).await,
        ("POST", ["prune"]) => containers::prune(call).await,
        ("DELETE", [id]) => life::remove(call, id).await,
        ("GET", [id, "json"]) => containers::inspect(call, id).await,
        ("GET", [id, "logs"]) => logs::logs(call, id).await,
        ("GET", [id, "top"]) => containers::top(call, id).await,
        ("POST", [id, "attach"]) => attach::attach(call, id).await,
        ("POST", [id, "wait"]) => wait::wait(call, id),
        ("POST", [id, "exec"]) => execs::create(call, id).await,
        ("POST", [id, "start"]) => life::start(call, id).await,
        ("POST", [id, "stop"]) => life::stop(call, id).await,
        ("POST", [id, "restart"]) => life::restart(call, id).await,
        ("POST", [id, "kill"]) => life::kill(call, id).await,
        ("POST", [id, "pause"]) => life::pause(call, id).await,
        ("POST", [id, "unpause"]) => life::unpause(call, id).await,
        ("POST", [id, "resize"]) => containers::resize(call, id).await,
        ("POST", [id, "rename"]) => containers::rename(call, id).await,
        _ => Err(no_page()),
    }
}

/// What is not in the table.
pub(super) fn no_page() -> Refusal {
    Refusal::not_found("page not found")
}
