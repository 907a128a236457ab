//! `find`: where a path in a stranger's tree leads, by text and by descriptor.

use std::env;
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use mounts::Root;

/// Prints which file `path` is in the tree `folder`; `as_text` is how not to do it.
// ANCHOR: find
pub(crate) fn find(folder: &Path, path: &Path, as_text: bool) -> Result<ExitCode> {
    let found = if as_text {
        by_text(folder, path)?
    } else {
        Root::open(folder)?.resolve(path)?
    };
    println!("{}", place(&found)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Puts the two together, and opens what comes out: each link is followed in *our* root.
fn by_text(folder: &Path, path: &Path) -> Result<OwnedFd> {
    let whole = folder.join(path.strip_prefix("/").unwrap_or(path));
    let file = File::open(&whole).with_context(|| format!("open {}", whole.display()))?;
    Ok(file.into())
}
// ANCHOR_END: find

/// Where an open file is, by the kernel's own word; below the working folder if it is.
fn place(file: &OwnedFd) -> Result<PathBuf> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    let place = fs::read_link(link).context("ask where the file is")?;
    let here = env::current_dir().context("ask for the working folder")?;
    Ok(place
        .strip_prefix(here)
        .map(Path::to_owned)
        .unwrap_or(place))
}
