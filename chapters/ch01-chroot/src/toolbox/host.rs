//! The host's file system below some root, with links followed as a process in that
//! root would follow them (path_resolution(7)), each link noted.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// As many links the kernel follows before it says ELOOP.
const MOST_LINKS: usize = 40;

/// A file system whose `/` is a folder here.
pub(super) struct Host<'a> {
    root: &'a Path,
}

/// The way from a path to the file that it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// The folders on the way, from the root, as absolute paths.
    pub(super) folders: Vec<PathBuf>,
    /// The links on the way, and what they say.
    pub(super) links: Vec<(PathBuf, PathBuf)>,
    /// The file, with no link in its path.
    pub(super) end: PathBuf,
}

impl<'a> Host<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root }
    }

    /// Where a path of the host is for us.
    pub(super) fn outside(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Follows `path` to its end; `None` when it leads nowhere.
    pub(super) fn walk(&self, path: &Path) -> Option<Walk> {
        let mut walk = Walk {
            folders: Vec::new(),
            links: Vec::new(),
            end: PathBuf::from("/"),
        };
        let mut ahead: VecDeque<OsString> = names(path).collect();
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                walk.end.pop();
                continue;
            }
            let here = walk.end.join(&name);
            let found = fs::symlink_metadata(self.outside(&here)).ok()?;
            if found.is_symlink() {
                let to = fs::read_link(self.outside(&here)).ok()?;
                if to.is_absolute() {
                    walk.end = PathBuf::from("/");
                }
                for name in names(&to).collect::<Vec<_>>().into_iter().rev() {
                    ahead.push_front(name);
                }
                walk.links.push((here, to));
                if walk.links.len() > MOST_LINKS {
                    return None;
                }
            } else {
                if found.is_dir() {
                    walk.folders.push(here.clone());
                }
                walk.end = here;
            }
        }
        Some(walk)
    }

    /// Follows `path` if it ends at a program that we may read.
    pub(super) fn program(&self, path: &Path) -> Option<Walk> {
        let walk = self.walk(path)?;
        let mode = self.mode(&walk.end)?;
        (mode & 0o111 != 0 && self.open(&walk.end).is_some()).then_some(walk)
    }

    /// The permissions of a regular file.
    pub(super) fn mode(&self, file: &Path) -> Option<u32> {
        let found = fs::symlink_metadata(self.outside(file)).ok()?;
        found.is_file().then(|| found.permissions().mode())
    }

    pub(super) fn open(&self, file: &Path) -> Option<File> {
        File::open(self.outside(file)).ok()
    }

    /// The text of a file, wherever links lead.
    pub(super) fn text(&self, path: &Path) -> Option<String> {
        let end = self.walk(path)?.end;
        fs::read_to_string(self.outside(&end)).ok()
    }

    /// The names in a folder, sorted; none when it is missing.
    pub(super) fn list(&self, folder: &Path) -> Vec<OsString> {
        let end = self.walk(folder).map(|walk| self.outside(&walk.end));
        let entries = end.and_then(|end| fs::read_dir(end).ok());
        let mut names: Vec<OsString> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.file_name()))
            .collect();
        names.sort();
        names
    }
}

fn names(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}
