//! The two roots: what lasts, and what ends with this boot.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::unistd::geteuid;

use crate::core::container::{SHORT, short};

/// The folders of an engine; see "What is on disk" in the design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// What lasts: images, containers, volumes.
    pub data: PathBuf,
    /// What ends with this boot: the socket, shims, the runtime's state.
    pub exec: PathBuf,
}

impl Roots {
    /// Makes the folders; what is in them is nobody else's business.
    ///
    /// # Errors
    /// When they cannot be made, or a path in them would be too long for a socket.
    pub fn make(&self) -> Result<()> {
        // Others may pass through the exec root (to the socket), not through the data
        // root: below it lie the containers' set-user-id programs (CVE-2021-41091).
        make_folder(&self.data, 0o710)?;
        make_folder(&self.exec, if is_hosts_root() { 0o711 } else { 0o700 })?;
        // Below /tmp somebody else may have been here first.
        for folder in [&self.data, &self.exec] {
            let found = fs::symlink_metadata(folder)
                .with_context(|| format!("look at {}", folder.display()))?;
            let ours = found.is_dir() && found.uid() == geteuid().as_raw();
            ensure!(ours, "{} belongs to somebody else", folder.display());
        }
        for folder in [
            self.containers(),
            self.volumes(),
            self.data.join("networks"),
        ] {
            make_folder(&folder, 0o700)?;
        }
        for folder in [self.shims(), self.runtime()] {
            make_folder(&folder, 0o700)?;
        }
        let longest = self.shim(&"0".repeat(SHORT)).socket();
        ensure!(
            longest.as_os_str().len() < 108,
            "{} is too long for a socket's name; choose a shorter exec root",
            longest.display()
        );
        Ok(())
    }

    /// The folder of all containers.
    pub(super) fn containers(&self) -> PathBuf {
        self.data.join("containers")
    }

    /// The folder of one container.
    pub fn container(&self, id: &str) -> PathBuf {
        self.containers().join(id)
    }

    /// Where the output of a container is kept.
    pub fn log(&self, id: &str) -> PathBuf {
        self.container(id).join("log")
    }

    /// Where the shim says how a container ended.
    pub(super) fn exit_file(&self, id: &str) -> PathBuf {
        self.container(id).join("exit.json")
    }

    /// The folder of all volumes.
    pub fn volumes(&self) -> PathBuf {
        self.data.join("volumes")
    }

    /// The folder of all shims.
    pub fn shims(&self) -> PathBuf {
        self.exec.join("shims")
    }

    /// The folder of one shim: by the short id, as a socket's path has a limit.
    pub(super) fn shim(&self, id: &str) -> shim::Folder {
        shim::Folder::new(self.shims().join(short(id)))
    }

    /// The bundle of one container.
    pub(super) fn bundle(&self, id: &str) -> PathBuf {
        self.shims().join(short(id)).join("bundle")
    }

    /// Where the runtime keeps its state.
    pub(super) fn runtime(&self) -> PathBuf {
        self.exec.join("runtime")
    }

    /// Whether the run state in the exec root is of an earlier boot, and therefore of
    /// nothing; from now on it is of this one.
    pub(super) fn is_another_boot(&self) -> Result<bool> {
        let path = self.exec.join("boot-id");
        let now =
            fs::read("/proc/sys/kernel/random/boot_id").context("read the boot id")?;
        let then = fs::read(&path).ok();
        if then.as_deref() != Some(&now) {
            workbench::files::write_atomic(&path, &now, false)?;
        }
        Ok(then.is_some_and(|then| then != now))
    }
}

/// Whether root here is root of the machine: all ids are mapped to themselves
/// (user_namespaces(7)). An ordinary user's engine is nobody else's.
fn is_hosts_root() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let fields: Vec<_> = map.split_whitespace().collect();
    geteuid().is_root() && fields == ["0", "0", "4294967295"]
}

/// Makes a folder, or gives the one that is there its mode.
pub(super) fn make_folder(path: &Path, mode: u32) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .with_context(|| format!("make the folder {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("set the mode of {}", path.display()))
}
