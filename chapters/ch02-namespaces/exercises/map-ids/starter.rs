//! Exercise: be root of a user namespace.

use std::io;

/// Makes user 0 and group 0 of this user namespace out of `uid` and `gid` outside.
pub(crate) fn map_ids(uid: u32, gid: u32) -> io::Result<()> {
    // TODO: std::fs::write(path, text) writes a file below /proc/self.
    let _ = (uid, gid);
    Ok(())
}
