//! The launcher: a fork of the shim that has a runtime do one thing, and ends.
//!
//! What it starts becomes the shim's child: by `CLONE_PARENT` with our own runtime,
//! through the shim's being the subreaper with another. Whatever a runtime does to
//! its own process (join namespaces, wait for a hook that hangs) the shim is spared.

use std::fs;
use std::os::fd::AsFd;

use anyhow::{Context, Result, anyhow};
use chroot::process::{
    self, Child, Exit, FAILED, Forked, How, Line, fork, leave_after, report, reported,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use workbench::steps;

use crate::config::Config;
use crate::orders::{Order, Papers, complaint, delegate, obey};
use crate::stdio::Theirs;

/// A launcher under way.
#[derive(Debug)]
pub(crate) struct Job {
    child: Child,
    line: Line,
    papers: Papers,
}

/// Starts a launcher for `order`; what it starts gets `theirs` as standard streams.
// ANCHOR: launch
pub(crate) fn launch(
    config: &Config,
    order: &Order<'_>,
    papers: Papers,
    theirs: Theirs,
) -> Result<Job> {
    let (ours, report_line) = process::pair()?;
    match fork(&How::default())? {
        Forked::Parent(child) => Ok(Job {
            child,
            line: ours,
            papers,
        }),
        Forked::Child => {
            // The papers are the parent's to remove.
            let papers = std::mem::ManuallyDrop::new(papers);
            leave_after(|| {
                steps::role("launcher");
                let done = theirs.adopt().and_then(|()| match &config.runtime {
                    None => obey(config, order, &papers),
                    Some(other) => delegate(other, config, order, &papers),
                });
                let Err(error) = done else { return Ok(0) };
                report_line.send(FAILED, &report(&error), &[])?;
                Ok(1)
            })
        }
    }
}
// ANCHOR_END: launch

impl Job {
    /// The launcher's pid.
    pub(crate) fn pid(&self) -> Pid {
        self.child.pid
    }

    /// Waits for its end.
    pub(crate) fn wait(&self) -> Result<()> {
        let exit = self.child.wait()?;
        self.outcome(exit)
    }

    /// What its end means.
    pub(crate) fn outcome(&self, exit: Exit) -> Result<()> {
        match exit {
            Exit::Code(0) => Ok(()),
            Exit::Code(code) => Err(self
                .told()
                .unwrap_or_else(|| anyhow!("the runtime exited with {code}"))),
            Exit::Signal(signal) => {
                Err(anyhow!("the runtime was killed by signal {signal}"))
            }
        }
    }

    /// The pid of the process that it started.
    pub(crate) fn started(&self) -> Result<Pid> {
        let path = &self.papers.pid;
        let text = fs::read_to_string(path)
            .with_context(|| format!("read the pid from {}", path.display()))?;
        let pid = text.trim().parse().context("understand the pid")?;
        Ok(Pid::from_raw(pid))
    }

    /// What it said when it failed: on its line, or in its log.
    fn told(&self) -> Option<anyhow::Error> {
        let mut said = [PollFd::new(self.line.as_fd(), PollFlags::POLLIN)];
        if poll(&mut said, PollTimeout::ZERO).is_ok_and(|count| count > 0)
            && let Ok(Some(message)) = self.line.receive()
        {
            return Some(reported(&message.text));
        }
        let log = fs::read_to_string(&self.papers.log).ok()?;
        complaint(&log).map(|message| anyhow!(message))
    }
}
