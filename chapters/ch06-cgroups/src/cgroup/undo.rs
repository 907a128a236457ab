//! A creation taken back: what it made goes, what it found is as it was.
//!
//! A caller may have made the group beforehand, with limits of its own; where one of ours
//! is refused, or the container comes to nothing, it finds it again as it left it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use workbench::files::kernel_text;

use super::Cgroup;
use super::folder::write;
use crate::ending::{PATIENCE, end_all_in, remove, rmdir};
use crate::filter;
use crate::layout::Version;
use crate::limits::Limits;

/// What the files of a group said before they were written to, and which programs it had
/// to say which devices may be opened.
#[derive(Debug, Default)]
pub(super) struct Before {
    files: Vec<(PathBuf, String)>,
    filters: Option<Vec<OwnedFd>>,
}

impl Before {
    /// Reads the files that `limits` will write to, where the folder is not new.
    pub(super) fn of(cgroup: &Cgroup, limits: &Limits) -> Self {
        let mut before = Self::default();
        for setting in cgroup.settings(limits) {
            let file = readable(cgroup.file_of(&setting));
            let is_found = |file: &Path| {
                let folder = cgroup.folders.iter().find(|it| file.starts_with(&it.path));
                folder.is_some_and(|folder| !folder.is_new())
            };
            if is_found(&file)
                && before.files.iter().all(|(other, _)| *other != file)
                && let Ok(text) = kernel_text(&file)
            {
                before.files.push((file, text));
            }
        }
        let second = cgroup.folder(Version::V2).filter(|folder| !folder.is_new());
        let filters =
            second.and_then(|_| filter::those_on(cgroup.unified_fd()?.as_fd()).ok());
        Self { filters, ..before }
    }

    /// Writes back what was there. The first value to be changed is the last to be back,
    /// as the sum of two cannot be below a part of it; and what is refused is tried again.
    fn put_back(&self, cgroup: &Cgroup) {
        if let (Some(filters), Some(folder)) = (&self.filters, cgroup.unified_fd()) {
            let _ = filter::put(folder.as_fd(), filters);
        }
        for _ in 0..2 {
            for (file, text) in self.files.iter().rev() {
                put_back(file, text);
            }
        }
    }
}

/// Device rules are read from another file than they are written to.
fn readable(file: PathBuf) -> PathBuf {
    let name = file.file_name().and_then(|name| name.to_str());
    match name {
        Some("devices.allow" | "devices.deny") => file.with_file_name("devices.list"),
        _ => file,
    }
}

fn put_back(file: &Path, text: &str) {
    let why = "the caller's own limit, which was there before";
    let is_list = file.ends_with("devices.list");
    let to = match is_list {
        true => file.with_file_name("devices.allow"),
        false => file.to_owned(),
    };
    if is_list && !text.starts_with("a ") {
        let _ = write(&file.with_file_name("devices.deny"), "a", why);
    }
    let now = kernel_text(file).unwrap_or_default();
    // A line a device: those that were not there before have no limit.
    let device = |line: &str| {
        let first = line.split(' ').next().filter(|it| it.contains(':'));
        first.map(str::to_owned)
    };
    let had = |new: &String| text.lines().any(|line| device(line).as_ref() == Some(new));
    if !is_list {
        for new in now.lines().filter_map(device).filter(|new| !had(new)) {
            let none = match file.file_name().is_some_and(|name| name == "io.max") {
                true => "rbps=max wbps=max riops=max wiops=max",
                false => "0",
            };
            let _ = write(&to, &format!("{new} {none}"), why);
        }
    }
    for line in text.lines() {
        let _ = write(&to, line, why);
    }
}

impl Cgroup {
    /// Takes the creation of this group back. Folders that it made are removed, with what
    /// still runs in there, and those above that it made if nothing else is in them; one
    /// that was there before stays, empty, with the limits that it had. (A unit of systemd's
    /// was not there before.)
    ///
    /// # Errors
    /// As for [`Cgroup::delete`].
    pub fn undo(&self) -> Result<()> {
        if !self.unit.is_empty() {
            return self.delete();
        }
        let end = Instant::now() + PATIENCE;
        let mut answer = Ok(());
        if !self.pids().is_empty() {
            answer = self.kill().and_then(|()| self.wait_event("populated 0"));
        }
        for folder in &self.folders {
            if folder.is_new() {
                let removed = remove(folder, end)
                    .with_context(|| format!("remove cgroup {}", folder.path.display()));
                answer = answer.and(removed);
            } else {
                end_all_in(&folder.path, end);
            }
            for above in folder.made.iter().rev().filter(|it| **it != folder.path) {
                let _ = rmdir(above);
            }
        }
        self.before.put_back(self);
        answer
    }
}
