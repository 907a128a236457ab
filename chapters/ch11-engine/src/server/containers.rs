//! `/containers/…`: made, listed, looked at.

use axum::http::StatusCode;

use super::call::Call;
use super::respond::{self, Answer};
use crate::api::CreateRequest;
use crate::api::container::Pruned;
use crate::core::list::Wanted;

/// `POST /containers/create`
pub(super) async fn create(mut call: Call) -> Answer {
    let name = call.text("name").to_owned();
    let request: CreateRequest = call.json().await?;
    let created = call
        .blocking(move |engine| engine.create(&name, request))
        .await?;
    respond::json_with(StatusCode::CREATED, &created)
}

/// `GET /containers/json`
pub(super) async fn list(call: Call) -> Answer {
    let limit = call
        .number::<i64>("limit")?
        .and_then(|limit| usize::try_from(limit).ok());
    let wanted = Wanted {
        all: call.flag("all"),
        limit: limit.filter(|limit| *limit > 0),
        filters: call.filters()?,
    };
    respond::json(&call.app.engine.list(&wanted)?)
}

/// `GET /containers/{id}/json`
pub(super) async fn inspect(call: Call, id: &str) -> Answer {
    respond::json(&call.app.engine.inspect(id)?)
}

/// `GET /containers/{id}/top`
pub(super) async fn top(call: Call, id: &str) -> Answer {
    let id = id.to_owned();
    respond::json(&call.blocking(move |engine| engine.top(&id)).await?)
}

/// `POST /containers/{id}/resize`
pub(super) async fn resize(call: Call, id: &str) -> Answer {
    let (rows, columns) = size(&call)?;
    let id = id.to_owned();
    call.blocking(move |engine| engine.resize(&id, rows, columns))
        .await?;
    Ok(respond::empty(StatusCode::OK))
}

/// The `h` and `w` of a resize.
///
/// # Errors
/// They are no numbers of 16 bits.
pub(super) fn size(call: &Call) -> Result<(u16, u16), crate::core::Refusal> {
    Ok((
        call.number("h")?.unwrap_or(0),
        call.number("w")?.unwrap_or(0),
    ))
}

/// `POST /containers/{id}/rename`
pub(super) async fn rename(call: Call, id: &str) -> Answer {
    let (id, name) = (id.to_owned(), call.text("name").to_owned());
    call.blocking(move |engine| engine.rename(&id, &name))
        .await?;
    respond::no_content()
}

/// `POST /containers/prune`
pub(super) async fn prune(call: Call) -> Answer {
    let filters = call.filters()?;
    if !filters.is_empty() {
        return Err(crate::core::Refusal::unsupported("filters of prune"));
    }
    let pruned = call.blocking(|engine| Ok(engine.prune())).await?;
    respond::json(&Pruned {
        containers_deleted: Some(pruned),
        space_reclaimed: 0,
    })
}
