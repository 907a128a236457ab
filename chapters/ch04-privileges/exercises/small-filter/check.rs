//! Judges a filter: over a table of calls, and then by the kernel.

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W,
    CLONE_NEWNET, CLONE_NEWUSER, ENOSYS, EPERM, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
    SECCOMP_RET_KILL_PROCESS, SIGCHLD,
};
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use privileges::no_new_privileges;
use privileges::seccomp::{Call, Instruction, Program, install, judge};

/// What the reader writes.
pub(crate) type Attempt = fn() -> Vec<Instruction>;

/// Where the number of the call is.
pub(crate) const NUMBER: u32 = 0;
/// Where it is said of which table it is.
pub(crate) const TABLE: u32 = 4;
/// Where the lower half of its first argument is.
pub(crate) const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "little") {
    16
} else {
    20
};

/// This machine's own table.
pub(crate) fn own_table() -> u32 {
    Call::named("read", &[]).map_or(0, |call| call.arch)
}

/// The number of a call in it.
pub(crate) fn number(name: &str) -> u32 {
    Call::named(name, &[]).map_or(u32::MAX, |call| call.number)
}

/// The accumulator becomes the word at this place.
pub(crate) fn load(place: u32) -> Instruction {
    instruction(BPF_LD | BPF_W | BPF_ABS, place, 0, 0)
}

/// Of the accumulator only the bits of `mask` stay.
pub(crate) fn and(mask: u32) -> Instruction {
    instruction(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0)
}

/// Skips `yes` instructions if the accumulator is `value`, and `no` if it is not.
pub(crate) fn if_equal(value: u32, yes: u8, no: u8) -> Instruction {
    instruction(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
}

/// Ends, with this answer.
pub(crate) fn answer(value: u32) -> Instruction {
    instruction(BPF_RET | BPF_K, value, 0, 0)
}

/// The answer that is an error.
pub(crate) fn error(errno: i32) -> Instruction {
    answer(SECCOMP_RET_ERRNO | errno.unsigned_abs())
}

fn instruction(code: u32, operand: u32, jump_true: u8, jump_false: u8) -> Instruction {
    Instruction {
        code: u16::try_from(code).unwrap_or_default(),
        jump_true,
        jump_false,
        operand,
    }
}

const REFUSED: u32 = SECCOMP_RET_ERRNO | EPERM.unsigned_abs();
const NOT_THERE: u32 = SECCOMP_RET_ERRNO | ENOSYS.unsigned_abs();

/// Why, which call, with which first argument, and what must be answered.
type Case = (&'static str, &'static str, i32, u32);

const CASES: [Case; 8] = [
    ("what nobody named is allowed", "read", 0, SECCOMP_RET_ALLOW),
    (
        "what nobody named is allowed",
        "execve",
        0,
        SECCOMP_RET_ALLOW,
    ),
    ("unshare is refused", "unshare", CLONE_NEWUSER, REFUSED),
    (
        "a plain clone is how every process is made",
        "clone",
        SIGCHLD,
        SECCOMP_RET_ALLOW,
    ),
    (
        "clone with the flag is refused",
        "clone",
        CLONE_NEWUSER,
        REFUSED,
    ),
    (
        "other flags may stand beside the one that you look for",
        "clone",
        CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD,
        REFUSED,
    ),
    (
        "other flags may stand there without the one that you look for",
        "clone",
        CLONE_NEWNET | SIGCHLD,
        SECCOMP_RET_ALLOW,
    ),
    (
        "to a C library EPERM is an answer, and ENOSYS means \"use the older call\"",
        "clone3",
        0,
        NOT_THERE,
    ),
];

pub(crate) fn check(small_filter: Attempt) -> Result<(), String> {
    let instructions = small_filter();
    let ask = |call: &Call| {
        judge(&instructions, call).ok_or(
            "the kernel takes no program that jumps out of itself, or ends without an answer",
        )
    };
    for (why, name, argument, expected) in CASES {
        let argument = u64::from(argument.unsigned_abs());
        let Some(call) = Call::named(name, &[argument]) else {
            continue;
        };
        let came = ask(&call)?;
        if came != expected {
            return Err(format!(
                "{why}\n  call:     {name}({argument:#x}, …)\n  expected: {}\n  came:     {}",
                words(expected),
                words(came)
            ));
        }
        let foreign = Call {
            arch: call.arch ^ 1,
            ..call
        };
        let came = ask(&foreign)?;
        if came != SECCOMP_RET_KILL_PROCESS {
            return Err(format!(
                "the same number in another table is another call\n  call:     {:#x} of \
                 the table {:#x}\n  expected: {}\n  came:     {}",
                foreign.number,
                foreign.arch,
                words(SECCOMP_RET_KILL_PROCESS),
                words(came)
            ));
        }
    }
    by_the_kernel(instructions).map_err(|error| format!("{error:#}"))
}

/// The last judge: this very process gets the filter.
fn by_the_kernel(instructions: Vec<Instruction>) -> anyhow::Result<()> {
    no_new_privileges()?;
    install(&Program {
        instructions,
        flags: 0,
    })?;
    let answer = unshare(CloneFlags::CLONE_NEWUSER);
    anyhow::ensure!(
        answer == Err(Errno::EPERM),
        "the kernel still answers {answer:?}"
    );
    Ok(())
}

fn words(answer: u32) -> String {
    let errno = |number| format!("{:?}", Errno::from_raw(number));
    match answer {
        SECCOMP_RET_ALLOW => "allowed".to_owned(),
        SECCOMP_RET_KILL_PROCESS => "the end of the process".to_owned(),
        REFUSED => errno(EPERM),
        NOT_THERE => errno(ENOSYS),
        other => format!("{other:#x}"),
    }
}
