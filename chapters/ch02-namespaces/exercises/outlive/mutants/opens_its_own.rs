//! Told: you are not in the namespace of the process.

use std::fs::File;
use std::io;

use nix::sched::{CloneFlags, setns};

pub(crate) fn outlive(_: u32, end: &dyn Fn()) -> io::Result<()> {
    let namespace = File::open("/proc/self/ns/uts")?;
    end();
    setns(&namespace, CloneFlags::CLONE_NEWUTS)?;
    Ok(())
}
