//! Solution: open a file in a hostile tree.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

/// Opens the file that `path` is for a process whose root is `root`.
pub(crate) fn open_inside(root: &Path, path: &str) -> io::Result<File> {
    // Links of procfs are no paths: they lead out of any root.
    let inside = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC)
        .resolve(inside);
    let file = openat2(File::open(root)?, path, how)?;
    Ok(File::from(file))
}
