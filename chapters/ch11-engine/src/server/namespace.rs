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
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{User, getegid, geteuid, setresgid, setresuid};
use privileges::{IdMap, subordinate_ids};
use workbench::diagnosis::explain;
use workbench::steps::step;
use workbench::user::USER_NAMESPACE;

use crate::effects::Roots;

/// Becomes root of namespaces of its own; does nothing for root.
pub(super) fn enter(roots: &Roots) -> Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    let joined = living_shims(&roots.shims()).iter().any(|namespace| {
        let why = "the containers that live on, and their files, belong to it";
        step(11, format_args!("setns(CLONE_NEWUSER)"), why, || {
            setns(namespace, CloneFlags::CLONE_NEWUSER)
        })
        .is_ok()
    });
    if !joined {
        enter_new()?;
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

/// What runs outside: it waits for a word, and writes the maps of process `$1`.
const OUTSIDE: &str = "read -r _ && newuidmap $1 $2 && newgidmap $1 $3";

/// Makes a user namespace in which this process is root, with all the ids that the user
/// has been given; else with one.
fn enter_new() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    let name = name.unwrap_or_else(|| uid.to_string());
    let (uids, gids) = subordinate_ids(&name, uid.as_raw(), gid.as_raw());
    if uids.len() < 2 || gids.len() < 2 {
        tracing::info!("one id only: /etc/subuid and /etc/subgid give {name} no more");
        return workbench::user::borrow_root();
    }
    let outside = leave_outside(&uids, &gids)?;
    let why = "root over what is the user's; the ids follow from outside";
    step(11, format_args!("unshare(CLONE_NEWUSER)"), why, || {
        unshare(CloneFlags::CLONE_NEWUSER)
    })
    .map_err(|errno| {
        let what = "make a user namespace for the daemon";
        explain(what, &USER_NAMESPACE, &(), errno)
    })?;
    if let Err(error) = map_from(outside) {
        // Not in a container, say, where a set-user-ID program is nobody's root.
        tracing::info!("one id only: {error:#}");
        return workbench::user::map_one_id(uid, gid);
    }
    setresgid(0.into(), 0.into(), 0.into()).context("become the namespace's root")?;
    setresuid(0.into(), 0.into(), 0.into()).context("become the namespace's root")
}

/// Leaves a shell outside, which will write the maps of this process.
///
/// Many ids are mapped by newuidmap(1), from outside, and by somebody who is there
/// before we go in.
fn leave_outside(uids: &[IdMap], gids: &[IdMap]) -> Result<Child> {
    let numbers = |maps: &[IdMap]| {
        maps.iter()
            .map(IdMap::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    Command::new("/bin/sh")
        .args(["-c", OUTSIDE, "sh", &std::process::id().to_string()])
        .args([numbers(uids), numbers(gids)])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("leave a shell outside")
}

/// Tells the shell outside to write the maps.
fn map_from(mut outside: Child) -> Result<()> {
    let mut told = outside.stdin.take().context("tell the shell outside")?;
    told.write_all(b"in\n").context("tell the shell outside")?;
    drop(told);
    let done = outside
        .wait_with_output()
        .context("wait for the shell outside")?;
    let complaint = String::from_utf8_lossy(&done.stderr);
    ensure!(
        done.status.success(),
        "newuidmap, newgidmap: {}",
        complaint.trim()
    );
    Ok(())
}
