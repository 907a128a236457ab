//! `mine`: a container of one's own, which grows with every chapter.
// only stage 1 {
//!
//! Chapter 1: a program in another root.
// }
// stage 2 {
//!
//! Chapter 2: a program in another root, with a host name and process ids of its own.
// }

use std::env::{self, set_current_dir};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::chroot;
// only stage 1 {
use std::os::unix::process::CommandExt;
// }
// stage 2 {
use std::os::unix::process::ExitStatusExt;
// }
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use nix::sched::{CloneFlags, unshare};
// only stage 1 {
use nix::unistd::{getegid, geteuid};
// }
// stage 2 {
use nix::unistd::{getegid, geteuid, sethostname};
// }

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match &words[..] {
        ["run", rest @ ..] => run(rest),
        _ => Err(anyhow!("there is one verb: run")),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("mine: {error:#}");
        // Not a code of the program: there is none yet.
        ExitCode::from(125)
    })
}

// only stage 1 {
/// Becomes a program in another root, and returns only if that fails.
// }
// stage 2 {
/// Runs a program in another root and other namespaces, and returns as it ends.
// }
fn run(words: &[&str]) -> Result<ExitCode> {
    // stage 2 {
    let (name, words) = match words {
        ["--hostname", name, rest @ ..] => (Some(*name), rest),
        _ => (None, words),
    };
    // }
    let [root, program, args @ ..] = words else {
        // only stage 1 {
        bail!("usage: mine run ROOT PROGRAM [ARGS…]");
        // }
        // stage 2 {
        bail!("usage: mine run [--hostname NAME] ROOT PROGRAM [ARGS…]");
        // }
    };
    become_root()?;
    // stage 2 {
    make_namespaces(name)?;
    // }
    change_root(root)?;
    // only stage 1 {
    // PATH is looked through in the new root: it is ours already.
    let error = Command::new(program).args(args).exec();
    // }
    // stage 2 {
    // The first child is PID 1 of the new namespace; when it ends, the kernel ends all
    // others in there, so that there is nobody else to wait for.
    let error = match Command::new(program).args(args).status() {
        // The code, or as shells tell it 128 and the number of the signal.
        Ok(status) => {
            let signal = status.signal().map(|signal| 128 + signal);
            let code = status.code().or(signal).unwrap_or(255);
            return Ok(ExitCode::from(u8::try_from(code)?));
        }
        Err(error) => error,
    };
    // }
    eprintln!("mine: {program}: {error}");
    Ok(match error.kind() {
        ErrorKind::NotFound => ExitCode::from(127),
        _ => ExitCode::from(126),
    })
}

/// Makes us root of a user namespace, where our own id stands for root's: no sudo.
fn become_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("make a user namespace")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("map the user id")?;
    // Before this is given up the kernel takes no map of groups (CVE-2014-8989).
    fs::write("/proc/self/setgroups", "deny").context("give up setgroups")?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("map the group id")
}
// stage 2 {

/// Makes a host name, process ids and message queues of our own, as root may. The new
/// process ids are for our children: we keep ours.
fn make_namespaces(name: Option<&str>) -> Result<()> {
    let new =
        CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC;
    unshare(new).context("make namespaces")?;
    match name {
        Some(name) => sethostname(name).with_context(|| format!("set the name {name}")),
        None => Ok(()),
    }
}
// }

/// Makes `root` the meaning of `/`.
fn change_root(root: &str) -> Result<()> {
    chroot(root).with_context(|| format!("change the root to {root}"))?;
    // chroot(2) leaves the working folder where it was: outside.
    set_current_dir("/").context("go to the new root")
}
