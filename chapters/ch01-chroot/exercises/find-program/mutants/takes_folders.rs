//! Told: a folder has execute bits, but is no program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub(crate) fn find_program(name: &str, path: &str) -> Option<PathBuf> {
    let executable = |path: &Path| {
        fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| executable(path));
    }
    let candidates = path.split(':').map(|folder| Path::new(folder).join(name));
    candidates
        .into_iter()
        .find(|candidate| executable(candidate))
}
