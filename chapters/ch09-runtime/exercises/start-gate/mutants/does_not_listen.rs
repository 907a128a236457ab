//! Told: you returned before the program was executed.
//!
//! The word is given: so it runs, does it not?

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Lets the container go that waits at the gate in `state`; returns when its program runs.
pub(crate) fn start_gate(state: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    let mut start = OpenOptions::new();
    start.write(true).custom_flags(libc::O_NONBLOCK);
    let mut start = match start.open(state.join("start")) {
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
            return Err("the container has stopped".to_owned());
        }
        start => start.map_err(told)?,
    };
    start.write_all(b"0").map_err(told)
}
