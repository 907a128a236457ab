//! What the reader has solved, and how many hints were taken: `exercises/progress.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::files::write_atomic;

/// The memory of one exercise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whether it was solved once.
    pub solved: bool,
    /// How many hints were shown.
    pub hints: usize,
}

/// The memory of all, by the exercises' ids.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Memory(BTreeMap<String, Mark>);

fn path(desk: &Path) -> PathBuf {
    desk.join("progress.json")
}

impl Memory {
    /// Reads the memory of a desk; a new desk has none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn load(desk: &Path) -> Result<Self> {
        let path = path(desk);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("read {}", path.display())),
            Err(_) if !path.exists() => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the desk cannot be written to.
    pub fn save(&self, desk: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).context("encode the progress")?;
        write_atomic(&path(desk), &text, false)
    }

    /// What is remembered of an exercise.
    #[must_use]
    pub fn of(&self, id: &str) -> Mark {
        self.0.get(id).copied().unwrap_or_default()
    }

    /// The memory of an exercise, to be changed.
    pub fn mark(&mut self, id: &str) -> &mut Mark {
        self.0.entry(id.to_owned()).or_default()
    }

    /// Forgets an exercise.
    pub fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }
}
