//! `kill`: a signal for the first process of containers.

use anyhow::Result;
use engine::client::Client;

use super::each;
use crate::cli::container::Kill;

/// `skiff kill`.
pub(super) async fn run(client: &Client, typed: &Kill) -> Result<u8> {
    let signal = typed.signal.as_deref();
    let act = async |name| client.kill(name, signal).await;
    each(&typed.names.containers, act).await
}
