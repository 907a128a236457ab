//! Told: a mark gives no more than the bounding set allows.
//!
//! The bounding set is what a file can give at most.

use privileges::{CapSet, Capabilities};

use crate::check::Marks;
use crate::solution::over_exec as right;

pub(crate) fn over_exec(
    uid: u32,
    before: Capabilities,
    marks: Option<Marks>,
) -> Capabilities {
    let ceiling = match uid {
        0 => before.bounding,
        _ => CapSet(u64::MAX),
    };
    let unbound = Capabilities {
        bounding: ceiling,
        ..before
    };
    Capabilities {
        bounding: before.bounding,
        ..right(uid, unbound, marks)
    }
}
