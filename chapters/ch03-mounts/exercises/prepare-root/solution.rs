//! Solution: why pivot_root says EINVAL.

use std::path::Path;

use nix::mount::{MsFlags, mount};

const NONE: Option<&str> = None;

/// Prepares this mount namespace, so that `root` can become its root.
pub(crate) fn prepare_root(root: &Path) -> nix::Result<()> {
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount(NONE, "/", NONE, private, NONE)?;
    let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(root), root, NONE, bind, NONE)
}
