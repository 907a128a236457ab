//! Whether a toolbox made earlier is still what would be made now.
//!
//! A fingerprint is a text, one file a line with its size and time of change, so that
//! comparing costs a few hundred stat(2) calls and no reading. The searched folders
//! are in it too: a new program changes its folder's time.

use std::fmt::Write as _;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Kind, Toolbox};

/// Changes when the same host would give another toolbox.
const VERSION: &str = "toolbox 1";

impl Toolbox {
    /// The text that [`is_current`] compares with the host.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut text = format!("{VERSION}\n");
        let files = self.entries.iter().filter_map(|entry| match &entry.kind {
            Kind::File { from, .. } => Some(from),
            _ => None,
        });
        for path in self.searched.iter().chain(files) {
            if let Some(path) = path.to_str() {
                let _ = writeln!(text, "{} {path}", state(path));
            }
        }
        text
    }

    /// When the newest of its files changed, in seconds since 1970: the time of all
    /// that was not copied.
    #[must_use]
    pub fn newest(&self) -> i64 {
        let times = self.entries.iter().filter_map(|entry| match &entry.kind {
            Kind::File { from, .. } => Some(fs::metadata(from).ok()?.mtime()),
            _ => None,
        });
        times.max().unwrap_or(0)
    }
}

/// Whether the host's files are as a fingerprint says.
#[must_use]
pub fn is_current(fingerprint: &str) -> bool {
    let Some(lines) = fingerprint.strip_prefix(VERSION) else {
        return false;
    };
    lines.trim_start().lines().all(|line| {
        let mut parts = line.splitn(3, ' ');
        let (size, time, path) = (parts.next(), parts.next(), parts.next());
        path.is_some_and(|path| state(path).split(' ').eq(size.into_iter().chain(time)))
    })
}

/// Size and time of change of a file: of a folder only the time, of none neither.
fn state(path: &str) -> String {
    let told = |found: Metadata| {
        let size = if found.is_dir() { 0 } else { found.len() };
        format!("{size} {}.{:09}", found.mtime(), found.mtime_nsec())
    };
    fs::metadata(Path::new(path)).map_or_else(|_| "- -".to_owned(), told)
}
