//! What a new daemon finds, and makes of it.
//!
//! There is no special case for a crash: a start *is* a recovery, mostly of nothing.
//! The shims are asked; what they say goes before what the files say.
//!
//! | the file says | the shim | becomes |
//! |---|---|---|
//! | starting, running, paused | lives, its container runs | running or paused, watched |
//! | starting | lives, its container was never let go | ended, then as below |
//! | starting, running, paused | gone | exited, with the code that it left (else 255) |
//! | removing | – | removed |
//! | created, exited | – | as it says |

use std::fs;

use jiff::Timestamp;

use super::{Engine, Watch, disk};
use crate::core::container::State;
use crate::core::{Container, Effect, Refusal, Status};

use anyhow::{Context, Result};

/// The code of a container of which nobody knows how it ended: docker's.
const UNKNOWN: i32 = 255;

impl Engine {
    /// Takes up what is on disk and what lives.
    pub(super) fn recover(&self) -> Result<()> {
        let another_boot = self.roots.is_another_boot()?;
        if another_boot {
            // Pids in there are others' by now, and mounts are gone.
            disk::remove_tree(&self.roots.shims())?;
            disk::remove_tree(&self.roots.runtime())?;
            self.roots.make()?;
        }
        let (containers, troubles) = self.roots.load_all()?;
        for trouble in troubles {
            tracing::error!("a container is left out: {trouble:#}");
        }
        for container in containers {
            let id = container.id.clone();
            if let Err(refusal) = self.recover_one(container, another_boot) {
                tracing::error!("recover {id}: {refusal}");
            }
        }
        self.remove_strange_shims()
    }

    fn recover_one(
        &self,
        mut container: Container,
        another_boot: bool,
    ) -> Result<(), Refusal> {
        let id = container.id.clone();
        let written = container.state.clone();
        match written.status {
            Status::Created | Status::Exited => {
                self.core().insert(container);
                Ok(())
            }
            Status::Removing => Ok(self.roots.discard(&id)?),
            Status::Starting | Status::Running | Status::Paused => {
                let alive = if another_boot { None } else { self.living(&id) };
                match alive {
                    Some((status, pid)) => {
                        container.state.status = status;
                        container.state.pid = pid;
                        self.take_up(container)
                    }
                    None => self.take_dead(container, another_boot),
                }
            }
        }
    }

    /// How the container of a shim that can be asked is; one that waits for a start
    /// that will not come is ended.
    fn living(&self, id: &str) -> Option<(Status, i32)> {
        let shim = self.shim(id);
        match shim.state() {
            Ok((shim::Status::Running, pid)) => Some((Status::Running, pid)),
            Ok((shim::Status::Paused, pid)) => Some((Status::Paused, pid)),
            Ok((shim::Status::Created, _)) => {
                self.end_created(id);
                None
            }
            // It has ended and its shim is about to go: wait for the file that says how.
            Ok((shim::Status::Stopped, _)) => {
                let _ = shim.wait(None).map(shim::client::Pending::exit);
                None
            }
            Err(_) => None,
        }
    }

    fn take_up(&self, container: Container) -> Result<(), Refusal> {
        let id = container.id.clone();
        self.networks.remember(&container)?;
        self.core().insert(container);
        match self.shim(&id).wait(None) {
            Ok(pending) => {
                self.listener.lives(Watch {
                    container: id,
                    exec: None,
                    pending,
                });
                Ok(())
            }
            // It died between two questions.
            Err(_) => {
                let exit = self.last_words(&id);
                self.died(&id, exit)
            }
        }
    }

    /// A container that was alive when it was last written about, and is not.
    fn take_dead(
        &self,
        mut container: Container,
        another_boot: bool,
    ) -> Result<(), Refusal> {
        let id = container.id.clone();
        let never_ran = container.state.status == Status::Starting
            && container.state.started_at.is_none();
        let exit = if another_boot {
            None
        } else {
            Some(self.last_words(&id))
        };
        let exit = exit.unwrap_or_else(unknown);
        if never_ran && exit.code == UNKNOWN {
            container.state = State::default();
            let auto_remove = container.host.auto_remove;
            self.roots.save_state(&container)?;
            self.core().insert(container);
            self.clear_run(&id);
            if auto_remove {
                self.core()
                    .ask(&id, &crate::core::Verb::Remove { force: false })?;
                self.perform(&id, &[Effect::Discard])?;
            }
            return Ok(());
        }
        container.state.status = Status::Running;
        self.core().insert(container);
        self.died(&id, exit)
    }

    /// How a container ended whose shim cannot be asked.
    fn last_words(&self, id: &str) -> shim::Exit {
        let left = fs::read(self.roots.exit_file(id)).ok();
        let left = left.and_then(|text| serde_json::from_slice(&text).ok());
        if let Some(exit) = left {
            return exit;
        }
        match self.bury(id) {
            Ok(exit) => exit,
            Err(refusal) => {
                tracing::warn!("the shim of {id} left nothing: {refusal}");
                unknown()
            }
        }
    }

    /// Folders of shims that no container stands for.
    fn remove_strange_shims(&self) -> Result<()> {
        let folder = self.roots.shims();
        for entry in fs::read_dir(&folder).context("list the shims")? {
            let entry = entry.context("list the shims")?;
            let id = entry.file_name().to_string_lossy().into_owned();
            let is_its =
                |one: &Container| one.short_id() == id && one.state.status.is_alive();
            if self.core().containers().any(is_its) {
                continue;
            }
            tracing::warn!("a shim without a container is ended: {id}");
            self.end_created(&id);
            let _ = self.bury(&id);
            disk::remove_tree(&entry.path())?;
        }
        Ok(())
    }
}

fn unknown() -> shim::Exit {
    shim::Exit {
        code: UNKNOWN,
        signal: None,
        finished_at: Timestamp::now(),
        oom_killed: false,
        problems: Vec::new(),
    }
}
