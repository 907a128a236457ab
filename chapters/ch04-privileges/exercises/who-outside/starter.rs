//! Exercise: who is it outside?

/// The id outside of the user `inside`, by the text of `/proc/PID/uid_map`.
pub(crate) fn who_outside(_map: &str, inside: u32) -> Option<u32> {
    // TODO: look for the line.
    Some(inside)
}
