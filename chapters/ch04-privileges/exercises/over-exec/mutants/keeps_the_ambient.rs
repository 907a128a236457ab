//! Told: a file with marks clears the ambient set.
//!
//! A program that was marked with care would get more than its marks say.

use privileges::Capabilities;

use crate::check::Marks;
use crate::solution::over_exec as right;

pub(crate) fn over_exec(
    uid: u32,
    before: Capabilities,
    marks: Option<Marks>,
) -> Capabilities {
    let after = right(uid, before, marks);
    Capabilities {
        permitted: after.permitted.with(before.ambient),
        effective: after.effective.with(before.ambient),
        ambient: before.ambient,
        ..after
    }
}
