//! A bind mount: a folder or a file of the host, seen from a second place.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{CWD, FileType, fstat};
use rustix::mount::{OpenTreeFlags, open_tree};
use workbench::steps;

use super::{Mount, attach, attributes, refused};
use crate::CHAPTER;
use crate::attributes::names;
use crate::options::Options;
use crate::propagation::Depth;
use crate::root::Root;

/// Clones the source's mount (or the tree of them), gives the clone its flags while
/// nobody can see it, and attaches it.
///
/// A bind has no file system data: such words are not read, as mount(2) does not.
pub(super) fn perform(
    root: &Root,
    mount: &Mount,
    options: &Options,
    depth: Depth,
) -> Result<()> {
    let source = mount.source.as_deref().context("a bind needs a source")?;
    let tree = if depth == Depth::Tree {
        "|AT_RECURSIVE"
    } else {
        ""
    };
    let flags = names(options.here.set | options.tree.set);
    steps::step(
        CHAPTER,
        format_args!(
            "open_tree({source:?}, OPEN_TREE_CLONE{tree}), mount_setattr({flags}), \
             move_mount({:?})",
            mount.on()
        ),
        "a second view of the same files, which gets its flags before its place",
        || make(root, mount, options, (source, depth)),
    )
}

/// A clone of the mount at `source` (or of the tree of them), which has no place yet.
pub(super) fn clone_tree(source: &Path, depth: Depth) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    flags.set(OpenTreeFlags::AT_RECURSIVE, depth == Depth::Tree);
    open_tree(CWD, source, flags).map_err(|errno| refused::bind(source, errno))
}

// ANCHOR: make
fn make(
    root: &Root,
    mount: &Mount,
    options: &Options,
    (source, depth): (&Path, Depth),
) -> Result<()> {
    let made;
    let clone = match &mount.id_mapped {
        Some(prepared) => prepared.tree(),
        None => {
            made = clone_tree(source, depth)?;
            made.as_fd()
        }
    };
    attributes(clone, options)?;
    let kind = fstat(clone).with_context(|| format!("look at {}", source.display()))?;
    let target = if FileType::from_raw_mode(kind.st_mode).is_dir() {
        root.make_dir(mount.on())?
    } else {
        root.make_file(mount.on())?
    };
    attach(clone, target.as_fd(), mount, options)
}
// ANCHOR_END: make
