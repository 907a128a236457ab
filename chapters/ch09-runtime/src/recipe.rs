//! What a container's first process does to itself, from the gate to the exec.
//!
//! Read it from top to bottom: each step stands where it stands for a reason, and most
//! orders other than this one are a hole or an error. The launcher's part is in
//! [`create`](mod@crate::create); the calls themselves are taught by the chapters
//! before this one.

use std::convert::Infallible;
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};
use chroot::process;
use mounts::table::Table;
use mounts::{Mount, Root};
use namespaces::{Helm, Namespace, identity, pid1};
use nix::sys::personality;
use nix::unistd::{getpid, setsid};
use oci_spec::runtime::Hooks;
use workbench::steps;

use crate::home::join_by_path;
use crate::listener::Way;
use crate::plan::{Plan, Process};
use crate::start_gate::Gate;
use crate::state::{State, Status};
use crate::surroundings::{enter, home, keep_only, with_home};
use crate::{confine, console, hooks, keyring, own_binary};

/// What the launcher is asked for: the hooks that run in its namespaces.
pub const ASK_HOOKS: &str = "the createRuntime hooks";
/// What the launcher is asked for: to pass the terminal's master on.
pub const ASK_CONSOLE: &str = "the terminal to be passed on";

/// All that the recipe is made from.
#[derive(Debug)]
pub struct Recipe<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// The bundle's hooks.
    pub hooks: Option<&'a Hooks>,
    /// What its hooks are told, but for the pid.
    pub state: State,
    /// Where to wait for `start`; without one the program runs at once.
    pub gate: Option<Gate>,
    /// The mounts, in their order.
    pub mounts: Vec<Mount>,
    /// Those of the host.
    pub host: &'a Table,
    /// Cover the old root instead of pivoting.
    pub no_pivot: bool,
    /// Descriptors after the three standard ones that the program inherits.
    pub preserved: u32,
}

impl Recipe<'_> {
    /// Does it all, and becomes the program.
    ///
    /// # Errors
    /// The first step that failed.
    // ANCHOR: cook
    pub fn cook(self, helm: &Helm<'_>) -> Result<Infallible> {
        let (plan, process) = (self.plan, &self.plan.process);
        confine::prepare(process)?;
        // The way to whoever decides about its calls, while the host's paths are there.
        let way = self.way()?;
        // Its ids are written: nobody need look into it, and others soon might.
        own_binary::hide()?;
        join_given(plan)?;
        if plan.namespaces.has(Namespace::User) {
            // The maps are written: take the root that they make of this process.
            privileges::become_user(0, 0, &[], None)?;
        }
        if plan.namespaces.has(Namespace::Net) {
            network::loopback_up()?;
        }
        name(plan)?;
        personality(plan)?;
        // The tree, still reached from the host's root.
        let root = mounts::prepare_root(&plan.tree.root, plan.tree.propagation)?;
        mounts::apply(&root, &self.mounts, self.host)?;
        if plan.tree.has_own_dev() {
            mounts::default_devices(&root, process.terminal)?;
        }
        mounts::create_devices(&root, &plan.tree.devices)?;
        // A working folder that the image does not have comes into being, as with runc.
        if root.resolve(&process.cwd).is_err() {
            root.make_dir(&process.cwd)?;
        }
        if hooks::any(self.hooks, hooks::Moment::CreateRuntime)
            || hooks::any(self.hooks, hooks::Moment::Prestart)
        {
            helm.ask(ASK_HOOKS, None)?;
        }
        self.hooks(hooks::Moment::CreateContainer, Status::Creating)?;
        self.change_root(&root)?;
        // ANCHOR_END: cook
        // ANCHOR: cook_inside
        // From here on paths are the container's own.
        let inside = root.inside()?;
        if process.terminal {
            terminal(process, &inside, helm)?;
        } else {
            let why = "no signal of the caller's terminal reaches the container";
            steps::step(9, format_args!("setsid()"), why, setsid)
                .context("begin a session")?;
        }
        sysctls(plan, &inside)?;
        mounts::spread_root(plan.tree.propagation)?;
        if plan.tree.read_only {
            mounts::make_root_read_only()?;
        }
        mounts::read_only(&inside, &plan.tree.read_only_paths)?;
        mounts::mask(&inside, &plan.tree.masked)?;
        self.finish(helm, (&inside, way.as_ref()))
    }
    // ANCHOR_END: cook_inside

    fn way(&self) -> Result<Option<Way>> {
        let told = hooks::told(&self.state, 0, Status::Created);
        let listener = self.plan.process.confinement.listener.as_ref();
        listener.map(|who| who.reach(told)).transpose()
    }

    /// The last steps: wait for `start`, give up what must be given up, exec.
    // ANCHOR: finish
    fn finish(mut self, helm: &Helm<'_>, given: Given<'_>) -> Result<Infallible> {
        let (process, (inside, way)) = (&self.plan.process, given);
        let home = home(process, inside);
        let program = process::find(&process.program, &process.path)?;
        keyring::join(&self.state)?;
        keep_only(self.preserved)?;
        let ready = |process: &Process| {
            confine::confine(process, way)?;
            // With the user's own permissions, and checked to be inside the root.
            enter(&process.cwd)?;
            if self.plan.init {
                pid1::split()?;
            }
            Ok(())
        };
        let Some(mut gate) = self.gate.take() else {
            self.hooks(hooks::Moment::StartContainer, Status::Created)?;
            ready(process)?;
            // From the one that becomes the program: the other has shut its line.
            helm.executing()?;
            return Err(process::exec(
                &program,
                &process.args,
                &with_home(process, home),
            ));
        };
        helm.ready()?;
        gate.wait()?;
        let outcome = self
            .hooks(hooks::Moment::StartContainer, Status::Created)
            .and_then(|()| ready(process));
        let error = match outcome {
            Ok(()) => process::exec(&program, &process.args, &with_home(process, home)),
            Err(error) => error,
        };
        gate.failed(&error);
        Err(error)
    }
    // ANCHOR_END: finish

    fn change_root(&self, root: &Root) -> Result<()> {
        match self.no_pivot {
            true => mounts::move_root(root),
            false => mounts::pivot(root),
        }
    }

    /// Runs the hooks that belong into the container; they know this process by the
    /// number that it has there.
    fn hooks(&self, moment: hooks::Moment, status: Status) -> Result<()> {
        let told = hooks::told(&self.state, getpid().as_raw(), status);
        hooks::run(self.hooks, moment, &told)
    }
}

/// The container's root, and the way to whoever decides about its calls.
type Given<'a> = (&'a Root, Option<&'a Way>);

fn join_given(plan: &Plan) -> Result<()> {
    for (kind, path) in &plan.joined {
        // The launcher has joined the one that decides what this process is born in.
        if *kind == Namespace::Pid {
            continue;
        }
        join_by_path(*kind, path)?;
    }
    Ok(())
}

fn name(plan: &Plan) -> Result<()> {
    let (host, domain) = &plan.names;
    if let Some(host) = host {
        identity::set_host_name(host)?;
    }
    if let Some(domain) = domain {
        identity::set_domain_name(domain)?;
    }
    Ok(())
}

fn personality(plan: &Plan) -> Result<()> {
    let Some(persona) = plan.personality else {
        return Ok(());
    };
    let why = "what uname(2) tells, and how addresses are laid out";
    let call = format_args!("personality({:#x})", persona.bits());
    steps::step(9, call, why, || personality::set(persona))
        .context("set linux.personality")
        .map(drop)
}

fn terminal(process: &Process, inside: &Root, helm: &Helm<'_>) -> Result<()> {
    let console = console::open(process.console_size)?;
    helm.ask(ASK_CONSOLE, Some(console.master.as_fd()))?;
    mounts::bind_console(inside, console.slave.as_fd())?;
    console::adopt(&console.slave)
}

/// Writes kernel parameters, those of the container's own namespaces only.
fn sysctls(plan: &Plan, inside: &Root) -> Result<()> {
    for (name, value) in &plan.sysctls {
        let file = Path::new("sys").join(name.replace('.', "/"));
        mounts::write_proc(inside, &file, value)
            .with_context(|| format!("set sysctl {name} to {value}"))?;
    }
    Ok(())
}
