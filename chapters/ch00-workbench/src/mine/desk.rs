//! The reader's program on the desk: `exercises/mine/main.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::exercise::desk::{Built, Desk};
use crate::exercise::{Exercise, catalog};

/// What the reader begins with.
pub const STARTER: &str = include_str!("../../mine/starter.rs");

/// The book's own program, all stages in one.
pub const REFERENCE: &str = include_str!("../../mine/reference.rs");

/// Where the reader's program is, or will be.
#[must_use]
pub fn source(desk: &Desk) -> PathBuf {
    desk.folder().join("mine/main.rs")
}

/// Writes the reader's program, over what is there.
///
/// # Errors
/// When the desk cannot be written to.
pub fn write(desk: &Desk, text: &str) -> Result<()> {
    let path = source(desk);
    let folder = path.parent().unwrap_or(desk.folder());
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("write {}", path.display()))
}

/// Builds the reader's program, among the exercises of the checkout at `top`.
///
/// # Errors
/// When cargo cannot be run, or the desk cannot be written to.
pub fn build(desk: &Desk, top: &Path) -> Result<Built> {
    let all: Vec<Exercise> = catalog::all(top)?;
    desk.build("mine", &all)
}
