//! One gate a container: what is asked of it happens in turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The gates of all containers that somebody has asked something of.
#[derive(Debug, Default)]
pub(super) struct Gates(Mutex<BTreeMap<String, Arc<Mutex<()>>>>);

impl Gates {
    /// The gate of one container.
    pub(super) fn of(&self, id: &str) -> Arc<Mutex<()>> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(id.to_owned()).or_default())
    }

    /// Forgets a container; who waits at its gate keeps it until he is through.
    pub(super) fn forget(&self, id: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }
}
