//! Names in a layer's archive, taken apart without asking the file system.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

const WHITEOUT: &[u8] = b".wh.";
/// What begins so is about aufs, of which only the next is still in use.
const META: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What the name of an entry says. Folders are paths from the root, without `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// The root of the layer.
    Root,
    /// Something at `name` in `folder`.
    Entry { folder: PathBuf, name: OsString },
    /// `name` in `folder` is gone.
    Whiteout { folder: PathBuf, name: OsString },
    /// All in `folder` is gone.
    Opaque { folder: PathBuf },
    /// Nothing for us.
    Ignored,
}

/// Takes a name apart: it is from the root of the layer, with or without a slash.
///
/// # Errors
/// It has a `..` or a NUL, or takes away something that cannot be.
pub(super) fn of_entry(path: &[u8]) -> Result<Name> {
    let shown = || String::from_utf8_lossy(&path[..path.len().min(300)]).into_owned();
    ensure!(!path.contains(&0), "invalid entry name {:?}", shown());
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => bail!("invalid entry name {:?}", shown()),
            part if part.starts_with(META) && part != OPAQUE => return Ok(Name::Ignored),
            part => parts.push(part),
        }
    }
    let Some(last) = parts.pop() else {
        return Ok(Name::Root);
    };
    if parts.iter().any(|part| part.starts_with(WHITEOUT)) {
        bail!("invalid whiteout entry {:?}", shown());
    }
    let folder = parts.iter().fold(PathBuf::new(), |mut folder, part| {
        folder.push(OsString::from_vec(part.to_vec()));
        folder
    });
    let os = |name: &[u8]| OsString::from_vec(name.to_vec());
    if last == OPAQUE {
        return Ok(Name::Opaque { folder });
    }
    match last.strip_prefix(WHITEOUT) {
        None => Ok(Name::Entry {
            folder,
            name: os(last),
        }),
        Some(b"" | b"." | b"..") => bail!("invalid whiteout entry {:?}", shown()),
        Some(name) => Ok(Name::Whiteout {
            folder,
            name: os(name),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(folder: &str, name: &str) -> Name {
        Name::Entry {
            folder: folder.into(),
            name: name.into(),
        }
    }

    #[test]
    fn names_are_taken_from_the_root() {
        let of = |path: &str| of_entry(path.as_bytes()).unwrap();
        for root in ["", ".", "/", "./", "././/"] {
            assert_eq!(of(root), Name::Root, "{root:?}");
        }
        for path in ["a/b", "/a/b", "./a/b", "a//b/", "//a/./b"] {
            assert_eq!(of(path), entry("a", "b"), "{path:?}");
        }
        assert_eq!(of("..."), entry("", "..."));
        let whiteout = Name::Whiteout {
            folder: "a".into(),
            name: "b".into(),
        };
        assert_eq!(of("a/.wh.b"), whiteout);
        assert_eq!(of("a/.wh..wh..opq"), Name::Opaque { folder: "a".into() });
        for path in ["a/.wh..wh.plnk/1", ".wh..wh.aufs", "a/.wh..wh."] {
            assert_eq!(of(path), Name::Ignored, "{path:?}");
        }
    }

    #[test]
    fn names_that_lead_out_are_refused_and_named() {
        for path in [
            "..",
            "../x",
            "a/../../x",
            "./..//x",
            "a/..",
            "a/../b",
            "a\0b",
        ] {
            let error = of_entry(path.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("invalid entry name"), "{path:?}: {error}");
        }
        for path in [".wh.", ".wh..", ".wh...", "a/.wh...", ".wh../x", ".wh.x/y"] {
            let error = of_entry(path.as_bytes()).unwrap_err().to_string();
            assert!(
                error.starts_with("invalid whiteout entry"),
                "{path:?}: {error}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_has_only_plain_parts(path in "[./whopqa\\x00]{0,24}") {
            let parts = match of_entry(path.as_bytes()) {
                Ok(Name::Entry { folder, name } | Name::Whiteout { folder, name }) => {
                    folder.join(name)
                }
                Ok(Name::Opaque { folder }) => folder,
                _ => return Ok(()),
            };
            for part in parts.as_os_str().to_string_lossy().split('/') {
                prop_assert!(!matches!(part, "." | ".."), "{:?} of {:?}", part, path);
            }
            prop_assert!(parts.is_relative());
        }
    }
}
