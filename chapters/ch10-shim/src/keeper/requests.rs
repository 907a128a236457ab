//! Each request, and what is done about it.

use std::os::fd::AsFd;

use anyhow::{Result, ensure};
use cgroups::Cgroup;
use nix::unistd::Pid;

use super::Keeper;
use super::connection::{Role, Who};
use super::jobs::{Begun, Purpose};
use super::process::Process;
use crate::launcher::launch;
use crate::orders::Order;
use crate::protocol::{Answer, Exec, Refusal, Reply, Request, Status, Streams};
use crate::stdio::{self, Console};

/// What becomes of a request at once: an answer, or somebody who will answer.
type Outcome = Result<Option<Reply>, Refusal>;

impl Keeper {
    /// Does what a client asks for, or sees to it that it is done.
    pub(super) fn request(&mut self, asked: u64, line: &[u8]) {
        let outcome = match serde_json::from_slice(line) {
            Ok(request) => self.serve(asked, request),
            Err(error) => Err(Refusal::from_error(
                &anyhow::Error::from(error).context("understand the request"),
            )),
        };
        match outcome {
            Ok(Some(reply)) => self.answer(asked, Ok(reply)),
            Ok(None) => {}
            Err(refusal) => self.answer(asked, Err(refusal)),
        }
    }

    // ANCHOR: serve
    fn serve(&mut self, asked: u64, request: Request) -> Outcome {
        match request {
            Request::State => Ok(Some(Reply {
                status: Some(self.status),
                ..self.own_pid()
            })),
            Request::Pids => Ok(Some(Reply {
                pids: Some(self.pids()),
                ..Reply::default()
            })),
            Request::Start => {
                self.must_be(Status::Created, "the container is started already")?;
                let purpose = Purpose::Start { asked };
                self.work(asked, &Order::Start, purpose)
            }
            Request::Kill { signal, all } => self.kill(asked, signal, all),
            Request::Pause => {
                self.must_be(Status::Running, "the container is not running")?;
                self.freeze(asked, true)
            }
            Request::Resume => {
                self.must_be(Status::Paused, "the container is not paused")?;
                self.freeze(asked, false)
            }
            Request::Resize { exec, rows, cols } => self.resize(&exec, rows, cols),
            Request::Wait { exec } => self.await_end(asked, exec),
            Request::Attach { exec, streams } => {
                self.known(&exec)?;
                self.stream(asked, exec, streams);
                Ok(None)
            }
            Request::CloseStdin { exec } => {
                self.known(&exec)?.end_input();
                Ok(Some(Reply::default()))
            }
            Request::Exec(exec) => self.exec(asked, &exec),
        }
    }
    // ANCHOR_END: serve

    fn own_pid(&self) -> Reply {
        Reply {
            pid: self.first().pid.map(Pid::as_raw),
            ..Reply::default()
        }
    }

    fn must_be(&self, status: Status, otherwise: &str) -> Result<(), Refusal> {
        let busy = self.jobs.iter().any(|(_, purpose)| {
            matches!(purpose, Purpose::Start { .. } | Purpose::Freeze { .. })
        });
        if self.status == status && !busy {
            return Ok(());
        }
        Err(Refusal::state(otherwise))
    }

    fn known(&mut self, who: &Who) -> Result<&mut Process, Refusal> {
        let process = self.processes.get_mut(who);
        process.ok_or_else(|| Refusal::state("no exec of this id"))
    }

    /// Has a launcher do it; the answer comes when that one has ended.
    fn work(&mut self, asked: u64, order: &Order<'_>, purpose: Purpose) -> Outcome {
        self.order(order, purpose)
            .map_err(|error| Refusal::from_error(&error))?;
        self.now_is(asked, Role::Working);
        Ok(None)
    }

    fn freeze(&mut self, asked: u64, frozen: bool) -> Outcome {
        let purpose = Purpose::Freeze {
            asked: Some(asked),
            frozen,
        };
        self.work(asked, &Order::Freeze(frozen), purpose)
    }

    fn now_is(&mut self, asked: u64, role: Role) {
        if let Some(connection) = self.connections.get_mut(&asked) {
            connection.role = role;
        }
    }

    /// The first process is this process's child: nobody else can have its pid.
    fn kill(&mut self, asked: u64, signal: i32, all: bool) -> Outcome {
        if self.status == Status::Stopped {
            return Err(Refusal::state("the container is not running"));
        }
        if all {
            return self.work(
                asked,
                &Order::SignalAll(signal),
                Purpose::SignalAll { asked },
            );
        }
        let sent = self.first().signal(signal);
        sent.map_err(|error| Refusal::from_error(&error))?;
        if self.status == Status::Paused {
            // A frozen process does not even die.
            let thaw = Purpose::Freeze {
                asked: None,
                frozen: false,
            };
            self.order(&Order::Freeze(false), thaw)
                .map_err(|error| Refusal::from_error(&error))?;
        }
        Ok(Some(Reply::default()))
    }

    fn resize(&mut self, who: &Who, rows: u16, cols: u16) -> Outcome {
        let process = self.known(who)?;
        let Some(terminal) = &process.terminal else {
            return Err(Refusal::state("the process has no terminal"));
        };
        runtime::console::resize(terminal.as_fd(), (rows, cols))
            .map_err(|error| Refusal::from_error(&error))?;
        Ok(Some(Reply::default()))
    }

    fn await_end(&mut self, asked: u64, who: Who) -> Outcome {
        let process = self.known(&who)?;
        if let (true, Some(exit)) = (process.told && who.is_some(), &process.exit) {
            let exit = Some(super::end::exit_of(*exit));
            return Ok(Some(Reply {
                exit,
                ..Reply::default()
            }));
        }
        self.now_is(asked, Role::Waiting(who));
        Ok(None)
    }

    /// Turns a connection into the stream of a process.
    pub(super) fn stream(&mut self, asked: u64, who: Who, streams: Streams) {
        let Some(process) = self.processes.get_mut(&who) else {
            return;
        };
        let Some(connection) = self.connections.get_mut(&asked) else {
            // Who wanted it went while it was being started.
            return process.end_input();
        };
        let pid = process.pid.map(Pid::as_raw).filter(|_| who.is_some());
        connection.answer(&Answer::Ok {
            ok: Reply {
                pid,
                ..Reply::default()
            },
        });
        if streams.stdin {
            process.feed(&connection.early_input());
        }
        connection.role = if process.told {
            Role::Closing
        } else {
            Role::Streaming(who, streams)
        };
    }

    fn exec(&mut self, asked: u64, exec: &Exec) -> Outcome {
        self.must_be(
            Status::Running,
            "the container is not running, or it is paused",
        )?;
        if self.processes.contains_key(&Some(exec.id.clone())) {
            return Err(Refusal::state("an exec of this id is there already"));
        }
        self.begin_exec(asked, exec)
            .map_err(|error| Refusal::from_error(&error))?;
        self.now_is(asked, Role::Working);
        Ok(None)
    }

    fn begin_exec(&mut self, asked: u64, exec: &Exec) -> Result<()> {
        ensure!(
            exec.process.is_object(),
            "the process to execute is not described"
        );
        let papers = self.papers();
        let (console, wanted) = if exec.terminal {
            let console = Console::listen(papers.console.clone())?;
            (Some(console), Streams::default())
        } else {
            (None, exec.streams)
        };
        let (ours, theirs) = stdio::pipes(wanted)?;
        let mut process = exec.process.clone();
        process["terminal"] = exec.terminal.into();
        let order = Order::Exec {
            process: &process,
            terminal: exec.terminal,
        };
        let job = launch(&self.config, &order, papers, theirs)?;
        let begun = Begun {
            asked,
            id: exec.id.clone(),
            console,
            streams: exec.streams,
            detach: exec.detach,
        };
        self.jobs.push((job, Purpose::Exec(Box::new(begun))));
        self.processes
            .insert(Some(exec.id.clone()), Process::new(None, ours));
        Ok(())
    }

    /// All processes of the container: those in its cgroup, or where it has none, those
    /// in the pid namespace of its first process.
    fn pids(&self) -> Vec<i32> {
        let cgroup = self.config.cgroup.as_deref().map(Cgroup::open);
        if let Some(Ok(cgroup)) = cgroup
            && !cgroup.is_nowhere()
        {
            return cgroup.pids().into_iter().map(Pid::as_raw).collect();
        }
        let namespace =
            |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = self.first().pid.and_then(|pid| namespace(&pid.to_string()));
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let names = all.filter_map(|entry| entry.file_name().into_string().ok());
        let mut pids: Vec<i32> = names
            .filter(|name| own.is_some() && namespace(name) == own)
            .filter_map(|name| name.parse().ok())
            .collect();
        pids.sort_unstable();
        pids
    }
}
