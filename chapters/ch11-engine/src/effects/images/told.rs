//! What chapter 8 knows of an image, in the words of the API.

use std::collections::BTreeMap;

use ::images::{Image, LayerStatus, Progress, Removed};
use jiff::Timestamp;
use oci_spec::image::ImageConfiguration;

use crate::api::image::{ImageDeleted, ImageSummary, ProgressDetail, ProgressLine};
use crate::api::{ContainerConfig, Words};

pub(super) fn deleted(removed: Removed) -> ImageDeleted {
    match removed {
        Removed::Untagged(name) => ImageDeleted {
            untagged: name,
            ..ImageDeleted::default()
        },
        Removed::Deleted(digest) => ImageDeleted {
            deleted: digest.to_string(),
            ..ImageDeleted::default()
        },
    }
}

pub(super) fn summary(image: &Image) -> ImageSummary {
    let created = image.config.created().as_deref().unwrap_or_default();
    let created = created.parse::<Timestamp>().map_or(0, Timestamp::as_second);
    ImageSummary {
        id: image.id.to_string(),
        repo_tags: image.names.clone(),
        repo_digests: image.digests.clone(),
        created,
        size: i64::try_from(image.size).unwrap_or(i64::MAX),
        shared_size: -1,
        labels: labels(&image.config),
        containers: -1,
        ..ImageSummary::default()
    }
}

fn labels(config: &ImageConfiguration) -> BTreeMap<String, String> {
    let labels = config
        .config()
        .as_ref()
        .and_then(|config| config.labels().clone());
    labels.unwrap_or_default().into_iter().collect()
}

pub(super) fn container_config(config: &ImageConfiguration) -> ContainerConfig {
    let Some(inner) = config.config() else {
        return ContainerConfig::default();
    };
    ContainerConfig {
        user: inner.user().clone().unwrap_or_default(),
        env: inner.env().clone().unwrap_or_default(),
        cmd: inner.cmd().clone().map(Words),
        entrypoint: inner.entrypoint().clone().map(Words),
        working_dir: inner.working_dir().clone().unwrap_or_default(),
        stop_signal: inner.stop_signal().clone().unwrap_or_default(),
        labels: labels(config),
        exposed_ports: inner
            .exposed_ports()
            .iter()
            .flatten()
            .map(|port| (port.clone(), serde_json::json!({})))
            .collect(),
        ..ContainerConfig::default()
    }
}

pub(super) fn line(progress: &Progress) -> ProgressLine {
    let (id, status) = progress.line();
    let mut line = ProgressLine {
        id: id.unwrap_or_default().to_owned(),
        status,
        ..ProgressLine::default()
    };
    if let Progress::Layer {
        status,
        current,
        total,
        ..
    } = progress
    {
        // Without a terminal, clients leave out the lines that count.
        let counts = matches!(status, LayerStatus::Downloading | LayerStatus::Extracting);
        let count = |number: u64| {
            (counts && number > 0).then(|| i64::try_from(number).unwrap_or(i64::MAX))
        };
        line.progress_detail = Some(ProgressDetail {
            current: count(*current),
            total: count(*total),
        });
    }
    line
}
