//! `stop`: ask containers to end, and end them.

use anyhow::Result;
use engine::client::Client;

use super::each;
use crate::cli::container::Stop;

/// `skiff stop`.
pub(super) async fn run(client: &Client, typed: &Stop) -> Result<u8> {
    let signal = typed.signal.as_deref();
    let act = async |name| client.stop(name, typed.timeout, signal).await;
    each(&typed.names.containers, act).await
}
