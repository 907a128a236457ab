//! `pause` and `unpause`: a container's cgroup frozen and thawed.

use anyhow::Result;
use engine::client::Client;

use super::each;
use crate::cli::container::Names;

/// `skiff pause`.
pub(super) async fn run(client: &Client, typed: &Names) -> Result<u8> {
    each(&typed.containers, async |name| client.pause(name).await).await
}

/// `skiff unpause`.
pub(super) async fn undo(client: &Client, typed: &Names) -> Result<u8> {
    each(&typed.containers, async |name| client.unpause(name).await).await
}
