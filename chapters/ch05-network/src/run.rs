//! `run`: the chapters so far, and then this one.
//!
//! Everything happens in a network namespace of the bench's own, which plays the host:
//! nothing of the real one is touched, and all of it ends with the bench.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Child};
use chroot::toolbox;
use clap::Args;
use namespaces::{Helm, Launch, Namespace, Namespaces, identity, join, launch};
use network::{Endpoint, Mac, Pool, Subnet};
use nix::sched::{CloneFlags, unshare};
use privileges::{CapSet, Capabilities, seccomp};
use workbench::{bench, steps, user};

/// The bridge of the namespace that plays the host.
pub(crate) const BRIDGE: &str = "skiff0";

#[derive(Args)]
pub(crate) struct Run {
    /// The folder that becomes the root (by default: the host's programs).
    #[arg(long)]
    root: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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
    let mut pool = play_host()?;
    let (child, _) = connected(&mut pool, wanted(), |helm| {
        identity::set_host_name("chapter5")?;
        network::loopback_up()?;
        mounts::furnish(folder, &plan, false)?;
        let program = process::find(&asked.command[0], PATH)?;
        helm.executing()?;
        let capabilities = Capabilities::of_root(capabilities);
        capabilities.drop_bounding()?;
        capabilities.set_rest()?;
        privileges::no_new_privileges()?;
        seccomp::install(&filter)?;
        Err(process::exec(&program, &args, &env))
    })?;
    let status = child.wait()?.status();
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(255)))
}

/// Makes the namespace that plays the host, with a bridge in it.
pub(crate) fn play_host() -> Result<Pool> {
    user::borrow_root()?;
    let why = "the bench's own network plays the host; the real one is not touched";
    steps::step(2, format_args!("unshare(CLONE_NEWNET)"), why, || {
        unshare(CloneFlags::CLONE_NEWNET)
    })
    .context("make a network namespace")?;
    network::loopback_up()?;
    let pool = Pool::new(Subnet::around(Ipv4Addr::new(10, 88, 0, 0), 24), None)?;
    network::ensure_bridge(BRIDGE, pool.gateway(), pool.subnet().prefix)?;
    Ok(pool)
}

/// Starts a process in namespaces of its own, connected to the bridge.
pub(crate) fn connected(
    pool: &mut Pool,
    namespaces: Namespaces,
    recipe: impl FnOnce(&Helm<'_>) -> Result<Infallible>,
) -> Result<(Child, Ipv4Addr)> {
    let address = pool.lease("bench")?;
    let endpoint = Endpoint {
        host_name: "skiff-bench".into(),
        name_inside: "eth0".into(),
        address,
        prefix: pool.subnet().prefix,
        gateway: Some(pool.gateway()),
        mac: Mac::of(address),
    };
    let what = Launch {
        namespaces,
        role: "init",
        ..Launch::default()
    };
    let mut connect = |child: &Child| {
        let namespace = join::of_process(child.pid, Namespace::Net)?;
        network::attach(namespace.as_fd(), BRIDGE, &endpoint)
    };
    Ok((launch(&what, &mut connect, recipe)?, address))
}

fn wanted() -> Namespaces {
    use Namespace::{Cgroup, Ipc, Mount, Net, Pid, Uts};
    [Net, Mount, Uts, Pid, Ipc, Cgroup].into_iter().collect()
}
