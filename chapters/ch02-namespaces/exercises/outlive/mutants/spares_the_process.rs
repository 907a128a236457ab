//! Told: the process still runs.

use std::fs::File;
use std::io;

use nix::sched::{CloneFlags, setns};

pub(crate) fn outlive(pid: u32, _: &dyn Fn()) -> io::Result<()> {
    let namespace = File::open(format!("/proc/{pid}/ns/uts"))?;
    setns(&namespace, CloneFlags::CLONE_NEWUTS)?;
    Ok(())
}
