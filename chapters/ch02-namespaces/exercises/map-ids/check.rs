//! Judges the maps of a user namespace, made by somebody without rights.

use std::fs;
use std::io;

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_dumpable;
use nix::unistd::{Gid, Uid, getegid, geteuid, setgroups, setresgid, setresuid};

/// What the reader writes.
pub(crate) type Attempt = fn(u32, u32) -> io::Result<()>;

/// Somebody without rights, where root runs the check.
const NOBODY: u32 = 65534;

pub(crate) fn check(map_ids: Attempt) -> Result<(), String> {
    if geteuid().is_root() {
        give_up_root().map_err(|errno| format!("give up root: {errno}"))?;
    }
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| format!("make a user namespace: {errno}"))?;
    let answer = map_ids(uid, gid);
    if let Err(error) = answer {
        return Err(format!("map_ids() returned an error: {error}\n{}", why()));
    }
    if map("uid_map").is_empty() {
        return Err("you are still nobody: there is nothing in uid_map".to_owned());
    }
    if !geteuid().is_root() {
        let now = geteuid();
        return Err(format!(
            "you have an id now, but it is not root's: it is {now}"
        ));
    }
    if getegid().as_raw() != 0 {
        return Err(
            "you are user 0, and your group is still nobody's: write gid_map too"
                .to_owned(),
        );
    }
    Ok(())
}

/// Why the kernel refused, by what is there and what is not.
fn why() -> String {
    let setgroups = fs::read_to_string("/proc/self/setgroups").unwrap_or_default();
    if !map("uid_map").is_empty() && setgroups.trim() == "allow" {
        return "the kernel takes no gid_map from you while setgroups(2) is allowed: write \
                \"deny\" into /proc/self/setgroups before"
            .to_owned();
    }
    "in a map the first number is the id inside, the second the id outside, the third how \
     many; outside you may name one, your own"
        .to_owned()
}

fn map(name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn give_up_root() -> nix::Result<()> {
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    // The change made /proc/self root's, so that nobody can trace what root was.
    set_dumpable(true)
}
