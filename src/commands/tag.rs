//! `tag`: one more name for an image.

use anyhow::Result;
use engine::client::Client;

use crate::cli::image::Tag;
use crate::cli::reference::Reference;

/// `skiff tag`.
pub(super) async fn run(client: &Client, typed: &Tag) -> Result<u8> {
    let target = Reference::split(&typed.target);
    let tag = target.tag_or_digest();
    client.tag(&typed.source, target.repository, tag).await?;
    Ok(0)
}
