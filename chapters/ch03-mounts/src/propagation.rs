//! Propagation: whether a mount made here is seen there (mount_namespaces(7),
//! "Shared subtrees").
//!
//! A new mount namespace begins as a copy whose mounts are still in the peer groups
//! of the old one: without the first step here, all that a container mounts would
//! appear on the host.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use workbench::steps;

use crate::CHAPTER;
use crate::attributes::{Attributes, mount_setattr};
use crate::root::Root;
use crate::table;

/// How much of a tree of mounts is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// One mount.
    One,
    /// The mount and all that is mounted below it.
    Tree,
}

/// The four propagation types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Mounts travel both ways between the peers.
    Shared,
    /// Mounts come in from the master and do not go out.
    Slave,
    /// Nothing travels.
    Private,
    /// Private, and it cannot be bound elsewhere.
    Unbindable,
}

/// A propagation type and how far down it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagation {
    /// The type.
    pub kind: Kind,
    /// For one mount, or for the tree (`rshared` and its like).
    pub depth: Depth,
}

impl Propagation {
    /// `rslave`: what most containers get for all that they inherit.
    pub const RSLAVE: Self = Self {
        kind: Kind::Slave,
        depth: Depth::Tree,
    };
    /// `rprivate`.
    pub const RPRIVATE: Self = Self {
        kind: Kind::Private,
        depth: Depth::Tree,
    };

    /// Reads `shared`, `rshared` and so on; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let (word, depth) = match word.strip_prefix('r') {
            Some(word) => (word, Depth::Tree),
            None => (word, Depth::One),
        };
        let kind = match word {
            "shared" => Kind::Shared,
            "slave" => Kind::Slave,
            "private" => Kind::Private,
            "unbindable" => Kind::Unbindable,
            _ => return None,
        };
        Some(Self { kind, depth })
    }

    fn bits(self) -> (u64, &'static str) {
        match self.kind {
            Kind::Shared => (libc::MS_SHARED, "MS_SHARED"),
            Kind::Slave => (libc::MS_SLAVE, "MS_SLAVE"),
            Kind::Private => (libc::MS_PRIVATE, "MS_PRIVATE"),
            Kind::Unbindable => (libc::MS_UNBINDABLE, "MS_UNBINDABLE"),
        }
    }
}

/// This mount namespace stops telling the host about its mounts, and stops hearing.
///
/// # Errors
/// EPERM without `CAP_SYS_ADMIN` over the mount namespace.
pub fn private() -> Result<()> {
    set_propagation(Path::new("/"), Propagation::RPRIVATE)
}

/// Gives the mount at `path` a propagation type; `path` is the top of a mount.
///
/// # Errors
/// EINVAL where `path` is not the top of a mount.
pub fn set_propagation(path: &Path, to: Propagation) -> Result<()> {
    let mount = open_tree(CWD, path, OpenTreeFlags::OPEN_TREE_CLOEXEC)
        .with_context(|| format!("open {}", path.display()))?;
    propagate(mount.as_fd(), &path.display().to_string(), to)
}

/// What [`prepare_root`] had to leave undone for pivot_root(2) to work, done after it:
/// a shared root is shared from now on, with the namespaces that are made of this one.
///
/// # Errors
/// EPERM without `CAP_SYS_ADMIN` over the mount namespace.
pub fn spread_root(to: Propagation) -> Result<()> {
    match to.kind {
        Kind::Shared | Kind::Unbindable => set_propagation(Path::new("/"), to),
        Kind::Slave | Kind::Private => Ok(()),
    }
}

/// The same for a mount that is held by descriptor; `name` is for the reader.
pub(crate) fn propagate(
    mount: BorrowedFd<'_>,
    name: &str,
    to: Propagation,
) -> Result<()> {
    let recursive = to.depth == Depth::Tree;
    let (bits, word) = to.bits();
    let depth = if recursive { "AT_RECURSIVE" } else { "0" };
    steps::step(
        CHAPTER,
        format_args!("mount_setattr({name:?}, {depth}, propagation={word})"),
        match to.kind {
            Kind::Shared => "mounts made here are seen by the peers, and theirs here",
            Kind::Slave => "the host's mounts still arrive; ours stay in here",
            Kind::Private | Kind::Unbindable => "what is mounted here stays in here",
        },
        || mount_setattr(mount, recursive, Attributes::default(), bits),
    )
    .with_context(|| format!("make {name} {word}"))
}

/// Cuts the mount namespace off from the host (`to` for all that is inherited;
/// `rslave` unless the container's configuration says otherwise) and turns the folder
/// `root` into a mount of its own, which is what [`pivot`](crate::pivot) asks for.
///
/// # Errors
/// Where the folder is missing, or without `CAP_SYS_ADMIN` over the mount namespace.
// ANCHOR: cut_off
pub fn prepare_root(root: &Path, to: Propagation) -> Result<Root> {
    // Of what cannot be bound there is no clone: that comes after the pivot.
    let for_now = match to.kind {
        Kind::Unbindable => Propagation::RPRIVATE,
        _ => to,
    };
    set_propagation(Path::new("/"), for_now)?;
    if to.kind == Kind::Shared {
        // With a shared parent pivot_root(2) answers EINVAL, and the host would be told
        // of the mount that comes next.
        let parent = table::read()?.containing(root)?;
        set_propagation(
            &parent,
            Propagation {
                kind: Kind::Private,
                depth: Depth::One,
            },
        )?;
    }
    // ANCHOR_END: cut_off
    let name = root.display();
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    let top = steps::step(
        CHAPTER,
        format_args!(
            "open_tree({:?}, OPEN_TREE_CLONE|AT_RECURSIVE)",
            name.to_string()
        ),
        "pivot_root(2) wants a mount, and this may be a plain folder",
        || open_tree(CWD, root, flags),
    )
    .with_context(|| format!("clone the mounts at {name}"))?;
    let onto = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    steps::step(
        CHAPTER,
        format_args!("move_mount(…, {:?})", name.to_string()),
        "put on top of the folder itself",
        || move_mount(&top, "", CWD, root, onto),
    )
    .with_context(|| format!("bind {name} on itself"))?;
    if to.kind == Kind::Shared {
        propagate(top.as_fd(), &name.to_string(), Propagation::RPRIVATE)?;
    }
    Root::over(top, root)
}
