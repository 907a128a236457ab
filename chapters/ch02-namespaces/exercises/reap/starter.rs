//! Exercise: number 1's loop.

use nix::unistd::Pid;

/// Waits for whoever ends until `program` has, and returns how that one ended: its exit
/// code, or 128 and the signal's number.
pub(crate) fn reap(program: Pid) -> nix::Result<i32> {
    // TODO: nix::sys::wait::wait() waits for any child, and says which it was.
    let _ = program;
    Ok(0)
}
