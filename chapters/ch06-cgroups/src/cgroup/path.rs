//! The path of a group, as it was asked for and before it is believed.

use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

/// A path of names only. The kernel would follow `..` out of the parent's group.
pub(crate) fn checked(path: &str) -> Result<PathBuf> {
    let plain =
        |part: Component<'_>| matches!(part, Component::Normal(_) | Component::RootDir);
    let parts = Path::new(path).components();
    if path.contains('\0') || !parts.clone().all(plain) {
        bail!("{path:?} is no path of a cgroup: it has a part that is not a name");
    }
    let path: PathBuf = [Component::RootDir].into_iter().chain(parts).collect();
    if path == Path::new("/") {
        bail!("the root is not ours to make a cgroup of");
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_of_names() {
        assert_eq!(checked("skiff/web").unwrap(), Path::new("/skiff/web"));
        assert_eq!(checked("/skiff/./web/").unwrap(), Path::new("/skiff/web"));
        for wrong in ["/skiff/../docker", "..", "/", "", "a\0b"] {
            assert!(checked(wrong).is_err(), "{wrong:?}");
        }
    }
}
