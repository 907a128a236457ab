//! Whiteouts: how a layer says that something below it is gone.
//!
//! Image layers say it in names (`.wh.x` takes away `x`, `.wh..wh..opq` empties its
//! folder: OCI image spec, layer.md). overlayfs says it with inodes: a character
//! device 0:0 in the place of `x`, an attribute `opaque` on the folder. Any user may
//! make a device 0:0 (since Linux 5.8): it opens nothing.

use std::ffi::{CStr, CString};
use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result};
use nix::sys::stat::{Mode, SFlag, mknod};
use workbench::user::in_user_namespace;

use crate::xattr;

/// The name of an attribute of overlayfs, such as `opaque`: in a user namespace
/// `trusted.*` cannot be set, and overlayfs is mounted with `userxattr`.
fn attribute(name: &str) -> CString {
    let class = if in_user_namespace() {
        "user"
    } else {
        "trusted"
    };
    CString::new(format!("{class}.overlay.{name}")).unwrap_or_default()
}

/// Whether an attribute is overlayfs's own, which no layer may bring along.
pub fn is_reserved(attribute: &CStr) -> bool {
    let name = attribute.to_bytes();
    name.starts_with(b"trusted.") || name.starts_with(b"user.overlay.")
}

/// Takes away what the layers below have at `path`, which must be free in this one.
pub fn make(path: &Path) -> Result<()> {
    mknod(path, SFlag::S_IFCHR, Mode::empty(), 0)
        .with_context(|| format!("mknod the whiteout {}", path.display()))
}

/// Whether this is a whiteout.
pub fn is(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

/// Takes away all that the layers below have in the folder at `path`.
pub fn make_opaque(path: &Path) -> Result<()> {
    xattr::set(path, &attribute("opaque"), b"y")
        .with_context(|| format!("set the attribute opaque on {}", path.display()))
}

/// Whether the folder at `path` hides what the layers below have in it.
pub fn is_opaque(path: &Path) -> bool {
    xattr::get(path, &attribute("opaque")).is_ok_and(|value| value.is_some())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_overlayfs_owns_is_reserved() {
        assert!(is_reserved(c"trusted.overlay.redirect"));
        assert!(is_reserved(c"trusted.anything"));
        assert!(is_reserved(c"user.overlay.opaque"));
        assert!(!is_reserved(c"user.mime_type"));
        assert!(!is_reserved(c"security.capability"));
    }

    #[test]
    fn a_file_is_no_whiteout() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"").unwrap();
        assert!(!is(&fs::symlink_metadata(&path).unwrap()));
        assert!(!is(&fs::symlink_metadata("/dev/null").unwrap()));
        assert!(!is_opaque(folder.path()));
    }
}
