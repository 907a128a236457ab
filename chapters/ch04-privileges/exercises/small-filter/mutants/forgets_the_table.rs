//! Told: the same number in another table is another call.
//!
//! A 32-bit program has other numbers, and a way around.

use libc::{CLONE_NEWUSER, ENOSYS, EPERM, SECCOMP_RET_ALLOW};
use privileges::seccomp::Instruction;

use crate::check::{FIRST_ARGUMENT, NUMBER, and, answer, error, if_equal, load, number};

/// A filter that closes the ways to a user namespace.
pub(crate) fn small_filter() -> Vec<Instruction> {
    let flag = CLONE_NEWUSER.unsigned_abs();
    vec![
        load(NUMBER),
        if_equal(number("clone3"), 0, 1),
        error(ENOSYS),
        if_equal(number("unshare"), 4, 0),
        if_equal(number("clone"), 0, 4),
        load(FIRST_ARGUMENT),
        and(flag),
        if_equal(flag, 0, 1),
        error(EPERM),
        answer(SECCOMP_RET_ALLOW),
    ]
}
