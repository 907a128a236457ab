//! `process` as data: the program, who it is, and what it may do.

use std::collections::HashSet;
use std::ffi::CString;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use chroot::process::strings;
use oci_spec::runtime::{
    self as oci, Capability, Linux, LinuxMemoryPolicy, LinuxSeccomp,
};
use privileges::{CapSet, Capabilities, MemoryPolicy, Rlimit, Scheduler, seccomp};

use crate::label::Labels;
use crate::listener::Listener;

/// A process to run, in a container or sent into one.
#[derive(Debug)]
pub struct Process {
    /// The program's name and its arguments.
    pub args: Vec<CString>,
    /// The name to look the program up by.
    pub program: String,
    /// The environment.
    pub env: Vec<CString>,
    /// The `PATH` in that environment.
    pub path: String,
    /// The working folder.
    pub cwd: PathBuf,
    /// Whether it gets a terminal, and of which size (rows, columns).
    pub terminal: bool,
    /// See `terminal`.
    pub console_size: Option<(u16, u16)>,
    /// Who it is.
    pub identity: Identity,
    /// What it may do.
    pub confinement: Confinement,
}

/// Who a process is.
#[derive(Debug, Default)]
pub struct Identity {
    /// The user's id.
    pub uid: u32,
    /// The group's id.
    pub gid: u32,
    /// More groups.
    pub groups: Vec<u32>,
    /// The mask of the modes of what it creates.
    pub umask: Option<u32>,
}

/// What a process may do.
#[derive(Debug, Default)]
pub struct Confinement {
    /// The capability sets; all of them empty when none are given.
    pub capabilities: Capabilities,
    /// Limits of resources.
    pub rlimits: Vec<Rlimit>,
    /// Whether exec may still add privileges.
    pub no_new_privileges: bool,
    /// The preference of the out-of-memory killer.
    pub oom_score_adj: Option<i32>,
    /// The compiled system call filter.
    pub seccomp: Option<seccomp::Program>,
    /// Who decides about the calls that the filter neither allows nor forbids.
    pub listener: Option<Listener>,
    /// When it gets a processor.
    pub scheduler: Option<Scheduler>,
    /// On which memory nodes its memory is taken.
    pub memory_policy: Option<MemoryPolicy>,
    /// The processors that an exec begins on, and those that it stays on.
    pub affinity: (Option<String>, Option<String>),
    /// What security modules go by.
    pub labels: Labels,
    /// When its transfers are done: class and priority.
    pub io_priority: Option<(String, u8)>,
}

/// The largest user or group id that is taken (docker's and runc's limit).
const LARGEST_ID: u32 = i32::MAX as u32;

impl Process {
    /// Makes the data of a `process` section, and of what the container's `linux` section
    /// says about all of its processes.
    ///
    /// # Errors
    /// When a field is missing, out of range, or not acted on.
    pub fn of(given: &oci::Process, linux: &Linux) -> Result<Self> {
        let filter = linux.seccomp().as_ref();
        let args = given.args().clone().unwrap_or_default();
        let program = args.first().filter(|program| !program.is_empty());
        let program = program
            .context("config.json: process.args is empty")?
            .clone();
        let env = given.env().clone().unwrap_or_default();
        let path = env
            .iter()
            .rev()
            .find_map(|entry| entry.strip_prefix("PATH="));
        ensure!(
            given.cwd().is_absolute(),
            "config.json: process.cwd {:?} is not absolute",
            given.cwd()
        );
        let size = given.console_size().and_then(|size| {
            Some((
                u16::try_from(size.height()).ok()?,
                u16::try_from(size.width()).ok()?,
            ))
        });
        Ok(Self {
            path: path.unwrap_or_default().to_owned(),
            args: strings(&args).context("config.json: process.args")?,
            program,
            env: strings(&env).context("config.json: process.env")?,
            cwd: given.cwd().clone(),
            terminal: given.terminal() == Some(true),
            console_size: size,
            identity: identity(given.user())?,
            confinement: Confinement {
                capabilities: capabilities(given.capabilities().as_ref()),
                rlimits: given.rlimits().iter().flatten().map(rlimit).collect(),
                no_new_privileges: given.no_new_privileges() == Some(true),
                oom_score_adj: given.oom_score_adj(),
                seccomp: filter.map(compile).transpose()?,
                listener: filter.map(listener).transpose()?.flatten(),
                memory_policy: linux.memory_policy().as_ref().map(memory_policy),
                affinity: affinity(given),
                labels: Labels {
                    apparmor: said(given.apparmor_profile()),
                    selinux: said(given.selinux_label()),
                },
                scheduler: given.scheduler().as_ref().map(scheduler).transpose()?,
                io_priority: given.io_priority().as_ref().map(io_priority).transpose()?,
            },
        })
    }
}

/// A text that callers send empty when they mean none.
fn said(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn affinity(given: &oci::Process) -> (Option<String>, Option<String>) {
    match given.exec_cpu_affinity() {
        Some(given) => (said(given.initial()), said(given.cpu_affinity_final())),
        None => (None, None),
    }
}

fn memory_policy(given: &LinuxMemoryPolicy) -> MemoryPolicy {
    let flags = given.flags().iter().flatten();
    MemoryPolicy {
        mode: given.mode().to_string(),
        flags: flags.map(ToString::to_string).collect(),
        nodes: given.nodes().clone().unwrap_or_default(),
    }
}

fn identity(user: &oci::User) -> Result<Identity> {
    let groups = user.additional_gids().clone().unwrap_or_default();
    let ids = [user.uid(), user.gid()]
        .into_iter()
        .chain(groups.iter().copied());
    for id in ids {
        ensure!(
            id <= LARGEST_ID,
            "uids and gids must be in range 0-2147483647: {id}"
        );
    }
    if let Some(mask) = user.umask() {
        ensure!(
            mask <= 0o777,
            "config.json: process.user.umask {mask} is above 0777"
        );
    }
    Ok(Identity {
        uid: user.uid(),
        gid: user.gid(),
        groups,
        umask: user.umask(),
    })
}

fn capabilities(given: Option<&oci::LinuxCapabilities>) -> Capabilities {
    let Some(given) = given else {
        return Capabilities::default();
    };
    let set = |names: &Option<HashSet<Capability>>| {
        let names: Vec<_> = names
            .iter()
            .flatten()
            .map(|name| format!("CAP_{name}"))
            .collect();
        // A capability that this kernel does not know cannot be had: as with runc,
        // it is left out.
        CapSet::parse(&names).0
    };
    let common = |one: CapSet, other| one.without(one.without(other));
    let (inheritable, permitted) = (set(given.inheritable()), set(given.permitted()));
    Capabilities {
        bounding: set(given.bounding()),
        effective: set(given.effective()),
        inheritable,
        permitted,
        // What is not in both of these cannot be ambient (capabilities(7)). `runc spec`
        // writes such a set all the same, and like runc and crun we make the best of it.
        ambient: common(set(given.ambient()), common(inheritable, permitted)),
    }
}

fn rlimit(given: &oci::PosixRlimit) -> Rlimit {
    Rlimit {
        name: given.typ().to_string(),
        soft: given.soft(),
        hard: given.hard(),
    }
}

fn scheduler(given: &oci::Scheduler) -> Result<Scheduler> {
    let flags = given.flags().iter().flatten();
    let unused = given.priority().unwrap_or(0);
    Ok(Scheduler {
        policy: given.policy().to_string(),
        flags: flags.map(|flag| flag_name(*flag).to_owned()).collect(),
        nice: given.nice().unwrap_or(0),
        priority: u32::try_from(unused)
            .context("config.json: process.scheduler.priority")?,
        runtime: given.runtime().unwrap_or(0),
        deadline: given.deadline().unwrap_or(0),
        period: given.period().unwrap_or(0),
    })
}

/// The specification's name of a flag.
fn flag_name(flag: oci::LinuxSchedulerFlag) -> &'static str {
    use oci::LinuxSchedulerFlag as Flag;
    match flag {
        Flag::SchedResetOnFork => "SCHED_FLAG_RESET_ON_FORK",
        Flag::SchedFlagReclaim => "SCHED_FLAG_RECLAIM",
        Flag::SchedFlagDLOverrun => "SCHED_FLAG_DL_OVERRUN",
        Flag::SchedFlagKeepPolicy => "SCHED_FLAG_KEEP_POLICY",
        Flag::SchedFlagKeepParams => "SCHED_FLAG_KEEP_PARAMS",
        Flag::SchedFlagUtilClampMin => "SCHED_FLAG_UTIL_CLAMP_MIN",
        Flag::SchedFlagUtilClampMax => "SCHED_FLAG_UTIL_CLAMP_MAX",
    }
}

fn io_priority(given: &oci::LinuxIOPriority) -> Result<(String, u8)> {
    let priority = u8::try_from(given.priority()).ok().filter(|n| *n < 8);
    let priority = priority.with_context(|| {
        format!(
            "config.json: process.ioPriority.priority {} is not 0 to 7",
            given.priority()
        )
    })?;
    Ok((given.class().to_string(), priority))
}

fn listener(given: &LinuxSeccomp) -> Result<Option<Listener>> {
    let path = given.listener_path().clone();
    let path = path.filter(|path| !path.as_os_str().is_empty());
    let notifies = |rule: &oci::LinuxSyscall| {
        rule.action() == oci::LinuxSeccompAction::ScmpActNotify
    };
    let wanted = given.syscalls().iter().flatten().any(notifies);
    ensure!(
        path.is_some() || !wanted,
        "config.json: linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath"
    );
    let metadata = given.listener_metadata().clone();
    let metadata = metadata.filter(|metadata| !metadata.is_empty());
    ensure!(
        path.is_some() || metadata.is_none(),
        "config.json: linux.seccomp.listenerMetadata is given, but no listenerPath"
    );
    Ok(path
        .filter(|_| wanted)
        .map(|path| Listener { path, metadata }))
}

fn compile(given: &LinuxSeccomp) -> Result<seccomp::Program> {
    let shape = serde_json::to_value(given).context("read linux.seccomp")?;
    let filter: seccomp::Filter =
        serde_json::from_value(shape).context("config.json: linux.seccomp")?;
    seccomp::compile(&filter).context("compile linux.seccomp")
}
