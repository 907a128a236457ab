//! The device rules as a program of the kernel's (`BPF_PROG_TYPE_CGROUP_DEVICE`).
//!
//! Version 2 has no `devices.allow`. It runs a program at each open and mknod of a
//! device node in the group: given what is wanted of which node, it answers 1 or 0.
//! A rule is four to eight instructions, so they are assembled here by hand
//! (`Documentation/bpf/standardization/instruction-set.rst`).
//!
//! ```text
//! r2 = kind   r3 = what is wanted   r4 = major   r5 = minor
//! from the last rule to the first, since a later one corrects an earlier one:
//!     not this kind, major, minor?  next rule
//!     allow: take its accesses off r3; nothing left to want?  answer 1
//!     deny:  is one of its accesses still wanted?             answer 0
//! answer 0
//! ```

use std::os::fd::{BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use workbench::steps::step;

use crate::devices::{Access, DeviceRule, Kind};
use crate::kernel;

pub use crate::kernel::Instruction;

const LOAD_WORD: u8 = 0x61;
const AND: u8 = 0x54;
const SHIFT_RIGHT: u8 = 0x74;
const SET: u8 = 0xb7;
const COPY: u8 = 0xbc;
const JUMP_IF_EQUAL: u8 = 0x16;
const JUMP_UNLESS_EQUAL: u8 = 0x56;
const EXIT: u8 = 0x95;

/// `R[to] (code) number`.
const fn with_number(code: u8, to: u8, number: i32) -> Instruction {
    Instruction {
        code,
        registers: to,
        offset: 0,
        number,
    }
}

/// `R[to] (code) R[from]`; `offset` matters where `from` is an address.
const fn with_register(code: u8, to: u8, from: u8, offset: i16) -> Instruction {
    Instruction {
        code,
        registers: to | from << 4,
        offset,
        number: 0,
    }
}

/// The program that judges by these rules. What no rule gives is refused.
// ANCHOR: assemble
#[must_use]
pub fn assemble(rules: &[DeviceRule]) -> Vec<Instruction> {
    // R1 points to `struct bpf_cgroup_dev_ctx`: access << 16 | kind, major, minor.
    let mut program = vec![
        with_register(LOAD_WORD, 2, 1, 0),
        with_register(COPY, 3, 2, 0),
        with_number(AND, 2, 0xffff),
        with_number(SHIFT_RIGHT, 3, 16),
        with_register(LOAD_WORD, 4, 1, 4),
        with_register(LOAD_WORD, 5, 1, 8),
    ];
    for rule in rules.iter().rev() {
        if is_for_all(rule) {
            // The rules before it say nothing any more, and the verifier refuses
            // a program with instructions that are never reached.
            program.extend(answer(rule.allow));
            return program;
        }
        program.extend(judge(rule));
    }
    program.extend(answer(false));
    program
}
// ANCHOR_END: assemble

fn is_for_all(rule: &DeviceRule) -> bool {
    rule.kind == Kind::Any
        && rule.access == Access::ALL
        && rule.major.is_none()
        && rule.minor.is_none()
}

fn answer(allow: bool) -> [Instruction; 2] {
    [
        with_number(SET, 0, i32::from(allow)),
        with_number(EXIT, 0, 0),
    ]
}

/// The part of the program that is one rule.
fn judge(rule: &DeviceRule) -> Vec<Instruction> {
    let mut part = Vec::new();
    let mut unless = |register, wanted: Option<u32>| {
        let number = wanted.map(u32::cast_signed);
        part.extend(number.map(|n| with_number(JUMP_UNLESS_EQUAL, register, n)));
    };
    unless(2, kind_number(rule.kind));
    unless(4, rule.major);
    unless(5, rule.minor);
    let access = access_bits(rule.access);
    if rule.allow {
        part.push(with_number(AND, 3, !access));
        part.push(with_number(JUMP_UNLESS_EQUAL, 3, 0));
    } else {
        part.push(with_register(COPY, 1, 3, 0));
        part.push(with_number(AND, 1, access));
        part.push(with_number(JUMP_IF_EQUAL, 1, 0));
    }
    part.extend(answer(rule.allow));
    // Every jump of a rule leads behind it, to the next one.
    let length = part.len();
    for (at, instruction) in part.iter_mut().enumerate() {
        if matches!(instruction.code, JUMP_IF_EQUAL | JUMP_UNLESS_EQUAL) {
            instruction.offset = i16::try_from(length - at - 1).unwrap_or(0);
        }
    }
    part
}

/// `BPF_DEVCG_DEV_…`
fn kind_number(kind: Kind) -> Option<u32> {
    match kind {
        Kind::Any => None,
        Kind::Block => Some(1),
        Kind::Char => Some(2),
    }
}

/// `BPF_DEVCG_ACC_…`
fn access_bits(access: Access) -> i32 {
    i32::from(access.mknod) | i32::from(access.read) << 1 | i32::from(access.write) << 2
}

/// Puts the rules onto a group of version 2, in the place of those that it has; they go
/// when the group goes. (The kernel asks all programs that are on a group or above it,
/// and all must agree: so a new one beside the old could only take away.)
///
/// # Errors
/// EPERM without `CAP_BPF` and `CAP_NET_ADMIN`, or in a user namespace.
pub fn attach(cgroup: BorrowedFd<'_>, rules: &[DeviceRule]) -> Result<()> {
    let program = assemble(rules);
    let why = "the kernel proves first that the program ends and touches nothing else";
    let call = format_args!(
        "bpf(BPF_PROG_LOAD, {{CGROUP_DEVICE, {} instructions}})",
        program.len()
    );
    let program: OwnedFd = step(6, call, why, || kernel::load_device_filter(&program))
        .context("load the device filter")?;
    put(cgroup, &[program])
}

/// The programs that a group of version 2 has itself.
pub(crate) fn those_on(cgroup: BorrowedFd<'_>) -> Result<Vec<OwnedFd>> {
    kernel::device_filters(cgroup).context("look which device filters the cgroup has")
}

/// Puts programs onto a group in the place of those that it has. The new ones come first:
/// there is no moment without.
// ANCHOR: put
pub(crate) fn put(cgroup: BorrowedFd<'_>, programs: &[OwnedFd]) -> Result<()> {
    let old = those_on(cgroup)?;
    for program in programs {
        let why = "from now on it is asked at every open and mknod of a device node";
        let call = format_args!("bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE)");
        step(6, call, why, || {
            kernel::attach_device_filter(cgroup, program)
        })
        .context("attach the device filter to the cgroup")?;
    }
    for program in old {
        let why = "all programs of a group must agree: the old one would still forbid";
        let call = format_args!("bpf(BPF_PROG_DETACH, BPF_CGROUP_DEVICE)");
        step(6, call, why, || {
            kernel::detach_device_filter(cgroup, &program)
        })
        .context("take the old device filter off the cgroup")?;
    }
    Ok(())
}
// ANCHOR_END: put

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What somebody wants of a node: (kind, access bits, major, minor).
    type Wish = (u32, u32, u32, u32);

    /// A machine for the instructions that are used here.
    fn run(program: &[Instruction], wish: Wish) -> bool {
        let context = [wish.1 << 16 | wish.0, wish.2, wish.3];
        let mut r = [0_u32; 6];
        let mut at = 0;
        loop {
            let i = program[at];
            let (to, from) =
                (usize::from(i.registers & 15), usize::from(i.registers >> 4));
            let number = i.number.cast_unsigned();
            let mut jump = false;
            match i.code {
                LOAD_WORD => r[to] = context[usize::try_from(i.offset / 4).unwrap()],
                COPY => r[to] = r[from],
                AND => r[to] &= number,
                SHIFT_RIGHT => r[to] >>= number,
                SET => r[to] = number,
                JUMP_IF_EQUAL => jump = r[to] == number,
                JUMP_UNLESS_EQUAL => jump = r[to] != number,
                EXIT => return r[0] == 1,
                other => panic!("{other:#x}"),
            }
            let over = if jump { i.offset } else { 0 };
            at += 1 + usize::try_from(over).unwrap();
        }
    }

    /// Says the same without a program: of each access the last rule about it decides.
    fn expected(rules: &[DeviceRule], (kind, access, major, minor): Wish) -> bool {
        let about = |rule: &&DeviceRule| {
            kind_number(rule.kind).is_none_or(|n| n == kind)
                && rule.major.is_none_or(|n| n == major)
                && rule.minor.is_none_or(|n| n == minor)
        };
        let given = |bit: u32| {
            let about = rules.iter().rev().filter(about);
            let has =
                |rule: &&DeviceRule| access_bits(rule.access).cast_unsigned() & bit != 0;
            about.filter(has).map(|rule| rule.allow).next() == Some(true)
        };
        [1, 2, 4].iter().all(|bit| access & bit == 0 || given(*bit))
    }

    fn rule() -> impl Strategy<Value = DeviceRule> {
        let number = || prop_oneof![Just(None), (0_u32..3).prop_map(Some)];
        let kind = prop_oneof![Just(Kind::Any), Just(Kind::Block), Just(Kind::Char)];
        let access = (any::<bool>(), any::<bool>(), any::<bool>());
        (any::<bool>(), kind, number(), number(), access).prop_map(
            |(allow, kind, major, minor, (read, write, mknod))| DeviceRule {
                allow,
                kind,
                major,
                minor,
                access: Access { read, write, mknod },
            },
        )
    }

    proptest! {
        #[test]
        fn the_program_answers_as_the_rules_say(
            rules in prop::collection::vec(rule(), 0..8),
            wish in (1_u32..3, 1_u32..8, 0_u32..3, 0_u32..3),
        ) {
            prop_assert_eq!(run(&assemble(&rules), wish), expected(&rules, wish));
        }
    }

    #[test]
    fn a_container_reads_zero_and_makes_but_never_opens_a_disk() {
        let mut rules = vec![DeviceRule::NOTHING];
        rules.extend(crate::devices::defaults());
        let program = assemble(&rules);
        assert!(run(&program, (2, 2 | 4, 1, 5)), "read and write /dev/zero");
        assert!(run(&program, (1, 1, 8, 0)), "mknod of /dev/sda");
        assert!(!run(&program, (1, 2, 8, 0)), "read of /dev/sda");
    }

    #[test]
    fn a_rule_for_all_ends_the_program() {
        let rules = [DeviceRule::NOTHING, DeviceRule::EVERYTHING];
        assert_eq!(assemble(&rules).len(), 8);
        assert!(run(&assemble(&rules), (1, 7, 8, 0)));
    }
}
