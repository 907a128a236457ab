//! The end of a process, and the end of a container.

use std::time::Duration;

use super::{Engine, Watch, shim_refusal};
use crate::core::exec::ExecState;
use crate::core::{Effect, Exit, Kind, Refusal, Report, Verb};

impl Engine {
    /// Takes away what the daemon made on the machine for its containers, when none
    /// lives on: the bridge with its rules, and the folder of the cgroups.
    ///
    /// # Errors
    /// The first thing that could not be removed; the others are.
    pub fn tidy(&self) -> anyhow::Result<()> {
        let networks = self.networks.remove();
        cgroups::remove_parent_if_empty(&super::bundle::cgroup_parent()).and(networks)
    }

    /// A watched process has ended: the shim has an answer, or is gone.
    pub fn ended(&self, watch: Watch) {
        let Watch {
            container,
            exec,
            pending,
        } = watch;
        let answer = pending.exit();
        let result = match exec {
            Some(exec) => {
                let code = answer.map_or(128 + libc::SIGKILL, |exit| exit.code);
                self.core().set_exec(&exec, ExecState::Exited(code));
                self.exec_ended(&container, &exec, code);
                Ok(())
            }
            None => self.container_ended(&container, answer),
        };
        if let Err(refusal) = result {
            tracing::error!("the end of {container}: {refusal}");
        }
    }

    fn container_ended(
        &self,
        id: &str,
        answer: Result<shim::Exit, shim::client::Error>,
    ) -> Result<(), Refusal> {
        self.at_gate(id, |container| {
            let exit = match answer {
                Ok(exit) => exit,
                Err(error) => {
                    tracing::warn!("the shim of {id} is lost: {error}");
                    self.bury_soon(&container.id)?
                }
            };
            for problem in &exit.problems {
                tracing::warn!("the end of {id}: {problem}");
            }
            self.died(id, exit)
        })
    }

    /// Buries a shim whose connection has just ended: its other descriptors follow.
    fn bury_soon(&self, id: &str) -> Result<shim::Exit, Refusal> {
        for _ in 0..100 {
            match self.bury(id) {
                Err(refusal) if refusal.kind == Kind::Conflict => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                done => return done,
            }
        }
        self.bury(id)
    }

    /// Notes a death and does what follows from it. The gate is the caller's.
    pub(super) fn died(&self, id: &str, exit: shim::Exit) -> Result<(), Refusal> {
        self.clear_run(id);
        let exit = Exit {
            code: exit.code,
            at: exit.finished_at,
            oom_killed: exit.oom_killed,
        };
        let effects = self.report(id, Report::Died(exit))?;
        self.perform(id, &effects)
    }

    /// Ends what a lost shim left behind, and says how its container ended.
    pub(super) fn bury(&self, id: &str) -> Result<shim::Exit, Refusal> {
        let folder = self.roots.shim(id);
        let config = shim::Config::load(&folder.config())?;
        shim::client::bury(&folder, &config).map_err(shim_refusal)
    }

    /// Removes a container that does not live. Returns false when it lives, was killed
    /// for it (`force`), and must be asked about again once it has died.
    ///
    /// # Errors
    /// It lives and `force` is not given; its files cannot be removed.
    pub fn remove(&self, wanted: &str, force: bool) -> Result<bool, Refusal> {
        self.at_gate(wanted, |container| {
            let verb = Verb::Remove { force };
            let effects = self.ask(&container.id, &verb)?;
            let gone = effects.contains(&Effect::Discard);
            self.perform(&container.id, &effects)?;
            Ok(gone)
        })
    }

    /// Does what the core decided. The gate is the caller's.
    pub(super) fn perform(&self, id: &str, effects: &[Effect]) -> Result<(), Refusal> {
        for effect in effects {
            match effect {
                Effect::Signal(signal) => self.send(id, *signal)?,
                Effect::Freeze => self.freeze(id)?,
                Effect::Thaw => self.thaw(id)?,
                Effect::Discard => self.discard(id)?,
                // The caller's own work.
                Effect::Spawn | Effect::PassOn => {}
            }
        }
        Ok(())
    }

    fn discard(&self, id: &str) -> Result<(), Refusal> {
        self.clear_run(id);
        self.roots.discard(id)?;
        self.report(id, Report::Removed)?;
        self.gates.forget(id);
        Ok(())
    }

    /// Removes all containers that do not live; their ids.
    pub fn prune(&self) -> Vec<String> {
        let ids: Vec<String> = self
            .core()
            .containers()
            .map(|container| container.id.clone())
            .collect();
        let removed = |id: &String| match self.remove(id, false) {
            Ok(gone) => gone,
            Err(Refusal {
                kind: Kind::Conflict | Kind::NotFound,
                ..
            }) => false,
            Err(refusal) => {
                tracing::warn!("prune {id}: {refusal}");
                false
            }
        };
        ids.into_iter().filter(removed).collect()
    }
}
