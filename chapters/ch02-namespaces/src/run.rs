//! `run`: chapter 1's root, and the namespaces that were asked for.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Child};
use chroot::{root, toolbox};
use clap::Args;
use namespaces::time::{Offset, unshare_for_children};
use namespaces::{Launch, Namespace, Namespaces, identity, launch, pid1};
use workbench::{bench, steps, user};

use crate::{PATH, kind, status};

#[derive(Args)]
pub(crate) struct Run {
    /// The folder that becomes the root (by default: the host's programs).
    #[arg(long)]
    root: Option<PathBuf>,
    /// The host name in there.
    #[arg(long, default_value = "chapter2")]
    hostname: String,
    /// The namespaces that are new, by their names in /proc/PID/ns.
    #[arg(long, value_delimiter = ',', value_parser = kind, default_values = USUAL)]
    new: Vec<Namespace>,
    /// Seconds that the clocks of a new time namespace are ahead.
    #[arg(long, default_value_t = 0)]
    ahead: i64,
    /// Put an init before the program: it stays as number 1, and reaps.
    #[arg(long)]
    init: bool,
    /// Open the gate at once: nobody writes the maps of a new user namespace.
    #[arg(long)]
    unprepared: bool,
    /// Write the process's number into this file, and do not wait for it.
    #[arg(long, requires = "root")]
    detach: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

/// All that needs no further setting up; mounts and networks have their chapters.
const USUAL: [&str; 4] = ["uts", "pid", "ipc", "cgroup"];

impl Run {
    /// This command and no option.
    pub(crate) fn of(command: &[&str]) -> Self {
        Self {
            root: None,
            hostname: "chapter2".to_owned(),
            new: USUAL.iter().filter_map(|word| kind(word).ok()).collect(),
            ahead: 0,
            init: false,
            unprepared: false,
            detach: None,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
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
    let new: Namespaces = asked.new.iter().copied().collect();
    user::borrow_root()?;
    if new.has(Namespace::Time) {
        clocks(asked.ahead)?;
    }
    let args = process::strings(&asked.command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    let plan = Launch {
        // This process has made the one for its children already: see `clocks`.
        namespaces: new.without(Namespace::Time),
        role: "init",
        ..Launch::default()
    };
    let mut crew = |child: &Child| match new.has(Namespace::User) && !asked.unprepared {
        true => map_ids(child),
        false => Ok(()),
    };
    let child = launch(&plan, &mut crew, |helm| {
        if new.has(Namespace::Uts) {
            identity::set_host_name(&asked.hostname)?;
        }
        root::enter(folder)?;
        if asked.init {
            // Two go in, and the second comes back: it is to become the program.
            pid1::split()?;
        }
        let program = process::find(&asked.command[0], PATH)?;
        helm.executing()?;
        Err(process::exec(&program, &args, &env))
    })?;
    match &asked.detach {
        Some(file) => fs::write(file, format!("{}\n", child.pid))
            .with_context(|| format!("write {}", file.display()))
            .map(|()| ExitCode::SUCCESS),
        None => status(child.wait()?),
    }
}

fn clocks(ahead: i64) -> Result<()> {
    let offset = Offset {
        seconds: ahead,
        nanoseconds: 0,
    };
    unshare_for_children(offset, offset)
}

/// Writes the maps of the child's user namespace, while the child waits at the gate.
// ANCHOR: map_ids
fn map_ids(child: &Child) -> Result<()> {
    for (file, text) in [
        ("setgroups", "deny"),
        ("uid_map", "0 0 1"),
        ("gid_map", "0 0 1"),
    ] {
        let path = format!("/proc/{}/{file}", child.pid);
        let why = "from outside, since the kernel wants a writer who has the ids";
        steps::step(2, format_args!("write({path:?}, {text:?})"), why, || {
            fs::write(&path, text)
        })
        .with_context(|| format!("write {text:?} to {path}"))?;
    }
    Ok(())
}
// ANCHOR_END: map_ids
