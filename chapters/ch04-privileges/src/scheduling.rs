//! How much of the processors and of the disks a process is given: sched(7),
//! ioprio_set(2).
//!
//! Both are inherited by what the process starts. To ask for more than the usual takes
//! `CAP_SYS_NICE`, so it is done before capabilities are dropped.

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use workbench::steps::step;

use crate::CHAPTER;
use crate::memory_policy::numbers;
use crate::scheduling_calls::{ioprio_set, sched_setattr};

/// How a process is scheduled, in the words of the OCI specification
/// (`process.scheduler`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scheduler {
    /// `SCHED_OTHER` and its like.
    pub policy: String,
    /// `SCHED_FLAG_…`.
    pub flags: Vec<String>,
    /// For `SCHED_OTHER` and `SCHED_BATCH`: -20, the most, to 19.
    pub nice: i32,
    /// For `SCHED_FIFO` and `SCHED_RR`: 1 to 99, the most.
    pub priority: u32,
    /// For `SCHED_DEADLINE`, in nanoseconds: how long it runs in a period.
    pub runtime: u64,
    /// In nanoseconds: by when in a period it has run.
    pub deadline: u64,
    /// The length of a period in nanoseconds.
    pub period: u64,
}

/// The policies of sched(7), by their numbers in `linux/sched.h`.
const POLICIES: [(&str, u32); 7] = [
    ("SCHED_OTHER", 0),
    ("SCHED_FIFO", 1),
    ("SCHED_RR", 2),
    ("SCHED_BATCH", 3),
    ("SCHED_ISO", 4),
    ("SCHED_IDLE", 5),
    ("SCHED_DEADLINE", 6),
];

/// The flags of sched_setattr(2), as the specification names them.
const FLAGS: [(&str, u64); 7] = [
    ("SCHED_FLAG_RESET_ON_FORK", 0x01),
    ("SCHED_FLAG_RECLAIM", 0x02),
    ("SCHED_FLAG_DL_OVERRUN", 0x04),
    ("SCHED_FLAG_KEEP_POLICY", 0x08),
    ("SCHED_FLAG_KEEP_PARAMS", 0x10),
    ("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
    ("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
];

/// Has this process scheduled so.
///
/// # Errors
/// For a word that is not in sched(7); what the kernel refuses, EPERM without
/// `CAP_SYS_NICE` first of all.
pub fn set_scheduler(asked: &Scheduler) -> Result<()> {
    let name = &asked.policy;
    let policy = number(&POLICIES, name, "scheduling policy")?;
    let mut flags = 0;
    for flag in &asked.flags {
        flags |= number(&FLAGS, flag, "scheduling flag")?;
    }
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or(0),
        sched_policy: policy,
        sched_flags: flags,
        sched_nice: asked.nice,
        sched_priority: asked.priority,
        sched_runtime: asked.runtime,
        sched_deadline: asked.deadline,
        sched_period: asked.period,
    };
    let why = "when it gets a processor, and for how long";
    let call = format_args!("sched_setattr({name}, nice={}, …)", asked.nice);
    step(CHAPTER, call, why, || sched_setattr(&attributes))
        .with_context(|| format!("have the process scheduled as {name}"))
}

/// Has this process run on some processors only, like `0-3,7`.
///
/// # Errors
/// For what is no such list, and for processors that are not there.
pub fn set_affinity(cpus: &str) -> Result<()> {
    let mut set = CpuSet::new();
    for cpu in numbers(cpus, CpuSet::count())? {
        set.set(cpu).context("name a processor")?;
    }
    let why = "the processors that it may run on";
    let call = format_args!("sched_setaffinity(0, {{{cpus}}})");
    step(CHAPTER, call, why, || {
        sched_setaffinity(Pid::from_raw(0), &set)
    })
    .with_context(|| format!("run on the processors {cpus}"))
}

/// The classes of ioprio_set(2), by their numbers in `linux/ioprio.h`.
const CLASSES: [(&str, i32); 3] = [
    ("IOPRIO_CLASS_RT", 1),
    ("IOPRIO_CLASS_BE", 2),
    ("IOPRIO_CLASS_IDLE", 3),
];

/// Gives this process's transfers a class (`IOPRIO_CLASS_RT`, `…_BE`, `…_IDLE`) and in it
/// a priority, 0, the first, to 7.
///
/// # Errors
/// For another class; what the kernel refuses.
pub fn set_io_priority(class: &str, priority: u8) -> Result<()> {
    let number = number(&CLASSES, class, "class of transfers")?;
    // Three bits of class above thirteen of priority.
    let both = number << 13 | i32::from(priority);
    let why = "whose transfers the disk does first";
    let call = format_args!("ioprio_set(IOPRIO_WHO_PROCESS, 0, {class} | {priority})");
    step(CHAPTER, call, why, || ioprio_set(both))
        .with_context(|| format!("give transfers the priority {class} {priority}"))
}

fn number<T: Copy>(table: &[(&str, T)], name: &str, what: &str) -> Result<T> {
    let found = table.iter().find(|(known, _)| *known == name);
    let (_, number) = found.with_context(|| format!("{name:?} is no {what}"))?;
    Ok(*number)
}
