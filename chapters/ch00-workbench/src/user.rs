//! Root's place, borrowed: a user namespace with one id (user_namespaces(7)).
//!
//! Inside it the caller is uid 0 with every capability, over what belongs to the
//! namespace and over nothing else. This is how every bench runs without sudo.

mod refused;

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, getegid, geteuid};

use crate::diagnosis;
use crate::steps;
pub use refused::{
    DIAGNOSES, USER_NAMESPACE, in_a_chroot, in_user_namespace, is_filtered,
};

/// Becomes uid 0 of a new user namespace, where the caller's id stands for root's.
///
/// Does nothing for root. Must be called while the process has one thread
/// (unshare(2): `CLONE_NEWUSER` answers EINVAL otherwise).
///
/// # Errors
/// Where the kernel or its security module forbids user namespaces; the hint names
/// the setting.
// ANCHOR: borrow_root
pub fn borrow_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    if uid.is_root() {
        return Ok(());
    }
    let why = "borrow root's place: all capabilities, over nothing but this namespace";
    steps::step(0, format_args!("unshare(CLONE_NEWUSER)"), why, || {
        unshare(CloneFlags::CLONE_NEWUSER)
    })
    .map_err(|errno| {
        diagnosis::explain("make a user namespace", &USER_NAMESPACE, &(), errno)
    })?;
    map_one_id(uid, gid)
}
// ANCHOR_END: borrow_root

/// Makes the caller, who is in a new user namespace, its root: `uid` and `gid` are who
/// they were before, and the only ids of the namespace.
///
/// # Errors
/// When the namespace has its maps already.
// ANCHOR: map_one_id
pub fn map_one_id(uid: Uid, gid: Gid) -> Result<()> {
    write(
        "/proc/self/setgroups",
        "deny",
        "without it the kernel refuses a gid map (CVE-2014-8989)",
    )?;
    write(
        "/proc/self/uid_map",
        &format!("0 {uid} 1"),
        "uid 0 in here is the caller out there",
    )?;
    write(
        "/proc/self/gid_map",
        &format!("0 {gid} 1"),
        "and so is its group",
    )
}
// ANCHOR_END: map_one_id

fn write(path: &str, text: &str, why: &str) -> Result<()> {
    steps::step(0, format_args!("write({path:?}, {text:?})"), why, || {
        fs::write(path, text)
    })
    .with_context(|| format!("map ids through {path}"))
    .map_err(|error| diagnosis::diagnosed(error, &USER_NAMESPACE, &()))
}
