//! The toolbox: a root file system made from the host's own programs.
//!
//! A shell and the usual small tools, each with the libraries and the loader that
//! ld.so(8) would find for it, at the places where the host has them, so that links
//! keep their meaning. It is data first ([`Toolbox`]), then a folder ([`write()`]) or, in
//! the chapter on images, a layer. What the host lacks is left out; only without a
//! shell there is no toolbox.

pub(crate) mod elf;
mod files;
mod fingerprint;
mod gather;
mod host;
mod loader;
mod programs;
mod write;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub use fingerprint::is_current;
pub use write::write;

/// A file system, not yet written anywhere. Everything in it is root's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolbox {
    /// What is in it, each folder before what it holds.
    pub entries: Vec<Entry>,
    /// The folders in which programs were looked for.
    pub searched: Vec<PathBuf>,
}

/// One name in the toolbox.
// ANCHOR: Entry
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is, from the root but without a leading slash.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Dir {
        /// Its permissions.
        mode: u32,
    },
    /// A copy of a file of the host.
    File {
        /// The file, with no link on the way.
        from: PathBuf,
        /// Its permissions, never setuid or setgid.
        mode: u32,
    },
    /// A file made of this text.
    Text {
        /// What is in it.
        text: String,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        to: PathBuf,
    },
}
// ANCHOR_END: Entry

/// The toolbox of this machine.
///
/// # Errors
/// There is no shell, or one without its libraries.
pub fn of_host() -> Result<Toolbox> {
    collect(Path::new("/"), &programs::folders())
}

/// The toolbox of the file system at `host_root`, with the programs that are in
/// `path_dirs` (absolute paths below it; the first that has a name wins).
///
/// # Errors
/// There is no shell, or one without its libraries.
pub fn collect(host_root: &Path, path_dirs: &[PathBuf]) -> Result<Toolbox> {
    gather::gather(host_root, path_dirs)
}

#[cfg(test)]
mod tests;
