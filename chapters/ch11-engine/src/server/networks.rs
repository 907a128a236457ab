//! `/networks` and `/volumes`.

use axum::http::{Method, StatusCode};

use super::call::Call;
use super::respond::{self, Answer};
use super::routes::no_page;
use crate::core::Refusal;

pub(super) async fn route(call: Call, method: Method, path: &[&str]) -> Answer {
    match (method.as_str(), path) {
        ("GET", ["networks"]) => {
            let filters = call.filters()?;
            respond::json(&call.app.engine.networks(&filters)?)
        }
        ("GET", ["networks", id]) => respond::json(&call.app.engine.network(id)?),
        ("DELETE", ["networks", id]) => {
            let network = call.app.engine.network(id)?;
            Err(Refusal::forbidden(format!(
                "{} is a pre-defined network and cannot be removed",
                network.name
            )))
        }
        ("POST", ["networks", "create"]) => Err(Refusal::unsupported(
            "networks of one's own are not supported yet",
        )),
        ("GET", ["volumes"]) => {
            respond::json(&call.blocking(|engine| engine.volumes()).await?)
        }
        ("GET", ["volumes", name]) => {
            let name = (*name).to_owned();
            respond::json(&call.blocking(move |engine| engine.volume(&name)).await?)
        }
        ("POST", ["volumes", "create"]) => create_volume(call).await,
        ("DELETE", ["volumes", name]) => {
            let (name, force) = ((*name).to_owned(), call.flag("force"));
            call.blocking(move |engine| engine.remove_volume(&name, force))
                .await?;
            respond::no_content()
        }
        _ => Err(no_page()),
    }
}

async fn create_volume(mut call: Call) -> Answer {
    let asked = call.json_or_default().await?;
    let volume = call
        .blocking(move |engine| engine.create_volume(&asked))
        .await?;
    respond::json_with(StatusCode::CREATED, &volume)
}
