//! `wait`: the exit statuses of containers, when they are there.

use anyhow::Result;
use engine::client::{Client, WaitUntil};

use super::done;
use crate::cli::container::Wait;
use crate::output;

/// `skiff wait`.
pub(super) async fn run(client: &Client, typed: &Wait) -> Result<u8> {
    let mut errors = Vec::new();
    for name in &typed.names.containers {
        let status = async {
            let wait = client.wait(name, WaitUntil::NotRunning).await?;
            wait.exit().await
        };
        match status.await {
            Ok(status) => output::line(&status.to_string())?,
            Err(error) => errors.push(error),
        }
    }
    done(errors)
}
