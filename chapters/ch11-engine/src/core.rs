//! What the engine decides: a state machine over containers, and nothing else.
//!
//! A request is a [`Verb`], what became of it is a [`Report`]. [`Core::ask`] answers a
//! verb with what is to be done ([`Effect`]) or with a [`Refusal`]; [`Core::report`]
//! moves the container on and says which events that makes. There is no HTTP here, no
//! file, no process and no clock: the time is given. So the whole of it runs under a
//! model in a test (`core/model.rs`) in microseconds.
//!
//! A container's way, with what moves it:
//!
//! ```text
//!   created ──start──▶ starting ──started──▶ running ◀──pause/unpause──▶ paused
//!      ▲                  │ failed              │ died                      │
//!      └──(never ran)─────┴──(ran before)──▶ exited ◀───────────────────────┘
//!   created, exited ──remove──▶ removing ──removed──▶ (gone)
//! ```

pub mod check;
pub mod container;
mod decide;
pub mod events;
pub mod exec;
pub mod list;
pub mod merge;
#[cfg(test)]
mod model;
pub mod mounts;
pub mod names;
mod refusal;
mod report;
pub mod security;
pub mod signals;

use std::collections::BTreeMap;

pub use container::{Container, Exit, State, Status};
pub use decide::{Effect, Verb};
pub use exec::Exec;
#[cfg(test)]
pub(crate) use model::container as sample;
pub use refusal::{Kind, Refusal};
pub use report::{Outcome, Report};

/// All containers and execs that the engine knows.
#[derive(Debug, Default)]
pub struct Core {
    containers: BTreeMap<String, Container>,
    /// Name to id. A name is taken from the moment that a create begins.
    names: BTreeMap<String, String>,
    execs: BTreeMap<String, Exec>,
}

impl Core {
    /// Takes a name for a container that is about to be made.
    ///
    /// # Errors
    /// A name that no container may have, or one that is taken (the text is docker's).
    pub fn reserve(&mut self, name: &str, id: &str) -> Result<(), Refusal> {
        names::check(name)?;
        if let Some(holder) = self.names.get(name) {
            return Err(Refusal::conflict(format!(
                "Conflict. The container name \"/{name}\" is already in use by \
                 container \"{holder}\". You have to remove (or rename) that container \
                 to be able to reuse that name."
            )));
        }
        self.names.insert(name.to_owned(), id.to_owned());
        Ok(())
    }

    /// Gives a reserved name back: the container was not made after all.
    pub fn release(&mut self, name: &str, id: &str) {
        if !self.containers.contains_key(id)
            && self.names.get(name).is_some_and(|holder| holder == id)
        {
            self.names.remove(name);
        }
    }

    /// Takes in a container under the name that was reserved for it, or one that was
    /// found on disk.
    pub fn insert(&mut self, container: Container) {
        self.names
            .insert(container.name.clone(), container.id.clone());
        self.containers.insert(container.id.clone(), container);
    }

    /// The container meant by an id, a name (with or without its slash), or the
    /// beginning of an id, tried in that order.
    ///
    /// # Errors
    /// None, or more than one.
    pub fn find(&self, wanted: &str) -> Result<&Container, Refusal> {
        if let Some(container) = self.containers.get(wanted) {
            return Ok(container);
        }
        let name = wanted.strip_prefix('/').unwrap_or(wanted);
        if let Some(container) =
            self.names.get(name).and_then(|id| self.containers.get(id))
        {
            return Ok(container);
        }
        let mut starting = self
            .containers
            .range(wanted.to_owned()..)
            .take_while(|(id, _)| !wanted.is_empty() && id.starts_with(wanted));
        match (starting.next(), starting.next()) {
            (Some((_, container)), None) => Ok(container),
            (Some(_), Some(_)) => Err(Refusal::bad(format!(
                "Multiple IDs found with provided prefix: {wanted}"
            ))),
            _ => Err(Refusal::not_found(format!("No such container: {wanted}"))),
        }
    }

    /// The container with exactly this id.
    pub fn get(&self, id: &str) -> Option<&Container> {
        self.containers.get(id)
    }

    /// All containers, by id.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        self.containers.values()
    }

    fn container_mut(&mut self, id: &str) -> Result<&mut Container, Refusal> {
        self.containers
            .get_mut(id)
            .ok_or_else(|| Refusal::not_found(format!("No such container: {id}")))
    }
}
