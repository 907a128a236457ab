//! A group stopped where it stands: version 2 by a file of its own, version 1 by a
//! controller (`Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst`).

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use workbench::files::kernel_text;

use crate::cgroup::{Cgroup, Folder, write};
use crate::ending::{PATIENCE, pause, subtree};
use crate::layout::Version;

impl Cgroup {
    /// Stops all processes in it (`true`) or lets them go on; returns when it is so.
    ///
    /// # Errors
    /// When the group has no freezer, or does not come to rest within ten seconds.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        if let Some(file) = self.file(Version::V2, "cgroup.freeze") {
            let why = "stopped where they are, with no signal that they could see";
            let value = if frozen { "1" } else { "0" };
            write(&file, value, why)
                .with_context(|| format!("freeze {}", self.shown()))?;
            let wanted = if frozen { "frozen 1" } else { "frozen 0" };
            return self.wait_event(wanted);
        }
        let dir = self.folder_with("freezer").map(|folder| &folder.path);
        let dir = dir.with_context(|| format!("{} has no freezer", self.shown()))?;
        let wanted = if frozen { "FROZEN" } else { "THAWED" };
        let end = Instant::now() + PATIENCE;
        loop {
            self.freezer_state(wanted)?;
            let state = kernel_text(dir.join("freezer.state"))?;
            if state.trim() == wanted {
                return Ok(());
            }
            if Instant::now() > end {
                anyhow::bail!("{} is still {}", self.shown(), state.trim());
            }
            // Version 1 reports its freezer's progress to nobody.
            pause();
        }
    }

    /// Whether its processes are stopped by [`Cgroup::freeze`].
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        let read = |path: Option<PathBuf>| {
            path.and_then(|path| kernel_text(path).ok())
                .unwrap_or_default()
        };
        let v1 = self
            .folder_with("freezer")
            .map(|f| f.path.join("freezer.state"));
        read(self.file(Version::V2, "cgroup.freeze")).trim() == "1"
            || read(v1).trim() == "FROZEN"
    }

    pub(crate) fn freezer_state(&self, state: &str) -> Result<()> {
        let Some(folder) = self.folder_with("freezer") else {
            return Ok(());
        };
        if folder.tree.version == Version::V2 {
            return Ok(());
        }
        let why = "version 1 freezes by a controller of its own";
        match write(&folder.path.join("freezer.state"), state, why) {
            // It was empty, and is removed already: nobody is there to be frozen.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            answer => {
                answer.with_context(|| format!("set the freezer of {}", self.shown()))
            }
        }
    }

    /// Thaws it, and the groups that the container made below, each of which may have
    /// been frozen by itself: who is frozen does not die, and PID 1 waits for all.
    pub(crate) fn thaw_v1(&self) -> Result<()> {
        let v1 = |folder: &&Folder| folder.tree.version == Version::V1;
        let Some(folder) = self.folder_with("freezer").filter(v1) else {
            return Ok(());
        };
        for dir in subtree(&folder.path) {
            let file = dir.join("freezer.state");
            let state = kernel_text(&file).unwrap_or_default();
            if !state.is_empty() && state.trim() != "THAWED" {
                let why = "a frozen process does not die of a signal";
                write(&file, "THAWED", why)
                    .with_context(|| format!("thaw {}", dir.display()))?;
            }
        }
        Ok(())
    }
}
