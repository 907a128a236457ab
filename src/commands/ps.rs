//! `ps`: the containers.

use anyhow::Result;
use engine::client::Client;

use super::now;
use crate::cli::container::Ps;
use crate::cli::request::filters;
use crate::output::rows::{Style, container, container_columns};
use crate::output::{listing, print};

/// `skiff ps`.
pub(super) async fn run(client: &Client, typed: &Ps) -> Result<u8> {
    let limit = match (typed.latest, typed.last) {
        (true, _) => Some(1),
        (false, last) => last.filter(|last| *last > 0),
    };
    let all = typed.all || limit.is_some();
    let filters = filters(&typed.filter);
    // Sizes are counted file by file: only when a template asks for them.
    let format = typed.format.as_deref();
    let size = typed.size || format.is_some_and(|format| format.contains(".Size"));
    let found = client.containers(all, limit, size, &filters).await?;
    let style = Style {
        short: !typed.no_trunc,
        now: now(),
    };
    let rows = found.iter().map(|found| container(found, style)).collect();
    let columns = container_columns(typed.size);
    print(&listing::render(&columns, rows, format, typed.quiet)?)?;
    Ok(0)
}
