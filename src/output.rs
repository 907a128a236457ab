//! What is printed: tables, templates, progress; as docker's client lays them out.

pub(crate) mod listing;
pub(crate) mod progress;
pub(crate) mod quantity;
pub(crate) mod rows;
pub(crate) mod table;
pub(crate) mod template;

use std::io::{Write, stderr, stdout};

use anyhow::{Context, Result};

/// Writes `text` to standard output; that nobody reads it is an error for the caller
/// to end on.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("write to standard output")
}

/// Writes a line to standard output.
pub(crate) fn line(text: &str) -> Result<()> {
    print(&format!("{text}\n"))
}

/// Writes a line to standard error, if anybody reads it.
pub(crate) fn note(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}
