//! Exercise: open a file in a hostile tree.

use std::fs::File;
use std::io;
use std::path::Path;

/// Opens the file that `path` is for a process whose root is `root`.
pub(crate) fn open_inside(root: &Path, path: &str) -> io::Result<File> {
    // TODO: the links of the tree lead wherever a stranger wants.
    File::open(root.join(path.trim_start_matches('/')))
}
