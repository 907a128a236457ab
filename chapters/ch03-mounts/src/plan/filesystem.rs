//! A new file system instance: fsopen(2), fsconfig(2), fsmount(2), move_mount(2).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::fs::fstat;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};
use workbench::steps;

use super::{Mount, attach, copy_up, refused};
use crate::CHAPTER;
use crate::attributes::names;
use crate::options::Options;
use crate::root::Root;

/// Makes the instance and attaches it to its target below `root`.
pub(super) fn perform(root: &Root, mount: &Mount, options: &Options) -> Result<()> {
    let (kind, on) = (mount.kind(), mount.on());
    let flags = names(options.here.set | options.tree.set);
    steps::step(
        CHAPTER,
        format_args!(
            "fsopen({kind:?}), fsconfig({:?}), fsmount({flags}), move_mount({on:?})",
            options.data.join(",")
        ),
        why(kind),
        || make(root, mount, options),
    )
}

fn make(root: &Root, mount: &Mount, options: &Options) -> Result<()> {
    let kind = mount.kind();
    // procfs and sysfs answer for the kernel, and paths below them are masked later: an
    // image must not choose where they are (CVE-2019-19921, CVE-2023-27561).
    let look = |path: &Path| match kind {
        "proc" | "sysfs" => root.look_without_links(path),
        _ => root.look(path),
    };
    let there = look(mount.on())?;
    let mut data = options.data.clone();
    if let (Some(folder), "tmpfs") = (&there, kind) {
        // A tmpfs over a folder takes over the folder's mode, unless one is given.
        if !data.iter().any(|option| option.starts_with("mode=")) {
            let mode = fstat(folder).context("look at the folder")?.st_mode & 0o7777;
            data.push(format!("mode={mode:o}"));
        }
    }
    let made = create(kind, mount.source.as_deref(), &data, options)?;
    let target = match there {
        Some(folder) => folder,
        None => {
            let made = root.make_dir(mount.on())?;
            match kind {
                "proc" | "sysfs" => look(mount.on())?.context("what was made is gone")?,
                _ => made,
            }
        }
    };
    if options.copy_up {
        ensure!(kind == "tmpfs", "tmpcopyup is for tmpfs, not for {kind}");
        copy_up::copy(target.as_fd(), made.as_fd()).context("copy the folder up")?;
    }
    attach(made.as_fd(), target.as_fd(), mount, options)?;
    root.let_go(mount.on());
    if OURS.contains(&kind) && !options.copy_up {
        root.hold(mount.on(), made);
    }
    Ok(())
}

/// File systems in which no link of an image's can be.
const OURS: [&str; 7] = [
    "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2",
];

/// A mount of a new instance that has no place yet.
// ANCHOR: create
fn create(
    kind: &str,
    source: Option<&Path>,
    data: &[String],
    options: &Options,
) -> Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)
        .map_err(|errno| refused::filesystem(kind, errno, None))?;
    let context = context.as_fd();
    let attributes = u32::try_from(options.here.set | options.tree.set)?;
    configure(context, source.unwrap_or(Path::new(kind)), data, options)
        .and_then(|()| fsconfig_create(context))
        .and_then(|()| {
            let flags = MountAttrFlags::from_bits_retain(attributes);
            fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, flags)
        })
        .map_err(|errno| refused::filesystem(kind, errno, Some(context)))
}
// ANCHOR_END: create

fn configure(
    context: BorrowedFd<'_>,
    source: &Path,
    data: &[String],
    options: &Options,
) -> rustix::io::Result<()> {
    fsconfig_set_string(context, "source", source)?;
    for flag in &options.super_block {
        fsconfig_set_flag(context, *flag)?;
    }
    for option in data {
        match option.split_once('=') {
            Some((key, value)) => fsconfig_set_string(context, key, value)?,
            None => fsconfig_set_flag(context, option.as_str())?,
        }
    }
    Ok(())
}

fn why(kind: &str) -> &'static str {
    match kind {
        "proc" => "a procfs of its own shows the processes of this pid namespace only",
        "sysfs" => "devices as this network namespace sees them",
        "devpts" => "terminals of its own, out of the host's sight",
        "mqueue" => "the message queues of this IPC namespace",
        "tmpfs" => "memory that is gone with the mount",
        "cgroup" | "cgroup2" => "limits and counts, from this cgroup namespace down",
        _ => "a new instance of a file system, still without a place",
    }
}
