//! A toolbox written as a folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result};

use super::{Kind, Toolbox};

/// Writes the toolbox into `folder`, which is made if missing. Everything belongs to
/// the caller, who is root where it matters.
///
/// # Errors
/// A file cannot be written; what was written stays.
pub fn write(toolbox: &Toolbox, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("make the folder {}", folder.display()))?;
    for entry in &toolbox.entries {
        let path = folder.join(&entry.path);
        put(&entry.kind, &path).with_context(|| format!("make {}", path.display()))?;
    }
    Ok(())
}

// ANCHOR: put
fn put(kind: &Kind, path: &Path) -> std::io::Result<()> {
    let mode = match kind {
        Kind::Link { to } => return symlink(to, path),
        Kind::Dir { mode } => {
            fs::create_dir(path)?;
            *mode
        }
        Kind::File { from, mode } => {
            // Within one file system that can share blocks this copies nothing.
            fs::copy(from, path)?;
            *mode
        }
        Kind::Text { text, mode } => {
            fs::write(path, text)?;
            *mode
        }
    };
    fs::set_permissions(path, Permissions::from_mode(mode))
}
// ANCHOR_END: put
