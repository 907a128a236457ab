//! `create`: the launcher's part.
//!
//! It makes the cgroup, the gate and the first process, helps that one through its
//! [`recipe`](crate::recipe), and returns when it waits for `start`. What it made on
//! the way is taken back when anything fails.

mod record;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cgroups::{Cgroup, Entrance, systemd};
use chroot::process::Child;
use mounts::table::{self, Table};
use namespaces::launch::Crew;
use namespaces::{Launch, Namespace, launch};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use oci_spec::runtime::Hooks;
use workbench::files::{kernel_bytes, write_atomic};
use workbench::user::in_user_namespace;

use crate::home::Home;
use crate::hooks::{self, Moment};
use crate::place::Place;
use crate::plan::Plan;
use crate::recipe::{ASK_CONSOLE, ASK_HOOKS, Recipe};
use crate::spec::{Bundle, check_id};
use crate::start_gate::{self, Gate};
use crate::state::{State, Status, folder, start_time};
use crate::surroundings::close_to_hooks;
use crate::{console, id_mapped, label, net_devices};
use record::{first_state, make_folder};

/// What is to be created.
#[derive(Debug)]
pub struct Create<'a> {
    /// The container's name.
    pub id: &'a str,
    /// The folder of the states.
    pub root: &'a Path,
    /// The bundle's folder.
    pub bundle: &'a Path,
    /// A socket that gets the terminal's master, if the bundle asks for a terminal.
    pub console_socket: Option<&'a Path>,
    /// A file to write the first process's pid to.
    pub pid_file: Option<&'a Path>,
    /// How many descriptors after the standard ones the program inherits.
    pub preserve_fds: u32,
    /// Move the root over the old one instead of pivoting: for a host on a ramdisk.
    pub no_pivot: bool,
    /// Stay in the caller's session keyring.
    pub no_new_keyring: bool,
    /// Have systemd make the cgroup, which the bundle then names as `slice:prefix:name`.
    pub systemd: bool,
    /// Make the process the caller's sibling: a launcher that exits leaves it behind.
    pub sibling: bool,
    /// Run the program at once, without waiting for `start`.
    pub at_once: bool,
    /// Tells the caller of what is left out, and hinders nothing.
    pub warn: fn(&str),
}

/// Makes a container; returns when its first process waits for `start` (or, when it is
/// to run at once, when its program runs).
///
/// The caller must have one thread: it forks. On an error nothing is left, but for the
/// process itself when it was to be a sibling: that one is dead, and its parent's to reap.
/// The poststop hooks have been run then, and there is nothing to delete.
///
/// # Errors
/// When the name is taken, the bundle is bad, or a step was refused.
pub fn create(what: &Create<'_>) -> Result<Child> {
    create_of(what, &Bundle::load(what.bundle)?).map(|(child, _)| child)
}

/// As [`create`], of a bundle that was read already; returns the cgroup as well.
pub(crate) fn create_of(what: &Create<'_>, bundle: &Bundle) -> Result<(Child, Cgroup)> {
    check_id(what.id)?;
    close_to_hooks(what.preserve_fds)?;
    bundle.warn(what.warn);
    let mut plan = Plan::of(bundle, what.id)?;
    if what.systemd {
        systemd::check()?;
        plan.give_to_systemd(bundle, what.id)?;
    }
    label::check(&plan)?;
    ensure!(
        !plan.process.terminal || what.console_socket.is_some(),
        "cannot allocate tty if runc will detach without setting console socket"
    );
    let state = first_state(what, bundle, &plan)?;
    let place = make_folder(what)?;
    make((what, state.clone()), bundle, &plan, &place).map_err(|error| {
        match place.claim() {
            // It was deleted meanwhile, and all that follows has been done.
            Ok(None) => return error,
            Ok(Some(claim)) => drop(claim.remove()),
            Err(_) => {}
        }
        // As a failure does (runtime.md, "Lifecycle"): on with what follows a `delete`.
        hooks::after_all(bundle.spec.hooks().as_ref(), &state, error)
    })
}

fn make(
    (what, state): (&Create<'_>, State),
    bundle: &Bundle,
    plan: &Plan,
    at: &Place,
) -> Result<(Child, Cgroup)> {
    let folder = &folder(what.root, what.id);
    // Whoever finds a ruin here must know which cgroup belongs to it.
    at.save(&state, what.root)?;
    let gate = if what.at_once {
        None
    } else {
        start_gate::make(folder)?;
        Some(Gate::open(folder)?)
    };
    // Read once, to find the cgroups both out here and for the container.
    let mountinfo =
        kernel_bytes("/proc/self/mountinfo").context("read /proc/self/mountinfo")?;
    let mut cgroup = match plan.unit {
        // systemd makes none without a process.
        Some(_) => Cgroup::nowhere(),
        None => Cgroup::begin(
            &plan.cgroup.to_string_lossy(),
            &plan.limits,
            &String::from_utf8_lossy(&mountinfo),
        )?,
    };
    let host = table::parse(&mountinfo);
    let here = (&mut cgroup, gate, &host);
    let launched = launch_in((what, state, at), bundle, plan, here);
    if launched.is_err() {
        // The first error is the one to tell.
        let _ = cgroup.undo();
    }
    launched.map(|child| (child, cgroup))
}

/// Refuses to go on without a limit that was asked for. An ordinary user goes without:
/// they have no cgroup, or not in each tree, and their callers ask all the same.
fn all_set(cgroup: &Cgroup) -> Result<()> {
    let unset = cgroup.unset();
    let theirs = || !geteuid().is_root() || in_user_namespace() || cgroup.is_nowhere();
    ensure!(
        unset.is_empty() || theirs(),
        "config.json: linux.resources: this machine's cgroups have not all of it: {}",
        unset.join("; ")
    );
    Ok(())
}

// ANCHOR: launch_in
fn launch_in(
    (what, state, at): (&Create<'_>, State, &Place),
    bundle: &Bundle,
    plan: &Plan,
    (cgroup, gate, host): (&mut Cgroup, Option<Gate>, &Table),
) -> Result<Child> {
    let mounts = id_mapped::mounts(plan)?;
    let born_in = cgroup.unified_fd();
    let mut steward = Steward {
        what,
        plan,
        hooks: bundle.spec.hooks().as_ref(),
        state,
        at,
        home: Home::leave(plan, bundle.spec.hooks().as_ref())?,
        cgroup,
        entrance: Entrance::default(),
    };
    let recipe = Recipe {
        plan,
        hooks: steward.hooks,
        state: steward.state.clone(),
        gate,
        preserved: what.preserve_fds,
        no_pivot: what.no_pivot,
        mounts,
        host,
    };
    let mut cloned = plan.namespaces;
    if plan.time_offsets.is_some() {
        cloned = cloned.without(Namespace::Time);
    }
    let arrive = |doors: Vec<OwnedFd>| Entrance::from_iter(doors).enter();
    let launch_plan = Launch {
        namespaces: cloned,
        // Interfaces of the host's are put into a network namespace that is there.
        by_itself: plan.net_devices.is_empty(),
        cgroup: born_in.as_ref().map(AsFd::as_fd),
        arrive: Some(&arrive),
        sibling: what.sibling,
        role: "init",
    };
    let child = launch(&launch_plan, &mut steward, |helm| recipe.cook(helm))?;
    if let Err(error) = steward.see_off(&child) {
        let _ = child.kill(Signal::SIGKILL);
        let _ = if what.sibling {
            child.wait_gone()
        } else {
            child.wait().map(drop)
        };
        return Err(error);
    }
    Ok(child)
}
// ANCHOR_END: launch_in

/// What the launcher does while the container's first process is on its way.
struct Steward<'a> {
    what: &'a Create<'a>,
    plan: &'a Plan,
    hooks: Option<&'a Hooks>,
    state: State,
    at: &'a Place,
    home: Home,
    cgroup: &'a mut Cgroup,
    entrance: Entrance,
}

impl Steward<'_> {
    /// What is left to do when nothing of the launch can fail any more.
    fn see_off(&mut self, child: &Child) -> Result<()> {
        self.state.making = false;
        self.at.save(&self.state, self.what.root)?;
        if self.what.at_once {
            // As `start` does for whoever waited for it.
            let told = hooks::told(&self.state, self.state.pid, Status::Running);
            hooks::run(self.hooks, Moment::Poststart, &told)?;
        }
        // Last of all: whoever finds the file finds the container.
        self.what.pid_file.map_or(Ok(()), |file| {
            write_atomic(file, child.pid.to_string().as_bytes(), false)
        })
    }
}

impl Crew for Steward<'_> {
    fn luggage(&self) -> Vec<BorrowedFd<'_>> {
        self.entrance.doors()
    }

    fn prepare(&mut self, child: &Child) -> Result<()> {
        self.home.back();
        if self.plan.namespaces.has(Namespace::User) {
            privileges::write_id_maps(
                child.pid,
                &self.plan.uid_maps,
                &self.plan.gid_maps,
            )?;
        }
        net_devices::hand_over(self.plan, child.pid)?;
        match &self.plan.unit {
            Some(unit) => {
                *self.cgroup = Cgroup::of_unit(unit, child.pid, &self.plan.limits)?;
            }
            None => {
                self.cgroup.complete(&self.plan.limits)?;
                self.entrance = self.cgroup.entrance()?;
            }
        }
        all_set(self.cgroup)?;
        self.state.cgroup = place(self.cgroup);
        self.state.pid = child.pid.as_raw();
        self.state.start_time =
            start_time(child.pid)?.context("the container's process died at the gate")?;
        self.at.save(&self.state, self.what.root)
    }

    fn answer(&mut self, ask: &str, with: Option<OwnedFd>) -> Result<()> {
        match (ask, with) {
            (ASK_CONSOLE, Some(master)) => {
                let socket = self
                    .what
                    .console_socket
                    .context("nobody wants the terminal")?;
                console::send_to(socket, master.as_fd())
            }
            (ASK_HOOKS, None) => {
                let told = hooks::told(&self.state, self.state.pid, Status::Creating);
                hooks::run(self.hooks, Moment::Prestart, &told)?;
                hooks::run(self.hooks, Moment::CreateRuntime, &told)
            }
            (ask, _) => bail!("the container's first process asked for {ask:?}"),
        }
    }
}

/// The path by which the cgroup is found again; none when the container has none.
fn place(cgroup: &Cgroup) -> String {
    if cgroup.is_nowhere() {
        return String::new();
    }
    cgroup.path().to_string_lossy().into_owned()
}
