//! What is printed: the list of containers, ps(1)'s lines, the counters.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use runtime::State;
use serde_json::{Value, json};

/// The list of containers, as runc prints it.
pub(crate) fn list(states: &[State]) -> String {
    let text = |value: &Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    let columns = ["id", "pid", "status", "bundle", "created", "owner"];
    let mut rows = vec![columns.map(str::to_uppercase)];
    rows.extend(states.iter().map(|state| {
        let shown = state.shown();
        columns.map(|name| text(&shown[name]))
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max();
    let widths: Vec<_> = (0..columns.len())
        .map(|column| width(column).unwrap_or(0).max(9))
        .collect();
    let mut table = String::new();
    for row in &rows {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        table += cells.join("   ").trim_end();
        table.push('\n');
    }
    table
}

/// What ps(1) says of these processes, with its own heading.
pub(crate) fn ps(pids: &[i32], words: &[String]) -> Result<String> {
    let usual = ["-ef".to_owned()];
    let words = if words.is_empty() { &usual[..] } else { words };
    let out = Command::new("ps").args(words).output().context("run ps")?;
    ensure!(
        out.status.success(),
        "ps: {}",
        String::from_utf8_lossy(&out.stderr).trim()
    );
    only(&String::from_utf8_lossy(&out.stdout), pids)
}

/// The lines of ps whose PID is one of `pids`, and the heading.
fn only(said: &str, pids: &[i32]) -> Result<String> {
    let mut lines = said.lines();
    let heading = lines.next().context("ps said nothing")?;
    let column = heading.split_whitespace().position(|word| word == "PID");
    let column = column.context("couldn't find PID field in ps output")?;
    let ours = lines.filter(|line| {
        let pid = line.split_whitespace().nth(column);
        pid.and_then(|pid| pid.parse().ok())
            .is_some_and(|pid| pids.contains(&pid))
    });
    Ok([heading]
        .into_iter()
        .chain(ours)
        .map(|l| format!("{l}\n"))
        .collect())
}

/// One line of `events`, as runc's callers know it.
pub(crate) fn stats(id: &str, stats: &runtime::Stats) -> Value {
    let cpu = &stats.cpu;
    let memory = &stats.memory;
    json!({
        "type": "stats",
        "id": id,
        "data": {
            "cpu": {
                "usage": { "total": cpu.total, "kernel": cpu.system, "user": cpu.user },
                "throttling": {
                    "periods": cpu.throttling.periods,
                    "throttledPeriods": cpu.throttling.throttled,
                    "throttledTime": cpu.throttling.time,
                },
            },
            "memory": {
                "usage": {
                    "usage": memory.usage,
                    "max": memory.peak,
                    "limit": memory.limit.unwrap_or(u64::MAX),
                },
                "raw": memory.stat,
            },
            "pids": { "current": stats.pids, "limit": stats.pids_limit.unwrap_or(0) },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_of_the_pid_is_found_by_its_heading() {
        let said = "USER PID CMD\nroot 7 sh -c 8\nroot 8 true\nbad\n";
        assert_eq!(only(said, &[7]).unwrap(), "USER PID CMD\nroot 7 sh -c 8\n");
        assert!(only("UID CMD\n", &[7]).is_err());
    }
}
