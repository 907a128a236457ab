//! Told: you are not in the namespace of the process.

use std::io;

use nix::sched::{CloneFlags, unshare};

pub(crate) fn outlive(_: u32, end: &dyn Fn()) -> io::Result<()> {
    end();
    unshare(CloneFlags::CLONE_NEWUTS)?;
    Ok(())
}
