//! Entering existing namespaces (setns(2)).

mod refused;

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::{fstat, stat};
use nix::unistd::Pid;
use workbench::steps;

use crate::set::Namespace;
pub use refused::{JOIN, Wanted};

/// Opens a namespace by the path of its file, like `/proc/4711/ns/net`.
///
/// # Errors
/// When nothing is there, or the caller may not trace the process (ptrace(2)).
pub fn open(path: &Path) -> Result<OwnedFd> {
    let file = File::open(path)
        .with_context(|| format!("open the namespace {}", path.display()))?;
    Ok(file.into())
}

/// Opens the namespace of this kind that a process is in.
///
/// # Errors
/// As for [`open`].
pub fn of_process(pid: Pid, kind: Namespace) -> Result<OwnedFd> {
    open(Path::new(&format!("/proc/{pid}/ns/{}", kind.file())))
}

/// Enters the namespaces, in the order given; see [`Namespace::ALL`] for one that works.
///
/// A pid or time namespace takes only what is forked afterwards.
///
/// # Errors
/// When the caller has no `CAP_SYS_ADMIN` over one of them; the hint names the cause.
// ANCHOR: join
pub fn join(namespaces: &[(Namespace, BorrowedFd<'_>)]) -> Result<()> {
    for (kind, file) in namespaces {
        let flag = CloneFlags::from_bits_retain(kind.flag());
        let why = "enter a namespace that somebody else keeps";
        steps::step(2, format_args!("setns({})", kind.name()), why, || {
            setns(file.as_fd(), flag)
        })
        .map_err(|errno| refused::explained(*kind, *file, errno))?;
    }
    Ok(())
}
// ANCHOR_END: join

/// Whether the caller is in the very namespace that `file` stands for.
///
/// # Errors
/// When it cannot be looked at.
pub fn is_ours(kind: Namespace, file: BorrowedFd<'_>) -> Result<bool> {
    let ours = format!("/proc/self/ns/{}", kind.file());
    let (ours, theirs) = (stat(ours.as_str())?, fstat(file)?);
    Ok((ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino))
}
