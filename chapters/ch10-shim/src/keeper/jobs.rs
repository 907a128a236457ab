//! Launchers under way, and what follows when they end.

use anyhow::Result;
use chroot::process::Exit;
use jiff::Timestamp;
use nix::unistd::Pid;

use super::Keeper;
use super::connection::Role;
use super::end::Ending;
use crate::launcher::{Job, launch};
use crate::orders::{Order, Papers};
use crate::protocol::{Answer, Refusal, Reply, Status, Streams};
use crate::stdio::{self, Console};

/// What a launcher was started for. `asked` is the connection that waits for it.
#[derive(Debug)]
pub(super) enum Purpose {
    Start { asked: u64 },
    Freeze { asked: Option<u64>, frozen: bool },
    SignalAll { asked: u64 },
    Exec(Box<Begun>),
    Delete,
}

/// An exec that is being started.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) asked: u64,
    pub(super) id: String,
    pub(super) console: Option<Console>,
    pub(super) streams: Streams,
    pub(super) detach: bool,
}

impl Keeper {
    /// Has a runtime do something that starts nothing.
    pub(super) fn order(&mut self, order: &Order<'_>, purpose: Purpose) -> Result<()> {
        let papers = self.papers();
        let job = launch(
            &self.config,
            order,
            papers,
            stdio::pipes(Streams::default())?.1,
        )?;
        self.jobs.push((job, purpose));
        Ok(())
    }

    pub(super) fn papers(&mut self) -> Papers {
        self.next += 1;
        Papers::new(self.folder.path(), self.next)
    }

    /// A child has ended: a launcher, a process, or an orphan that was left to us.
    pub(super) fn ended(&mut self, pid: Pid, exit: Exit) {
        if let Some(index) = self.jobs.iter().position(|(job, _)| job.pid() == pid) {
            let (job, purpose) = self.jobs.swap_remove(index);
            self.job_ended(&job, purpose, exit);
            if self.jobs.is_empty() {
                self.strays.clear();
            }
            return;
        }
        let of_pid = |process: &&mut super::Process| process.pid == Some(pid);
        match self.processes.values_mut().find(of_pid) {
            Some(process) => {
                process.exit = Some((exit, Timestamp::now()));
                process.still_speaking();
                if self.first().pid == Some(pid) {
                    self.first_ended();
                }
            }
            // It may be the process of an exec whose launcher has not been heard yet.
            None if !self.jobs.is_empty() => self.strays.push((pid, exit)),
            None => {}
        }
    }

    fn job_ended(&mut self, job: &Job, purpose: Purpose, exit: Exit) {
        let outcome = job.outcome(exit);
        match purpose {
            Purpose::Exec(begun) => self.exec_began(job, *begun, outcome),
            Purpose::Start { asked } => {
                workbench::steps::send_to(None);
                if outcome.is_ok() && self.status == Status::Created {
                    self.status = Status::Running;
                }
                self.answer_job(asked, outcome);
            }
            Purpose::Freeze { asked, frozen } => {
                if outcome.is_ok() && self.status != Status::Stopped {
                    let (frozen_is, thawed_is) = (Status::Paused, Status::Running);
                    self.status = if frozen { frozen_is } else { thawed_is };
                }
                if let Some(asked) = asked {
                    self.answer_job(asked, outcome);
                }
            }
            Purpose::SignalAll { asked } => self.answer_job(asked, outcome),
            Purpose::Delete => {
                self.problem(outcome);
                self.ending = Ending::Deleted;
            }
        }
    }

    fn answer_job(&mut self, asked: u64, outcome: Result<()>) {
        let reply = Reply {
            pid: self.first().pid.map(Pid::as_raw),
            ..Reply::default()
        };
        self.answer(
            asked,
            outcome.map(|()| reply).map_err(|e| Refusal::from_error(&e)),
        );
    }

    /// Answers a connection, and lets it go.
    pub(super) fn answer(&mut self, asked: u64, result: Result<Reply, Refusal>) {
        if let Some(connection) = self.connections.get_mut(&asked) {
            connection.role = Role::Closing;
            connection.answer(&match result {
                Ok(ok) => Answer::Ok { ok },
                Err(refusal) => Answer::Refused(refusal),
            });
        }
    }

    /// The launcher of an exec has ended: its process runs, or never will.
    fn exec_began(&mut self, job: &Job, begun: Begun, outcome: Result<()>) {
        let Begun {
            asked, id, console, ..
        } = begun;
        let who = Some(id);
        let began = outcome.and_then(|()| {
            let pid = job.started()?;
            let streams = console.map(Console::receive).transpose()?;
            Ok((pid, streams))
        });
        let (pid, streams) = match began {
            Ok(began) => began,
            Err(error) => {
                self.processes.remove(&who);
                return self.answer(asked, Err(Refusal::from_error(&error)));
            }
        };
        let Some(process) = self.processes.get_mut(&who) else {
            return;
        };
        process.pid = Some(pid);
        if let Some(streams) = streams {
            process.take(streams);
        }
        let ended = self.strays.iter().find(|(stray, _)| *stray == pid);
        process.exit = ended.map(|(_, exit)| (*exit, Timestamp::now()));
        process.still_speaking();
        if begun.detach {
            let pid = Some(pid.as_raw());
            self.answer(
                asked,
                Ok(Reply {
                    pid,
                    ..Reply::default()
                }),
            );
        } else {
            self.stream(asked, who, begun.streams);
        }
    }
}
