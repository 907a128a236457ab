//! `logs`: what a container wrote.

use anyhow::Result;
use engine::client::{Client, Logs, session};

use crate::cli::container::Logs as Typed;

/// `skiff logs`.
pub(super) async fn run(client: &Client, typed: &Typed) -> Result<u8> {
    let found = client.container(&typed.container).await?;
    let wanted = Logs {
        follow: typed.follow,
        timestamps: typed.timestamps,
        tail: typed.tail.clone(),
        since: typed.since.clone(),
        until: typed.until.clone(),
    };
    let log = client.logs(&found.id, &wanted).await?;
    session::print(log, found.config.tty).await?;
    Ok(0)
}
