//! One group, in all trees at once: made, limited, entered.

mod folder;
mod path;
mod set;
mod undo;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::Pid;

use crate::layout::{self, Layout, Tree, Version};
use crate::limits::Limits;
use crate::refused::{hint_of_making, written};
use folder::is_absent;
pub use folder::set_file;
pub(crate) use folder::{Folder, pids_in, write};
pub(crate) use path::checked;
use undo::Before;

/// A control group: the folder of one path in each tree where it could be made.
///
/// Dropping it removes nothing: a group belongs to the container, not to a process
/// that looks at it. See [`Cgroup::delete`].
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
    layout: Layout,
    pub(crate) folders: Vec<Folder>,
    missing: Vec<String>,
    unset: Vec<String>,
    hint: Option<String>,
    /// Where it is not made yet: see [`Cgroup::begin`].
    later: Vec<Tree>,
    before: Before,
    /// The unit of systemd's that it is; none when the name is empty.
    pub(crate) unit: String,
}

impl Cgroup {
    /// Makes the group `path` (from the root of the trees, like `/skiff/web`) in every
    /// tree where the caller may, and sets its limits. Groups above it are made too.
    ///
    /// Where a tree is closed to the caller, as to an ordinary user, or a controller
    /// is not there, the rest is done: [`Cgroup::missing`] tells what was not.
    ///
    /// # Errors
    /// A path with `..` in it; a group with processes in it; a limit that the kernel
    /// refuses (then nothing stays but what was there before, as it was).
    // ANCHOR: create
    pub fn create(path: &str, limits: &Limits) -> Result<Self> {
        let mut cgroup = Self::begin(path, limits, &layout::mounts())?;
        let made = cgroup.complete(limits);
        if made.is_err() {
            // The first error is the one to tell.
            let _ = cgroup.undo();
        }
        made.map(|()| cgroup)
    }
    // ANCHOR_END: create

    /// Makes what a process needs that is to be born in the group: its folder in the tree
    /// of version 2. While that process is made, [`Cgroup::complete`] makes the rest.
    /// The trees are looked for in `mountinfo`, the text of such a file.
    ///
    /// # Errors
    /// A path with `..` in it; a group with processes in it.
    pub fn begin(path: &str, limits: &Limits, mountinfo: &str) -> Result<Self> {
        let mut cgroup = Self::nowhere();
        let path = checked(path)?;
        cgroup.begin_at(path, limits, mountinfo).map(|()| cgroup)
    }

    pub(crate) fn begin_at(
        &mut self,
        path: PathBuf,
        limits: &Limits,
        mountinfo: &str,
    ) -> Result<()> {
        self.path = path;
        let trees = layout::trees_in(mountinfo);
        self.layout = layout::of(&trees);
        if self.layout == Layout::Absent {
            self.missing.push("no cgroup tree is mounted".to_owned());
        }
        let now: Vec<_>;
        (now, self.later) = trees
            .into_iter()
            .partition(|tree| tree.version == Version::V2);
        self.make_in(now, limits)
    }

    /// Makes the rest of a group that was begun, and sets its limits. When that fails,
    /// the caller is to [`Cgroup::undo`] the group.
    ///
    /// # Errors
    /// A group with processes in it (but in the tree of version 2: they may have been
    /// born there by now); a limit that the kernel refuses.
    pub fn complete(&mut self, limits: &Limits) -> Result<()> {
        let later = mem::take(&mut self.later);
        self.make_in(later, limits)?;
        self.folders.sort_by_key(|folder| folder.tree.version);
        if self.unit.is_empty() && !self.folders.iter().all(Folder::is_new) {
            self.before = Before::of(self, limits);
        }
        self.unset = self.write_limits(limits)?;
        self.missing.extend_from_slice(&self.unset);
        Ok(())
    }

    /// The group `path` as it is: in the trees where it exists, perhaps none.
    ///
    /// # Errors
    /// A path with `..` in it.
    pub fn open(path: &str) -> Result<Self> {
        let mut cgroup = Self::nowhere();
        cgroup.path = checked(path)?;
        let mut trees = layout::mounted(&layout::mounts());
        trees.retain(|tree| {
            let is_there = layout::has(tree, &cgroup.path);
            if is_there {
                cgroup.folders.push(Folder::of(tree.clone(), &cgroup.path));
            }
            is_there || layout::has(tree, Path::new("/"))
        });
        cgroup.layout = layout::of(&trees);
        Ok(cgroup)
    }

    /// No group: in no tree, under no path.
    #[must_use]
    pub fn nowhere() -> Self {
        Self {
            path: PathBuf::new(),
            layout: Layout::Absent,
            folders: Vec::new(),
            missing: Vec::new(),
            unset: Vec::new(),
            hint: None,
            later: Vec::new(),
            before: Before::default(),
            unit: String::new(),
        }
    }

    fn make_in(&mut self, trees: Vec<Tree>, limits: &Limits) -> Result<()> {
        let wanted = wanted_controllers(limits);
        for tree in trees {
            self.make(tree, &wanted)?;
        }
        Ok(())
    }

    /// Its path, from the root of the trees.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is: the controllers and the folder, tree by tree.
    pub fn folders(&self) -> impl Iterator<Item = (&[String], &Path)> {
        self.folders
            .iter()
            .map(|folder| (folder.tree.controllers.as_slice(), folder.path.as_path()))
    }

    /// Whether there is nothing of it: no tree was open to the caller.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.folders.is_empty()
    }

    /// What was asked for and could not be had, as lines for a warning.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The part of [`Cgroup::missing`] that speaks of limits.
    #[must_use]
    pub fn unset(&self) -> &[String] {
        &self.unset
    }

    /// What to do about the first tree where it could not be made, if that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The group's folder in the tree of version 2, to be born in (clone3(2),
    /// `CLONE_INTO_CGROUP`); `None` where it has none.
    #[must_use]
    pub fn unified_fd(&self) -> Option<OwnedFd> {
        let folder = self.folder(Version::V2)?;
        let flags = libc::O_DIRECTORY | libc::O_CLOEXEC;
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags);
        options.open(&folder.path).ok().map(Into::into)
    }

    /// Moves a process in: in each tree, unless it is there already. A process that
    /// is being started enters by itself, and sooner: see [`Cgroup::entrance`].
    ///
    /// # Errors
    /// When the process has ended; when the tree refuses the caller.
    // ANCHOR: add
    pub fn add(&self, pid: Pid) -> Result<()> {
        for folder in &self.folders {
            let procs = folder.path.join("cgroup.procs");
            if !pids_in(&procs).is_ok_and(|pids| pids.contains(&pid)) {
                let why = "all its threads, and what it will fork, are counted here";
                write(&procs, &pid.to_string(), why)
                    .map_err(|error| written(error, &procs, &pid.to_string()))
                    .with_context(|| {
                        format!("move {pid} into {}", folder.path.display())
                    })?;
            }
        }
        Ok(())
    }
    // ANCHOR_END: add

    pub(crate) fn folder(&self, version: Version) -> Option<&Folder> {
        self.folders.iter().find(|f| f.tree.version == version)
    }

    /// The folder in whose tree a controller works.
    pub(crate) fn folder_with(&self, controller: &str) -> Option<&Folder> {
        let has = |f: &&Folder| f.tree.controllers.iter().any(|name| name == controller);
        self.folders.iter().find(has)
    }

    /// Makes the group in one tree; a tree that is closed to the caller is missing.
    fn make(&mut self, tree: Tree, wanted: &BTreeSet<String>) -> Result<()> {
        let mut folder = Folder::of(tree, &self.path);
        // That of a unit has a process in it when we come to it.
        let is_ours = !self.unit.is_empty();
        match folder.make(&self.path, wanted) {
            Ok(()) if folder.is_new() || is_ours || folder.pids().is_empty() => {
                self.folders.push(folder);
            }
            // Somebody else's: its limits are not ours to set, nor its end to bring about.
            Ok(()) => bail!("container's cgroup is not empty: {}", self.path.display()),
            Err(error) if is_absent(&error) => {
                if self.hint.is_none() {
                    self.hint = hint_of_making(&error, &folder.path);
                }
                let name = match folder.tree.version {
                    Version::V1 => folder.tree.controllers.join(","),
                    Version::V2 => "version 2".to_owned(),
                };
                self.missing.push(format!("no {name} cgroup: {error}"));
            }
            Err(error) => {
                let what = format!("make cgroup {}", folder.path.display());
                return Err(error).context(what);
            }
        }
        Ok(())
    }
}

/// The controllers that are worth having: those with a limit, and those that count.
fn wanted_controllers(limits: &Limits) -> BTreeSet<String> {
    let settings = limits.files(Version::V2).into_iter().map(|s| s.controller);
    let counting = ["cpu", "memory", "pids", "io"].map(str::to_owned);
    settings.chain(counting).collect()
}
