//! The compiler: tables, then ranges, then cases, then one list of instructions.

use anyhow::{Context, Result, bail, ensure};

use super::arch::{self, Arch};
use super::bpf::{
    ARCH, Code, IF_AT_LEAST, IF_EQUAL, Instruction, LOAD, NUMBER, answer, branch, plain,
};
use super::condition::when;
use super::verdicts::{Range, Verdict, named, ranges};
use super::{Action, Filter};

/// A filter that the kernel can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What is run before every system call.
    pub instructions: Vec<Instruction>,
    /// `SECCOMP_FILTER_FLAG_*` bits for [`install`](super::install).
    pub flags: u64,
}

/// `BPF_MAXINSNS`.
const LONGEST: usize = 4096;

/// Compiles a filter for this machine's table and those that it names.
///
/// Known architectures without a table here are left out, which forbids their calls;
/// on x86 the calls that socketcall(2) bundles are filtered under their own numbers.
///
/// # Errors
/// For an unknown architecture or flag, a condition on a seventh argument, a `NOTIFY`
/// that would stop its own listener, and a program beyond the kernel's 4096 instructions.
pub fn compile(filter: &Filter) -> Result<Program> {
    check(filter)?;
    let mut tables = Vec::new();
    for name in std::iter::once(arch::NATIVE)
        .chain(filter.architectures.iter().map(String::as_str))
    {
        match arch::named(name) {
            Some(table) if !tables.iter().any(|other: &Arch| other.name == name) => {
                tables.push(table);
            }
            None if !name.starts_with("SCMP_ARCH_") => {
                bail!("seccomp: {name:?} is not an architecture");
            }
            _ => {}
        }
    }
    let instructions = program(filter, &tables)?;
    ensure!(
        instructions.len() <= LONGEST,
        "seccomp: the filter has {} instructions, the kernel takes {LONGEST}",
        instructions.len()
    );
    Ok(Program {
        instructions,
        flags: flags(filter)?,
    })
}

/// The table's identity first, then a search by number.
// ANCHOR: program
pub(super) fn program(filter: &Filter, tables: &[Arch]) -> Result<Code> {
    let killed = || Verdict {
        cases: Vec::new(),
        otherwise: libc::SECCOMP_RET_KILL_THREAD,
    };
    let named = named(filter);
    let mut code = answer(killed().otherwise);
    for table in tables.iter().rev() {
        if table.first > 0 && tables.iter().any(|other| shares(other, table)) {
            continue;
        }
        let mut list = ranges(filter, &named, table);
        if table.name == "SCMP_ARCH_X86_64" {
            // x32's numbers begin where x86-64's end; −1 is what a tracer leaves of
            // a call that it has answered itself.
            let end = list[list.len() - 1].1.clone();
            let x32 = tables.iter().find(|other| shares(table, other));
            let above = x32.map_or_else(
                || vec![(0x4000_0000, killed())],
                |x32| ranges(filter, &named, x32),
            );
            list.extend(above);
            list.push((u32::MAX, end));
        }
        let mut body = vec![plain(LOAD, NUMBER)];
        body.extend(search(&list)?);
        code = branch(IF_EQUAL, table.audit, body, code)?;
    }
    code.insert(0, plain(LOAD, ARCH));
    Ok(code)
}
// ANCHOR_END: program

fn shares(one: &Arch, other: &Arch) -> bool {
    one.audit == other.audit && one.first < other.first
}

/// A binary search over the ranges: 400 rules are decided in about eight jumps.
// ANCHOR: search
fn search(list: &[Range]) -> Result<Code> {
    match list {
        [] => bail!("no range to search"),
        [(_, verdict)] => decide(verdict),
        _ => {
            let (below, above) = list.split_at(list.len() / 2);
            branch(IF_AT_LEAST, above[0].0, search(above)?, search(below)?)
        }
    }
}
// ANCHOR_END: search

/// The cases one after the other, then what happens otherwise.
fn decide(verdict: &Verdict) -> Result<Code> {
    let mut code = Code::new();
    for (conditions, result) in &verdict.cases {
        let mut case = answer(*result);
        for condition in conditions.iter().rev() {
            case = when(condition, case)?;
        }
        code.extend(case);
    }
    code.extend(answer(verdict.otherwise));
    Ok(code)
}

fn check(filter: &Filter) -> Result<()> {
    ensure!(
        filter.default_action != Action::Notify,
        "seccomp: SCMP_ACT_NOTIFY cannot be the default action"
    );
    for rule in &filter.syscalls {
        // The first process sends the listener's descriptor by sendmsg(2): it would
        // wait for an answer of somebody who has not heard of it. runc writes.
        for own in ["write", "sendmsg"] {
            let stops = rule.action == Action::Notify
                && rule.names.iter().any(|name| name == own);
            ensure!(!stops, "seccomp: SCMP_ACT_NOTIFY cannot be used for {own}");
        }
        for argument in &rule.args {
            ensure!(
                argument.index < 6,
                "seccomp: {} has no argument {}, only 0 to 5",
                rule.names.join(", "),
                argument.index
            );
        }
    }
    Ok(())
}

fn flags(filter: &Filter) -> Result<u64> {
    let default = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW".to_owned()];
    let mut flags = 0;
    for name in filter.flags.as_deref().unwrap_or(&default) {
        flags |=
            flag(name).with_context(|| format!("seccomp: {name:?} is not a flag"))?;
    }
    if filter
        .syscalls
        .iter()
        .any(|rule| rule.action == Action::Notify)
    {
        flags |= libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
        if flags & libc::SECCOMP_FILTER_FLAG_TSYNC != 0 {
            // Both at once have one return value for two answers (seccomp(2)).
            flags |= libc::SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
        }
    }
    Ok(flags)
}

/// The flags that a filter may name, and what they are for seccomp(2).
pub const FLAGS: [(&str, u64); 4] = [
    ("SECCOMP_FILTER_FLAG_TSYNC", libc::SECCOMP_FILTER_FLAG_TSYNC),
    ("SECCOMP_FILTER_FLAG_LOG", libc::SECCOMP_FILTER_FLAG_LOG),
    (
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
    ),
    (
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    ),
];

fn flag(name: &str) -> Option<u64> {
    let found = FLAGS.iter().find(|(known, _)| *known == name);
    found.map(|(_, bit)| *bit)
}
