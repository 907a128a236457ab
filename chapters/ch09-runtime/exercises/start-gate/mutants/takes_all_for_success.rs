//! Told: what the container reports is the error of start.
//!
//! It waits for the end of file, and not for what comes before it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
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
    let mut report = File::open(state.join("report")).map_err(told)?;
    start.write_all(b"0").map_err(told)?;
    let mut words = String::new();
    report.read_to_string(&mut words).map_err(told)?;
    Ok(())
}
