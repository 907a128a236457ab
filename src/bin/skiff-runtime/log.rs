//! The log that the caller named with `--log`: where containerd, docker and podman look for
//! the reason of a failure.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The log. It is not kept open: of what is, the container's first process has a copy.
pub(crate) struct Log {
    path: PathBuf,
    json: bool,
}

impl Log {
    /// The log at `path`, made if it is not there. To be asked for before anything is
    /// done: afterwards it is too late to say that there is none.
    pub(crate) fn at(path: &Path, json: bool) -> Result<Self> {
        let path = path.to_owned();
        open(&path).with_context(|| format!("open the log {}", path.display()))?;
        Ok(Self { path, json })
    }

    /// Writes an error down, as runc does. It is told by whoever called as well, so a log
    /// that cannot be written must not replace it.
    pub(crate) fn tell(&self, error: &anyhow::Error) {
        let told = format!("{error:#}");
        let now = runtime::state::now();
        let line = if self.json {
            serde_json::json!({ "level": "error", "msg": told, "time": now }).to_string()
        } else {
            format!("time={now:?} level=error msg={told:?}")
        };
        let _ = open(&self.path).and_then(|mut file| writeln!(file, "{line}"));
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
