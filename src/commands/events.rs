//! `events`: what happens, as it happens.

use anyhow::{Context, Result};
use engine::api::Event;
use engine::client::Client;
use jiff::{Timestamp, tz::TimeZone};

use crate::cli::request::filters;
use crate::cli::system::Events;
use crate::output;
use crate::output::template::Template;

/// `skiff events`.
pub(super) async fn run(client: &Client, typed: &Events) -> Result<u8> {
    let template = match typed.format.as_deref() {
        None | Some("") => None,
        Some("json") => Some(Template::parse("{{json .}}")?),
        Some(format) => Some(Template::parse(format).context("template parsing error")?),
    };
    let (since, until) = (typed.since.as_deref(), typed.until.as_deref());
    let mut events = client.events(since, until, &filters(&typed.filter)).await?;
    while let Some(event) = events.next::<Event>().await? {
        match &template {
            None => output::line(&text(&event, &TimeZone::system()))?,
            Some(template) => {
                let document = serde_json::to_value(&event).context("read an event")?;
                output::line(&template.execute(&document)?)?;
            }
        }
    }
    Ok(0)
}

/// `2026-11-21T02:19:49.030031047Z container start 4f1c… (image=toolbox, name=one)`.
fn text(event: &Event, zone: &TimeZone) -> String {
    let when = Timestamp::from_nanosecond(event.time_nano.into()).unwrap_or_default();
    let when = when.to_zoned(zone.clone());
    let clock = when.strftime("%Y-%m-%dT%H:%M:%S.%9f");
    let offset = match when.offset().is_zero() {
        true => "Z".to_owned(),
        false => when.strftime("%:z").to_string(),
    };
    let about = &event.actor.attributes;
    let about: Vec<_> = about
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let about = match about.is_empty() {
        true => String::new(),
        false => format!(" ({})", about.join(", ")),
    };
    let (kind, action, id) = (&event.kind, &event.action, &event.actor.id);
    format!("{clock}{offset} {kind} {action} {id}{about}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let event: Event = serde_json::from_value(serde_json::json!({
            "Type": "container", "Action": "start", "timeNano": 1_357_046_617_000_000_042_i64,
            "Actor": {"ID": "4f1c", "Attributes": {"name": "one", "image": "toolbox"}}
        }))
        .unwrap();
        assert_eq!(
            text(&event, &TimeZone::UTC),
            "2013-01-01T13:23:37.000000042Z container start 4f1c (image=toolbox, name=one)"
        );
    }
}
