//! Containers and images as rows: the fields that docker's formatters have.

use std::collections::BTreeMap;

use engine::api::container::ContainerSummary;
use engine::api::host::Port;
use engine::api::image::ImageSummary;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

use super::listing::{Columns, Row};
use super::quantity::{age, size};

/// What is shown in full and what in short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Ids, commands and digests are cut to what a table holds.
    pub(crate) short: bool,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// `ps`.
pub(crate) fn container_columns(with_size: bool) -> Columns {
    let mut default = vec![
        "ID",
        "Image",
        "Command",
        "RunningFor",
        "Status",
        "Ports",
        "Names",
    ];
    default.extend(with_size.then_some("Size"));
    Columns {
        heads: &[
            ("Command", "COMMAND"),
            ("CreatedAt", "CREATED AT"),
            ("ID", "CONTAINER ID"),
            ("Image", "IMAGE"),
            ("Labels", "LABELS"),
            ("LocalVolumes", "LOCAL VOLUMES"),
            ("Mounts", "MOUNTS"),
            ("Names", "NAMES"),
            ("Networks", "NETWORKS"),
            ("Ports", "PORTS"),
            ("RunningFor", "CREATED"),
            ("Size", "SIZE"),
            ("State", "STATE"),
            ("Status", "STATUS"),
        ],
        default,
    }
}

/// A row of `ps`.
pub(crate) fn container(found: &ContainerSummary, style: Style) -> Row {
    let names = found.names.iter().map(|name| name.trim_start_matches('/'));
    // With a slash it is the name that another container has for it.
    let own = names.filter(|name| !style.short || !name.contains('/'));
    let networks = found.network_settings.networks.keys();
    let local = found.mounts.iter().filter(|mount| mount.driver == "local");
    let mounts = found.mounts.iter().map(|mount| {
        let name = match mount.name.is_empty() {
            true => &mount.source,
            false => &mount.name,
        };
        cut(name, 15, style)
    });
    let command = cut(&found.command, 20, style);
    row(
        &[
            ("Command", &format!("{command:?}")),
            ("CreatedAt", &moment(found.created)),
            ("ID", &short_id(&found.id, style)),
            ("Image", &image_of(found, style)),
            ("Labels", &labels(&found.labels)),
            ("LocalVolumes", &local.count().to_string()),
            ("Mounts", &mounts.collect::<Vec<_>>().join(",")),
            ("Names", &own.collect::<Vec<_>>().join(",")),
            ("Networks", &networks.cloned().collect::<Vec<_>>().join(",")),
            ("Ports", &ports(&found.ports)),
            ("RunningFor", &ago(found.created, style)),
            ("Size", &container_size(found)),
            ("State", &found.state),
            ("Status", &found.status),
        ],
        &found.labels,
    )
}

/// `images`.
pub(crate) fn image_columns(with_digests: bool) -> Columns {
    let mut default = vec!["Repository", "Tag"];
    default.extend(with_digests.then_some("Digest"));
    default.extend(["ID", "CreatedSince", "Size"]);
    Columns {
        heads: &[
            ("Containers", "CONTAINERS"),
            ("CreatedAt", "CREATED AT"),
            ("CreatedSince", "CREATED"),
            ("Digest", "DIGEST"),
            ("ID", "IMAGE ID"),
            ("Repository", "REPOSITORY"),
            ("SharedSize", "SHARED SIZE"),
            ("Size", "SIZE"),
            ("Tag", "TAG"),
            ("UniqueSize", "UNIQUE SIZE"),
            ("VirtualSize", "SIZE"),
        ],
        default,
    }
}

/// The rows of `images` for one image: one for each of its names.
pub(crate) fn images(found: &ImageSummary, digests: bool, style: Style) -> Vec<Row> {
    let mut names: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for name in &found.repo_tags {
        if let Some((repository, tag)) = name.rsplit_once(':') {
            names.entry(repository).or_default().0.push(tag);
        }
    }
    for name in &found.repo_digests {
        if let Some((repository, digest)) = name.split_once('@') {
            names.entry(repository).or_default().1.push(digest);
        }
    }
    // An old daemon says it with a name that is none.
    names.retain(|repository, _| *repository != "<none>");
    if names.is_empty() {
        names.entry("<none>").or_default();
    }
    let mut rows = Vec::new();
    for (repository, (mut tags, mut of_digest)) in names {
        if tags.is_empty() {
            tags.push("<none>");
        }
        if of_digest.is_empty() || !digests {
            of_digest = vec!["<none>"];
        }
        for tag in &tags {
            let named = of_digest.iter();
            rows.extend(named.map(|digest| {
                image(found, (*repository).as_ref(), (tag, digest), style)
            }));
        }
    }
    rows
}

fn image(
    found: &ImageSummary,
    repository: &str,
    (tag, digest): (&str, &str),
    style: Style,
) -> Row {
    let bytes = size(found.size.unsigned_abs());
    let containers = match found.containers {
        ..0 => "N/A".to_owned(),
        count => count.to_string(),
    };
    row(
        &[
            ("Containers", &containers),
            ("CreatedAt", &moment(found.created)),
            ("CreatedSince", &ago(found.created, style)),
            ("Digest", digest),
            ("ID", &short_id(&found.id, style)),
            ("Repository", repository),
            ("SharedSize", "N/A"),
            ("Size", &bytes),
            ("Tag", tag),
            ("UniqueSize", "N/A"),
            ("VirtualSize", &bytes),
        ],
        &found.labels,
    )
}

fn row(fields: &[(&str, &str)], labels: &BTreeMap<String, String>) -> Row {
    let value = |text: &str| Value::from(text);
    Row {
        fields: fields
            .iter()
            .map(|(name, text)| ((*name).to_owned(), value(text)))
            .collect::<Map<_, _>>(),
        labels: labels
            .iter()
            .map(|(key, text)| (key.clone(), value(text)))
            .collect(),
    }
}

/// Twelve digits of an id, the algorithm left out.
fn short_id(id: &str, style: Style) -> String {
    match style.short {
        true => id.trim_start_matches("sha256:").chars().take(12).collect(),
        false => id.to_owned(),
    }
}

fn cut(text: &str, longest: usize, style: Style) -> String {
    if !style.short || text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

fn image_of(found: &ContainerSummary, style: Style) -> String {
    if found.image.is_empty() {
        return "<no image>".to_owned();
    }
    if !style.short {
        return found.image.clone();
    }
    if short_id(&found.image, style) == short_id(&found.image_id, style) {
        return short_id(&found.image, style);
    }
    let name = found.image.split('@').next();
    name.unwrap_or_default().to_owned()
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    let pairs = labels.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(",")
}

fn container_size(found: &ContainerSummary) -> String {
    let own = size(found.size_rw.unwrap_or_default().unsigned_abs());
    match found.size_root_fs {
        Some(whole @ 1..) => format!("{own} (virtual {})", size(whole.unsigned_abs())),
        _ => own,
    }
}

fn ports(ports: &[Port]) -> String {
    let shown = ports.iter().map(|port| {
        let inside = format!("{}/{}", port.private_port, port.kind);
        match port.public_port {
            None => inside,
            Some(outside) if port.ip.is_empty() => format!("{outside}->{inside}"),
            Some(outside) if port.ip.contains(':') => {
                format!("[{}]:{outside}->{inside}", port.ip)
            }
            Some(outside) => format!("{}:{outside}->{inside}", port.ip),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn ago(then: i64, style: Style) -> String {
    format!("{} ago", age(style.now - then))
}

/// As Go prints a time: `2006-01-02 15:04:05 -0700 MST`.
fn moment(seconds: i64) -> String {
    let then = Timestamp::from_second(seconds).unwrap_or_default();
    let here = then.to_zoned(TimeZone::system());
    here.strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()
}

#[cfg(test)]
mod tests;
