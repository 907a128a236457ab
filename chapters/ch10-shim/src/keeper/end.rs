//! The end: of an exec, of the container, of the shim.
//!
//! ```text
//! PID 1 reaped      the rest of the container is killed
//! output drained    the runtime deletes the container: cgroup and state
//! deleted           the layers are unmounted, the exit file is written, durably;
//!                   the socket goes; then those who wait are told
//! all told          the shim exits
//! ```

use std::fs;

use anyhow::{Context, Result};
use cgroups::Cgroup;
use jiff::Timestamp;
use workbench::files::write_atomic;

use super::Keeper;
use super::connection::{Connection, Role, Who};
use super::jobs::Purpose;
use crate::frame::Stream;
use crate::orders::Order;
use crate::protocol::{Exit, Refusal, Reply, Status};
use crate::rootfs;

/// Ended execs that are remembered, for those who ask late.
const REMEMBERED: usize = 128;

/// How far the container's end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It lives, or not all that it said has been heard.
    NotYet,
    /// The runtime is deleting it.
    Deleting,
    /// Nothing of it is left, and nobody has been told.
    Deleted,
    /// All are told; they may still have to read.
    Told,
}

/// An end, as it is told.
pub(super) fn exit_of((exit, finished_at): (chroot::process::Exit, Timestamp)) -> Exit {
    let signal = match exit {
        chroot::process::Exit::Code(_) => None,
        chroot::process::Exit::Signal(signal) => Some(signal),
    };
    Exit {
        code: exit.status(),
        signal,
        finished_at,
        oom_killed: false,
        problems: Vec::new(),
    }
}

impl Keeper {
    /// Whether there is nothing left to do.
    pub(super) fn is_finished(&self) -> bool {
        self.ending == Ending::Told && self.connections.is_empty()
    }

    /// Draws the consequences of what has happened, once a turn.
    // ANCHOR: settle
    pub(super) fn settle(&mut self) {
        self.note_held_up();
        let over = |process: &super::Process| !process.told && process.is_over();
        let all = self.processes.iter();
        let over = all.filter(|(_, process)| over(process));
        let over: Vec<Who> = over.map(|(who, _)| who.clone()).collect();
        for who in over {
            self.over(&who);
        }
        match self.ending {
            // A launcher under way may still be writing to what is deleted.
            Ending::NotYet if self.first().told && self.jobs.is_empty() => self.delete(),
            Ending::Deleted => self.conclude(),
            _ => {}
        }
        let before = self.connections.len();
        self.connections
            .retain(|_, connection| !connection.is_done());
        self.crowded &= self.connections.len() == before;
    }
    // ANCHOR_END: settle

    /// What a process could not say since nobody reads is not its silence.
    fn note_held_up(&mut self) {
        let held_up = |who: &Who| {
            let streams = [Stream::Stdout, Stream::Stderr];
            streams.iter().any(|stream| self.is_held_up(who, *stream))
        };
        let all = self.processes.keys();
        let held_up: Vec<Who> = all.filter(|who| held_up(who)).cloned().collect();
        for who in held_up {
            if let Some(process) = self.processes.get_mut(&who) {
                process.still_speaking();
            }
        }
    }

    /// The first process has been reaped. What it left behind dies with it: in a pid
    /// namespace of its own the kernel has seen to that already.
    pub(super) fn first_ended(&mut self) {
        self.status = Status::Stopped;
        workbench::steps::send_to(None);
        let cgroup = self.config.cgroup.as_deref();
        let killed = cgroup.map_or(Ok(()), |path| Cgroup::open(path)?.kill());
        self.problem(killed.context("kill what the first process left behind"));
    }

    /// A process has ended, and nothing more is to be heard of it.
    fn over(&mut self, who: &Who) {
        let Some(process) = self.processes.get_mut(who) else {
            return;
        };
        process.told = true;
        let exit = process.exit.map(exit_of);
        for stream in process.close() {
            if who.is_none() {
                self.log.end(stream);
            }
        }
        let streams =
            |c: &Connection| matches!(&c.role, Role::Streaming(w, _) if w == who);
        for connection in self.connections.values_mut().filter(|c| streams(c)) {
            connection.role = Role::Closing;
        }
        if who.is_some() {
            self.tell(who, exit);
            self.forget();
        }
    }

    /// Tells those who wait for a process how it ended.
    fn tell(&mut self, who: &Who, exit: Option<Exit>) {
        let waits = |c: &Connection| c.role == Role::Waiting(who.clone());
        let waiting = self.connections.iter().filter(|(_, c)| waits(c));
        let waiting: Vec<u64> = waiting.map(|(token, _)| *token).collect();
        for token in waiting {
            let answer = match &exit {
                Some(exit) => Ok(Reply {
                    exit: Some(exit.clone()),
                    ..Reply::default()
                }),
                None => Err(Refusal::state("the container has ended")),
            };
            self.answer(token, answer);
        }
    }

    /// Forgets the execs that ended first when there are too many of them.
    fn forget(&mut self) {
        let told = |(_, process): &(&Who, &super::Process)| process.told;
        let execs = self.processes.iter().filter(told);
        let mut ended: Vec<_> = execs
            .filter_map(|(who, process)| Some((process.exit?.1, who.clone())))
            .filter(|(_, who)| who.is_some())
            .collect();
        ended.sort();
        let surplus = ended.len().saturating_sub(REMEMBERED);
        for (_, who) in ended.into_iter().take(surplus) {
            self.processes.remove(&who);
        }
    }

    fn delete(&mut self) {
        let cgroup = self.config.cgroup.as_deref().map(Cgroup::open);
        // Its counters go with it.
        self.oom_killed =
            matches!(cgroup, Some(Ok(cgroup)) if cgroup.memory_events().oom_kill > 0);
        self.ending = Ending::Deleting;
        if let Err(error) = self.order(&Order::Delete, Purpose::Delete) {
            self.problem(Err(error));
            self.ending = Ending::Deleted;
        }
    }

    /// The last acts, in the order in which others may rely on them.
    // ANCHOR: conclude
    fn conclude(&mut self) {
        self.ending = Ending::Told;
        if self.config.rootfs.is_some() {
            let unmounted = rootfs::unmount(&self.config.bundle.join("rootfs"));
            self.problem(unmounted);
        }
        if self.log.lost() > 0 {
            let lost =
                format!("{} lines of the log could not be written", self.log.lost());
            self.problems.push(lost);
        }
        let exit = self.first().exit.map(|exit| Exit {
            oom_killed: self.oom_killed,
            problems: self.problems.clone(),
            ..exit_of(exit)
        });
        if let Some(exit) = &exit {
            // Those who wait are told all the same, and the daemon can write it.
            let _ = write_exit(&self.config.exit_file, exit);
        }
        self.listener = None;
        let _ = fs::remove_file(self.folder.socket());
        let _ = fs::remove_file(self.folder.pid());
        self.tell(&None, exit);
        self.dismiss();
    }
    // ANCHOR_END: conclude

    /// Lets everybody go who is still connected.
    fn dismiss(&mut self) {
        let tokens: Vec<u64> = self.connections.keys().copied().collect();
        for token in tokens {
            let Some(connection) = self.connections.get_mut(&token) else {
                continue;
            };
            match &connection.role {
                Role::Working => {
                    self.answer(token, Err(Refusal::state("the container has ended")));
                }
                Role::Waiting(who) => {
                    let who = who.clone();
                    let process = self.processes.get(&who);
                    let exit = process.and_then(|process| process.exit).map(exit_of);
                    self.tell(&who, exit);
                }
                Role::Asking | Role::Streaming(..) | Role::Closing => {
                    connection.role = Role::Closing;
                }
            }
        }
    }

    /// Clearing away goes on after an error; what it was stands in the exit file.
    pub(super) fn problem(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.problems.push(format!("{error:#}"));
        }
    }
}

/// Writes an exit file: after this the status survives a power failure.
pub(crate) fn write_exit(path: &std::path::Path, exit: &Exit) -> Result<()> {
    let text = serde_json::to_vec(exit).context("write the exit status")?;
    write_atomic(path, &text, true)
}
