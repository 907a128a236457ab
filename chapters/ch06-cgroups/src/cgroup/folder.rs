//! The group in one tree: its folder, made from the top, and its files.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use nix::errno::Errno;
use nix::unistd::Pid;
use workbench::files::kernel_text;
use workbench::steps::step;

use crate::layout::{self, Tree, Version};
use crate::refused::written;

/// The group in one tree.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) tree: Tree,
    pub(crate) path: PathBuf,
    /// What was made to make it, from the top: folders above it, and itself if it is new.
    pub(super) made: Vec<PathBuf>,
}

impl Folder {
    /// The folder of the group `path` in a tree, whether it is there or not.
    pub(super) fn of(tree: Tree, path: &Path) -> Self {
        Self {
            path: layout::folder(&tree, path),
            tree,
            made: Vec::new(),
        }
    }

    /// Whether it was made here, and not found.
    pub(super) fn is_new(&self) -> bool {
        self.made.last() == Some(&self.path)
    }

    /// Makes the folder and those above it, from the top, and gives each what it needs
    /// before the next one can work.
    pub(super) fn make(
        &mut self,
        path: &Path,
        wanted: &BTreeSet<String>,
    ) -> io::Result<()> {
        for _ in 0..8 {
            match self.make_once(path, wanted) {
                // Somebody removed the empty parent between our two calls.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                answer => return answer,
            }
        }
        self.make_once(path, wanted)
    }

    fn make_once(&mut self, path: &Path, wanted: &BTreeSet<String>) -> io::Result<()> {
        let mut dir = self.tree.mount.clone();
        let last = path.file_name();
        for name in path.iter().filter(|name| *name != "/") {
            if self.tree.version == Version::V2 {
                self.give_children(&dir, wanted);
            }
            dir.push(name);
            // Those above are there as a rule, the last one as a rule is not.
            let new = (Some(name) == last || !dir.is_dir()) && make_dir(&dir)?;
            let cpuset = self.tree.controllers.iter().any(|name| name == "cpuset");
            if cpuset && self.tree.version == Version::V1 {
                inherit_cpuset(&dir, new)?;
            }
            if new {
                self.made.push(dir.clone());
            }
        }
        Ok(())
    }

    /// Version 2: a parent gives its children each controller by name. It is refused
    /// where processes are in it; then the limit that needs it will be missed.
    fn give_children(&self, dir: &Path, wanted: &BTreeSet<String>) {
        let file = dir.join("cgroup.subtree_control");
        let given = fs::read_to_string(&file).unwrap_or_default();
        let given: BTreeSet<_> = given.split_whitespace().collect();
        for name in &self.tree.controllers {
            if wanted.contains(name) && !given.contains(name.as_str()) {
                let why = "in version 2 a parent gives its children their controllers";
                let _ = write(&file, &format!("+{name}"), why);
            }
        }
    }
}

/// Makes one folder; false when it is there already.
fn make_dir(dir: &Path) -> io::Result<bool> {
    let why = "a cgroup is made by making its folder";
    let call = format_args!("mkdir({dir:?})");
    match step(6, call, why, || fs::create_dir(dir)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        answer => answer.map(|()| true),
    }
}

/// Version 1: a new cpuset is empty, and takes no process until it is filled.
fn inherit_cpuset(dir: &Path, new: bool) -> io::Result<()> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        let here = dir.join(file);
        let above = dir.parent().unwrap_or(dir).join(file);
        if new || kernel_text(&here)?.trim().is_empty() {
            let value = kernel_text(above)?;
            let why =
                "a new cpuset of version 1 is empty, and while it is, takes no process";
            write(&here, value.trim(), why)?;
        }
    }
    Ok(())
}

/// Writes to a file that must be there already: with O_CREAT the kernel would answer
/// EACCES for one that is not.
pub(crate) fn write(path: &Path, value: &str, why: &str) -> io::Result<()> {
    step(6, format_args!("write({path:?}, {value:?})"), why, || {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(value.as_bytes())
    })
}

/// Writes a value to a file of a group.
///
/// # Errors
/// What the kernel refuses, with a hint where its answer has several causes.
pub fn set_file(file: &Path, value: &str) -> Result<()> {
    let why = "a group is told what to do by its files";
    write(file, value, why).map_err(|error| written(error, file, value))
}

/// The processes of one folder. A process that this pid namespace cannot see shows up
/// as 0 and is left out: to kill(2), 0 means the caller's own group.
pub(crate) fn pids_in(procs: &Path) -> io::Result<Vec<Pid>> {
    let text = kernel_text(procs)?;
    let numbers = text.lines().filter_map(|line| line.parse().ok());
    Ok(numbers.filter(|n| *n > 0).map(Pid::from_raw).collect())
}

/// Whether an error means that something is not there or not ours, as opposed to wrong.
pub(super) fn is_absent(error: &io::Error) -> bool {
    const ABSENT: [Errno; 5] = [
        Errno::ENOENT,
        Errno::EACCES,
        Errno::EPERM,
        Errno::EROFS,
        Errno::EOPNOTSUPP,
    ];
    let errno = error.raw_os_error().map(Errno::from_raw);
    errno.is_some_and(|errno| ABSENT.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_to_this_caller_is_not_a_wrong_value() {
        assert!(is_absent(&io::Error::from(Errno::EACCES)));
        assert!(!is_absent(&io::Error::from(Errno::EINVAL)));
    }
}
