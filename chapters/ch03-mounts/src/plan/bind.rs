//! A bind mount: a folder or a file of the host, seen from a second place.

use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{CWD, FileType, fstat};
use rustix::mount::{OpenTreeFlags, open_tree};
use workbench::steps;

use super::{Mount, attach, attributes, refused};
use crate::CHAPTER;
use crate::options::{Depth, Options};
use crate::root::Root;

/// Clones the source's mount (or the tree of them), gives the clone its flags while
/// nobody can see it, and attaches it.
///
/// A bind has no file system data: such words are not read, as mount(2) does not.
// ANCHOR: bind
pub(super) fn perform(
    root: &Root,
    mount: &Mount,
    options: &Options,
    depth: Depth,
) -> Result<()> {
    let source = mount.source.as_deref().context("a bind needs a source")?;
    let clone = clone_tree(source, depth)?;
    attributes(clone.as_fd(), mount.on(), options)?;
    let kind = fstat(&clone).with_context(|| format!("look at {}", source.display()))?;
    let target = if FileType::from_raw_mode(kind.st_mode).is_dir() {
        root.make_dir(mount.on())?
    } else {
        root.make_file(mount.on())?
    };
    attach(&clone, target.as_fd(), mount, options)
}
// ANCHOR_END: bind

/// open_tree(2): a detached copy of the mount at a path of the host.
pub(super) fn clone_tree(source: &Path, depth: Depth) -> Result<std::os::fd::OwnedFd> {
    let (flags, word) = match depth {
        Depth::One => (OpenTreeFlags::empty(), ""),
        Depth::Tree => (OpenTreeFlags::AT_RECURSIVE, "|AT_RECURSIVE"),
    };
    let clone = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    steps::step(
        CHAPTER,
        format_args!("open_tree({source:?}, OPEN_TREE_CLONE{word})"),
        "a second view of the same files, with flags of its own",
        || open_tree(CWD, source, flags | clone),
    )
    .map_err(|errno| refused::bind(source, errno))
}
