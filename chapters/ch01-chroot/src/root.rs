//! chroot(2): another meaning for `/`.

use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};
use workbench::steps;

/// Makes `root` the meaning of `/` for this process and what it starts.
///
/// The working folder must follow: chroot(2) leaves it where it was, outside, and `..`
/// would lead on from there.
///
/// # Errors
/// When `root` is no folder, or the caller lacks `CAP_SYS_CHROOT`.
// ANCHOR: enter
pub fn enter(root: &Path) -> Result<()> {
    let why = "from here on / means the new root";
    steps::step(1, format_args!("chroot({root:?})"), why, || chroot(root))
        .with_context(|| format!("chroot to {}", root.display()))?;
    let why = "the working folder was still the old one, outside of the new root";
    steps::step(1, format_args!("chdir(\"/\")"), why, || chdir("/"))
        .context("change to the new root")
}
// ANCHOR_END: enter
