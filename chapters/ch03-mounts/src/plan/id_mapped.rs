//! Binds with other ids: a volume's files belong to whom the maps say, on this mount
//! only, and nothing on the disk is changed (mount_setattr(2), "ID-mapped mounts").
//!
//! The kernel wants whoever asks for that to be root over the file system itself, which
//! a container's first process may not be any more. So such a mount is made beforehand,
//! without a place, and only moved to its place later.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use workbench::steps;

use super::bind::clone_tree;
use super::{Mount, parse_options};
use crate::CHAPTER;
use crate::attributes::map_ids;
use crate::propagation::Depth;

/// A mount with other ids that has no place yet.
#[derive(Clone, Debug)]
pub struct IdMapped(Rc<OwnedFd>);

impl IdMapped {
    pub(super) fn tree(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The same mount, not one like it.
impl PartialEq for IdMapped {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for IdMapped {}

/// Clones the source of a bind, and has its files belong to whom the maps of
/// `user_namespace` say: what is `inside` on the disk is `outside` on the mount.
///
/// # Errors
/// For what is no bind; where the file system or the kernel cannot do it.
pub fn id_mapped(mount: &Mount, user_namespace: BorrowedFd<'_>) -> Result<IdMapped> {
    let options = parse_options(&mount.options)?;
    let depth = options
        .bind
        .or((mount.kind() == "bind").then_some(Depth::One));
    let depth = depth.context("id maps are for binds only")?;
    let source = mount.source.as_deref().context("a bind needs a source")?;
    let tree = clone_tree(source, depth)?;
    let recursive = options.id_mapped == Some(Depth::Tree);
    ensure!(
        !recursive || depth == Depth::Tree,
        "ridmap is for a whole tree: it needs rbind"
    );
    let why = "files belong to others on this mount, and to the same as before on disk";
    let call = format_args!("mount_setattr({source:?}, MOUNT_ATTR_IDMAP)");
    steps::step(CHAPTER, call, why, || {
        map_ids(tree.as_fd(), recursive, user_namespace)
    })
    .map_err(|errno| match errno {
        Errno::EINVAL => anyhow::Error::from(errno).context(
            "its file system cannot have id maps (or the kernel is older than 5.12)",
        ),
        _ => errno.into(),
    })
    .with_context(|| format!("map the ids of {}", source.display()))?;
    Ok(IdMapped(Rc::new(tree)))
}
