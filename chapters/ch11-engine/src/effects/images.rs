//! Images as the API tells them; the work is chapter 8's.

mod told;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ::images::{Credentials, Image, PullOptions};
use jiff::Timestamp;

use super::Engine;
use crate::api::Filters;
use crate::api::image::{
    ImageDeleted, ImageInspect, ImageMetadata, ImageSummary, ProgressLine, RootFs,
};
use crate::core::{Refusal, events};
use told::{container_config, deleted, line, summary};

/// What a pull is told.
#[derive(Debug, Default)]
pub struct Pull {
    /// A name with a tag or digest.
    pub name: String,
    /// Like `linux/arm64`; empty for this machine.
    pub platform: String,
    /// User name and password.
    pub credentials: Option<(String, String)>,
    /// Set from elsewhere, it ends the pull.
    pub cancel: Arc<AtomicBool>,
}

impl Engine {
    /// The image that is meant.
    ///
    /// # Errors
    /// There is none of this name; it is no name.
    pub fn image(&self, name: &str) -> Result<Image, Refusal> {
        let missing = || {
            let familiar = name
                .parse::<::images::Reference>()
                .map_or(name.to_owned(), |reference| {
                    reference.or_latest().familiar()
                });
            Refusal::not_found(format!("No such image: {familiar}"))
        };
        self.store
            .resolve(name)
            .map_err(refusal)?
            .ok_or_else(missing)
    }

    /// `GET /images/json`.
    ///
    /// # Errors
    /// A filter that does not exist; an image that cannot be read.
    pub fn list_images(&self, filters: &Filters) -> Result<Vec<ImageSummary>, Refusal> {
        filters
            .only(&["reference", "label", "dangling", "before", "since", "until"])
            .map_err(Refusal::bad)?;
        // It is always there; it comes into being when somebody looks.
        if let Err(error) = self.store.toolbox() {
            tracing::warn!("make the image toolbox: {error}");
        }
        let images = self.store.list().map_err(refusal)?;
        let mut list: Vec<ImageSummary> = images.iter().map(summary).collect();
        list.retain(|image| {
            let named = |wanted: &str| {
                let whole = |tag: &String| {
                    tag == wanted
                        || tag.rsplit_once(':').is_some_and(|(name, _)| name == wanted)
                };
                image.repo_tags.iter().any(whole)
            };
            let dangling = image.repo_tags.is_empty();
            filters.any("reference", named)
                && filters.any("dangling", |wanted| (wanted == "true") == dangling)
                && filters.labels(&image.labels)
        });
        list.sort_by_key(|image| std::cmp::Reverse(image.created));
        Ok(list)
    }

    /// `GET /images/{name}/json`.
    ///
    /// # Errors
    /// There is none.
    pub fn inspect_image(&self, name: &str) -> Result<ImageInspect, Refusal> {
        let image = self.image(name)?;
        let config = &image.config;
        Ok(ImageInspect {
            id: image.id.to_string(),
            repo_tags: image.names.clone(),
            repo_digests: image.digests.clone(),
            created: config.created().clone().unwrap_or_default(),
            author: config.author().clone().unwrap_or_default(),
            config: container_config(config),
            architecture: config.architecture().to_string(),
            variant: config.variant().clone().unwrap_or_default(),
            os: config.os().to_string(),
            size: i64::try_from(image.size).unwrap_or(i64::MAX),
            graph_driver: crate::api::container::GraphDriver {
                name: "overlay2".into(),
                data: None,
            },
            root_fs: RootFs {
                kind: "layers".into(),
                layers: image.diff_ids.iter().map(ToString::to_string).collect(),
            },
            metadata: ImageMetadata {
                last_tag_time: "0001-01-01T00:00:00Z".to_owned(),
            },
            ..ImageInspect::default()
        })
    }

    /// Fetches an image; each line of progress goes to `tell`.
    ///
    /// # Errors
    /// The registry does not have it, or cannot be reached.
    pub fn pull(
        &self,
        pull: Pull,
        tell: &mut dyn FnMut(ProgressLine),
    ) -> Result<(), Refusal> {
        let platform = match pull.platform.as_str() {
            "" => None,
            text => Some(text.parse().map_err(refusal_of)?),
        };
        let credentials = pull
            .credentials
            .map(|(username, password)| Credentials { username, password });
        let options = PullOptions {
            platform,
            credentials,
            cancel: pull.cancel,
            ..Default::default()
        };
        self.store
            .pull(&pull.name, &options, &mut |progress| tell(line(&progress)))
            .map_err(refusal)?;
        let event = events::of_other("image", "pull", &pull.name, Timestamp::now());
        self.listener.event(&event);
        Ok(())
    }

    /// `POST /images/{name}/tag`.
    ///
    /// # Errors
    /// There is no such image; the new name is none.
    pub fn tag(&self, name: &str, new: &str) -> Result<(), Refusal> {
        let image = self.image(name)?;
        self.store.tag(&image, new).map_err(refusal)?;
        self.listener
            .event(&events::of_other("image", "tag", new, Timestamp::now()));
        Ok(())
    }

    /// `DELETE /images/{name}`.
    ///
    /// # Errors
    /// There is none; a container uses it.
    pub fn remove_image(
        &self,
        name: &str,
        force: bool,
    ) -> Result<Vec<ImageDeleted>, Refusal> {
        let image = self.image(name)?;
        let id = image.id.to_string();
        let by_id = !image.names.iter().any(|tag| named_by(tag, name));
        let last = by_id || image.names.len() <= 1;
        let user = {
            let core = self.core();
            let mut users = core.containers().filter(|one| one.image == id);
            users
                .find(|one| !force || one.state.status.is_alive())
                .map(|one| (one.short_id().to_owned(), one.state.status.is_alive()))
        };
        if let (Some((container, alive)), true) = (user, last) {
            let how = if alive { "running" } else { "stopped" };
            let force = if alive {
                "cannot be forced"
            } else {
                "must be forced"
            };
            return Err(Refusal::conflict(format!(
                "conflict: unable to remove repository reference \"{name}\" ({force}) - \
                 image is being used by {how} container {container}"
            )));
        }
        let removed = self.store.remove(name, force).map_err(refusal)?;
        let lines: Vec<ImageDeleted> = removed.into_iter().map(deleted).collect();
        for line in &lines {
            let (action, what) = match line.untagged.as_str() {
                "" => ("delete", &line.deleted),
                _ => ("untag", &line.untagged),
            };
            self.listener.event(&events::of_other(
                "image",
                action,
                what,
                Timestamp::now(),
            ));
        }
        Ok(lines)
    }
}

/// What went wrong in the store, as the API's kinds.
pub(super) fn refusal(error: anyhow::Error) -> Refusal {
    use ::images::Error as Is;
    let text = format!("{error:#}");
    match error.downcast_ref::<Is>() {
        Some(
            Is::NoSuchImage(_) | Is::NotFound(_) | Is::NoPlatform(_) | Is::Denied(_),
        ) => Refusal::not_found(text),
        Some(Is::BadReference(_) | Is::BadDigest(..) | Is::Reserved) => {
            Refusal::bad(text)
        }
        Some(Is::Conflict(_)) => Refusal::conflict(text),
        _ => error.into(),
    }
}

fn refusal_of<E: std::fmt::Display>(error: E) -> Refusal {
    Refusal::bad(error.to_string())
}

fn named_by(tag: &str, name: &str) -> bool {
    tag == name || tag.strip_suffix(":latest") == Some(name)
}
