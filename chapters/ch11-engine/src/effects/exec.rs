//! Exec: one more process in a running container.

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use shim::Streams;

use super::{Engine, Stream, Watch, bundle, random_id, shim_refusal};
use crate::api::exec::{ExecConfig, ExecInspect, ExecStart};
use crate::core::exec::{Exec, ExecState};
use crate::core::{Container, Refusal, Verb, events, merge};

impl Engine {
    /// Notes what is to be run; [`Engine::start_exec`] runs it.
    ///
    /// # Errors
    /// The container does not run; there is nothing to run.
    pub fn create_exec(
        &self,
        wanted: &str,
        config: ExecConfig,
    ) -> Result<String, Refusal> {
        if config.cmd.is_empty() {
            return Err(Refusal::bad("No exec command specified"));
        }
        self.at_gate(wanted, |container| {
            self.ask(&container.id, &Verb::Exec)?;
            let id = random_id()?;
            let words = config.cmd.join(" ");
            self.core().create_exec(&id, &container.id, config);
            self.tell_exec(container, &format!("exec_create: {words}"), &id, None);
            Ok(id)
        })
    }

    /// Runs it. The stream is there unless the client does not want to stay.
    ///
    /// # Errors
    /// It ran before; the container does not run; the program cannot be run.
    pub fn start_exec(
        &self,
        id: &str,
        how: &ExecStart,
    ) -> Result<(Exec, Option<Stream>), Refusal> {
        let container = self.core().exec(id)?.container.clone();
        self.at_gate(&container, |container| {
            self.ask(&container.id, &Verb::Exec)?;
            let exec = self.core().begin_exec(id)?;
            match self.run_exec(container, &exec, how) {
                Ok(stream) => Ok((exec, stream)),
                Err((refusal, code)) => {
                    self.core().set_exec(id, ExecState::Exited(code));
                    Err(refusal)
                }
            }
        })
    }

    fn run_exec(
        &self,
        container: &Container,
        exec: &Exec,
        how: &ExecStart,
    ) -> Result<Option<Stream>, (Refusal, i32)> {
        let internal = |error: anyhow::Error| (Refusal::from(error), 126);
        let config = &exec.config;
        let process = self.exec_process(container, exec, how).map_err(internal)?;
        let request = shim::Exec {
            id: exec.id.clone(),
            process,
            terminal: config.tty,
            streams: Streams {
                stdin: config.attach_stdin && !how.detach,
                stdout: config.attach_stdout,
                stderr: config.attach_stderr,
            },
            detach: how.detach,
        };
        let shim = self.shim(&container.id);
        let (pid, stream) = shim.exec(&request).map_err(|error| of_shim(error, exec))?;
        self.core().set_exec(&exec.id, ExecState::Running(pid));
        let words = config.cmd.join(" ");
        self.tell_exec(container, &format!("exec_start: {words}"), &exec.id, None);
        let pending = shim
            .wait(Some(&exec.id))
            .map_err(|error| (shim_refusal(error), 128 + libc::SIGKILL))?;
        self.listener.lives(Watch {
            container: container.id.clone(),
            exec: Some(exec.id.clone()),
            pending,
        });
        Ok((!how.detach).then_some(stream))
    }

    /// The container's own process, with what the exec asks to be different.
    fn exec_process(
        &self,
        container: &Container,
        exec: &Exec,
        how: &ExecStart,
    ) -> anyhow::Result<serde_json::Value> {
        let mut like = container.clone();
        let config = &exec.config;
        like.config.tty = config.tty;
        like.config.env = merge::merge_env(like.config.env, &config.env);
        like.config.entrypoint = None;
        like.config.cmd = Some(crate::api::Words(config.cmd.clone()));
        like.host.privileged |= config.privileged;
        like.host.console_size = match how.console_size.as_slice() {
            [] => config.console_size.clone(),
            size => size.to_vec(),
        };
        if !config.working_dir.is_empty() {
            like.config.working_dir.clone_from(&config.working_dir);
        }
        if !config.user.is_empty() {
            like.config.user.clone_from(&config.user);
        }
        // Its files as they are now: the root that its first process sees.
        let root = format!("/proc/{}/root", container.state.pid);
        bundle::process(&like, &self.machine, &[Path::new(&root)])
            .with_context(|| format!("describe the process of exec {}", exec.id))
    }

    /// Tells the terminal of an exec how large it is.
    ///
    /// # Errors
    /// There is none; it does not run.
    pub fn resize_exec(&self, id: &str, rows: u16, columns: u16) -> Result<(), Refusal> {
        let (container, state) = {
            let core = self.core();
            let exec = core.exec(id)?;
            (exec.container.clone(), exec.state)
        };
        if !matches!(state, ExecState::Running(_)) {
            return Err(Refusal::conflict(format!("exec {id} is not running")));
        }
        self.shim(&container)
            .resize(Some(id), rows, columns)
            .map_err(shim_refusal)
    }

    /// How an exec is.
    ///
    /// # Errors
    /// There is none.
    pub fn inspect_exec(&self, id: &str) -> Result<ExecInspect, Refusal> {
        Ok(self.core().exec(id)?.inspect())
    }

    pub(super) fn exec_ended(&self, container: &str, id: &str, code: i32) {
        let container = self.core().get(container).cloned();
        if let Some(container) = container {
            self.tell_exec(&container, "exec_die", id, Some(code));
        }
    }

    fn tell_exec(
        &self,
        container: &Container,
        action: &str,
        id: &str,
        code: Option<i32>,
    ) {
        let report = crate::core::Report::Created;
        let mut event =
            events::of_container(container, action, &report, Timestamp::now());
        event
            .actor
            .attributes
            .insert("execID".into(), id.to_owned());
        if let Some(code) = code {
            event
                .actor
                .attributes
                .insert("exitCode".into(), code.to_string());
        }
        self.listener.event(&event);
    }
}

/// As for a start: the client reads the status of what cannot be run in these words.
fn of_shim(error: shim::client::Error, exec: &Exec) -> (Refusal, i32) {
    let shim::client::Error::Refused(refusal) = error else {
        return (shim_refusal(error), 126);
    };
    let program = exec.config.cmd.first().map_or("", String::as_str);
    let prefix = format!("OCI runtime exec failed: exec failed: {}", refusal.error);
    let lower = prefix.to_lowercase();
    let says = |words: &str| lower.contains(words);
    match refusal.kind {
        shim::Kind::NotFound if says("executable file not found") => {
            (Refusal::bad(prefix), 127)
        }
        shim::Kind::NotFound => {
            let words = format!("exec: {program:?}: executable file not found in $PATH");
            (Refusal::bad(format!("{prefix}: {words}")), 127)
        }
        shim::Kind::NotExecutable if says("permission denied") => {
            (Refusal::bad(prefix), 126)
        }
        shim::Kind::NotExecutable => (
            Refusal::bad(format!("{prefix}: exec: {program:?}: permission denied")),
            126,
        ),
        shim::Kind::State => (Refusal::conflict(refusal.error), 126),
        shim::Kind::Other => (Refusal::from(anyhow::anyhow!(prefix)), 126),
    }
}
