//! The mount type `cgroup`: whichever version the host has (cgroups(7)).
//!
//! Version 2 is one file system. Version 1 is one for each controller, in a tmpfs,
//! with a link for each name of those that share a tree (`cpu -> cpu,cpuacct`). In a
//! cgroup namespace a new mount begins at the container's own cgroup; without one, or
//! where the kernel refuses, what the host has mounted is bound, from the container's
//! cgroup down. A hybrid host counts as version 1, as it does for runc.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use rustix::fs::symlinkat;
use workbench::files::kernel_text;
use workbench::steps;

use super::{Mount, attributes, bind, filesystem};
use crate::CHAPTER;
use crate::attributes::{Attributes, RDONLY};
use crate::options::Options;
use crate::propagation::Depth;
use crate::root::Root;
use crate::table::{Entry, Table};

pub(super) fn perform(
    root: &Root,
    mount: &Mount,
    options: &Options,
    host: &Table,
) -> Result<()> {
    let ours = kernel_text("/proc/self/cgroup").context("read /proc/self/cgroup")?;
    let trees = trees(&host.0, &ours);
    if trees.is_empty() {
        one(root, mount, options)
    } else {
        set(root, mount, options, &trees)
    }
}

/// A tree of version 1, as the host has it mounted.
#[derive(Debug, PartialEq, Eq)]
struct Tree {
    /// `cpu` and `cpuacct`, or `name=systemd`.
    controllers: Vec<String>,
    /// Where the host mounted it.
    host: PathBuf,
    /// This process's cgroup in it, below `host`; `None` at the top of the namespace.
    ours: Option<PathBuf>,
}

/// Matches the lines of `/proc/self/cgroup` with the mounts that show them.
fn trees(mounts: &[Entry], ours: &str) -> Vec<Tree> {
    let line = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let list = fields.next().filter(|list| !list.is_empty())?;
        let path = Path::new(fields.next()?);
        let controllers: Vec<String> = list.split(',').map(str::to_owned).collect();
        let entry = mounts.iter().find(|entry| {
            let has = |name: &String| entry.data.split(',').any(|word| word == name);
            entry.fstype == "cgroup" && controllers.iter().all(has)
        })?;
        let below = path.strip_prefix(&entry.root).unwrap_or(path);
        let ours = (path != Path::new("/")).then(|| below.to_owned());
        Some(Tree {
            controllers,
            host: entry.target.clone(),
            ours,
        })
    };
    ours.lines().filter_map(line).collect()
}

/// Version 2.
fn one(root: &Root, mount: &Mount, options: &Options) -> Result<()> {
    let new = Mount {
        fstype: Some("cgroup2".to_owned()),
        ..mount.clone()
    };
    new_or_bound(root, &new, options, Path::new("/sys/fs/cgroup"))
}

/// Version 1: the tmpfs, the trees in it, the links; read-only last, if it is asked.
fn set(root: &Root, mount: &Mount, options: &Options, trees: &[Tree]) -> Result<()> {
    let read_only = options.here.set & RDONLY;
    let mut writable = options.clone();
    writable.here.set &= !RDONLY;
    let folder = Options {
        data: vec!["mode=755".to_owned()],
        ..writable
    };
    let tmpfs = Mount {
        fstype: Some("tmpfs".to_owned()),
        ..mount.clone()
    };
    filesystem::perform(root, &tmpfs, &folder)?;
    for tree in trees {
        let name = tree
            .host
            .file_name()
            .context("a cgroup tree is mounted on /")?;
        let target = mount.target.join(name);
        let new = Mount {
            target,
            fstype: Some("cgroup".to_owned()),
            ..mount.clone()
        };
        let options = Options {
            data: tree.controllers.clone(),
            propagation: Vec::new(),
            ..options.clone()
        };
        if let Some(ours) = &tree.ours {
            bound(root, &new, &options, &tree.host.join(ours))?;
        } else {
            new_or_bound(root, &new, &options, &tree.host)?;
        }
    }
    let top = root.resolve(mount.on())?;
    for tree in trees.iter().filter(|tree| tree.controllers.len() > 1) {
        let name = tree
            .host
            .file_name()
            .context("a cgroup tree is mounted on /")?;
        for link in &tree.controllers {
            steps::step(
                CHAPTER,
                format_args!("symlinkat({}, {link:?})", name.display()),
                "each controller is found under its own name",
                || symlinkat(name, &top, link),
            )
            .with_context(|| format!("link {link}"))?;
        }
    }
    let last = Options {
        here: Attributes {
            set: read_only,
            clear: 0,
        },
        ..Options::default()
    };
    attributes(top.as_fd(), &last)
}

/// A new mount where the kernel allows it, else a bind of what the host has.
fn new_or_bound(
    root: &Root,
    mount: &Mount,
    options: &Options,
    host: &Path,
) -> Result<()> {
    match filesystem::perform(root, mount, options) {
        Err(error) if may_bind(&error) => bound(root, mount, options, host),
        answer => answer,
    }
}

/// The answers of a kernel that lets a user namespace have no new cgroup mount.
fn may_bind(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    [Errno::EPERM, Errno::EBUSY]
        .iter()
        .any(|errno| text.contains(&errno.to_string()))
}

fn bound(root: &Root, mount: &Mount, options: &Options, host: &Path) -> Result<()> {
    let bind = Mount {
        source: Some(host.to_owned()),
        ..mount.clone()
    };
    bind::perform(root, &bind, options, Depth::Tree)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    const TABLE: &[u8] = b"1 0 0:1 / / rw - ext4 /dev/vda rw\n\
        2 1 0:2 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n\
        3 2 0:3 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
        4 2 0:4 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n\
        5 2 0:5 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn lines_and_mounts_are_matched() {
        let ours = "5:cpu,cpuacct:/\n2:name=systemd:/user/a\n3:pids:/\n0::/user/a\n";
        let found = trees(&table::parse(TABLE).0, ours);
        let expected = [
            Tree {
                controllers: vec!["cpu".to_owned(), "cpuacct".to_owned()],
                host: "/sys/fs/cgroup/cpu,cpuacct".into(),
                ours: None,
            },
            Tree {
                controllers: vec!["name=systemd".to_owned()],
                host: "/sys/fs/cgroup/systemd".into(),
                ours: Some("user/a".into()),
            },
        ];
        assert_eq!(found, expected, "pids is not mounted, and 0:: is version 2");
    }

    #[test]
    fn a_unified_host_has_no_tree_of_version_1() {
        assert_eq!(trees(&table::parse(TABLE).0, "0::/a\n"), []);
    }
}
