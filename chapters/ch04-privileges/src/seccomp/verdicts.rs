//! What a filter means: for each system call number of a table, a verdict.
//!
//! Profiles have hundreds of names, but their numbers lie in runs: what comes out is a
//! short list of ranges, each with one verdict from its first number on.

use std::collections::HashMap;

use libc::{
    SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS,
    SECCOMP_RET_KILL_THREAD, SECCOMP_RET_LOG, SECCOMP_RET_TRACE, SECCOMP_RET_TRAP,
    SECCOMP_RET_USER_NOTIF,
};

use super::arch::Arch;
use super::{Action, Argument, Filter, Rule};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Conditions, all of which must hold, and what they lead to; the first wins.
    pub(super) cases: Vec<(Vec<Argument>, u32)>,
    /// What happens if none does.
    pub(super) otherwise: u32,
}

impl Verdict {
    fn always(answer: u32) -> Self {
        Self {
            cases: Vec::new(),
            otherwise: answer,
        }
    }
}

/// A verdict and the number from which on it holds.
pub(super) type Range = (u32, Verdict);

/// `SECCOMP_RET_*` with its 16 bits of data.
pub(super) fn answer(action: Action, errno: Option<u32>) -> u32 {
    let errno = errno.unwrap_or(libc::EPERM.unsigned_abs()) & 0xffff;
    match action {
        Action::Kill | Action::KillThread => SECCOMP_RET_KILL_THREAD,
        Action::KillProcess => SECCOMP_RET_KILL_PROCESS,
        Action::Trap => SECCOMP_RET_TRAP,
        Action::Errno => SECCOMP_RET_ERRNO | errno,
        Action::Trace => SECCOMP_RET_TRACE | errno,
        Action::Allow => SECCOMP_RET_ALLOW,
        Action::Log => SECCOMP_RET_LOG,
        Action::Notify => SECCOMP_RET_USER_NOTIF,
    }
}

/// The rules of a filter by the names that they give, each name's in their order.
pub(super) type Named<'a> = HashMap<&'a str, Vec<&'a Rule>>;

pub(super) fn named(filter: &Filter) -> Named<'_> {
    let mut named = Named::new();
    for rule in &filter.syscalls {
        for name in &rule.names {
            named.entry(name).or_default().push(rule);
        }
    }
    named
}

/// The ranges of one table, in order.
///
/// A call that is newer than all that the filter names gets ENOSYS rather than the
/// default's EPERM: programs take ENOSYS as "not there" and fall back to the older
/// call, and the profile's author cannot have meant to forbid what did not exist.
// ANCHOR: ranges
pub(super) fn ranges(filter: &Filter, named: &Named<'_>, arch: &Arch) -> Vec<Range> {
    let default = answer(filter.default_action, filter.default_errno_ret);
    let mut list = vec![(arch.first, Verdict::always(default))];
    let mut newest = None;
    for (name, number) in arch.numbers() {
        let Some(rules) = named.get(name) else {
            continue;
        };
        let verdict = verdict(rules, default);
        match list.last_mut() {
            // The gap that the number before opened is not there: take its place.
            Some(last) if last.0 == number => last.1 = verdict,
            _ => list.push((number, verdict)),
        }
        list.push((number + 1, Verdict::always(default)));
        newest = Some(number);
    }
    if let (Some(_), true, Some(last)) = (newest, restrictive(filter), list.last_mut()) {
        last.1 = Verdict::always(SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs());
    }
    list.dedup_by(|next, before| next.1 == before.1);
    list
}
// ANCHOR_END: ranges

/// Whether a call that nobody thought of is stopped. A tracer is taken to know better.
fn restrictive(filter: &Filter) -> bool {
    !matches!(
        filter.default_action,
        Action::Allow | Action::Log | Action::Trace
    )
}

/// The rules of one call, put together as libseccomp does: the first rule without
/// conditions decides alone; a rule that says what the default says counts for nothing.
fn verdict(rules: &[&Rule], default: u32) -> Verdict {
    let mut cases = Vec::new();
    for rule in rules {
        let answer = answer(rule.action, rule.errno_ret);
        if answer == default {
            continue;
        }
        if rule.args.is_empty() {
            return Verdict::always(answer);
        }
        cases.extend(
            alternatives(&rule.args)
                .into_iter()
                .map(|all| (all, answer)),
        );
    }
    Verdict {
        cases,
        otherwise: default,
    }
}

/// Conditions on different arguments must all hold; of several on the same argument
/// each is an alternative of its own.
fn alternatives(conditions: &[Argument]) -> Vec<Vec<Argument>> {
    let twice = conditions.iter().enumerate().any(|(place, one)| {
        conditions[..place]
            .iter()
            .any(|other| other.index == one.index)
    });
    if twice {
        conditions.iter().map(|one| vec![*one]).collect()
    } else {
        vec![conditions.to_vec()]
    }
}
