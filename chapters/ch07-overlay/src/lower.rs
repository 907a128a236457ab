//! The lower layers as one tree, without mounting it: what overlayfs would show.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::whiteout;

/// What one layer says of a path.
enum Said {
    /// It has it.
    Here(PathBuf, Metadata),
    /// It takes it away, or something in its place hides it.
    Gone,
    /// It does not speak of it: the next layer down is asked.
    Nothing,
}

/// Where the lower layers' view has `path` (relative), if it has it.
pub(crate) fn find(layers: &[PathBuf], path: &Path) -> Option<(PathBuf, Metadata)> {
    for layer in layers {
        match ask(layer, path) {
            Said::Here(file, metadata) => return Some((file, metadata)),
            Said::Gone => return None,
            Said::Nothing => {}
        }
    }
    None
}

/// The names in the folder `path` (relative) of the lower layers' view.
pub(crate) fn names(layers: &[PathBuf], path: &Path) -> BTreeSet<OsString> {
    let mut seen = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for layer in layers {
        let folder = match ask(layer, path) {
            Said::Here(folder, metadata) if metadata.is_dir() => folder,
            Said::Nothing => continue,
            Said::Here(..) | Said::Gone => break,
        };
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if entry
                .metadata()
                .is_ok_and(|metadata| whiteout::is(&metadata))
            {
                gone.insert(name);
            } else if !gone.contains(&name) {
                seen.insert(name);
            }
        }
        if whiteout::is_opaque(&folder) {
            break;
        }
    }
    seen
}

fn ask(layer: &Path, path: &Path) -> Said {
    let mut here = layer.to_owned();
    let mut opaque = false;
    let mut last = None;
    for component in path.components() {
        here.push(component);
        let Ok(metadata) = fs::symlink_metadata(&here) else {
            // Below a file there is nothing, whatever the layers below have.
            let hidden = opaque || last.is_some_and(|parent: Metadata| !parent.is_dir());
            return if hidden { Said::Gone } else { Said::Nothing };
        };
        if whiteout::is(&metadata) {
            return Said::Gone;
        }
        opaque |= metadata.is_dir() && whiteout::is_opaque(&here);
        last = Some(metadata);
    }
    match last.map_or_else(|| fs::symlink_metadata(&here), Ok) {
        Ok(metadata) => Said::Here(here, metadata),
        Err(_) => Said::Nothing,
    }
}
