//! The end of a group: its processes signalled and killed, its folders removed.
//!
//! Version 2 kills a whole subtree with one write and reports when it is empty. On
//! version 1 it takes a loop: while we read the list, a process may fork. Freezing
//! first stops that. Groups that the container made below its own go as well.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use workbench::steps::step;

use crate::cgroup::{Cgroup, Folder, checked, pids_in, write};
use crate::kernel;
use crate::layout::{self, Version};

/// How long a killed process may take to be gone: it may have much memory to free.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

impl Cgroup {
    /// The processes in the group and in those below it, by their ids here, in order.
    #[must_use]
    pub fn pids(&self) -> Vec<Pid> {
        let mut pids: Vec<_> = self.folders.iter().flat_map(Folder::pids).collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// Sends a signal to every process in it, once.
    ///
    /// # Errors
    /// When the caller may not.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        for pid in self.pids() {
            match kill(pid, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(errno) => {
                    return Err(errno).with_context(|| format!("send {signal} to {pid}"));
                }
            }
        }
        Ok(())
    }

    /// Kills every process in it, also those that are forking, and frozen ones. They
    /// may take a moment to be gone: see [`Cgroup::delete`].
    ///
    /// # Errors
    /// When the caller may not.
    // ANCHOR: kill
    pub fn kill(&self) -> Result<()> {
        if let Some(file) = self.file(Version::V2, "cgroup.kill") {
            let why = "one write: the kernel lets no fork escape";
            write(&file, "1", why)
                .or_else(|error| if is_gone(&error) { Ok(()) } else { Err(error) })
                .with_context(|| format!("kill all in {}", self.shown()))?;
            // What a tree of version 1 holds frozen dies when it thaws.
            return self.thaw_v1();
        }
        // A list is old when it is read: frozen processes do not fork meanwhile.
        let frozen = self.freezer_state("FROZEN");
        let killed = self.kill_by_list();
        frozen.and(killed).and(self.thaw_v1())
    }
    // ANCHOR_END: kill

    /// Kills whom the lists show, until they show nobody new.
    fn kill_by_list(&self) -> Result<()> {
        let mut seen = Vec::new();
        loop {
            let pids = self.pids();
            if pids.iter().all(|pid| seen.contains(pid)) {
                return Ok(());
            }
            let why = "version 1 has no call that kills a group";
            step(6, format_args!("kill({pids:?}, SIGKILL)"), why, || {
                self.signal(Signal::SIGKILL)
            })?;
            seen = pids;
        }
    }

    /// Kills what is in it, waits until it is empty, and removes its folders and those
    /// below. What is gone already is no error, and one tree's error does not keep the
    /// others.
    ///
    /// # Errors
    /// When a process cannot be killed (it sleeps in a broken driver), or the caller
    /// may not.
    // ANCHOR: delete
    pub fn delete(&self) -> Result<()> {
        let stopped = self.stop_unit();
        // As a rule all has ended, and nothing was made below.
        if self.remove_folders() {
            return stopped;
        }
        let end = Instant::now() + PATIENCE;
        self.kill()?;
        self.wait_event("populated 0")?;
        let mut answer = stopped;
        for folder in &self.folders {
            let removed = remove(folder, end)
                .with_context(|| format!("remove cgroup {}", folder.path.display()));
            answer = answer.and(removed);
        }
        answer
    }
    // ANCHOR_END: delete

    /// Removes the folders that are empty; true when that was all of them.
    pub(crate) fn remove_folders(&self) -> bool {
        let gone = |folder: &Folder| match rmdir(&folder.path) {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(()) => true,
        };
        self.folders.iter().all(gone)
    }

    /// Waits until `cgroup.events` has this line (version 2; elsewhere there is none).
    pub(crate) fn wait_event(&self, line: &str) -> Result<()> {
        let Some(path) = self.file(Version::V2, "cgroup.events") else {
            return Ok(());
        };
        let end = Instant::now() + PATIENCE;
        let file =
            fs::File::open(&path).with_context(|| format!("open {}", path.display()))?;
        loop {
            // Reading arms the next report; a file of the kernel is read from its start.
            let mut text = [0; 256];
            let length = nix::sys::uio::pread(&file, &mut text, 0).unwrap_or(0);
            let text = String::from_utf8_lossy(&text[..length]);
            if length == 0 || text.lines().any(|each| each == line) {
                return Ok(());
            }
            let mut changed = [PollFd::new(file.as_fd(), PollFlags::POLLPRI)];
            let answer = poll(&mut changed, until(end));
            if answer == Ok(0) {
                anyhow::bail!("{} does not come to {line:?}", self.shown());
            }
        }
    }

    pub(crate) fn file(&self, version: Version, name: &str) -> Option<PathBuf> {
        let path = self.folder(version)?.path.join(name);
        path.exists().then_some(path)
    }

    pub(crate) fn shown(&self) -> String {
        format!("cgroup {}", self.path().display())
    }
}

/// Removes the group `path` from every tree where it is empty; where it is not, it is
/// somebody's. For the parent of all containers, when the last one went.
///
/// # Errors
/// A path with `..` in it.
pub fn remove_parent_if_empty(path: &str) -> Result<()> {
    let path = checked(path)?;
    for tree in layout::trees() {
        // EBUSY: a container is in there. ENOENT: it never was.
        let _ = rmdir(&layout::folder(&tree, &path));
    }
    Ok(())
}

impl Folder {
    /// The processes in it, and in groups below.
    pub(crate) fn pids(&self) -> Vec<Pid> {
        let groups = subtree(&self.path).into_iter();
        groups
            .flat_map(|dir| pids_in(&dir.join("cgroup.procs")).unwrap_or_default())
            .collect()
    }
}

/// Removes a group and those below it; what still runs in them is killed first.
pub(crate) fn remove(folder: &Folder, end: Instant) -> io::Result<()> {
    loop {
        let mut busy = None;
        for dir in subtree(&folder.path).iter().rev() {
            match rmdir(dir) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => busy = Some((dir.clone(), error)),
                Ok(()) => {}
            }
        }
        let Some((dir, error)) = busy else {
            return Ok(());
        };
        if error.raw_os_error() != Some(libc::EBUSY) || Instant::now() > end {
            return Err(error);
        }
        end_all_in(&dir, end);
    }
}

/// Kills what is in one folder, and waits for the end of it.
pub(crate) fn end_all_in(dir: &Path, end: Instant) {
    let pids = pids_in(&dir.join("cgroup.procs")).unwrap_or_default();
    for pid in &pids {
        let _ = kill(*pid, Signal::SIGKILL);
    }
    for pid in &pids {
        // No descriptor: it is gone.
        if let Ok(process) = kernel::pidfd_open(*pid) {
            let mut ended = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut ended, until(end));
        }
    }
    // A process that has ended is still counted until the scheduler has left it.
    pause();
}

/// Whether somebody else has removed the group, before a file of it was opened or after.
fn is_gone(error: &io::Error) -> bool {
    [libc::ENOENT, libc::ENODEV]
        .map(Some)
        .contains(&error.raw_os_error())
}

pub(crate) fn rmdir(dir: &Path) -> io::Result<()> {
    let why = "a cgroup is removed by removing its folder; its files are no obstacle";
    step(6, format_args!("rmdir({dir:?})"), why, || {
        fs::remove_dir(dir)
    })
}

/// A folder and all below it, each before those below it.
pub(crate) fn subtree(top: &Path) -> Vec<PathBuf> {
    let mut found = vec![top.to_owned()];
    let mut next = 0;
    while let Some(dir) = found.get(next).cloned() {
        let inner = fs::read_dir(dir).into_iter().flatten().flatten();
        let folders = inner.filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()));
        found.extend(folders.map(|entry| entry.path()));
        next += 1;
    }
    found
}

fn until(end: Instant) -> PollTimeout {
    let left = end.saturating_duration_since(Instant::now());
    PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)
}

/// A millisecond for others, where the kernel offers nothing to wait for.
pub(crate) fn pause() {
    let _ = poll(&mut [], PollTimeout::from(1_u8));
}
