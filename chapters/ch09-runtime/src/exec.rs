//! `exec`: one more process, sent into a running container.
//!
//! The launcher joins the pid namespace, which takes only what is forked afterwards;
//! the new process joins the others itself. In this order the launcher keeps its own
//! view of /proc until it has forked. (An ordinary user's launcher has to join the user
//! namespace before all others: only there it may do so.)

use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cgroups::{Cgroup, Entrance};
use chroot::process::{self, Child, Exit};
use mounts::Root;
use namespaces::launch::Crew;
use namespaces::{Helm, Launch, Namespace, join, launch};
use nix::unistd::{Pid, setsid};
use oci_spec::runtime as oci;
use workbench::files::write_atomic;

use crate::plan::Process;
use crate::recipe::ASK_CONSOLE;
use crate::spec::Bundle;
use crate::state::{State, Status, caller_is_root, same_process};
use crate::stay::stay_with;
use crate::surroundings::{enter, home, keep_only, with_home};
use crate::{confine, console, keyring, own_binary};

/// What is to be run, and where.
#[derive(Debug)]
pub struct Exec<'a> {
    /// The container's name.
    pub id: &'a str,
    /// The folder of the states.
    pub root: &'a Path,
    /// The process, as `config.json` would have it.
    pub process: &'a oci::Process,
    /// A socket that gets the terminal's master, if the process wants a terminal.
    pub console_socket: Option<&'a Path>,
    /// A file to write the pid to.
    pub pid_file: Option<&'a Path>,
    /// How many descriptors after the standard ones the program inherits.
    pub preserve_fds: u32,
    /// Make the process the caller's sibling.
    pub sibling: bool,
    /// The cgroup to start in, below the container's own; empty for that one.
    pub cgroup: &'a str,
    /// Start it although the container is paused: it runs when that goes on.
    pub ignore_paused: bool,
}

/// Runs a process in a container, in the foreground; returns how it ended.
///
/// # Errors
/// As for [`exec`].
pub fn exec_and_stay(what: &Exec<'_>) -> Result<Exit> {
    stay_with(what.process.terminal() == Some(true), |socket| {
        exec(&Exec {
            console_socket: socket,
            ..*what
        })
    })
}

/// Runs a process in a container; returns when its program runs.
///
/// The caller must have one thread: it forks. Afterwards the caller's own children
/// belong to the container's pid namespace, so it should do little but exit.
///
/// # Errors
/// When the container does not run or is paused, or a step was refused.
pub fn exec(what: &Exec<'_>) -> Result<Child> {
    let state = State::load(what.root, what.id)?;
    match state.status() {
        Status::Stopped => bail!("cannot exec in a stopped container"),
        Status::Paused if !what.ignore_paused => {
            bail!("cannot exec in a paused container (use --ignore-paused to override)")
        }
        Status::Creating => bail!("cannot exec in a container that is being created"),
        _ => {}
    }
    let bundle = Bundle::load(&state.bundle)?;
    let linux = bundle.spec.linux().as_ref();
    let linux = linux.context("config.json has no linux section")?;
    let process = Process::of(what.process, linux)?;
    process.confinement.labels.check()?;
    let (begin, stay) = &process.confinement.affinity;
    let target = Pid::from_raw(state.pid);
    let namespaces = open_namespaces(target)?;
    if !same_process((state.pid, state.start_time)) {
        bail!("cannot exec in a stopped container");
    }
    let cgroup = match state.cgroup.as_str() {
        "" => None,
        path => Some(inner_cgroup(path, what.cgroup)?),
    };
    let born_in = cgroup.as_ref().and_then(Cgroup::unified_fd);
    let entrance = cgroup.as_ref().map(Cgroup::entrance).transpose()?;
    let arrive = |_| {
        entrance.as_ref().map_or(Ok(()), Entrance::enter)?;
        stay.as_deref().map_or(Ok(()), privileges::set_affinity)
    };
    // Before the container's cgroup, which may narrow it.
    begin.as_deref().map_or(Ok(()), privileges::set_affinity)?;
    // Before it forks: the container's processes see the new one from its first moment.
    own_binary::hide()?;
    let namespaces = join_ahead(namespaces)?;
    let mut steward = Steward { what };
    let plan = Launch {
        cgroup: born_in.as_ref().map(AsFd::as_fd),
        arrive: Some(&arrive),
        sibling: what.sibling,
        role: "exec",
        ..Launch::default()
    };
    let preserved = what.preserve_fds;
    launch(&plan, &mut steward, |helm| {
        cook(&process, &namespaces, (preserved, &state), helm)
    })
    .map_err(|error| match same_process((state.pid, state.start_time)) {
        true => error,
        // What the kernel says then is hard to understand: ENOMEM, of the pid namespace.
        false => error.context("the container has stopped meanwhile"),
    })
}

/// Joins what must be joined before the fork, and returns the others: the pid namespace,
/// which takes only what is forked afterwards; and the user namespace before it, when the
/// caller is not root and may join the others only as root of that one.
fn join_ahead(all: Vec<(Namespace, OwnedFd)>) -> Result<Vec<(Namespace, OwnedFd)>> {
    let ordinary = !caller_is_root();
    let (ahead, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(kind, _)| match kind {
            Namespace::Pid => true,
            kind => *kind == Namespace::User && ordinary,
        });
    for (kind, file) in &ahead {
        join::join(&[(*kind, file.as_fd())])?;
    }
    Ok(others)
}

/// The container's cgroup, or one that it has made below.
fn inner_cgroup(path: &str, below: &str) -> Result<Cgroup> {
    let below = below.trim_matches('/');
    if below.is_empty() {
        return Cgroup::open(path);
    }
    let cgroup = Cgroup::open(&format!("{path}/{below}"))?;
    ensure!(
        !cgroup.is_nowhere(),
        "cgroup {below:?}: no such cgroup in the container"
    );
    Ok(cgroup)
}

/// The container's namespaces, but for those that the caller is in already.
fn open_namespaces(target: Pid) -> Result<Vec<(Namespace, OwnedFd)>> {
    let mut namespaces = Vec::new();
    for kind in Namespace::ALL {
        // The time namespace of a process without one of its own is the caller's.
        let Ok(file) = join::of_process(target, kind) else {
            continue;
        };
        if !join::is_ours(kind, file.as_fd())? {
            namespaces.push((kind, file));
        }
    }
    Ok(namespaces)
}

// ANCHOR: cook
fn cook(
    process: &Process,
    namespaces: &[(Namespace, OwnedFd)],
    (preserved, state): (u32, &State),
    helm: &Helm<'_>,
) -> Result<Infallible> {
    let listener = process.confinement.listener.as_ref();
    let way = listener.map(|who| who.reach(state.shown())).transpose()?;
    confine::prepare(process)?;
    for (kind, file) in namespaces {
        join::join(&[(*kind, file.as_fd())])?;
    }
    // Paths are the container's from here on: its mount namespace has its own root.
    let inside = Root::open(Path::new("/"))?;
    if process.terminal {
        let console = console::open(process.console_size)?;
        helm.ask(ASK_CONSOLE, Some(console.master.as_fd()))?;
        console::adopt(&console.slave)?;
    } else {
        setsid().context("begin a session")?;
    }
    let home = home(process, &inside);
    let program = process::find(&process.program, &process.path)?;
    keyring::join(state)?;
    keep_only(preserved)?;
    confine::confine(process, way.as_ref())?;
    enter(&process.cwd)?;
    helm.executing()?;
    Err(process::exec(
        &program,
        &process.args,
        &with_home(process, home),
    ))
}
// ANCHOR_END: cook

/// What the launcher does while the process is on its way.
struct Steward<'a> {
    what: &'a Exec<'a>,
}

impl Crew for Steward<'_> {
    fn prepare(&mut self, child: &Child) -> Result<()> {
        match self.what.pid_file {
            Some(file) => write_atomic(file, child.pid.to_string().as_bytes(), false),
            None => Ok(()),
        }
    }

    fn answer(&mut self, ask: &str, with: Option<OwnedFd>) -> Result<()> {
        match (ask, with, self.what.console_socket) {
            (ASK_CONSOLE, Some(master), Some(socket)) => {
                console::send_to(socket, master.as_fd())
            }
            (ASK_CONSOLE, _, _) => bail!("a terminal needs a console socket"),
            (ask, _, _) => bail!("the process asked for {ask:?}"),
        }
    }
}
