//! The log that the caller named with `--log`: where containerd, docker and podman look for
//! the reason of a failure.

use std::fs;
use std::io::Write;
use std::path::Path;

/// An error as a line of runc's log.
pub(crate) fn line(error: &anyhow::Error, json: bool) -> String {
    let told = format!("{error:#}");
    let now = runtime::state::now();
    if json {
        serde_json::json!({ "level": "error", "msg": told, "time": now }).to_string()
    } else {
        format!("time={now:?} level=error msg={told:?}")
    }
}

/// Adds `line` to the log at `path`.
pub(crate) fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    writeln!(file, "{line}")
}
