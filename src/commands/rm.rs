//! `rm`: containers that are no longer needed.

use anyhow::Result;
use engine::client::Client;

use super::each;
use crate::cli::container::Remove;

/// `skiff rm`.
pub(super) async fn run(client: &Client, typed: &Remove) -> Result<u8> {
    let act = async |name| client.remove(name, typed.force, typed.volumes).await;
    each(&typed.names.containers, act).await
}
