//! What a container did to its image: the upper folder, read as a list.
//!
//! The kinds are those of `docker diff`. A folder that overlayfs only copied up because
//! something in it changed counts as modified, as there.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::stack::Stack;
use crate::{copy, lower, whiteout};

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It was there and differs.
    Modified,
    /// It was not there.
    Added,
    /// It is not there any more.
    Deleted,
}

/// One path that differs from the image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The path, from the root of the container.
    pub path: PathBuf,
    /// What happened to it.
    pub kind: Kind,
}

/// The changes in the upper folder of `stack`, sorted by path.
///
/// A folder that was added or deleted stands for all in it when it was deleted; what
/// is in an added one is listed.
///
/// # Errors
/// The upper folder cannot be read.
pub fn changes(stack: &Stack) -> Result<Vec<Change>> {
    let mut walk = Walk {
        stack,
        copied: copy::is_done(stack),
        found: Vec::new(),
    };
    if stack.upper.exists() {
        walk.folder(Path::new(""))?;
    }
    walk.found.sort();
    Ok(walk.found)
}

struct Walk<'a> {
    stack: &'a Stack,
    /// Whether the upper folder is a whole copy rather than the changes alone.
    copied: bool,
    found: Vec<Change>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path) -> Result<()> {
        let folder = self.stack.upper.join(path);
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("read the folder {}", folder.display()))?;
        let mut present = Vec::new();
        for entry in entries {
            let entry = entry.context("read an entry")?;
            let metadata = entry.metadata().context("look at an entry")?;
            self.entry(&path.join(entry.file_name()), &metadata)?;
            present.push(entry.file_name());
        }
        if self.copied || whiteout::is_opaque(&folder) {
            for name in lower::names(&self.stack.lower, path) {
                if !present.contains(&name) {
                    self.add(&path.join(name), Kind::Deleted);
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, metadata: &Metadata) -> Result<()> {
        let before = lower::find(&self.stack.lower, path);
        if whiteout::is(metadata) {
            // Without anything below, something was made and removed again.
            if before.is_some() {
                self.add(path, Kind::Deleted);
            }
            return Ok(());
        }
        match &before {
            None => self.add(path, Kind::Added),
            Some((_, before)) if self.copied && same(before, metadata) => {}
            Some(_) => self.add(path, Kind::Modified),
        }
        if metadata.is_dir() {
            self.folder(path)
        } else {
            Ok(())
        }
    }

    fn add(&mut self, path: &Path, kind: Kind) {
        let path = Path::new("/").join(path);
        self.found.push(Change { path, kind });
    }
}

/// Whether a copied file was not touched since: a copy keeps the time.
fn same(before: &Metadata, after: &Metadata) -> bool {
    let looks =
        |of: &Metadata| (of.mode(), of.uid(), of.gid(), of.mtime(), of.mtime_nsec());
    let sizes = before.is_dir() || before.len() == after.len();
    looks(before) == looks(after) && sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(stack: &Stack) -> Vec<(String, Kind)> {
        let found = changes(stack).unwrap();
        found
            .into_iter()
            .map(|c| (c.path.display().to_string(), c.kind))
            .collect()
    }

    fn stack(folder: &Path) -> Stack {
        let stack = Stack {
            lower: vec![folder.join("top"), folder.join("low")],
            upper: folder.join("upper"),
            work: folder.join("work"),
        };
        for path in ["low/etc", "top/etc", "upper/etc", "work"] {
            fs::create_dir_all(folder.join(path)).unwrap();
        }
        fs::write(folder.join("low/etc/hosts"), "x").unwrap();
        fs::write(folder.join("low/etc/passwd"), "x").unwrap();
        stack
    }

    #[test]
    fn a_changed_file_makes_its_folder_modified_and_a_new_one_is_added() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack(folder.path());
        fs::write(stack.upper.join("etc/hosts"), "y").unwrap();
        fs::write(stack.upper.join("new"), "y").unwrap();
        let expected = [
            ("/etc", Kind::Modified),
            ("/etc/hosts", Kind::Modified),
            ("/new", Kind::Added),
        ];
        assert_eq!(
            list(&stack),
            expected.map(|(path, kind)| (path.to_owned(), kind))
        );
    }

    #[test]
    fn a_whiteout_is_a_deletion_only_of_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack(folder.path());
        if !support::needs(&[support::Need::Root]) {
            return;
        }
        whiteout::make(&stack.upper.join("etc/hosts")).unwrap();
        whiteout::make(&stack.upper.join("etc/never")).unwrap();
        // The upper of the two layers takes passwd away already.
        whiteout::make(&stack.lower[0].join("etc/passwd")).unwrap();
        fs::write(stack.upper.join("etc/passwd"), "y").unwrap();
        let expected = [
            ("/etc", Kind::Modified),
            ("/etc/hosts", Kind::Deleted),
            ("/etc/passwd", Kind::Added),
        ];
        assert_eq!(
            list(&stack),
            expected.map(|(path, kind)| (path.to_owned(), kind))
        );
    }

    #[test]
    fn of_a_copy_only_what_differs_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack(folder.path());
        copy::fill(&stack).unwrap();
        assert_eq!(list(&stack), []);
        fs::remove_file(stack.upper.join("etc/hosts")).unwrap();
        fs::write(stack.upper.join("etc/passwd"), "longer").unwrap();
        let kinds: Vec<_> = list(&stack);
        assert!(kinds.contains(&("/etc/hosts".to_owned(), Kind::Deleted)));
        assert!(kinds.contains(&("/etc/passwd".to_owned(), Kind::Modified)));
    }
}
