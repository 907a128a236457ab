//! Execs: further processes in a running container.

use super::{Core, Refusal};
use crate::api::exec::{ExecConfig, ExecInspect, ProcessConfig};

/// How many ended execs of a container are remembered, for those who ask late.
const REMEMBERED: usize = 64;

/// One exec.
#[derive(Debug, Clone, PartialEq)]
pub struct Exec {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The id of its container.
    pub container: String,
    /// What was asked for.
    pub config: ExecConfig,
    /// How it is.
    pub state: ExecState,
    /// The order of creation among all execs.
    pub serial: u64,
}

/// How an exec is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecState {
    /// Asked for, not started.
    Created,
    /// Started; the pid, once it is known.
    Running(i32),
    /// Over, with this status.
    Exited(i32),
}

impl Core {
    /// Notes an exec that is to be started later.
    pub fn create_exec(&mut self, id: &str, container: &str, config: ExecConfig) {
        self.forget_old_execs(container);
        let serial = self
            .execs
            .values()
            .map(|exec| exec.serial + 1)
            .max()
            .unwrap_or(0);
        let exec = Exec {
            id: id.to_owned(),
            container: container.to_owned(),
            config,
            state: ExecState::Created,
            serial,
        };
        self.execs.insert(id.to_owned(), exec);
    }

    /// The exec with this id.
    ///
    /// # Errors
    /// There is none.
    pub fn exec(&self, id: &str) -> Result<&Exec, Refusal> {
        self.execs
            .get(id)
            .ok_or_else(|| Refusal::not_found(format!("No such exec instance: {id}")))
    }

    /// Marks an exec as starting: it can be started once.
    ///
    /// # Errors
    /// There is none, or it was started before.
    pub fn begin_exec(&mut self, id: &str) -> Result<Exec, Refusal> {
        let state = self.exec(id)?.state;
        match (state, self.execs.get_mut(id)) {
            (ExecState::Created, Some(exec)) => {
                exec.state = ExecState::Running(0);
                Ok(exec.clone())
            }
            (ExecState::Exited(_), _) => Err(Refusal::conflict(format!(
                "exec command {id} has already run"
            ))),
            _ => Err(Refusal::conflict(format!(
                "exec command {id} is already running"
            ))),
        }
    }

    /// Notes how an exec is now. What is over stays as it ended.
    pub fn set_exec(&mut self, id: &str, state: ExecState) {
        if let Some(exec) = self.execs.get_mut(id)
            && !matches!(exec.state, ExecState::Exited(_))
        {
            exec.state = state;
        }
    }

    /// The ids of a container's execs that run.
    pub fn running_execs(&self, container: &str) -> Vec<String> {
        let running = |exec: &&Exec| {
            exec.container == container && matches!(exec.state, ExecState::Running(_))
        };
        self.execs
            .values()
            .filter(running)
            .map(|exec| exec.id.clone())
            .collect()
    }

    /// No exec outlives its container: the kernel kills what the first process leaves.
    pub(super) fn end_execs(&mut self, container: &str) {
        let of_it = self
            .execs
            .values_mut()
            .filter(|exec| exec.container == container);
        for exec in of_it {
            if matches!(exec.state, ExecState::Running(_)) {
                exec.state = ExecState::Exited(128 + libc::SIGKILL);
            }
        }
    }

    fn forget_old_execs(&mut self, container: &str) {
        let mut ended: Vec<(u64, String)> = self
            .execs
            .values()
            .filter(|exec| exec.container == container)
            .filter(|exec| matches!(exec.state, ExecState::Exited(_)))
            .map(|exec| (exec.serial, exec.id.clone()))
            .collect();
        ended.sort();
        for (_, id) in ended.iter().rev().skip(REMEMBERED) {
            self.execs.remove(id);
        }
    }
}

impl Exec {
    /// `GET /exec/{id}/json`.
    pub fn inspect(&self) -> ExecInspect {
        let (program, arguments) = self
            .config
            .cmd
            .split_first()
            .map_or_else(Default::default, |(first, rest)| {
                (first.clone(), rest.to_vec())
            });
        ExecInspect {
            id: self.id.clone(),
            running: matches!(self.state, ExecState::Running(_)),
            exit_code: match self.state {
                ExecState::Exited(code) => Some(code),
                _ => None,
            },
            container_id: self.container.clone(),
            process_config: ProcessConfig {
                tty: self.config.tty,
                entrypoint: program,
                arguments,
                privileged: self.config.privileged,
                user: self.config.user.clone(),
            },
            open_stdin: self.config.attach_stdin,
            open_stdout: self.config.attach_stdout,
            open_stderr: self.config.attach_stderr,
            can_remove: false,
            pid: match self.state {
                ExecState::Running(pid) => pid,
                _ => 0,
            },
            detach_keys: self.config.detach_keys.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exec_starts_once_and_ends_once() {
        let mut core = Core::default();
        assert!(core.begin_exec("e").is_err());
        core.create_exec("e", "c", ExecConfig::default());
        assert_eq!(core.exec("e").unwrap().inspect().exit_code, None);
        core.begin_exec("e").unwrap();
        assert!(
            core.begin_exec("e")
                .unwrap_err()
                .message
                .contains("already running")
        );
        core.set_exec("e", ExecState::Exited(7));
        core.end_execs("c");
        assert_eq!(core.exec("e").unwrap().inspect().exit_code, Some(7));
        assert!(
            core.begin_exec("e")
                .unwrap_err()
                .message
                .contains("already run")
        );
    }

    #[test]
    fn ended_execs_are_forgotten_the_oldest_first() {
        let mut core = Core::default();
        for number in 0..200 {
            let id = format!("e{number}");
            core.create_exec(&id, "c", ExecConfig::default());
            core.set_exec(&id, ExecState::Exited(0));
        }
        assert!(core.execs.len() <= REMEMBERED + 1);
        assert!(core.exec("e199").is_ok());
        assert!(core.exec("e0").is_err());
    }
}
