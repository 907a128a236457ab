//! Control groups that root hands to an ordinary user, as systemd does in each session.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

/// A group in each tree of version 1, the user's to make others in; dropped, it is gone.
///
/// The tree of version 2 is left out: there, a user may only move processes within what
/// was handed over, and the test's own stand outside.
#[derive(Debug)]
pub(crate) struct Groups {
    path: String,
    folders: Vec<PathBuf>,
}

impl Groups {
    /// Makes them.
    pub(crate) fn handed_to((uid, gid): (u32, u32)) -> Self {
        let path = format!("/skiff-ladder-{}", std::process::id());
        let mut groups = Self {
            path,
            folders: Vec::new(),
        };
        for tree in trees() {
            let folder = tree.join(&groups.path[1..]);
            fs::create_dir(&folder).expect("a control group");
            groups.folders.push(folder.clone());
            fill_cpuset(&tree, &folder);
            for file in ["", "cgroup.procs", "tasks"] {
                let file = folder.join(file);
                chown(file, Some(uid), Some(gid)).expect("our own control group");
            }
        }
        groups
    }

    /// Their path, from the root of the trees.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for folder in &self.folders {
            let left = fs::read_dir(folder).into_iter().flatten().flatten();
            for below in left.filter(|entry| entry.path().is_dir()) {
                let _ = fs::remove_dir(below.path());
            }
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where each tree of version 1 is mounted; a link to one is no other.
fn trees() -> Vec<PathBuf> {
    let all = fs::read_dir("/sys/fs/cgroup").expect("the trees").flatten();
    let all = all.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let all = all.map(|entry| entry.path());
    // Version 2 has no such file.
    all.filter(|tree| tree.join("tasks").exists()).collect()
}

/// A new group of this tree takes nobody until it has processors and memory.
fn fill_cpuset(tree: &Path, folder: &Path) {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if let Ok(value) = fs::read(tree.join(file)) {
            fs::write(folder.join(file), value).expect("the parent's own value");
        }
    }
}
