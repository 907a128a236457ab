//! Told: a process that was stopped has not ended.

pub(crate) fn exit_status(packed: i32) -> Option<i32> {
    match packed & 0x7f {
        0 => Some(packed >> 8 & 0xff),
        signal => Some(128 + signal),
    }
}
