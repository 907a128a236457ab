//! Solution: read an exit status.

/// What a shell shows as `$?` for this wait status; `None` while the process lives.
pub(crate) fn exit_status(packed: i32) -> Option<i32> {
    if packed == 0xffff || packed & 0xff == 0x7f {
        return None;
    }
    match packed & 0x7f {
        0 => Some(packed >> 8 & 0xff),
        signal => Some(128 + signal),
    }
}
