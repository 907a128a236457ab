//! The quick way into a group: a lone thread that moves itself.
//!
//! Whoever moves another process (`cgroup.procs`) makes the kernel stop all forks and
//! exits of the machine for a moment, and coming to that takes it ten milliseconds: an
//! RCU grace period. A thread that moves itself (a 0 to `tasks`) stops nobody, and
//! takes ten microseconds. So a container's first process does it, while it has one
//! thread. The files are opened by whoever may: the kernel asks who opened, not who
//! writes, so that they work in a user namespace, and where /sys is out of sight.
//!
//! Version 2 has no such file, and needs none: a process is born in its group
//! (clone3(2), `CLONE_INTO_CGROUP`; see [`Cgroup::unified_fd`]).

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use anyhow::Result;
use workbench::steps::{self, step};

use crate::cgroup::Cgroup;
use crate::layout::Version;
use crate::refused::written;

/// The open doors of a group, one a tree of version 1.
#[derive(Debug, Default)]
pub struct Entrance(Vec<File>);

impl Cgroup {
    /// Opens the doors, to be gone through by a process that is started afterwards.
    ///
    /// # Errors
    /// When the caller may not move processes into the group.
    pub fn entrance(&self) -> Result<Entrance> {
        let mut doors = Vec::new();
        for folder in &self.folders {
            if folder.tree.version == Version::V1 {
                let path = folder.path.join("tasks");
                let file = OpenOptions::new().write(true).open(&path);
                doors.push(file.map_err(|error| written(error, &path, "0"))?);
            }
        }
        Ok(Entrance(doors))
    }
}

impl Entrance {
    /// Moves the calling thread into the group, in all trees of version 1.
    ///
    /// For a process with one thread: others would stay behind.
    ///
    /// # Errors
    /// When the group is gone, or its limit of processes is reached.
    // ANCHOR: enter
    pub fn enter(&self) -> Result<()> {
        let why = "0 means the writer itself: who moves itself waits for nobody";
        for mut file in &self.0 {
            let path = if steps::on() {
                name(file)
            } else {
                PathBuf::new()
            };
            step(6, format_args!("write({path:?}, \"0\")"), why, || {
                file.write_all(b"0")
            })
            .map_err(|error| written(error, &name(file), "0"))?;
        }
        Ok(())
    }
    // ANCHOR_END: enter

    /// The doors, to be passed to another process.
    #[must_use]
    pub fn doors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.iter().map(AsFd::as_fd).collect()
    }
}

/// The doors that another process has passed on.
impl FromIterator<OwnedFd> for Entrance {
    fn from_iter<T: IntoIterator<Item = OwnedFd>>(doors: T) -> Self {
        Self(doors.into_iter().map(File::from).collect())
    }
}

/// What a file is called, for those who read of it.
fn name(file: &File) -> PathBuf {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::read_link(&link).unwrap_or_else(|_| link.into())
}
