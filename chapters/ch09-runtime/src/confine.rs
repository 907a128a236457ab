//! The last mile before exec: who the process is, and what it may never do again.
//!
//! The order is the lesson, and each place has its reason:
//!
//! 1. the filter, where no_new_privs is not wanted: installing it then takes
//!    `CAP_SYS_ADMIN`, and the filter must let the calls below pass;
//! 2. the bounding set, while `CAP_SETPCAP` is still there;
//! 3. user and groups, keeping the capabilities across (capabilities(7), `PR_SET_KEEPCAPS`);
//! 4. the other capability sets, which setting the user has just emptied or changed;
//! 5. no_new_privs, and with it the filter, last, since it may forbid any of the above.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};
use mounts::Root;
use nix::sys::statfs::{FsType, fstatfs};
use nix::unistd::{Uid, fchown};
use privileges::{
    become_user, no_new_privileges, seccomp, set_io_priority, set_memory_policy,
    set_rlimits, set_scheduler,
};
use workbench::steps;

use crate::console;
use crate::label::Labels;
use crate::listener::Way;
use crate::plan::Process;

/// What is set first of all: while the runtime's privileges are there, and the `/proc`
/// that is written to is the host's, not one that the container could have arranged
/// (CVE-2025-52881).
///
/// # Errors
/// When a limit cannot be raised, or the preference needs a privilege.
pub fn prepare(process: &Process) -> Result<()> {
    let confinement = &process.confinement;
    if let Some(score) = confinement.oom_score_adj {
        let why = "how willingly the kernel kills this one when memory runs out";
        let call = format_args!("write(\"/proc/self/oom_score_adj\", \"{score}\")");
        steps::step(9, call, why, || {
            fs::write("/proc/self/oom_score_adj", score.to_string())
        })
        .with_context(|| format!("set the OOM score to {score}"))?;
    }
    if let Some(scheduler) = &confinement.scheduler {
        set_scheduler(scheduler)?;
    }
    if let Some(policy) = &confinement.memory_policy {
        set_memory_policy(policy)?;
    }
    if let Some((class, priority)) = &confinement.io_priority {
        set_io_priority(class, *priority)?;
    }
    set_rlimits(&confinement.rlimits).context("process.rlimits")
}

/// Gives the process's user its standard streams: without it `echo >/dev/stderr`, which
/// opens the pipe anew, is refused to whoever is not root.
///
/// Only what is the container's own: pipes, and its own terminal. A file or a terminal
/// of the host's stays whose it is, and so does `/dev/null` above all.
fn give_streams(process: &Process) {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    for stream in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
        let kind = fstatfs(stream).map(|system| system.filesystem_type());
        let own = kind.is_ok_and(|kind| {
            kind == PIPEFS || (process.terminal && kind == console::DEVPTS)
        });
        if own {
            // EPERM and EINVAL: its owner, or its group, has no number in this user
            // namespace. Then it stays as it is.
            let _ = fchown(stream, Some(Uid::from_raw(process.identity.uid)), None);
        }
    }
}

/// The magic number of the file system of pipes without a name (statfs(2)).
const PIPEFS: FsType = FsType(0x5049_5045);

/// Becomes who the process is to be, and gives up what it may not do.
///
/// # Errors
/// What the kernel refused; then the process must not go on.
// ANCHOR: confine
pub fn confine(process: &Process, way: Option<&Way>) -> Result<()> {
    give_streams(process);
    let (who, confinement) = (&process.identity, &process.confinement);
    if confinement.labels != Labels::default() {
        confinement.labels.write(&Root::open(Path::new("/"))?)?;
    }
    if !confinement.no_new_privileges {
        filter(process, way)?;
    }
    confinement.capabilities.drop_bounding()?;
    become_user(who.uid, who.gid, &who.groups, who.umask)?;
    confinement.capabilities.set_rest()?;
    if confinement.no_new_privileges {
        no_new_privileges()?;
        filter(process, way)?;
    }
    Ok(())
}
// ANCHOR_END: confine

fn filter(process: &Process, way: Option<&Way>) -> Result<()> {
    let Some(filter) = &process.confinement.seccomp else {
        return Ok(());
    };
    let notified = seccomp::install(filter).context("install the seccomp filter")?;
    match (notified, way) {
        (Some(descriptor), Some(way)) => way.send(&descriptor),
        _ => Ok(()),
    }
}
