//! Told: root keeps what is inheritable, even beyond the bounding set.
//!
//! It looks safer; it is not what the kernel does, and engines had to learn it.

use privileges::{CapSet, Capabilities};

use crate::check::Marks;
use crate::solution::over_exec as right;

pub(crate) fn over_exec(
    uid: u32,
    before: Capabilities,
    marks: Option<Marks>,
) -> Capabilities {
    let bound = Capabilities {
        inheritable: CapSet(before.inheritable.0 & before.bounding.0),
        ..before
    };
    Capabilities {
        inheritable: before.inheritable,
        ..right(uid, bound, marks)
    }
}
