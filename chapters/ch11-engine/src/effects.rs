//! What the engine does: the hands of [`crate::core`].
//!
//! [`Engine`] has one method for each thing that can be asked of it. Each takes the
//! container's gate, asks the core, does what the core says, and reports what came of
//! it. They block, and are called on threads that may. Locks are held in this order,
//! and no other: a container's gate, then the core, which is never held over a system
//! call that can wait.
//!
//! What is on disk is in `disk.rs`; how a container starts, in `start.rs`; what a new
//! daemon finds, in `recover.rs`.

mod about;
mod bundle;
mod create;
mod disk;
mod end;
mod exec;
mod gates;
mod images;
mod inspect;
pub mod logs;
mod machine;
mod networks;
mod recover;
mod roots;
mod signal;
mod start;
mod volumes;

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use jiff::Timestamp;
use shim::client::Pending;

use crate::api::Event;
use crate::core::{Container, Core, Effect, Refusal, Report, Verb};
use gates::Gates;
use machine::Machine;
use networks::Networks;

pub use images::Pull;
pub use roots::Roots;
pub use start::{Attach, Attached};

/// Who wants to know what happens.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
    /// A process lives: when the watch's stream becomes readable, it has ended, and
    /// [`Engine::ended`] is to be told.
    fn lives(&self, watch: Watch);
}

/// A living process whose end is awaited.
#[derive(Debug)]
pub struct Watch {
    /// The container's id.
    pub container: String,
    /// The exec's id, unless it is the container's first process.
    pub exec: Option<String>,
    /// The shim's answer to come.
    pub pending: Pending,
}

/// All that one daemon holds.
pub struct Engine {
    roots: Roots,
    machine: Machine,
    core: Mutex<Core>,
    gates: Gates,
    store: ::images::Store,
    networks: Networks,
    program: shim::client::Program,
    listener: Box<dyn Listener>,
    /// Clients that attached before the start, by container.
    parked: Mutex<BTreeMap<String, Vec<Attach>>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens what is under `roots`, and takes up what an earlier daemon left.
    ///
    /// # Errors
    /// When the folders cannot be read.
    pub fn open(roots: Roots, listener: Box<dyn Listener>) -> Result<Self> {
        roots.make()?;
        let machine = Machine::look()?;
        let engine = Self {
            core: Mutex::default(),
            gates: Gates::default(),
            store: ::images::Store::open(&roots.data)?,
            networks: Networks::new(&roots, machine.owns_network)?,
            program: shim::client::Program::find(),
            parked: Mutex::default(),
            listener,
            machine,
            roots,
        };
        engine
            .recover()
            .context("take up what an earlier daemon left")?;
        Ok(engine)
    }

    /// The state machine, to look at. Not to be held while anything waits.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        // A panic elsewhere left the maps as they are: each change is one statement.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where everything is.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The images.
    pub fn store(&self) -> &::images::Store {
        &self.store
    }

    /// Runs `act` with the container that is meant, while nobody else changes it.
    fn at_gate<T>(
        &self,
        wanted: &str,
        act: impl FnOnce(&Container) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let id = self.core().find(wanted)?.id.clone();
        let gate = self.gates.of(&id);
        let _held = gate.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have gone while we waited at the gate.
        let container = self.core().find(&id)?.clone();
        act(&container)
    }

    fn ask(&self, id: &str, verb: &Verb) -> Result<Vec<Effect>, Refusal> {
        self.core().ask(id, verb)
    }

    /// Tells the core, writes the new state down, and tells the listeners.
    fn report(&self, id: &str, report: Report) -> Result<Vec<Effect>, Refusal> {
        let (outcome, container) = {
            let mut core = self.core();
            let outcome = core.report(id, report, Timestamp::now())?;
            (outcome, core.get(id).cloned())
        };
        if let Some(container) = container {
            self.roots.save_state(&container)?;
        }
        for event in &outcome.events {
            self.listener.event(event);
        }
        Ok(outcome.effects)
    }

    fn shim(&self, id: &str) -> shim::client::Shim {
        shim::client::Shim::new(self.roots.shim(id))
    }
}

/// What the shim says to a request that it does not do.
fn shim_refusal(error: shim::client::Error) -> Refusal {
    match error {
        shim::client::Error::Refused(refusal) => match refusal.kind {
            shim::Kind::State => Refusal::conflict(refusal.error),
            _ => Refusal::from(anyhow::anyhow!(refusal.error)),
        },
        other => Refusal::from(anyhow::Error::from(other)),
    }
}

/// 64 hexadecimal digits that nobody else has.
fn random_id() -> Result<String> {
    use std::fmt::Write;
    use std::io::Read;
    let mut bytes = [0_u8; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("read /dev/urandom")?;
    let mut id = String::with_capacity(64);
    for byte in bytes {
        let _ = write!(id, "{byte:02x}");
    }
    Ok(id)
}

/// A connection that becomes a process's stream.
pub type Stream = UnixStream;
