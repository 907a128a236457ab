//! Told: you are user 0, and your group is still nobody's.

use std::fs::write;
use std::io;

pub(crate) fn map_ids(uid: u32, _: u32) -> io::Result<()> {
    write("/proc/self/uid_map", format!("0 {uid} 1"))
}
