//! Told: the ambient set passes to any program, and is effective there.
//!
//! The rule as it was before Linux 4.3.

use privileges::{CapSet, Capabilities};

use crate::check::Marks;
use crate::solution::over_exec as right;

pub(crate) fn over_exec(
    uid: u32,
    before: Capabilities,
    marks: Option<Marks>,
) -> Capabilities {
    let without = Capabilities {
        ambient: CapSet::EMPTY,
        ..before
    };
    Capabilities {
        ambient: before.ambient,
        ..right(uid, without, marks)
    }
}
