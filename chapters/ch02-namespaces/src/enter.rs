//! `join`: a second process in the namespaces of the first, as `docker exec` makes one.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, How};
use namespaces::{Namespace, join};
use nix::unistd::{Pid, chroot, fchdir};
use workbench::steps;

use crate::{PATH, status};

/// Runs `command` beside the process `pid`, and ends as it ends.
// ANCHOR: enter
pub(crate) fn enter(pid: Pid, command: &[String]) -> Result<ExitCode> {
    let args = process::strings(command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    // All is opened before anything is joined: afterwards these paths mean other things.
    let files = others(pid)?;
    let root = File::open(format!("/proc/{pid}/root"))
        .with_context(|| format!("open the root of {pid}"))?;
    let pairs: Vec<(Namespace, BorrowedFd<'_>)> = files
        .iter()
        .map(|(kind, file)| (*kind, file.as_fd()))
        .collect();
    join(&pairs)?;
    // A copy: a pid namespace takes nobody in but those who are made after it was joined.
    let child = process::spawn(&How::default(), |line| {
        enter_root(&root)?;
        let program = process::find(&command[0], PATH)?;
        line.send(process::EXEC, "", &[])?;
        Err(process::exec(&program, &args, &env))
    })?;
    status(child.wait()?)
}
// ANCHOR_END: enter

/// The namespaces of the process that are not ours, in the order in which to join them.
fn others(pid: Pid) -> Result<Vec<(Namespace, OwnedFd)>> {
    let mut others = Vec::new();
    for kind in Namespace::ALL {
        let file = join::of_process(pid, kind)?;
        if !join::is_ours(kind, file.as_fd())? {
            others.push((kind, file));
        }
    }
    Ok(others)
}

fn enter_root(root: &File) -> Result<()> {
    steps::step(
        2,
        format_args!("fchdir(the root of the other)"),
        "held open since before the namespaces changed",
        || fchdir(root),
    )
    .context("go to the other process's root")?;
    steps::step(
        2,
        format_args!("chroot(\".\")"),
        "and now / is its / too",
        || chroot("."),
    )
    .context("enter the other process's root")
}
