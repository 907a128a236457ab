//! Seccomp: system calls switched off, one by one (seccomp(2)).
//!
//! A filter is a program that the kernel runs before every system call: a few dozen
//! instructions of classic BPF that look at the call's number and its six arguments
//! and return what shall happen. Here is all of it but the running: [`Filter`], the
//! OCI specification's description; [`compile`], which makes the program; [`install`],
//! which hands it to the kernel; and [`Profile`], docker's description with conditions,
//! of which [`default_profile`] is the one that most containers of the world run under.
//!
//! Reading order: this file, `verdicts` (what is meant), `bpf` and `condition` (how it is said),
//! `compile` (both together), `machine` (what the kernel does with it).

mod arch;
mod bpf;
mod compile;
mod condition;
#[expect(unsafe_code, reason = "seccomp(2) is in no crate")]
mod install;
mod listing;
mod machine;
mod profile;
mod verdicts;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Deserializer, Serialize};

pub use arch::architectures;
pub use bpf::Instruction;
pub use compile::{FLAGS, Program, compile};
pub use install::{install, strict};
pub use listing::{listing, walked};
pub use machine::{Call, judge, walk};
pub use profile::{Machine, Profile, default_profile};

/// A filter in the shape of the OCI specification (`config-linux.md`, "Seccomp").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// What happens to a call that no rule names.
    pub default_action: Action,
    /// The errno of the default action; EPERM if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_errno_ret: Option<u32>,
    /// `SCMP_ARCH_…`: the system call tables for which the rules hold, beside the
    /// machine's own. Calls by any other table kill the thread.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub architectures: Vec<String>,
    /// `SECCOMP_FILTER_FLAG_…`; if absent, `SPEC_ALLOW`, as runc has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<String>>,
    /// The rules.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub syscalls: Vec<Rule>,
}

/// What happens to some system calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The calls. A name that an architecture does not have is left out there.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub names: Vec<String>,
    /// What happens to them.
    pub action: Action,
    /// The errno of [`Action::Errno`], or the message of [`Action::Trace`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno_ret: Option<u32>,
    /// What all must be true of the arguments; but of conditions on the same argument
    /// only one must be, which is how runc reads them.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub args: Vec<Argument>,
}

/// A condition on one argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Argument {
    /// Which of the six, from 0.
    pub index: u32,
    /// What it is compared with, or the mask of [`Comparison::MaskedEqual`].
    pub value: u64,
    /// What the masked argument is compared with.
    #[serde(default)]
    pub value_two: u64,
    /// How.
    pub op: Comparison,
}

/// What the kernel does instead of, or before, a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// The thread dies by SIGSYS.
    #[serde(rename = "SCMP_ACT_KILL")]
    Kill,
    /// The same under its newer name.
    #[serde(rename = "SCMP_ACT_KILL_THREAD")]
    KillThread,
    /// The whole process dies by SIGSYS.
    #[serde(rename = "SCMP_ACT_KILL_PROCESS")]
    KillProcess,
    /// SIGSYS, which can be caught.
    #[serde(rename = "SCMP_ACT_TRAP")]
    Trap,
    /// The call fails.
    #[serde(rename = "SCMP_ACT_ERRNO")]
    Errno,
    /// A tracer decides.
    #[serde(rename = "SCMP_ACT_TRACE")]
    Trace,
    /// The call is made.
    #[serde(rename = "SCMP_ACT_ALLOW")]
    Allow,
    /// The call is made, and stands in the audit log.
    #[serde(rename = "SCMP_ACT_LOG")]
    Log,
    /// Whoever holds the listener decides.
    #[serde(rename = "SCMP_ACT_NOTIFY")]
    Notify,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::Kill,
        Self::KillThread,
        Self::KillProcess,
        Self::Trap,
        Self::Errno,
        Self::Trace,
        Self::Allow,
        Self::Log,
        Self::Notify,
    ];
}

/// How an argument is compared; all comparisons are of unsigned 64-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// ≠
    #[serde(rename = "SCMP_CMP_NE")]
    NotEqual,
    /// <
    #[serde(rename = "SCMP_CMP_LT")]
    Less,
    /// ≤
    #[serde(rename = "SCMP_CMP_LE")]
    LessOrEqual,
    /// =
    #[serde(rename = "SCMP_CMP_EQ")]
    Equal,
    /// ≥
    #[serde(rename = "SCMP_CMP_GE")]
    GreaterOrEqual,
    /// >
    #[serde(rename = "SCMP_CMP_GT")]
    Greater,
    /// `argument & value = value_two`
    #[serde(rename = "SCMP_CMP_MASKED_EQ")]
    MaskedEqual,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Self; 7] = [
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Equal,
        Self::GreaterOrEqual,
        Self::Greater,
        Self::MaskedEqual,
    ];
}

/// Go programs write an empty list as null.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
