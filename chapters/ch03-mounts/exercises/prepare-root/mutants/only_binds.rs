//! Told: it is shared, or its parent is.

use std::path::Path;

use nix::mount::{MsFlags, mount};

const NONE: Option<&str> = None;

pub(crate) fn prepare_root(root: &Path) -> nix::Result<()> {
    let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(root), root, NONE, bind, NONE)
}
