//! `shim`: this executable as the process that stays with a container.
//!
//! The daemon starts it under the name `skiff-shim`, when no small program of that
//! name and build lies beside it; the hidden verb is for a reader's eyes.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::Result;

use crate::cli::system::Shim;
use crate::output;

/// Whether the daemon called us by the shim's name.
pub(crate) fn is_meant(name: Option<&OsStr>) -> bool {
    let name = name.and_then(|name| Path::new(name).file_name());
    name == Some(OsStr::new("skiff-shim"))
}

/// `skiff shim`.
pub(super) fn run(typed: Shim) -> Result<u8> {
    perform(typed.words.into_iter())
}

/// The shim, with the words after its name.
pub(crate) fn perform(words: impl Iterator<Item = OsString>) -> Result<u8> {
    output::print(&shim::main(words)?)?;
    Ok(0)
}
