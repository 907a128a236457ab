//! `kill`: a signal for a container's first process, or for all of them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use cgroups::Cgroup;
use chroot::process::Child;
use nix::unistd::Pid;

use crate::state::{State, Status, same_process};

/// Sends `signal` (its number, 0 to 64) to a container's first process; with `all`, to
/// every process in its cgroup.
///
/// # Errors
/// When there is no such container, or it does not run.
pub fn kill(root: &Path, id: &str, signal: i32, all: bool) -> Result<()> {
    let state = State::load(root, id)?;
    if all && !state.cgroup.is_empty() {
        let signal = signal
            .try_into()
            .with_context(|| format!("signal {signal} for all"))?;
        return Cgroup::open(&state.cgroup)?.signal(signal);
    }
    if state.status() == Status::Stopped {
        bail!("container not running");
    }
    let pid = Pid::from_raw(state.pid);
    let process = Child::adopt(pid).context("container not running")?;
    // The descriptor is held: if the pid still means the process that it meant, so
    // will the descriptor, whatever happens to the pid.
    if !same_process((state.pid, state.start_time)) {
        bail!("container not running");
    }
    process
        .send(signal)
        .with_context(|| format!("send signal {signal} to container {id}"))?;
    if signal == libc::SIGKILL && !state.cgroup.is_empty() {
        // On version 1 a frozen process dies only when it thaws.
        let cgroup = Cgroup::open(&state.cgroup)?;
        if cgroup.is_frozen() {
            cgroup.freeze(false)?;
        }
    }
    Ok(())
}

/// A signal by its name, with or without `SIG`, or by its number.
///
/// # Errors
/// When there is none of this name.
pub fn parse_signal(word: &str) -> Result<i32> {
    if let Ok(number) = word.parse::<i32>() {
        if (0..=libc::SIGRTMAX()).contains(&number) {
            return Ok(number);
        }
        bail!("invalid signal: {word}");
    }
    let name = word.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    if let Some(offset) = name.strip_prefix("RTMIN+") {
        return offset
            .parse::<i32>()
            .map(|n| libc::SIGRTMIN() + n)
            .context("invalid signal");
    }
    let signal: nix::sys::signal::Signal = format!("SIG{name}")
        .parse()
        .ok()
        .with_context(|| format!("invalid signal: {word}"))?;
    Ok(signal as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for word in ["9", "KILL", "SIGKILL", "kill"] {
            assert_eq!(parse_signal(word).unwrap(), 9, "{word}");
        }
        assert_eq!(parse_signal("RTMIN+1").unwrap(), libc::SIGRTMIN() + 1);
        for bad in ["", "SIG", "NOPE", "-1", "65", "9x"] {
            assert!(parse_signal(bad).is_err(), "{bad}");
        }
    }
}
