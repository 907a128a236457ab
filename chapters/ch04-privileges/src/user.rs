//! Becoming someone else, and never more than that again.

mod refused;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, getgroups, setgroups, setresgid, setresuid};
use workbench::diagnosis::explain;
use workbench::steps::step;

use crate::CHAPTER;
pub(crate) use refused::BECOME;
use refused::Id;

/// The largest id that a process may be given: 2³¹ − 1. Beyond it some interfaces read
/// the number as negative, and 2³² − 1 means "leave as it is" to setresuid(2).
pub const LARGEST_ID: u32 = i32::MAX as u32;

/// Changes groups, group, user and (if given) umask, in this order; the permitted
/// capabilities stay, for [`Capabilities::set_rest`](crate::Capabilities::set_rest).
///
/// # Errors
/// If an id is beyond [`LARGEST_ID`], or not mapped in this user namespace (EINVAL).
// ANCHOR: become_user
pub fn become_user(uid: u32, gid: u32, groups: &[u32], mask: Option<u32>) -> Result<()> {
    for (what, id) in [("uid", uid), ("gid", gid)] {
        in_range(what, id)?;
    }
    for group in groups {
        in_range("additional gid", *group)?;
    }
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
    set_groups(groups)?;
    step(
        CHAPTER,
        format_args!("setresgid({gid}, {gid}, {gid})"),
        "the group first: without root's place it could not be changed any more",
        || setresgid(group, group, group),
    )
    .map_err(|errno| refused("group", "gid", gid, errno))?;
    step(
        CHAPTER,
        format_args!("prctl(PR_SET_KEEPCAPS, 1)"),
        "leaving uid 0 would clear the permitted capabilities, needed once more",
        || prctl::set_keepcaps(true),
    )
    .context("keep capabilities over the change of user")?;
    step(
        CHAPTER,
        format_args!("setresuid({uid}, {uid}, {uid})"),
        "real, effective and saved: there is no way back",
        || setresuid(user, user, user),
    )
    .map_err(|errno| refused("user", "uid", uid, errno))?;
    prctl::set_keepcaps(false).context("stop keeping capabilities")?;
    if let Some(mask) = mask {
        umask(Mode::from_bits_truncate(mask & 0o777));
    }
    Ok(())
}
// ANCHOR_END: become_user

fn refused(what: &str, kind: &'static str, number: u32, errno: Errno) -> anyhow::Error {
    let scene = Id { kind, number };
    explain(format!("become {what} {number}"), &BECOME, &scene, errno)
}

fn in_range(what: &str, id: u32) -> Result<()> {
    ensure!(
        id <= LARGEST_ID,
        "{what} {id} must be in range 0-{LARGEST_ID}"
    );
    Ok(())
}

fn set_groups(groups: &[u32]) -> Result<()> {
    let list: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    let answer = step(
        CHAPTER,
        format_args!("setgroups({groups:?})"),
        "root's groups would still open root's files",
        || setgroups(&list),
    );
    // A user namespace made by an ordinary user has setgroups(2) switched off. There
    // it is no loss as long as nothing was asked for.
    if answer.is_err() && list.is_empty() && setgroups_denied() {
        return Ok(());
    }
    answer.with_context(|| match getgroups() {
        Ok(held) if setgroups_denied() => {
            format!(
                "set the groups {groups:?} (this user namespace keeps its {})",
                held.len()
            )
        }
        _ => format!("set the groups {groups:?}"),
    })
}

fn setgroups_denied() -> bool {
    std::fs::read_to_string("/proc/self/setgroups")
        .is_ok_and(|word| word.trim() == "deny")
}

/// From here on no exec gives more than this process has: set-user-ID bits and file
/// capabilities are ignored, in it and in all its children (prctl(2)).
///
/// # Errors
/// None on a kernel since 3.5.
pub fn no_new_privileges() -> Result<()> {
    step(
        CHAPTER,
        format_args!("prctl(PR_SET_NO_NEW_PRIVS, 1)"),
        "set-user-ID programs in the image gain nothing; seccomp(2) asks for it too",
        prctl::set_no_new_privs,
    )
    .context("set no_new_privs")
}
