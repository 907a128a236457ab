//! What a shim is told when it is started, and the folder it lives in.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use overlay::Stack;
use serde::{Deserialize, Serialize};

/// The content of `shim.json`.
// ANCHOR: Config
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    /// The container's id.
    pub id: String,
    /// The OCI bundle: a folder with `config.json`.
    pub bundle: PathBuf,
    /// The layers that are mounted on the bundle's `rootfs`; `None` when it holds the
    /// root file system already.
    #[serde(default)]
    pub rootfs: Option<Stack>,
    /// Where the runtime keeps its state.
    pub runtime_root: PathBuf,
    /// Another OCI runtime to use in our own one's place, like `/usr/bin/crun`.
    #[serde(default)]
    pub runtime: Option<PathBuf>,
    /// Give the container a terminal, as `config.json` says too.
    #[serde(default)]
    pub terminal: bool,
    /// Give it a standard input that somebody can write to; else it is `/dev/null`.
    #[serde(default)]
    pub open_stdin: bool,
    /// End that input when the first client who wrote to it ends its own.
    #[serde(default)]
    pub stdin_once: bool,
    /// The file that its output is appended to, as docker's json-file has it.
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// The file that tells how it ended (a [`crate::Exit`]); durable once it is there.
    pub exit_file: PathBuf,
    /// Its cgroup, from the root of the hierarchy: like `/skiff/<id>`.
    #[serde(default)]
    pub cgroup: Option<String>,
}
// ANCHOR_END: Config

impl Config {
    /// Reads `shim.json`.
    ///
    /// # Errors
    /// When it cannot be read, or is not a configuration.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).with_context(|| {
            format!("read the shim's configuration {}", path.display())
        })?;
        serde_json::from_slice(&text)
            .with_context(|| format!("understand {}", path.display()))
    }
}

/// The folder of one shim, `<exec root>/shims/<id>`: what is in it, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration: written by the daemon before the shim is started.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.0.join("shim.json")
    }

    /// The control socket. It is there as long as the shim takes requests.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.0.join("shim.sock")
    }

    /// Who lives here, for when the shim cannot be asked: a [`crate::Ready`] as JSON.
    #[must_use]
    pub fn pid(&self) -> PathBuf {
        self.0.join("pid")
    }

    /// What the shim had to say when nobody listened any more: a panic, say.
    #[must_use]
    pub fn complaints(&self) -> PathBuf {
        self.0.join("stderr")
    }
}
