//! Told: a file without an execute bit is no program.

use std::path::{Path, PathBuf};

pub(crate) fn find_program(name: &str, path: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let candidates = path.split(':').map(|folder| Path::new(folder).join(name));
    candidates.into_iter().find(|candidate| candidate.is_file())
}
