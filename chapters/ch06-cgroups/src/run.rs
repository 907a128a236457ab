//! `run`: the chapters so far, and then this one.

use std::convert::Infallible;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use cgroups::{Cgroup, Entrance, Limits};
use chroot::process::{self, Child, Exit};
use chroot::toolbox;
use clap::Args;
use namespaces::{Launch, Namespace, Namespaces, identity, launch};
use nix::sched::{CloneFlags, unshare};
use privileges::{CapSet, Capabilities, seccomp};
use workbench::{bench, diagnosis, user};

#[derive(Args)]
pub(crate) struct Run {
    /// The folder that becomes the root (by default: the host's programs).
    #[arg(long)]
    root: Option<PathBuf>,
    /// Bytes of memory.
    #[arg(short, long)]
    memory: Option<i64>,
    /// How many processes and threads.
    #[arg(long)]
    pids_limit: Option<i64>,
    /// The control group to make ours below (by default: /skiff-ch06).
    #[arg(long)]
    cgroup_parent: Option<String>,
    /// How many processors, also in parts, like 0.5.
    #[arg(long)]
    cpus: Option<f64>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

/// Microseconds: the period that the kernel takes when it is not told.
const PERIOD: f64 = 100_000.0;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Run {
    fn limits(&self) -> Limits {
        Limits {
            memory: self.memory,
            memory_swap: self.memory,
            pids: self.pids_limit,
            cpu_period: self.cpus.map(|_| PERIOD as u64),
            cpu_quota: self.cpus.map(|cpus| (cpus * PERIOD) as i64),
            ..Limits::default()
        }
    }
}

/// Runs the program, and ends as it ends.
pub(crate) fn run(asked: &Run) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    let folder = match &asked.root {
        Some(folder) => folder,
        None => {
            toolbox::write(&toolbox::of_host()?, scratch.path())?;
            scratch.path()
        }
    };
    let plan = match nix::unistd::geteuid().is_root() {
        true => mounts::usual(),
        false => mounts::usual_for_one_id(),
    };
    let capabilities = CapSet::container_default();
    let filter = seccomp::compile(&seccomp::default_profile(&capabilities))?;
    let args = process::strings(&asked.command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    user::borrow_root()?;
    let group = Group {
        limits: asked.limits(),
        parent: asked.cgroup_parent.as_deref(),
    };
    let ended = within(&group, wanted(), |entrance| {
        entrance.enter()?;
        // After the group is entered: it is the root of all that is seen from here.
        unshare(CloneFlags::CLONE_NEWCGROUP).context("make a cgroup namespace")?;
        identity::set_host_name("chapter6")?;
        network::loopback_up()?;
        mounts::furnish(folder, &plan, false)?;
        let program = process::find(&asked.command[0], PATH)?;
        let capabilities = Capabilities::of_root(capabilities);
        capabilities.drop_bounding()?;
        capabilities.set_rest()?;
        privileges::no_new_privileges()?;
        seccomp::install(&filter)?;
        Err(process::exec(&program, &args, &env))
    })?;
    // Not where the program's own output goes.
    eprintln!("{}", told(&ended));
    let status = ended.0.status();
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(255)))
}

/// Runs a program of the host's, as it is, within limits.
pub(crate) fn plain(limits: Limits, command: &[&str]) -> Result<(Exit, Counted)> {
    let args = process::strings(command)?;
    let env = process::strings(&[format!("PATH={PATH}")])?;
    let group = Group {
        limits,
        parent: None,
    };
    within(&group, Namespaces::NONE, |entrance| {
        entrance.enter()?;
        let program = process::find(command[0], PATH)?;
        Err(process::exec(&program, &args, &env))
    })
}

/// What a group had counted when its first process had ended.
pub(crate) struct Counted {
    /// Bytes of memory at the most.
    peak: u64,
    /// Processes that the kernel killed for lack of memory.
    killed: u64,
    /// Processes that were left.
    left: u64,
}

/// How a process ended, and what its group had counted.
pub(crate) fn told((exit, counted): &(Exit, Counted)) -> String {
    let how = match exit {
        Exit::Code(code) => format!("ended with {code}"),
        Exit::Signal(signal) => format!("ended by signal {signal}"),
    };
    let peak = counted.peak.div_ceil(1 << 20);
    let (killed, left) = (counted.killed, counted.left);
    format!("{how}; at most {peak} MiB; {killed} killed for lack of memory; {left} left")
}

/// The group that is made.
struct Group<'a> {
    limits: Limits,
    /// Somebody else's, in which it is made; `None` for one of the bench's own.
    parent: Option<&'a str>,
}

const PARENT: &str = "/skiff-ch06";

/// Starts a process in a group of its own; when it has ended, the group ends.
fn within(
    group: &Group<'_>,
    namespaces: Namespaces,
    recipe: impl FnOnce(&Entrance) -> Result<Infallible>,
) -> Result<(Exit, Counted)> {
    let parent = group.parent.unwrap_or(PARENT);
    let path = format!("{parent}/{}", std::process::id());
    let cgroup = Cgroup::create(&path, &group.limits)?;
    let ended = start(&cgroup, namespaces, recipe);
    // Whatever happened: nothing of it stays, neither processes nor folders.
    let gone = cgroup.delete();
    let gone = gone.and_then(|()| match group.parent {
        None => cgroups::remove_parent_if_empty(PARENT),
        Some(_) => Ok(()),
    });
    // The first error is the one to tell.
    ended.and_then(|ended| gone.map(|()| ended))
}

fn start(
    cgroup: &Cgroup,
    namespaces: Namespaces,
    recipe: impl FnOnce(&Entrance) -> Result<Infallible>,
) -> Result<(Exit, Counted)> {
    if cgroup.is_nowhere() {
        let why = cgroup.missing().first().map_or("?", String::as_str);
        let error = anyhow::anyhow!("no cgroup can be made: {why}");
        return Err(match cgroup.hint() {
            Some(hint) => diagnosis::with_hint(error, hint),
            None => error,
        });
    }
    if let [first, ..] = cgroup.unset() {
        bail!("a limit cannot be had: {first}");
    }
    let folder = cgroup.unified_fd();
    let what = Launch {
        namespaces,
        cgroup: folder.as_ref().map(AsFd::as_fd),
        role: "init",
        ..Launch::default()
    };
    let entrance = cgroup.entrance()?;
    let child = launch(&what, &mut |_: &Child| Ok(()), |helm| {
        helm.executing()?;
        recipe(&entrance)
    })?;
    let exit = child.wait().context("wait for the program")?;
    let stats = cgroup.stats();
    let counted = Counted {
        peak: stats.memory.peak,
        killed: cgroup.memory_events().oom_kill,
        left: stats.pids,
    };
    Ok((exit, counted))
}

fn wanted() -> Namespaces {
    use Namespace::{Ipc, Mount, Net, Pid, Uts};
    [Mount, Uts, Pid, Ipc, Net].into_iter().collect()
}
