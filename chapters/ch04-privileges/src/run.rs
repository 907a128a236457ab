//! `run`: the chapters so far, and then this one.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Child};
use chroot::toolbox;
use clap::Args;
use namespaces::{Launch, Namespace, Namespaces, identity, launch};
use nix::unistd::{getegid, geteuid};
use privileges::{CapSet, Capabilities, IdMap, Rlimit, seccomp};
use workbench::bench;

use crate::look::{mine, set};

#[derive(Args)]
pub(crate) struct Run {
    /// The folder that becomes the root (by default: the host's programs).
    #[arg(long)]
    root: Option<PathBuf>,
    /// UID[:GID] to become.
    #[arg(short, long, default_value = "0")]
    user: String,
    /// A capability more than the fourteen usual ones (or ALL).
    #[arg(long)]
    cap_add: Vec<String>,
    /// A capability less (or ALL).
    #[arg(long)]
    cap_drop: Vec<String>,
    /// NAME=SOFT[:HARD], as in nofile=1024:2048.
    #[arg(long)]
    ulimit: Vec<String>,
    /// Let exec give privileges, as set-user-ID programs do.
    #[arg(long)]
    new_privileges: bool,
    /// Install no seccomp filter.
    #[arg(long)]
    unconfined: bool,
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
    let ordinary = !geteuid().is_root();
    let plan = if ordinary {
        mounts::usual_for_one_id()
    } else {
        mounts::usual()
    };
    let fewer = Fewer::read(asked)?;
    let args = process::strings(&asked.command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    let what = Launch {
        namespaces: wanted(ordinary),
        role: "init",
        ..Launch::default()
    };
    // Root needs one id, which is its maker's to give; others need more.
    let one_id = fewer.uid == 0 && fewer.gid == 0;
    let mut give_ids = |child: &Child| match ordinary {
        true if one_id => {
            let own = |outside| {
                [IdMap {
                    inside: 0,
                    outside,
                    count: 1,
                }]
            };
            let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
            privileges::write_id_maps(child.pid, &own(uid), &own(gid))
        }
        true => {
            let (uids, gids) = mine()?;
            privileges::write_id_maps(child.pid, &uids, &gids)
        }
        false => Ok(()),
    };
    let child = launch(&what, &mut give_ids, |helm| {
        identity::set_host_name("chapter4")?;
        mounts::furnish(folder, &plan, false)?;
        let program = process::find(&asked.command[0], PATH)?;
        helm.executing()?;
        fewer.keep()?;
        Err(process::exec(&program, &args, &env))
    })?;
    Ok(ExitCode::from(
        u8::try_from(child.wait()?.status()).unwrap_or(255),
    ))
}

/// What is left to the program.
struct Fewer {
    limits: Vec<Rlimit>,
    capabilities: Capabilities,
    uid: u32,
    gid: u32,
    new_privileges: bool,
    filter: Option<seccomp::Program>,
}

impl Fewer {
    fn read(asked: &Run) -> Result<Self> {
        let (add, drop) = (set(&asked.cap_add)?, set(&asked.cap_drop)?);
        let root = CapSet::container_default().without(drop).with(add);
        let (uid, gid) = asked
            .user
            .split_once(':')
            .unwrap_or((&asked.user, &asked.user));
        let number = |text: &str| {
            text.parse()
                .with_context(|| format!("read the id {text:?}"))
        };
        let mut capabilities = Capabilities::of_root(root);
        if number(uid)? != 0 {
            // As at every exec of an ordinary user: only the bounding set stays.
            capabilities = Capabilities {
                bounding: root,
                ..Capabilities::default()
            };
        }
        let profile = seccomp::default_profile(&root);
        Ok(Self {
            limits: asked
                .ulimit
                .iter()
                .map(|text| limit(text))
                .collect::<Result<_>>()?,
            capabilities,
            uid: number(uid)?,
            gid: number(gid)?,
            new_privileges: asked.new_privileges,
            filter: if asked.unconfined {
                None
            } else {
                Some(seccomp::compile(&profile)?)
            },
        })
    }

    /// The chapter in one function; the order is explained in the library.
    // ANCHOR: keep
    fn keep(&self) -> Result<()> {
        privileges::set_rlimits(&self.limits)?;
        if let (Some(filter), true) = (&self.filter, self.new_privileges) {
            seccomp::install(filter)?;
        }
        self.capabilities.drop_bounding()?;
        privileges::become_user(self.uid, self.gid, &[], None)?;
        self.capabilities.set_rest()?;
        if !self.new_privileges {
            privileges::no_new_privileges()?;
            self.filter.as_ref().map(seccomp::install).transpose()?;
        }
        Ok(())
    }
    // ANCHOR_END: keep
}

fn limit(text: &str) -> Result<Rlimit> {
    let (name, values) = text
        .split_once('=')
        .context("a ulimit is NAME=SOFT[:HARD]")?;
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let number = |text: &str| {
        text.parse()
            .with_context(|| format!("read the limit {text:?}"))
    };
    let name = format!("RLIMIT_{}", name.to_uppercase());
    Ok(Rlimit {
        name,
        soft: number(soft)?,
        hard: number(hard)?,
    })
}

fn wanted(ordinary: bool) -> Namespaces {
    use Namespace::{Cgroup, Ipc, Mount, Pid, Uts};
    let user = ordinary.then_some(Namespace::User);
    [Mount, Uts, Pid, Ipc, Cgroup]
        .into_iter()
        .chain(user)
        .collect()
}
