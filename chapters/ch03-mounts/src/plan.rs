//! The mount plan: what is mounted where, as data, and the one interpreter of it.

mod bind;
mod cgroup;
mod copy_up;
mod filesystem;
mod id_mapped;
mod refused;

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rustix::mount::{MoveMountFlags, move_mount};
use workbench::steps;

use crate::CHAPTER;
use crate::attributes::{mount_setattr, names};
use crate::options::{Options, parse_options};
use crate::propagation::Depth;
use crate::propagation::propagate;
use crate::root::Root;
use crate::table::Table;
pub use id_mapped::{IdMapped, id_mapped};
pub(crate) use refused::{ATTRIBUTES, BIND, FILESYSTEM};

/// One mount, in the shape of the OCI specification (`config.md`, "Mounts").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted: a path of the host for a bind, else a name for the reader.
    pub source: Option<PathBuf>,
    /// Where, absolute, as the container sees it.
    pub target: PathBuf,
    /// The file system's type; absent or `none` for a bind.
    pub fstype: Option<String>,
    /// Option words, read by [`parse_options`].
    pub options: Vec<String>,
    /// For a bind whose files have other ids: the mount itself, made beforehand.
    pub id_mapped: Option<IdMapped>,
}

/// Performs the mounts of `plan` in their order, below `root`.
///
/// A target that is missing is made: a folder, or an empty file for the bind of a
/// file. `cgroup` means what the host has, by its mounts: the one tree of version 2, or
/// the set of version 1 in a tmpfs. An ordinary user's container that keeps the host's
/// network may not mount sysfs; whoever makes the plan then asks for a bind (`rbind`) of
/// `/sys`.
///
/// # Errors
/// At the first mount that fails, named by its type and target, with what the file
/// system wrote into its log (fsopen(2)).
// ANCHOR: apply
pub fn apply(root: &Root, plan: &[Mount], host: &Table) -> Result<()> {
    for mount in plan {
        let words = parse_options(&mount.options)
            .with_context(|| format!("read the options of {}", mount.target.display()))?;
        perform(root, mount, &words, host).with_context(|| match &mount.source {
            Some(source) if words.bind.is_some() => {
                format!("bind {} on {}", source.display(), mount.target.display())
            }
            _ => format!("mount {} on {}", mount.kind(), mount.target.display()),
        })?;
    }
    Ok(())
}
// ANCHOR_END: apply

fn perform(root: &Root, mount: &Mount, options: &Options, host: &Table) -> Result<()> {
    ensure!(
        mount.target.is_absolute(),
        "the target is not an absolute path"
    );
    if options.id_mapped.is_some() && mount.id_mapped.is_none() {
        bail!("idmap is for a bind whose id maps are known");
    }
    let bind = options
        .bind
        .or((mount.kind() == "bind").then_some(Depth::One));
    if options.remount {
        return remount(root, mount, options);
    }
    ensure!(
        mount.target.file_name().is_some(),
        "nothing can be mounted on the root itself"
    );
    if let Some(depth) = bind {
        bind::perform(root, mount, options, depth)?;
        root.let_go(mount.on());
        return Ok(());
    }
    match mount.kind() {
        "none" => remount(root, mount, options),
        "cgroup" => cgroup::perform(root, mount, options, host),
        _ => filesystem::perform(root, mount, options),
    }
}

/// Changes what is mounted at the target already.
fn remount(root: &Root, mount: &Mount, options: &Options) -> Result<()> {
    let target = root.resolve(&mount.target)?;
    let [here, tree] = [options.here, options.tree].map(|change| names(change.set));
    steps::step(
        CHAPTER,
        format_args!("mount_setattr({:?}, set={here}, tree={tree})", mount.target),
        "what is mounted here stays, with other flags",
        || attributes(target.as_fd(), options),
    )?;
    spread(target.as_fd(), mount, options)
}

impl Mount {
    fn kind(&self) -> &str {
        self.fstype.as_deref().unwrap_or("none")
    }

    fn on(&self) -> &Path {
        &self.target
    }
}

/// Puts a detached mount onto `target`, then gives it what only a place can have.
fn attach(
    mount: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    asked: &Mount,
    options: &Options,
) -> Result<()> {
    refused::below_proc(target, asked)?;
    place(mount, target).context("put it in its place")?;
    spread(mount, asked, options)
}

/// move_mount(2) of a detached mount to a place that is held open.
pub(crate) fn place(mount: impl AsFd, target: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let by_descriptor =
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", target, "", by_descriptor)
}

/// Sets and clears the attributes that the words name, on one mount and on the tree.
/// What is not named stays: flags locked by a user namespace above all.
fn attributes(mount: BorrowedFd<'_>, options: &Options) -> Result<()> {
    for (recursive, change) in [(false, options.here), (true, options.tree)] {
        if !change.is_empty() {
            mount_setattr(mount, recursive, change, 0)
                .map_err(|errno| refused::attributes(errno, change))?;
        }
    }
    Ok(())
}

/// Propagation, in the order of the words.
fn spread(mount: BorrowedFd<'_>, asked: &Mount, options: &Options) -> Result<()> {
    for propagation in &options.propagation {
        propagate(mount, &asked.on().display().to_string(), *propagation)?;
    }
    Ok(())
}
