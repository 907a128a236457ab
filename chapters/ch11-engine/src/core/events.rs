//! Events, as `docker events` shows them.

use jiff::Timestamp;

use super::{Container, Report};
use crate::api::Event;
use crate::api::event::Actor;

/// An event about a container: its labels, image and name are in the attributes.
pub fn of_container(
    container: &Container,
    action: &str,
    report: &Report,
    now: Timestamp,
) -> Event {
    let mut attributes = container.config.labels.clone();
    attributes.insert("image".into(), container.config.image.clone());
    attributes.insert("name".into(), container.name.clone());
    match report {
        Report::Died(exit) => {
            attributes.insert("exitCode".into(), exit.code.to_string());
            let seconds = container
                .state
                .started_at
                .map_or(0, |start| exit.at.duration_since(start).as_secs());
            attributes.insert("execDuration".into(), seconds.to_string());
        }
        Report::Signalled(signal) => {
            attributes.insert("signal".into(), signal.to_string());
        }
        Report::Renamed(old) => {
            attributes.insert("oldName".into(), format!("/{old}"));
        }
        _ => {}
    }
    Event {
        status: action.to_owned(),
        id: container.id.clone(),
        from: container.config.image.clone(),
        ..event(
            "container",
            action,
            Actor {
                id: container.id.clone(),
                attributes,
            },
            now,
        )
    }
}

/// An event about anything else: an image, a volume.
pub fn of_other(kind: &str, action: &str, name: &str, now: Timestamp) -> Event {
    let attributes = [("name".to_owned(), name.to_owned())].into();
    event(
        kind,
        action,
        Actor {
            id: name.to_owned(),
            attributes,
        },
        now,
    )
}

fn event(kind: &str, action: &str, actor: Actor, now: Timestamp) -> Event {
    Event {
        kind: kind.to_owned(),
        action: action.to_owned(),
        actor,
        scope: "local".to_owned(),
        time: now.as_second(),
        time_nano: i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX),
        ..Event::default()
    }
}
