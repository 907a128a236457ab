//! Which cgroup trees this machine has, and where (proc_pid_mountinfo(5)).
//!
//! Version 1 has a tree for each controller, or for a few together; version 2 has one
//! for all. A controller serves one tree only, so machines mix them in three ways, and
//! systemd gave the ways their names: legacy, hybrid, unified.

use std::path::{Path, PathBuf};

use workbench::files::kernel_text;

/// How the two versions share this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Nothing is mounted: no cgroup can be made.
    Absent,
    /// Trees of version 1 only.
    Legacy,
    /// Trees of version 1, and beside them one of version 2 with what they left over.
    Hybrid,
    /// One tree, of version 2.
    Unified,
}

/// The version of a tree's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// A tree for each controller.
    V1,
    /// One tree, whose groups are given controllers by their parents.
    V2,
}

/// A mounted tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The version of its interface.
    pub version: Version,
    /// What it controls: `memory`, or `name=systemd` for a tree that only sorts.
    pub controllers: Vec<String>,
    /// Where it is mounted.
    pub mount: PathBuf,
}

/// The layout of this machine, as this mount namespace shows it.
#[must_use]
pub fn layout() -> Layout {
    of(&trees())
}

/// The layout that these trees make.
#[must_use]
pub fn of(trees: &[Tree]) -> Layout {
    let has = |version| trees.iter().any(|tree| tree.version == version);
    match (has(Version::V1), has(Version::V2)) {
        (false, false) => Layout::Absent,
        (true, false) => Layout::Legacy,
        (true, true) => Layout::Hybrid,
        (false, true) => Layout::Unified,
    }
}

/// The trees that can be reached from here, version 1 first.
#[must_use]
pub fn trees() -> Vec<Tree> {
    trees_in(&mounts())
}

/// The trees that can be reached from here, found in the text of a mountinfo file.
#[must_use]
pub fn trees_in(mountinfo: &str) -> Vec<Tree> {
    let mut trees = mounted(mountinfo);
    trees.retain(|tree| has(tree, Path::new("/")));
    trees
}

/// Whether the group `path` is in a tree, and the tree in sight: a mount may be hidden
/// below another one.
pub(crate) fn has(tree: &Tree, path: &Path) -> bool {
    folder(tree, path).join("cgroup.procs").exists()
}

/// What this process sees mounted; where nothing tells of it, nothing.
pub(crate) fn mounts() -> String {
    kernel_text("/proc/self/mountinfo").unwrap_or_default()
}

/// The trees that are mounted, in sight or not.
pub(crate) fn mounted(mountinfo: &str) -> Vec<Tree> {
    let mut trees = parse(mountinfo);
    for tree in &mut trees {
        if tree.version == Version::V2 {
            let path = tree.mount.join("cgroup.controllers");
            let names = kernel_text(path).unwrap_or_default();
            tree.controllers = names.split_whitespace().map(str::to_owned).collect();
        }
    }
    trees
}

/// The trees in the text of a mountinfo file, each once, version 1 first. The
/// controllers of version 2 are not in there: they are a file in the tree.
#[must_use]
pub fn parse(mountinfo: &str) -> Vec<Tree> {
    let mut trees: Vec<Tree> = Vec::new();
    for tree in mountinfo.lines().filter_map(tree_of) {
        let known = |other: &Tree| {
            other.version == tree.version && other.controllers == tree.controllers
        };
        if !trees.iter().any(known) {
            trees.push(tree);
        }
    }
    trees.sort_by_key(|tree| tree.version);
    trees
}

/// `42 32 0:37 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory`
fn tree_of(line: &str) -> Option<Tree> {
    let (place, kind) = line.split_once(" - ")?;
    let mount = unescape(place.split(' ').nth(4)?);
    let mut kind = kind.split(' ');
    let (version, controllers) = match kind.next()? {
        "cgroup2" => (Version::V2, Vec::new()),
        "cgroup" => (Version::V1, controllers(kind.nth(1)?)),
        _ => return None,
    };
    Some(Tree {
        version,
        controllers,
        mount,
    })
}

/// The controllers among the options of a tree of version 1.
fn controllers(options: &str) -> Vec<String> {
    const OTHER: [&str; 8] = [
        "rw",
        "ro",
        "xattr",
        "none",
        "noprefix",
        "clone_children",
        "cpuset_v2_mode",
        "favordynmods",
    ];
    let names = options.split(',').filter(|word| {
        !OTHER.contains(word) && (!word.contains('=') || word.starts_with("name="))
    });
    names.map(str::to_owned).collect()
}

/// Undoes the octal escapes that keep blanks out of the fields (`\040`).
fn unescape(field: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::new();
    let mut rest = field.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after
            .get(..3)
            .filter(|_| byte == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

/// The tree that has this controller.
#[must_use]
pub fn tree_with<'a>(trees: &'a [Tree], controller: &str) -> Option<&'a Tree> {
    trees
        .iter()
        .find(|tree| tree.controllers.iter().any(|name| name == controller))
}

/// The folder of the group `path` (absolute or not, always from the root) in a tree.
pub(crate) fn folder(tree: &Tree, path: &Path) -> PathBuf {
    tree.mount.join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
25 1 0:22 / / rw - ext4 /dev/root rw
42 32 0:37 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
43 32 0:38 / /sys/fs/cgroup/sys\\040temd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd
44 32 0:39 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
45 32 0:37 / /elsewhere rw - cgroup cgroup rw,cpu,cpuacct
";

    #[test]
    fn a_hybrid_machine_has_each_tree_once() {
        let trees = parse(HYBRID);
        assert_eq!(of(&trees), Layout::Hybrid);
        let seen: Vec<_> = trees
            .iter()
            .map(|t| (t.controllers.join("+"), t.mount.to_str().unwrap()))
            .collect();
        assert_eq!(
            seen,
            [
                ("cpu+cpuacct".into(), "/sys/fs/cgroup/cpu,cpuacct"),
                ("name=systemd".into(), "/sys/fs/cgroup/sys temd"),
                (String::new(), "/sys/fs/cgroup/unified"),
            ]
        );
        assert_eq!(tree_with(&trees, "cpuacct"), Some(&trees[0]));
        assert_eq!(tree_with(&trees, "memory"), None);
    }

    #[test]
    fn one_version_alone_is_legacy_or_unified() {
        let lines: Vec<_> = HYBRID.lines().collect();
        assert_eq!(of(&parse(lines[1])), Layout::Legacy);
        assert_eq!(of(&parse(lines[3])), Layout::Unified);
        assert_eq!(of(&parse(lines[0])), Layout::Absent);
    }
}
