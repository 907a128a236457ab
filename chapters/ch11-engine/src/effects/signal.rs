//! Signals, freezing, sizes, lists: what a running container can be told.

use super::{Engine, shim_refusal};
use crate::api::container::Top;
use crate::core::{Refusal, Report, Verb};

impl Engine {
    /// Sends a signal.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&self, wanted: &str, signal: i32) -> Result<(), Refusal> {
        self.tell(wanted, &Verb::Kill(signal))
    }

    /// Asks the container to end: sends its stop signal, or `signal`.
    ///
    /// # Errors
    /// [`crate::core::Kind::NotModified`] when it does not run.
    pub fn ask_to_stop(&self, wanted: &str, signal: Option<i32>) -> Result<(), Refusal> {
        self.at_gate(wanted, |container| {
            let mut effects = self.ask(&container.id, &Verb::Stop)?;
            if let Some(signal) = signal {
                effects = self.ask(&container.id, &Verb::Kill(signal))?;
            }
            self.perform(&container.id, &effects)
        })
    }

    /// Freezes a container.
    ///
    /// # Errors
    /// It does not run, or is frozen.
    pub fn pause(&self, wanted: &str) -> Result<(), Refusal> {
        self.tell(wanted, &Verb::Pause)
    }

    /// Thaws it.
    ///
    /// # Errors
    /// It is not frozen.
    pub fn unpause(&self, wanted: &str) -> Result<(), Refusal> {
        self.tell(wanted, &Verb::Unpause)
    }

    fn tell(&self, wanted: &str, verb: &Verb) -> Result<(), Refusal> {
        self.at_gate(wanted, |container| {
            let effects = self.ask(&container.id, verb)?;
            self.perform(&container.id, &effects)
        })
    }

    /// Tells a container's terminal how large it is.
    ///
    /// # Errors
    /// It does not run.
    pub fn resize(&self, wanted: &str, rows: u16, columns: u16) -> Result<(), Refusal> {
        self.at_gate(wanted, |container| {
            self.ask(&container.id, &Verb::Resize)?;
            let shim = self.shim(&container.id);
            shim.resize(None, rows, columns).map_err(shim_refusal)
        })
    }

    /// Gives a container another name.
    ///
    /// # Errors
    /// The name is taken or not allowed.
    pub fn rename(&self, wanted: &str, name: &str) -> Result<(), Refusal> {
        self.at_gate(wanted, |container| {
            let name = name.strip_prefix('/').unwrap_or(name);
            if name.is_empty() {
                return Err(Refusal::bad("Neither old nor new names may be empty"));
            }
            self.report(&container.id, Report::Renamed(name.to_owned()))?;
            let renamed = self.core().find(&container.id)?.clone();
            Ok(self.roots.save_config(&renamed)?)
        })
    }

    /// The processes of a container, by the pids that the host has for them.
    ///
    /// # Errors
    /// It does not run.
    pub fn top(&self, wanted: &str) -> Result<Top, Refusal> {
        self.at_gate(wanted, |container| {
            self.ask(&container.id, &Verb::Top)?;
            let pids = self.shim(&container.id).pids().map_err(shim_refusal)?;
            let titles = ["UID", "PID", "PPID", "CMD"].map(str::to_owned).to_vec();
            // One that ended meanwhile is no longer there to be listed.
            let processes = pids.into_iter().filter_map(describe).collect();
            Ok(Top { titles, processes })
        })
    }

    /// Ends the input of a process whose writer is gone; a container's only if it was
    /// made for one writer.
    ///
    /// # Errors
    /// It has ended.
    pub fn end_input(&self, id: &str, exec: Option<&str>) -> Result<(), Refusal> {
        let once = self.core().find(id)?.config.stdin_once;
        match exec.is_some() || once {
            true => self.shim(id).close_stdin(exec).map_err(shim_refusal),
            false => Ok(()),
        }
    }

    pub(super) fn send(&self, id: &str, signal: i32) -> Result<(), Refusal> {
        match self.shim(id).kill(signal, false) {
            // It has just ended; the news of it is on its way.
            Err(shim::client::Error::Gone) => Ok(()),
            done => done.map_err(shim_refusal),
        }?;
        self.report(id, Report::Signalled(signal)).map(drop)
    }

    pub(super) fn freeze(&self, id: &str) -> Result<(), Refusal> {
        self.shim(id).pause().map_err(shim_refusal)?;
        self.report(id, Report::Frozen).map(drop)
    }

    pub(super) fn thaw(&self, id: &str) -> Result<(), Refusal> {
        match self.shim(id).resume() {
            // The shim thaws by itself to deliver a signal; then the process is gone.
            Err(shim::client::Error::Gone) => Ok(()),
            Err(shim::client::Error::Refused(refusal))
                if refusal.kind == shim::Kind::State =>
            {
                Ok(())
            }
            done => done.map_err(shim_refusal),
        }?;
        self.report(id, Report::Thawed).map(drop)
    }
}

/// A line of `top`: owner, pid, parent, command.
fn describe(pid: i32) -> Option<Vec<String>> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next().map(str::to_owned)
    };
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = command
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty());
    let mut command: Vec<_> = words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    if command.is_empty() {
        command.push(format!("[{}]", field("Name:")?));
    }
    Some(vec![
        field("Uid:")?,
        pid.to_string(),
        field("PPid:")?,
        command.join(" "),
    ])
}
