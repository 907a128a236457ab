//! Exercise: what a program has after exec.

use privileges::Capabilities;

use crate::check::Marks;

/// The sets of user `uid` after execve(2) of a file with these marks.
pub(crate) fn over_exec(
    _uid: u32,
    before: Capabilities,
    _marks: Option<Marks>,
) -> Capabilities {
    // TODO: the rule of capabilities(7).
    before
}
