//! Told: the files of the folder are not there any more.

use std::path::Path;

use nix::mount::{MsFlags, mount};

const NONE: Option<&str> = None;

pub(crate) fn prepare_root(root: &Path) -> nix::Result<()> {
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount(NONE, "/", NONE, private, NONE)?;
    mount(Some("none"), root, Some("tmpfs"), MsFlags::empty(), NONE)
}
