//! The union without overlayfs: every layer copied into the upper folder, bottom first.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{Mode, SFlag, UtimensatFlags, mknod, utimensat};
use nix::sys::time::TimeSpec;

use crate::stack::Stack;
use crate::{whiteout, xattr};

/// The mark in the workshop that says: the upper folder is a whole copy.
const MARK: &str = "copied";

/// Whether the stack was copied before.
pub(crate) fn is_done(stack: &Stack) -> bool {
    stack.work.join(MARK).exists()
}

/// Copies the layers into the upper folder and marks it. What is half-done of an
/// earlier try is overwritten.
pub(crate) fn fill(stack: &Stack) -> Result<()> {
    for layer in stack.lower.iter().rev() {
        let mut copy = LayerCopy::default();
        copy.folder(layer, &stack.upper)
            .with_context(|| format!("copy the layer {}", layer.display()))?;
    }
    fs::write(stack.work.join(MARK), b"").context("mark the copy as whole")
}

/// One layer being laid upon what is there.
#[derive(Default)]
struct LayerCopy {
    /// Where the first name of a file with several went.
    linked: HashMap<(u64, u64), PathBuf>,
}

impl LayerCopy {
    fn folder(&mut self, from: &Path, to: &Path) -> Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            self.entry(&entry.path(), &entry.metadata()?, &target)
                .with_context(|| format!("copy {}", entry.path().display()))?;
        }
        // After the entries: they change the folder's time.
        attributes(from, &fs::symlink_metadata(from)?, to)
    }

    fn entry(&mut self, from: &Path, what: &Metadata, to: &Path) -> Result<()> {
        let opaque = what.is_dir() && whiteout::is_opaque(from);
        let there = fs::symlink_metadata(to).ok();
        let merge = what.is_dir() && there.as_ref().is_some_and(Metadata::is_dir);
        if let Some(there) = there
            && (opaque || !merge)
        {
            remove(to, &there)?;
        }
        if whiteout::is(what) {
            return Ok(());
        }
        if what.is_dir() {
            match fs::create_dir(to) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => return self.folder(from, to),
            }
        }
        if what.nlink() > 1 {
            let inode = (what.dev(), what.ino());
            if let Some(first) = self.linked.get(&inode) {
                return Ok(fs::hard_link(first, to)?);
            }
            self.linked.insert(inode, to.to_owned());
        }
        if leaf(from, what, to)? {
            attributes(from, what, to)?;
        }
        Ok(())
    }
}

/// Copies what is not a folder; false when it was left out.
fn leaf(from: &Path, what: &Metadata, to: &Path) -> Result<bool> {
    let kind = what.file_type();
    if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else if kind.is_file() {
        fs::copy(from, to)?;
    } else if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() {
        let flag = SFlag::from_bits_truncate(what.mode() & SFlag::S_IFMT.bits());
        match mknod(to, flag, Mode::empty(), what.rdev()) {
            // In a user namespace nobody may make devices; /dev is made anew anyway.
            Err(Errno::EPERM) => return Ok(false),
            answer => answer?,
        }
    } else {
        // A socket is worth nothing without its owner.
        return Ok(false);
    }
    Ok(true)
}

/// Owner, then mode (chown(2) clears setuid), then attributes and times.
fn attributes(from: &Path, what: &Metadata, to: &Path) -> Result<()> {
    match lchown(to, Some(what.uid()), Some(what.gid())) {
        // An id without a mapping here stays with the copier.
        Err(error)
            if !matches!(error.raw_os_error(), Some(libc::EPERM | libc::EINVAL)) =>
        {
            return Err(error).context("set the owner");
        }
        _ => {}
    }
    if !what.is_symlink() {
        let mode = fs::Permissions::from_mode(what.mode() & 0o7777);
        fs::set_permissions(to, mode).context("set the mode")?;
    }
    for name in xattr::list(from)? {
        if !whiteout::is_reserved(&name)
            && let Some(value) = xattr::get(from, &name)?
        {
            // Not every class is ours to set: losing one is docker's choice too.
            let _ = xattr::set(to, &name, &value);
        }
    }
    let accessed = TimeSpec::new(what.atime(), what.atime_nsec());
    let changed = TimeSpec::new(what.mtime(), what.mtime_nsec());
    let flag = UtimensatFlags::NoFollowSymlink;
    utimensat(AT_FDCWD, to, &accessed, &changed, flag).context("set the times")
}

fn remove(path: &Path, what: &Metadata) -> io::Result<()> {
    if what.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two layers: the upper one takes away, replaces, empties and adds.
    fn layers(folder: &Path) -> Stack {
        let (low, top) = (folder.join("low"), folder.join("top"));
        for path in ["dir/sub", "emptied/old"] {
            fs::create_dir_all(low.join(path)).unwrap();
        }
        fs::write(low.join("gone"), "gone").unwrap();
        fs::write(low.join("dir/kept"), "kept").unwrap();
        fs::hard_link(low.join("dir/kept"), low.join("twin")).unwrap();
        fs::write(low.join("file-to-dir"), "file").unwrap();
        fs::create_dir_all(top.join("file-to-dir")).unwrap();
        fs::create_dir_all(top.join("emptied")).unwrap();
        fs::create_dir_all(top.join("dir")).unwrap();
        symlink("kept", top.join("dir/link")).unwrap();
        fs::set_permissions(top.join("dir"), fs::Permissions::from_mode(0o711)).unwrap();
        Stack {
            lower: vec![top, low],
            upper: folder.join("upper"),
            work: folder.join("work"),
        }
    }

    #[test]
    fn layers_are_merged_as_overlayfs_would() {
        let folder = tempfile::tempdir_in(".").unwrap();
        let stack = layers(folder.path());
        let top = &stack.lower[0];
        // Making these two needs rights that not everybody has.
        let gone = whiteout::make(&top.join("gone")).is_ok();
        let emptied = whiteout::make_opaque(&top.join("emptied")).is_ok();
        fs::create_dir(&stack.upper).unwrap();
        fs::create_dir(&stack.work).unwrap();
        assert!(!is_done(&stack));
        fill(&stack).unwrap();
        assert!(is_done(&stack));
        let up = |path: &str| stack.upper.join(path);
        assert_eq!(up("gone").exists(), !gone);
        assert_eq!(up("emptied/old").exists(), !emptied);
        assert_eq!(fs::read_link(up("dir/link")).unwrap(), Path::new("kept"));
        assert!(up("file-to-dir").is_dir());
        assert_eq!(fs::metadata(up("dir")).unwrap().mode() & 0o777, 0o711);
        let twins = [up("twin"), up("dir/kept")].map(|path| fs::metadata(path).unwrap());
        assert_eq!(twins[0].ino(), twins[1].ino());
    }
}
