//! `/_ping`, `/info`, and the end of a daemon that started by itself.

use axum::body::Body;
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use axum::response::Response;

use super::call::Call;
use super::respond::{self, Answer};
use crate::api::{BUILD_HEADER, SELF_STARTED_HEADER};
use crate::core::Refusal;

/// `GET` and `HEAD /_ping`: what a client asks before everything else.
pub(super) fn ping(call: &Call) -> Response {
    let body = match call.method {
        Method::HEAD => Body::empty(),
        _ => Body::from("OK"),
    };
    let mut response = respond::with_type("text/plain; charset=utf-8", body);
    let headers = response.headers_mut();
    let mut set = |name: &str, value: &str| {
        let name = HeaderName::try_from(name).ok();
        let value = HeaderValue::try_from(value).ok();
        if let (Some(name), Some(value)) = (name, value) {
            headers.insert(name, value);
        }
    };
    // The classic builder; BuildKit would be 2.
    set("builder-version", "1");
    set("swarm", "inactive");
    set("pragma", "no-cache");
    set(
        CACHE_CONTROL.as_str(),
        "no-cache, no-store, must-revalidate",
    );
    set(BUILD_HEADER, &crate::BUILD_ID);
    if call.app.self_started {
        set(SELF_STARTED_HEADER, "1");
    }
    response
}

/// `GET /info`
pub(super) async fn info(call: Call) -> Answer {
    respond::json(&call.blocking(|engine| engine.info()).await?)
}

/// `POST /skiff/stop`
pub(super) fn stop(call: &Call) -> Answer {
    if !call.app.self_started {
        return Err(Refusal::conflict(
            "this daemon was started by hand or by a service manager: end it there",
        ));
    }
    call.app.stop.notify_one();
    respond::no_content()
}
