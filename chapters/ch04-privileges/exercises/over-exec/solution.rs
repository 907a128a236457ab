//! Solution: what a program has after exec.

use privileges::{CapSet, Capabilities};

use crate::check::Marks;

const ALL: CapSet = CapSet(u64::MAX);

/// The sets of user `uid` after execve(2) of a file with these marks.
pub(crate) fn over_exec(
    uid: u32,
    before: Capabilities,
    marks: Option<Marks>,
) -> Capabilities {
    let ambient = match marks {
        Some(_) => CapSet::EMPTY,
        None => before.ambient,
    };
    // What root executes counts as marked with everything, a plain file with nothing.
    let everything = Marks {
        permitted: ALL,
        inheritable: ALL,
        effective: true,
    };
    let nothing = Marks {
        permitted: CapSet::EMPTY,
        inheritable: CapSet::EMPTY,
        effective: false,
    };
    let file = match uid {
        0 => everything,
        _ => marks.unwrap_or(nothing),
    };
    let inherited = before.inheritable.0 & file.inheritable.0;
    let given = file.permitted.0 & before.bounding.0;
    let permitted = CapSet(inherited | given | ambient.0);
    Capabilities {
        permitted,
        effective: if file.effective { permitted } else { ambient },
        ambient,
        ..before
    }
}
