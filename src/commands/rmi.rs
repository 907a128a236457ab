//! `rmi`: names of images, and images without names.

use anyhow::Result;
use engine::client::Client;

use super::done;
use crate::cli::image::RemoveImage;
use crate::output;

/// `skiff rmi`.
pub(super) async fn run(client: &Client, typed: &RemoveImage) -> Result<u8> {
    let mut errors = Vec::new();
    for image in &typed.images {
        match client
            .remove_image(image, typed.force, typed.no_prune)
            .await
        {
            Ok(removed) => {
                for one in removed {
                    match one.deleted.is_empty() {
                        true => output::line(&format!("Untagged: {}", one.untagged))?,
                        false => output::line(&format!("Deleted: {}", one.deleted))?,
                    }
                }
            }
            Err(error) => errors.push(error),
        }
    }
    done(errors)
}
