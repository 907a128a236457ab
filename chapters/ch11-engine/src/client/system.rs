//! Requests about the engine itself.

use anyhow::Result;
use hyper::Method;

use super::body::Lines;
use super::http::Request;
use super::{Client, Failure};
use crate::api::{self, Filters, system};

/// What a daemon says of itself when it is greeted.
#[derive(Debug, Default)]
pub(super) struct Greeting {
    pub(super) api_version: String,
    /// The build of a skiff daemon.
    pub(super) build: Option<String>,
    /// Whether a client started it.
    pub(super) self_started: bool,
}

impl Client {
    pub(super) async fn greet(&self) -> Result<Greeting> {
        let path = "/_ping".to_owned();
        let why = "which version of the API, and whose daemon";
        let reply = Request::new(&self.host, Method::HEAD, path, why)
            .send()
            .await?;
        Ok(Greeting {
            api_version: reply.header("Api-Version").unwrap_or_default().to_owned(),
            build: reply.header(api::BUILD_HEADER).map(str::to_owned),
            self_started: reply.header(api::SELF_STARTED_HEADER) == Some("1"),
        })
    }

    /// Asks a daemon that a client started to end; its containers live on.
    ///
    /// # Errors
    /// When the daemon was started by hand (409) or is not skiff's.
    pub async fn stop_daemon(&self) -> Result<()> {
        let path = "/skiff/stop".to_owned();
        let why = "the daemon ends, its containers live on";
        let request = Request::new(&self.host, Method::POST, path, why);
        request.send().await.map(drop)
    }

    /// `GET /version`, as the daemon wrote it.
    ///
    /// # Errors
    /// When the daemon fails.
    pub async fn server_version(&self) -> Result<system::Version> {
        let request = self.get("/version", "the daemon's version");
        request.send().await?.json().await
    }

    /// `GET /info`.
    ///
    /// # Errors
    /// When the daemon fails.
    pub async fn info(&self) -> Result<system::Info> {
        let request = self.get("/info", "what the daemon runs on");
        request.send().await?.json().await
    }

    /// `GET /events`: one [`api::Event`] a line, for ever or until `until`.
    ///
    /// # Errors
    /// When the daemon fails or a filter is unknown to it.
    pub async fn events(
        &self,
        since: Option<&str>,
        until: Option<&str>,
        filters: &Filters,
    ) -> Result<Lines> {
        let request = self.get("/events", "what happens from now on");
        let reply = request
            .maybe("since", since)
            .maybe("until", until)
            .maybe("filters", (!filters.is_empty()).then(|| filters.to_json()))
            .send()
            .await?;
        Ok(reply.body().lines())
    }

    /// The raw document at `path`, or `None` when there is no such thing.
    pub(super) async fn document(
        &self,
        path: &str,
        why: &'static str,
    ) -> Result<Option<String>> {
        match self.get(path, why).send().await {
            Ok(reply) => reply.text().await.map(Some),
            Err(error) => match error.downcast_ref::<Failure>() {
                Some(failure) if failure.status == 404 => Ok(None),
                _ => Err(error),
            },
        }
    }
}
