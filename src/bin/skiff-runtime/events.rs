//! `events`: the figures and the news of a container, as runc's lines.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use runtime::Event;

use crate::tables;

/// Prints what the container uses every `interval`, and when it runs out of memory; with
/// `once` what it uses now.
pub(crate) fn tell(root: &Path, id: &str, interval: &str, once: bool) -> Result<()> {
    if once {
        println!("{}", tables::stats(id, &runtime::events::stats(root, id)?));
        return Ok(());
    }
    let interval = seconds(interval)?;
    runtime::events(root, id, interval, &mut |event| {
        let line = match event {
            Event::Stats(stats) => tables::stats(id, &stats),
            Event::OutOfMemory => serde_json::json!({ "type": "oom", "id": id }),
        };
        writeln!(std::io::stdout(), "{line}").context("tell of the container")
    })
}

/// A time as Go writes it: `500ms`, `5s`, `1m`.
fn seconds(typed: &str) -> Result<Duration> {
    let wrong = || format!("invalid interval {typed:?}: a number and ms, s, m or h");
    let digits = typed.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = typed.split_at(digits.with_context(wrong)?);
    let each = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => anyhow::bail!(wrong()),
    };
    let number: f64 = number.parse().with_context(wrong)?;
    ensure!(number > 0.0, "duration interval must be greater than 0");
    Duration::try_from_secs_f64(number * each).with_context(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_go_writes_them() {
        assert_eq!(seconds("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(seconds("1.5s").unwrap(), Duration::from_millis(1500));
        assert_eq!(seconds("2m").unwrap(), Duration::from_secs(120));
        for bad in [
            "",
            "5",
            "s",
            "0s",
            "-1s",
            "1e400h",
            "1.2.3s",
            "99999999999999999h",
        ] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
