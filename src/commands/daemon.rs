//! `daemon`: run it in the foreground, or stop the one that started by itself.

use anyhow::{Result, bail};
use engine::client::Client;

use crate::cli::system::Daemon;

/// `skiff daemon`.
pub(super) fn run(_typed: Daemon) -> Result<u8> {
    bail!("the daemon is not there yet")
}

/// `skiff daemon stop`.
pub(super) async fn stop(client: &Client) -> Result<u8> {
    client.stop_daemon().await?;
    Ok(0)
}
