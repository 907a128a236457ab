//! An ordinary user's daemon: root's place, in namespaces of its own.
//!
//! Before it has threads, the daemon goes into a user namespace, where it is root over
//! what is the user's, and a mount namespace, where it may mount. Inside, the code is
//! root's code. Which user namespace, in this order:
//!
//! 1. that of a shim which lives: its container belongs to it, and its files do;
//! 2. a new one with the ids that `/etc/subuid` and `/etc/subgid` give the user;
//! 3. a new one with a single id.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chroot::process::{self, Forked, How, Line};
use namespaces::Namespace;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Pid, User, getegid, geteuid, getpid, setresgid, setresuid};
use privileges::{IdMap, subordinate_ids, write_id_maps};
use workbench::steps::step;

use crate::effects::Roots;

/// Becomes root of namespaces of its own; does nothing for root.
pub(super) fn enter(roots: &Roots) -> Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    let joined = living_shims(&roots.shims()).into_iter().any(|namespace| {
        let file = (Namespace::User, namespace.as_fd());
        namespaces::join(&[file]).is_ok()
    });
    if !joined && let Err(error) = with_subordinate_ids() {
        tracing::info!("one id only: {error:#}");
        workbench::user::borrow_root()?;
    }
    let why = "mounts of the daemon and its shims are nobody else's";
    step(11, format_args!("unshare(CLONE_NEWNS)"), why, || {
        unshare(CloneFlags::CLONE_NEWNS)
    })
    .context("make a mount namespace for the daemon")?;
    mounts::private()
}

/// The user namespaces of the shims that live.
fn living_shims(shims: &Path) -> Vec<File> {
    let entries = fs::read_dir(shims).into_iter().flatten().flatten();
    let namespace = |entry: fs::DirEntry| {
        let folder = shim::Folder::new(entry.path());
        // One that does not answer has left its pid to somebody else.
        if !shim::client::Shim::new(folder.clone()).is_alive() {
            return None;
        }
        let ready: shim::Ready =
            serde_json::from_slice(&fs::read(folder.pid()).ok()?).ok()?;
        File::open(format!("/proc/{}/ns/user", ready.shim_pid)).ok()
    };
    entries.filter_map(namespace).collect()
}

/// Makes a user namespace in which this process is root, and the user's subordinate
/// ids are all others.
///
/// The maps are written from outside, by newuidmap(1): so a child is left there, does
/// it, and goes. That happens once, and before there is a second thread.
fn with_subordinate_ids() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    let name = name.unwrap_or_else(|| uid.to_string());
    let (uids, gids) = subordinate_ids(&name, uid.as_raw(), gid.as_raw());
    if uids.len() < 2 || gids.len() < 2 {
        bail!("/etc/subuid and /etc/subgid give {name} no ids");
    }
    let (here, outside) = process::pair()?;
    let daemon = getpid();
    match process::fork(&How::default()).context("leave a child outside")? {
        Forked::Child => {
            drop(here);
            process::leave_after(|| write_maps(&outside, daemon, (&uids, &gids)))
        }
        Forked::Parent(child) => {
            drop(outside);
            let became = become_root(&here);
            // Without a word from us, the one outside goes by itself.
            drop(here);
            child.wait().context("wait for the one outside")?;
            became
        }
    }
}

const INSIDE: u8 = b'I';
const WRITTEN: u8 = b'W';

fn become_root(line: &Line) -> Result<()> {
    let why = "root over what is the user's; the ids follow from outside";
    step(11, format_args!("unshare(CLONE_NEWUSER)"), why, || {
        unshare(CloneFlags::CLONE_NEWUSER)
    })
    .context("make a user namespace for the daemon")?;
    line.send(INSIDE, "", None)?;
    match line.receive()? {
        Some(message) if message.tag == WRITTEN => {}
        Some(message) => bail!("{}", message.text),
        None => bail!("the one outside is gone"),
    }
    setresgid(0.into(), 0.into(), 0.into()).context("become the namespace's root")?;
    setresuid(0.into(), 0.into(), 0.into()).context("become the namespace's root")
}

/// What the child does that was left outside.
fn write_maps(
    line: &Line,
    daemon: Pid,
    (uids, gids): (&[IdMap], &[IdMap]),
) -> Result<i32> {
    line.expect(INSIDE)?;
    match write_id_maps(daemon, uids, gids) {
        Ok(()) => line.send(WRITTEN, "", None)?,
        Err(error) => line.send(process::FAILED, &format!("{error:#}"), None)?,
    }
    Ok(0)
}
