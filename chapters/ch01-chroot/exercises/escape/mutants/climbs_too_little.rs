//! Told: go up by `..` more often.
//!
//! One step is out of the jail. From there to the top are as many as the path has names.

use std::env::set_current_dir;
use std::fs::create_dir;
use std::io;
use std::os::unix::fs::chroot;

pub(crate) fn escape() -> io::Result<()> {
    create_dir("hole")?;
    chroot("hole")?;
    set_current_dir("..")?;
    chroot(".")
}
