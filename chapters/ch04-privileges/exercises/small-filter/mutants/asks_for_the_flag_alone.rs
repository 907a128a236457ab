//! Told: other flags may stand beside the one that you look for.
//!
//! A flag is a bit, not a number.

use libc::{CLONE_NEWUSER, ENOSYS, EPERM, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};
use privileges::seccomp::Instruction;

use crate::check::{
    FIRST_ARGUMENT, NUMBER, TABLE, answer, error, if_equal, load, number, own_table,
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
        if_equal(number("unshare"), 3, 0),
        if_equal(number("clone"), 0, 3),
        load(FIRST_ARGUMENT),
        if_equal(flag, 0, 1),
        error(EPERM),
        answer(SECCOMP_RET_ALLOW),
    ]
}
