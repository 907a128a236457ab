//! `mine`: a container of one's own, which grows with every chapter.
// only stage 1 {
//!
//! Chapter 1: a program in another root.
// }
// only stage 2 {
//!
//! Chapter 2: a program in another root, with a host name and process ids of its own.
// }
// only stage 3 {
//!
//! Chapter 3: a program in a tree of files that it cannot leave, with a host name and
//! process ids of its own.
// }
// only stage 4 {
//!
//! Chapter 4: a root that may do little, in a tree of files that it cannot leave.
// }
// stage 9 {
//!
//! Chapter 9: what a config.json asks for, as far as this program can do it.
// }

use std::env::{self, set_current_dir};
use std::fs;
use std::io::{self, ErrorKind};
// stage 1 to 2 {
use std::os::unix::fs::chroot;
// }
// only stage 1 {
use std::os::unix::process::CommandExt;
// }
// only stage 2 {
use std::os::unix::process::ExitStatusExt;
// }
// stage 3 {
use std::os::unix::process::{CommandExt, ExitStatusExt};
// }
// stage 9 {
use std::path::Path;
// }
use std::process::{Command, ExitCode};

// stage 1 to 8 {
use anyhow::{Context, Result, anyhow, bail};
// }
// stage 9 {
use anyhow::{Context, Result, anyhow, bail, ensure};
// }
// stage 4 {
use nix::errno::Errno;
// }
// stage 3 {
use nix::mount::{MntFlags, MsFlags, mount, umount2};
// }
use nix::sched::{CloneFlags, unshare};
// stage 4 {
use nix::sys::prctl::set_no_new_privs;
// }
// only stage 1 {
use nix::unistd::{getegid, geteuid};
// }
// only stage 2 {
use nix::unistd::{getegid, geteuid, sethostname};
// }
// stage 3 {
use nix::unistd::{getegid, geteuid, pivot_root, sethostname};
// }
// stage 9 {
use serde_json::Value;
// }

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match &words[..] {
        ["run", rest @ ..] => run(rest),
        // stage 3 to 8 {
        ["inside", root, program, args @ ..] => inside(root, program, args),
        // }
        // stage 9 {
        ["bundle", folder] => bundle(Path::new(folder)),
        ["inside", cwd, root, program, args @ ..] => inside(cwd, root, program, args),
        // }
        // stage 1 to 8 {
        _ => Err(anyhow!("there is one verb: run")),
        // }
        // stage 9 {
        _ => Err(anyhow!("there are two verbs: run and bundle")),
        // }
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
    // stage 1 to 2 {
    let [root, program, args @ ..] = words else {
        // only stage 1 {
        bail!("usage: mine run ROOT PROGRAM [ARGS…]");
        // }
        // only stage 2 {
        bail!("usage: mine run [--hostname NAME] ROOT PROGRAM [ARGS…]");
        // }
    };
    // }
    // stage 3 {
    if words.len() < 2 {
        bail!("usage: mine run [--hostname NAME] ROOT PROGRAM [ARGS…]");
    }
    // }
    // stage 9 {
    contain(name, Command::new(SELF).args(["inside", "/"]).args(words))
}

/// This program, wherever it lies.
const SELF: &str = "/proc/self/exe";

/// Runs what the `config.json` in `folder` asks for, and returns as it ends.
fn bundle(folder: &Path) -> Result<ExitCode> {
    let path = folder.join("config.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let config: Value = serde_json::from_str(&text)
        .with_context(|| format!("read {}", path.display()))?;
    let version = config["ociVersion"].as_str().unwrap_or_default();
    let ours = version.starts_with("1.");
    ensure!(ours, "config.json: ociVersion is not 1.x");
    let process = &config["process"];
    let args = list(&process["args"]);
    ensure!(!args.is_empty(), "config.json: process.args is empty");
    let root = config["root"]["path"].as_str();
    let root = folder.join(root.context("config.json: there is no root.path")?);
    let cwd = process["cwd"].as_str().unwrap_or("/");
    let env = list(&process["env"]);
    let env = env.iter().filter_map(|variable| variable.split_once('='));
    let mut inside = Command::new(SELF);
    inside.args(["inside", cwd]).arg(root).args(args);
    // The variables pass through: the program has these, and none of ours.
    inside.env_clear().envs(env);
    contain(config["hostname"].as_str(), &mut inside)
}

/// The texts of a list; of what is no list, none.
fn list(value: &Value) -> Vec<&str> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

/// Makes the namespaces, runs `inside` in them, and returns as that ends.
fn contain(name: Option<&str>, inside: &mut Command) -> Result<ExitCode> {
    // }
    become_root()?;
    // stage 2 {
    make_namespaces(name)?;
    // }
    // stage 1 to 2 {
    change_root(root)?;
    // }
    // only stage 1 {
    // PATH is looked through in the new root: it is ours already.
    let error = Command::new(program).args(args).exec();
    Ok(not_run(program, &error))
    // }
    // only stage 2 {
    // The first child is PID 1 of the new namespace; when it ends, the kernel ends all
    // others in there, so that there is nobody else to wait for.
    let status = match Command::new(program).args(args).status() {
        Ok(status) => status,
        Err(error) => return Ok(not_run(program, &error)),
    };
    // }
    // stage 3 {
    // The first child is PID 1 of the new namespace, and only that can mount its /proc.
    // So it is this program once more, and becomes the other when the tree is made.
    // }
    // stage 3 to 8 {
    let status = Command::new("/proc/self/exe")
        .arg("inside")
        .args(words)
        .status()
        .context("start this program again")?;
    // }
    // stage 9 {
    let status = inside.status().context("start this program again")?;
    // }
    // stage 2 {
    // The code, or as shells tell it 128 and the number of the signal.
    let signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signal).unwrap_or(255);
    Ok(ExitCode::from(u8::try_from(code)?))
    // }
}
// stage 3 {

/// In the new namespaces: makes the tree, and becomes the program.
// stage 3 to 8 {
fn inside(root: &str, program: &str, args: &[&str]) -> Result<ExitCode> {
    // }
    // stage 9 {
fn inside(cwd: &str, root: &str, program: &str, args: &[&str]) -> Result<ExitCode> {
    // }
    change_root(root)?;
    // stage 9 {
    set_current_dir(cwd).with_context(|| format!("go to the working folder {cwd}"))?;
    // }
    // stage 4 {
    give_up_rights()?;
    // }
    // PATH is looked through in the new root: it is ours already.
    let error = Command::new(program).args(args).exec();
    Ok(not_run(program, &error))
}
// }

/// Tells why the program could not be started, as shells do.
fn not_run(program: &str, error: &io::Error) -> ExitCode {
    eprintln!("mine: {program}: {error}");
    match error.kind() {
        ErrorKind::NotFound => ExitCode::from(127),
        _ => ExitCode::from(126),
    }
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

// only stage 2 {
/// Makes a host name, process ids and message queues of our own, as root may. The new
/// process ids are for our children: we keep ours.
// }
// stage 3 {
/// Makes a host name, process ids, message queues and mounts of our own, as root may. The
/// new process ids are for our children: we keep ours.
// }
fn make_namespaces(name: Option<&str>) -> Result<()> {
    let new =
        CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC;
    // only stage 2 {
    unshare(new).context("make namespaces")?;
    // }
    // stage 3 {
    unshare(new | CloneFlags::CLONE_NEWNS).context("make namespaces")?;
    // }
    match name {
        Some(name) => sethostname(name).with_context(|| format!("set the name {name}")),
        None => Ok(()),
    }
}
// }

// stage 1 to 2 {
/// Makes `root` the meaning of `/`.
fn change_root(root: &str) -> Result<()> {
    chroot(root).with_context(|| format!("change the root to {root}"))?;
    // chroot(2) leaves the working folder where it was: outside.
    set_current_dir("/").context("go to the new root")
}
// }
// stage 3 {
/// Makes `root` the root of this mount namespace, with a /proc, and takes the old one away.
fn change_root(root: &str) -> Result<()> {
    const NONE: Option<&str> = None;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, private, NONE).context("keep our mounts to ourselves")?;
    // pivot_root(2) wants a mount: the folder becomes one, on top of itself.
    let bind = MsFlags::MS_REC | MsFlags::MS_BIND;
    mount(Some(root), root, NONE, bind, NONE)
        .with_context(|| format!("change the root to {root}"))?;
    set_current_dir(root).with_context(|| format!("go to {root}"))?;
    // While the host's /proc is still in sight: without, the kernel mounts none for us.
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "proc", Some("proc"), safe, NONE).context("mount /proc")?;
    // The old root comes to lie on top of the new one, and is taken off.
    pivot_root(".", ".").context("exchange the roots")?;
    umount2(".", MntFlags::MNT_DETACH).context("take the old root away")?;
    set_current_dir("/").context("go to the new root")
}
// }
// stage 4 {

/// Docker's fourteen capabilities, a bit each (capabilities(7)).
const KEPT: u64 = 0xa804_25fb;

/// Makes of root what it is in a container.
fn give_up_rights() -> Result<()> {
    for bit in (0..64).filter(|bit| KEPT >> bit & 1 == 0) {
        // SAFETY: prctl(2) touches no memory for this operation.
        let answer = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, bit, 0, 0, 0) };
        match Errno::result(answer) {
            // The kernel has no capability of this number: it was the last.
            Err(Errno::EINVAL) => break,
            answer => answer.context("drop a capability from the bounding set")?,
        };
    }
    set_no_new_privs().context("set no_new_privs")?;
    install_filter()
}

/// The system calls of this machine, and no 32-bit program's (`linux/audit.h`).
const TABLE: u32 = if cfg!(target_arch = "x86_64") {
    0xc000_003e
} else {
    0xc000_00b7
};

/// Has the kernel refuse unshare(2), and every call of another table.
fn install_filter() -> Result<()> {
    let line = |code: u32, jt, jf, k| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let load = |place| line(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, place);
    let equal = |value, yes, no| {
        line(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, yes, no, value)
    };
    let answer = |value| line(libc::BPF_RET | libc::BPF_K, 0, 0, value);
    let mut program = [
        load(4),
        equal(TABLE, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(0),
        equal(libc::SYS_unshare as u32, 0, 1),
        answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        answer(libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: the kernel reads `len` instructions, which live until it has answered.
    let answer = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter) };
    Errno::result(answer)
        .map(drop)
        .context("install the filter")
}
// }
