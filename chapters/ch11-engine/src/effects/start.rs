//! `start`: from a container on disk to a process.
//!
//! ```text
//!   decide ─▶ address, names ─▶ bundle ─▶ shim makes the container up to "created"
//!                                            │
//!   report ◀─ start ◀─ clients attached before ◀─ network
//! ```
//!
//! A step that fails undoes those before it: the shim ends the created container with
//! all that it mounted, the address goes back to its pool.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::{Context, Result};
use overlay::Stack;
use shim::Streams;
use shim::client::Error as ShimError;

use super::networks::Lease;
use super::roots::make_folder;
use super::{Engine, Stream, Watch, bundle, shim_refusal};
use crate::core::{Container, Kind, Refusal, Report, Verb};

/// A client that wants a container's streams.
pub struct Attach {
    /// Which.
    pub streams: Streams,
    /// Is called with the connection to the shim when there is one; dropped when
    /// there will be none.
    pub deliver: Box<dyn FnOnce(Stream) + Send>,
}

impl std::fmt::Debug for Attach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attach")
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

/// What a client that attached must know of the streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The container's whole id.
    pub id: String,
    /// Whether they are a terminal's.
    pub terminal: bool,
}

/// Why a start failed, and the status that a shell would give it.
struct Failure {
    refusal: Refusal,
    code: i32,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            refusal: Refusal::from(error.into()),
            code: 128,
        }
    }
}

impl Engine {
    /// Starts a container.
    ///
    /// # Errors
    /// [`Kind::NotModified`] when it runs; whatever stood in the way of its start.
    // ANCHOR: start
    pub fn start(&self, wanted: &str) -> Result<(), Refusal> {
        self.at_gate(wanted, |container| {
            self.ask(&container.id, &Verb::Start)?;
            match self.launch(container) {
                Ok(report) => self.report(&container.id, report).map(drop),
                Err(Failure { refusal, code }) => {
                    self.clear_run(&container.id);
                    let error = refusal.message.clone();
                    let report = Report::StartFailed { error, code };
                    let effects = self.report(&container.id, report)?;
                    self.perform(&container.id, &effects)?;
                    Err(refusal)
                }
            }
        })
    }
    // ANCHOR_END: start

    /// Connects a client now, or when the container starts.
    ///
    /// # Errors
    /// There is no such container, or it is paused.
    pub fn attach(&self, wanted: &str, attach: Attach) -> Result<Attached, Refusal> {
        self.at_gate(wanted, |container| {
            let terminal = container.config.tty;
            if container.state.status.is_alive() {
                let shim = self.shim(&container.id);
                let stream = shim.attach(None, attach.streams).map_err(shim_refusal)?;
                (attach.deliver)(stream);
            } else {
                let mut parked =
                    self.parked.lock().unwrap_or_else(PoisonError::into_inner);
                parked.entry(container.id.clone()).or_default().push(attach);
            }
            Ok(Attached {
                id: container.id.clone(),
                terminal,
            })
        })
    }

    fn launch(&self, container: &Container) -> Result<Report, Failure> {
        let id = &container.id;
        let lease = self.networks.lease(container)?;
        self.write_names(container, lease.as_ref())?;
        let config = self.prepare(container)?;
        let ready = shim::client::spawn(
            &self.program,
            &self.roots.shim(id),
            &config,
            workbench::steps::sink(),
        )
        .map_err(|error| of_shim(error, container))?;
        let started = self.let_go(container, ready.pid, lease.as_ref());
        if started.is_err() {
            self.end_created(id);
        }
        let watch = started?;
        self.listener.lives(watch);
        let networks = lease.map(Lease::into_addresses).unwrap_or_default();
        Ok(Report::Started {
            pid: ready.pid,
            networks,
        })
    }

    /// All that the shim must find: layers, bundle, its own configuration.
    fn prepare(&self, container: &Container) -> Result<shim::Config> {
        let (id, roots) = (&container.id, &self.roots);
        let image = self
            .store
            .resolve(&container.image)?
            .with_context(|| format!("the image {} is gone", container.image))?;
        let stack = Stack {
            lower: self.store.stack(&image)?,
            upper: roots.container(id).join("upper"),
            work: roots.container(id).join("work"),
        };
        let bundle = roots.bundle(id);
        make_folder(roots.shim(id).path(), 0o700)?;
        make_folder(&bundle.join("rootfs"), 0o700)?;
        let layers: Vec<&Path> = std::iter::once(&stack.upper)
            .chain(&stack.lower)
            .map(PathBuf::as_path)
            .collect();
        let spec = bundle::spec(container, roots, &self.machine, &layers)?;
        let text = serde_json::to_vec_pretty(&spec).context("write a bundle")?;
        workbench::files::write_atomic(&bundle.join("config.json"), &text, false)?;
        // What the last run left must not be taken for the end of this one.
        let _ = std::fs::remove_file(roots.exit_file(id));
        let logs = container.host.log_config.kind != "none";
        Ok(shim::Config {
            id: id.clone(),
            bundle,
            rootfs: Some(stack),
            runtime_root: roots.runtime(),
            runtime: bundle::external_runtime(&container.host.runtime)
                .map_err(anyhow::Error::from)?,
            terminal: container.config.tty,
            open_stdin: container.config.open_stdin,
            stdin_once: container.config.stdin_once,
            log: logs.then(|| roots.log(id)),
            exit_file: roots.exit_file(id),
            cgroup: Some(bundle::cgroup_path(id)),
        })
    }

    /// From "created" to running: network, clients, then the program.
    fn let_go(
        &self,
        container: &Container,
        pid: i32,
        lease: Option<&Lease>,
    ) -> Result<Watch, Failure> {
        let shim = self.shim(&container.id);
        if let Some(lease) = lease {
            let namespace = File::open(format!("/proc/{pid}/ns/net"))
                .context("open the container's network namespace")?;
            self.networks.connect(lease, namespace.as_fd())?;
        }
        let pending = shim.wait(None).map_err(|error| of_shim(error, container))?;
        for attach in self.take_parked(&container.id) {
            let stream = shim
                .attach(None, attach.streams)
                .map_err(|error| of_shim(error, container))?;
            (attach.deliver)(stream);
        }
        shim.start().map_err(|error| of_shim(error, container))?;
        Ok(Watch {
            container: container.id.clone(),
            exec: None,
            pending,
        })
    }

    /// Those who attached before the start, each once.
    pub(super) fn take_parked(&self, id: &str) -> Vec<Attach> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.remove(id).unwrap_or_default()
    }

    /// Ends a container that was created and will not be started.
    pub(super) fn end_created(&self, id: &str) {
        let shim = self.shim(id);
        if let Ok(pending) = shim.wait(None)
            && shim.kill(libc::SIGKILL, true).is_ok()
        {
            let _ = pending.exit();
        }
    }

    /// Gives back what a run had: its address, its clients, its folder.
    pub(super) fn clear_run(&self, id: &str) {
        drop(self.take_parked(id));
        if let Err(error) = self.networks.release(id) {
            tracing::warn!("release the address of {id}: {error:#}");
        }
        if let Err(error) = self.roots.discard_run(id) {
            tracing::warn!("{error:#}");
        }
    }
}

/// The client finds its exit status in these words; so they are always there.
fn of_shim(error: ShimError, container: &Container) -> Failure {
    let ShimError::Refused(refusal) = error else {
        return Failure {
            refusal: shim_refusal(error),
            code: 128,
        };
    };
    let program = container.command().into_iter().next().unwrap_or_default();
    let (code, words) = match refusal.kind {
        shim::Kind::NotFound => (127, "executable file not found in $PATH"),
        shim::Kind::NotExecutable => (126, "permission denied"),
        shim::Kind::State | shim::Kind::Other => (128, ""),
    };
    let known = match code {
        127 => ["executable file not found", "no such file or directory"]
            .iter()
            .any(|words| refusal.error.contains(words)),
        _ => refusal.error.contains(words),
    };
    let mut message = format!("failed to create task for container: {}", refusal.error);
    if !known {
        message = format!("{message}: exec: {program:?}: {words}");
    }
    if let Some(hint) = refusal.hint {
        message = format!("{message} (hint: {hint})");
    }
    let kind = if code == 128 {
        Kind::Internal
    } else {
        Kind::Bad
    };
    Failure {
        refusal: Refusal { kind, message },
        code,
    }
}
