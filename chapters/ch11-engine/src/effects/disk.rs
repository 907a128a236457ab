//! A container's files: whole or absent, and durable where an answer promised it.
//!
//! `config.json` is what was asked for and is durable before the create is answered;
//! a folder without one is half-made, one whose name begins with a dot half-removed,
//! and neither is a container. `state.json` says where on its way the container is, to
//! the best of the daemon's knowledge; the shim knows better, and so does `exit.json`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use workbench::files::write_atomic;

use super::Roots;
use crate::core::{Container, State};

impl Roots {
    /// Writes `config.json`, durably: from here on the container exists.
    pub(super) fn save_config(&self, container: &Container) -> Result<()> {
        let text = serde_json::to_vec_pretty(container).context("write a container")?;
        write_atomic(
            &self.container(&container.id).join("config.json"),
            &text,
            true,
        )
    }

    /// Writes `state.json`; a container that is being removed has no place for one.
    pub(super) fn save_state(&self, container: &Container) -> Result<()> {
        let folder = self.container(&container.id);
        if !folder.exists() {
            return Ok(());
        }
        let text =
            serde_json::to_vec_pretty(&container.state).context("write a state")?;
        write_atomic(&folder.join("state.json"), &text, false)
    }

    /// Reads all containers, and removes what is half-made or half-removed. What cannot
    /// be understood is left alone and returned with the reason.
    pub(super) fn load_all(&self) -> Result<(Vec<Container>, Vec<anyhow::Error>)> {
        let folder = self.containers();
        let (mut containers, mut troubles) = (Vec::new(), Vec::new());
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("list {}", folder.display()))?;
        for entry in entries {
            let path = entry.context("list the containers")?.path();
            match load(&path) {
                Ok(Some(container)) => containers.push(container),
                Ok(None) => remove_tree(&path)?,
                Err(error) => troubles.push(error),
            }
        }
        Ok((containers, troubles))
    }

    /// Removes a container's folder: first its name, then, at leisure, its files.
    pub(super) fn discard(&self, id: &str) -> Result<()> {
        let hidden = self.containers().join(format!(".{id}"));
        match fs::rename(self.container(id), &hidden) {
            Ok(()) => remove_tree(&hidden),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| format!("remove container {id}")),
        }
    }

    /// Removes what a run leaves in the exec root.
    pub(super) fn discard_run(&self, id: &str) -> Result<()> {
        remove_tree(self.shim(id).path())
    }
}

/// The container in a folder; `None` when the folder holds half of one.
fn load(folder: &Path) -> Result<Option<Container>> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with('.') {
        return Ok(None);
    }
    let config = folder.join("config.json");
    let text = match fs::read(&config) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("read {}", config.display()))?,
    };
    let mut container: Container = serde_json::from_slice(&text)
        .with_context(|| format!("understand {}", config.display()))?;
    // A state that is missing or broken is that of a container which never ran.
    let state = fs::read(folder.join("state.json")).unwrap_or_default();
    container.state = serde_json::from_slice::<State>(&state).unwrap_or_default();
    Ok(Some(container))
}

/// Removes a folder and what is in it; one that is gone is no error.
pub(super) fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
