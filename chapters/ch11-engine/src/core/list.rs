//! `ps`: which containers are meant, and how each is told in a line.

use jiff::Timestamp;

use super::{Container, Core, Refusal, Status};
use crate::api::Filters;

/// What `ps` asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those too that do not run.
    pub all: bool,
    /// At most so many, the youngest; implies `all`.
    pub limit: Option<usize>,
    /// Only such.
    pub filters: Filters,
}

const FILTERS: [&str; 13] = [
    "id", "name", "label", "status", "exited", "ancestor", "network", "volume", "before",
    "since", "health", "is-task", "publish",
];

impl Core {
    /// The containers that are meant, the youngest first.
    ///
    /// # Errors
    /// A filter that does not exist.
    pub fn list(&self, wanted: &Wanted) -> Result<Vec<&Container>, Refusal> {
        let filters = &wanted.filters;
        filters.only(&FILTERS).map_err(Refusal::bad)?;
        check_values(filters)?;
        // Asking for a status or an exit code is asking for the stopped ones too.
        let all = wanted.all
            || wanted.limit.is_some()
            || !filters.get("status").is_empty()
            || !filters.get("exited").is_empty();
        let age = |name: &str| self.find(name).map(|container| container.created);
        let ages = |key: &str| -> Result<Vec<Timestamp>, Refusal> {
            filters.get(key).iter().map(|name| age(name)).collect()
        };
        let before = ages("before")?.into_iter().min();
        let since = ages("since")?.into_iter().max();
        let mut list: Vec<&Container> = self
            .containers()
            .filter(|container| all || container.state.status.is_alive())
            .filter(|container| before.is_none_or(|other| container.created < other))
            .filter(|container| since.is_none_or(|other| container.created > other))
            .filter(|container| matches(container, filters))
            .collect();
        list.sort_by_key(|container| std::cmp::Reverse(container.created));
        list.truncate(wanted.limit.unwrap_or(usize::MAX));
        Ok(list)
    }
}

/// How a container is, in words: `Up 3 minutes`, `Exited (0) 2 hours ago`.
pub fn status_words(container: &Container, now: Timestamp) -> String {
    let state = &container.state;
    let since = |at: Option<Timestamp>| {
        human_duration(at.map_or(0, |at| now.duration_since(at).as_secs()))
    };
    match state.status {
        Status::Created | Status::Starting => "Created".into(),
        Status::Running => format!("Up {}", since(state.started_at)),
        Status::Paused => format!("Up {} (Paused)", since(state.started_at)),
        Status::Exited => {
            format!(
                "Exited ({}) {} ago",
                state.exit_code,
                since(state.finished_at)
            )
        }
        Status::Removing => "Removal In Progress".into(),
    }
}

/// A time span as docker tells it: roughly, in the largest unit that fits.
pub fn human_duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    match seconds {
        ..1 => "Less than a second".into(),
        1 => "1 second".into(),
        2..MINUTE => format!("{seconds} seconds"),
        MINUTE..120 => "About a minute".into(),
        120..HOUR => format!("{} minutes", seconds / MINUTE),
        // From here on docker counts hours, rounded.
        _ => match (seconds + HOUR / 2) / HOUR {
            ..=1 => "About an hour".into(),
            hours @ 2..48 => format!("{hours} hours"),
            _ if seconds < 14 * DAY => format!("{} days", seconds / DAY),
            _ if seconds < 60 * DAY => format!("{} weeks", seconds / DAY / 7),
            _ if seconds < 730 * DAY => format!("{} months", seconds / DAY / 30),
            _ => format!("{} years", seconds / DAY / 365),
        },
    }
}

fn matches(container: &Container, filters: &Filters) -> bool {
    let Container {
        id,
        name,
        image,
        config,
        state,
        ..
    } = container;
    let of_image = |wanted: &str| {
        let digits = image.strip_prefix("sha256:").unwrap_or(image);
        let named = config.image == wanted || config.image == format!("{wanted}:latest");
        named || image == wanted || (wanted.len() >= 4 && digits.starts_with(wanted))
    };
    filters.any("id", |wanted| id.starts_with(wanted))
        && filters.any("name", |wanted| name_matches(name, wanted))
        && filters.any("status", |wanted| state.status.word() == wanted)
        && filters.any("exited", |wanted| {
            state.status == Status::Exited && wanted.parse() == Ok(state.exit_code)
        })
        && filters.any("ancestor", of_image)
        && filters.any("network", |wanted| network_name(container) == wanted)
        && filters.any("volume", |wanted| {
            container
                .mounts
                .iter()
                .any(|mount| mount.name == wanted || mount.destination == wanted)
        })
        && filters.any("health", |wanted| wanted == "none")
        && filters.any("is-task", |wanted| wanted == "false")
        && filters.get("publish").is_empty()
        && filters.labels(&config.labels)
}

/// The network that a container is in, by the name that `inspect` shows.
pub fn network_name(container: &Container) -> &str {
    match container.host.network_mode.as_str() {
        "" | "default" => "bridge",
        mode => mode,
    }
}

/// Docker matches names by regular expression; people use a part of the name, or the
/// whole between `^/?` and `$`.
fn name_matches(name: &str, wanted: &str) -> bool {
    let (start, inner) = match wanted.strip_prefix('^') {
        Some(inner) => (true, inner),
        None => (false, wanted),
    };
    let (end, inner) = match inner.strip_suffix('$') {
        Some(inner) => (true, inner),
        None => (false, inner),
    };
    let inner = inner
        .strip_prefix("/?")
        .or(inner.strip_prefix('/'))
        .unwrap_or(inner);
    match (start, end) {
        (true, true) => name == inner,
        (true, false) => name.starts_with(inner),
        (false, true) => name.ends_with(inner),
        (false, false) => name.contains(inner),
    }
}

fn check_values(filters: &Filters) -> Result<(), Refusal> {
    const STATUS: [&str; 7] = [
        "created",
        "running",
        "paused",
        "restarting",
        "removing",
        "exited",
        "dead",
    ];
    if let Some(bad) = filters
        .get("status")
        .iter()
        .find(|word| !STATUS.contains(&word.as_str()))
    {
        return Err(Refusal::bad(format!(
            "invalid filter 'status={bad}': must be one of {}",
            STATUS.join(", ")
        )));
    }
    match filters
        .get("exited")
        .iter()
        .find(|code| code.parse::<i32>().is_err())
    {
        Some(bad) => Err(Refusal::bad(format!("invalid filter 'exited={bad}'"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
