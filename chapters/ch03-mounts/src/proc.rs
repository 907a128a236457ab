//! Writing to procfs, and to nothing else.
//!
//! A kernel parameter is set by writing to a file, and whoever can put another file in
//! its place redirects the write: to a harmless file, so that the setting is lost, or to
//! one that harms the host (CVE-2019-16884, CVE-2025-52881). So the way begins at a folder
//! that is the root of a procfs, and from there on meets no link and no other mount.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, fstatfs, openat2};
use workbench::steps::step;

use crate::CHAPTER;
use crate::root::Root;

/// `PROC_SUPER_MAGIC` of `linux/magic.h`.
pub(crate) const MAGIC: i64 = 0x9fa0;
/// The inode of every procfs's root.
const ROOT_INODE: u64 = 1;

/// Writes `value` to the file `name` below `/proc` (as in `sys/kernel/domainname`).
///
/// # Errors
/// If `/proc` in `root` is not a procfs, or something lies on the way to the file.
pub fn write_proc(root: &Root, name: &Path, value: &str) -> Result<()> {
    let shown = Path::new("/proc").join(name);
    let procfs = procfs(root)?;
    let only = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    step(
        CHAPTER,
        format_args!("write({shown:?}, {value:?})"),
        "opened below a folder that is procfs for sure: no other file is met",
        || {
            let file = openat2(&procfs, name, flags, Mode::empty(), only)?;
            File::from(file).write_all(value.as_bytes())
        },
    )
    .with_context(|| format!("write {value:?} to {}", shown.display()))
}

fn procfs(root: &Root) -> Result<OwnedFd> {
    let folder = root.resolve(Path::new("/proc"))?;
    let kind = fstatfs(&folder).context("look at /proc")?.f_type;
    let inode = fstat(&folder).context("look at /proc")?.st_ino;
    ensure!(
        kind as i64 == MAGIC && inode == ROOT_INODE,
        "/proc is not a procfs"
    );
    Ok(folder)
}
