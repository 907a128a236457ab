//! `rename`: another name for a container.

use anyhow::Result;
use engine::client::Client;

use crate::cli::container::Rename;

/// `skiff rename`.
pub(super) async fn run(client: &Client, typed: &Rename) -> Result<u8> {
    client.rename(&typed.container, &typed.name).await?;
    Ok(0)
}
