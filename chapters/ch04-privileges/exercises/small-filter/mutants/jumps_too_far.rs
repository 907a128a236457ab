//! Told: the kernel takes no program that jumps out of itself.
//!
//! The distance counted from the jump itself, and not from what is behind it.

use libc::{CLONE_NEWUSER, ENOSYS, EPERM, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};
use privileges::seccomp::Instruction;

use crate::check::{
    FIRST_ARGUMENT, NUMBER, TABLE, and, answer, error, if_equal, load, number, own_table,
};

/// A filter that closes the ways to a user namespace.
pub(crate) fn small_filter() -> Vec<Instruction> {
    let flag = CLONE_NEWUSER.unsigned_abs();
    vec![
        load(TABLE),
        if_equal(own_table(), 1, 0),
        answer(SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        if_equal(number("clone3"), 0, 1),
        error(ENOSYS),
        if_equal(number("unshare"), 4, 0),
        if_equal(number("clone"), 0, 5),
        load(FIRST_ARGUMENT),
        and(flag),
        if_equal(flag, 0, 1),
        error(EPERM),
        answer(SECCOMP_RET_ALLOW),
    ]
}
