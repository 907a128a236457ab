//! `images`: the images, by name.

use anyhow::Result;
use engine::client::Client;

use super::now;
use crate::cli::image::Images;
use crate::cli::request::filters;
use crate::output::rows::{self, Style, image_columns};
use crate::output::{listing, print};

/// `skiff images`.
pub(super) async fn run(client: &Client, typed: &Images) -> Result<u8> {
    let mut filters = filters(&typed.filter);
    if let Some(name) = &typed.repository {
        filters.add("reference", name);
    }
    let found = client.images(typed.all, typed.digests, &filters).await?;
    let style = Style {
        short: !typed.no_trunc,
        now: now(),
    };
    let format = typed.format.as_deref();
    let digests = typed.digests || format.is_some_and(|f| f.contains(".Digest"));
    let rows = found
        .iter()
        .flat_map(|image| rows::images(image, digests, style))
        .collect();
    let columns = image_columns(typed.digests);
    print(&listing::render(&columns, rows, format, typed.quiet)?)?;
    Ok(0)
}
