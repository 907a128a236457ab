//! The cgroups of a world: folders of one name in every tree of the machine.

use std::fs;
use std::path::{Path, PathBuf};

/// All cgroup folders below a top folder `name`, in every tree, parents first.
pub(crate) fn cgroups_named(name: &str) -> Vec<PathBuf> {
    let top = Path::new("/sys/fs/cgroup");
    let trees = fs::read_dir(top)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path());
    let mut found: Vec<PathBuf> = trees
        .chain([top.to_owned()])
        .map(|tree| tree.join(name))
        .filter(|p| p.is_dir())
        .collect();
    let mut next = 0;
    while let Some(dir) = found.get(next).cloned() {
        let inner = fs::read_dir(dir).into_iter().flatten().flatten();
        found.extend(inner.map(|e| e.path()).filter(|p| p.is_dir()));
        next += 1;
    }
    found
}

/// Lets what is frozen below `name` go on: in a tree of version 1 it could not die.
pub(crate) fn thaw(name: &str) {
    for dir in cgroups_named(name) {
        let _ = fs::write(dir.join("freezer.state"), "THAWED");
    }
}

/// Removes the cgroups below `name`, deepest first. Where that fails the name stays, and
/// no later world meets it: names are new.
pub(crate) fn remove(name: &str) {
    for dir in cgroups_named(name).iter().rev() {
        let _ = fs::remove_dir(dir);
    }
}
