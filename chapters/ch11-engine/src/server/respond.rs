//! What answers look like.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Response as Generic, StatusCode};
use axum::response::Response;
use serde::Serialize;

use crate::api::{ErrorMessage, VERSION};
use crate::core::{Kind, Refusal};

/// What a handler gives back.
pub(super) type Answer = Result<Response, Refusal>;

/// 200 with a JSON body.
pub(super) fn json(value: &impl Serialize) -> Answer {
    json_with(StatusCode::OK, value)
}

/// Another status with a JSON body.
pub(super) fn json_with(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut text = serde_json::to_vec(value)
        .map_err(|error| Refusal::from(anyhow::Error::from(error)))?;
    text.push(b'\n');
    let mut response = with_type("application/json", Body::from(text));
    *response.status_mut() = status;
    Ok(response)
}

/// 204.
pub(super) fn no_content() -> Answer {
    Ok(empty(StatusCode::NO_CONTENT))
}

/// A status alone.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// 200 with a body of this media type.
pub(super) fn with_type(media: &'static str, body: Body) -> Response {
    let mut response = Generic::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// A refusal as the API tells it.
pub(super) fn refusal(refusal: Refusal) -> Response {
    let status = match refusal.kind {
        Kind::NotModified => return empty(StatusCode::NOT_MODIFIED),
        Kind::Bad => StatusCode::BAD_REQUEST,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let message = ErrorMessage {
        message: refusal.message,
    };
    json_with(status, &message).unwrap_or_else(|_| empty(status))
}

/// The headers by which a client knows whom it talks to.
pub(super) fn sign(response: &mut Response) {
    let server = concat!("skiff/", env!("CARGO_PKG_VERSION"), " (linux)");
    let headers = [
        ("api-version", VERSION),
        ("docker-experimental", "false"),
        ("ostype", "linux"),
        ("server", server),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
}
