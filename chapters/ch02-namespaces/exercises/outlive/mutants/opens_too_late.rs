//! Told: the path is gone with the process.

use std::fs::File;
use std::io;

use nix::sched::{CloneFlags, setns};

pub(crate) fn outlive(pid: u32, end: &dyn Fn()) -> io::Result<()> {
    let path = format!("/proc/{pid}/ns/uts");
    end();
    setns(File::open(path)?, CloneFlags::CLONE_NEWUTS)?;
    Ok(())
}
