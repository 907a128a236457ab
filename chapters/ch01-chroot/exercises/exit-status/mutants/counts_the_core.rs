//! Told: the bit that says that a core was dumped is no part of the signal.

pub(crate) fn exit_status(packed: i32) -> Option<i32> {
    if packed == 0xffff || packed & 0xff == 0x7f {
        return None;
    }
    match packed & 0xff {
        0 => Some(packed >> 8 & 0xff),
        signal => Some(128 + signal),
    }
}
