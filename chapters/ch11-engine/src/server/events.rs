//! Events: kept for a while, told to whoever listens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, channel};
use tokio::sync::mpsc::UnboundedSender;

use super::body;
use super::call::Call;
use super::respond::{self, Answer};
use crate::api::{Event, Filters};
use crate::core::Refusal;
use crate::effects::logs::parse_moment;
use crate::effects::{Listener, Watch};

/// How many past events are kept for `since`: docker's number.
const KEPT: usize = 256;
/// How far a listener may fall behind before he loses events.
const BEHIND: usize = 1024;

const FILTERS: [&str; 14] = [
    "type",
    "event",
    "container",
    "image",
    "label",
    "network",
    "volume",
    "daemon",
    "scope",
    "plugin",
    "service",
    "node",
    "secret",
    "config",
];

/// Where events meet their listeners.
#[derive(Debug)]
pub(super) struct Hub {
    sender: Sender<Arc<Event>>,
    past: Mutex<VecDeque<Arc<Event>>>,
    watches: UnboundedSender<Watch>,
}

impl Hub {
    pub(super) fn new(watches: UnboundedSender<Watch>) -> Self {
        Self {
            sender: channel(BEHIND).0,
            past: Mutex::default(),
            watches,
        }
    }

    /// All events from now on.
    pub(super) fn subscribe(&self) -> Receiver<Arc<Event>> {
        self.sender.subscribe()
    }

    fn past(&self) -> Vec<Arc<Event>> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.iter().cloned().collect()
    }
}

impl Listener for Arc<Hub> {
    fn event(&self, event: &Event) {
        let event = Arc::new(event.clone());
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.len() == KEPT {
            past.pop_front();
        }
        past.push_back(Arc::clone(&event));
        // Told under the lock, so that nobody gets an event twice or not at all who
        // subscribes and then asks for the past. Nobody listening is no error.
        let _ = self.sender.send(event);
    }

    fn lives(&self, watch: Watch) {
        // The receiver goes when the daemon does; then the next daemon watches.
        let _ = self.watches.send(watch);
    }
}

/// `GET /events`.
pub(super) async fn events(call: Call) -> Answer {
    let filters = call.filters()?;
    filters.only(&FILTERS).map_err(Refusal::bad)?;
    let since = parse_moment(call.text("since")).map_err(Refusal::bad)?;
    let until = parse_moment(call.text("until")).map_err(Refusal::bad)?;
    let mut coming = call.app.hub.subscribe();
    let (past, last) = (call.app.hub.past(), coming.len());
    let (lines, body) = body::channel();
    tokio::spawn(async move {
        // What was told between subscribing and asking is in both: it is in the past.
        for _ in 0..last {
            let _ = coming.try_recv();
        }
        let wanted = |event: &Event| matches(event, &filters);
        if let Some(since) = since {
            let after = past
                .iter()
                .filter(|event| event.time_nano >= nanoseconds(since));
            for event in after.filter(|event| wanted(event)) {
                if lines.send(line(event)).await.is_err() {
                    return;
                }
            }
        }
        loop {
            tokio::select! {
                event = coming.recv() => match event {
                    Ok(event) if wanted(&event) => {
                        if lines.send(line(&event)).await.is_err() { return }
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                () = passed(until) => return,
                () = lines.closed() => return,
            }
        }
    });
    Ok(stream(body))
}

fn stream(body: axum::body::Body) -> Response {
    respond::with_type("application/json", body)
}

async fn passed(until: Option<Timestamp>) {
    match until {
        Some(until) => {
            let rest = until.duration_since(Timestamp::now());
            tokio::time::sleep(rest.try_into().unwrap_or_default()).await;
        }
        None => std::future::pending().await,
    }
}

fn line(event: &Event) -> Vec<u8> {
    let mut line = serde_json::to_vec(event).unwrap_or_default();
    line.push(b'\n');
    line
}

fn nanoseconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.as_nanosecond()).unwrap_or(i64::MAX)
}

fn matches(event: &Event, filters: &Filters) -> bool {
    let name = event
        .actor
        .attributes
        .get("name")
        .map_or("", String::as_str);
    let of = |kind: &str| {
        filters.any(kind, |wanted| {
            event.kind == kind && (event.actor.id.starts_with(wanted) || name == wanted)
        })
    };
    let action = event.action.split(':').next().unwrap_or_default();
    let image = event
        .actor
        .attributes
        .get("image")
        .map_or("", String::as_str);
    filters.any("type", |wanted| event.kind == wanted)
        && filters.any("event", |wanted| action == wanted || event.action == wanted)
        && filters.any("scope", |wanted| event.scope == wanted)
        && filters.any("image", |wanted| {
            let whole =
                |known: &str| known == wanted || known == format!("{wanted}:latest");
            whole(image) || (event.kind == "image" && whole(name))
        })
        && ["container", "network", "volume", "daemon"]
            .iter()
            .all(|kind| of(kind))
        && filters.labels(&event.actor.attributes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::event::Actor;

    #[test]
    fn filters_choose_events() {
        let attributes = [("name", "web"), ("image", "busybox"), ("tier", "1")];
        let attributes = attributes
            .map(|(key, value)| (key.into(), value.into()))
            .into();
        let event = Event {
            kind: "container".into(),
            action: "exec_start: ls".into(),
            actor: Actor {
                id: "abcdef".into(),
                attributes,
            },
            scope: "local".into(),
            ..Event::default()
        };
        for (filter, expected) in [
            ("{}", true),
            (r#"{"type":["container"]}"#, true),
            (r#"{"type":["image"]}"#, false),
            (r#"{"event":["exec_start"]}"#, true),
            (r#"{"event":["die"]}"#, false),
            (r#"{"container":["web"]}"#, true),
            (r#"{"container":["abc"]}"#, true),
            (r#"{"container":["we"]}"#, false),
            (r#"{"image":["busybox"]}"#, true),
            (r#"{"label":["tier=1"]}"#, true),
            (r#"{"label":["tier=2"]}"#, false),
            (r#"{"volume":["web"]}"#, false),
        ] {
            let filters = Filters::parse(filter).unwrap();
            assert_eq!(matches(&event, &filters), expected, "{filter}");
        }
    }

    #[test]
    fn the_past_is_kept_for_a_while() {
        let (send, _receive) = tokio::sync::mpsc::unbounded_channel();
        let hub = Arc::new(Hub::new(send));
        let mut listener = hub.subscribe();
        for number in 0..300 {
            hub.event(&Event {
                time: number,
                ..Event::default()
            });
        }
        let past = hub.past();
        assert_eq!((past.len(), past[0].time), (256, 44));
        assert_eq!(listener.try_recv().unwrap().time, 0);
    }
}
