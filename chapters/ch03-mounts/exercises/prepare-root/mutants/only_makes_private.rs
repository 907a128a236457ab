//! Told: the folder is not the top of a mount.

use std::path::Path;

use nix::mount::{MsFlags, mount};

const NONE: Option<&str> = None;

pub(crate) fn prepare_root(root: &Path) -> nix::Result<()> {
    let _ = root;
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount(NONE, "/", NONE, private, NONE)
}
