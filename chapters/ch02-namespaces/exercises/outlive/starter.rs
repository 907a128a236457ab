//! Exercise: keep a namespace.

use std::io;

/// Ends the process `pid` by calling `end`, and goes into the UTS namespace that it was
/// in.
pub(crate) fn outlive(pid: u32, end: &dyn Fn()) -> io::Result<()> {
    // TODO: std::fs::File opens a namespace, nix::sched::setns goes in.
    let _ = pid;
    end();
    Ok(())
}
