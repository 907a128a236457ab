//! Extended attributes of files, by path, never following a last symbolic link.
//!
//! See xattr(7): `user.*` needs the file's permissions, `trusted.*` the capability
//! CAP_SYS_ADMIN of the initial user namespace, `security.capability` CAP_SETFCAP.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::Result;
use nix::errno::Errno;

/// No attribute is longer (`XATTR_SIZE_MAX`, linux/limits.h).
const LONGEST: usize = 65536;

/// Sets an attribute: lsetxattr(2).
pub fn set(path: &Path, name: &CStr, value: &[u8]) -> Result<()> {
    let path = c_path(path)?;
    // SAFETY: both strings are NUL-terminated and outlive the call, and the length
    // given is that of `value`.
    let answer = unsafe {
        libc::lsetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    Errno::result(answer).map(drop)
}

/// The value of an attribute, `None` when there is none: lgetxattr(2).
pub fn get(path: &Path, name: &CStr) -> Result<Option<Vec<u8>>> {
    let path = c_path(path)?;
    let mut value = vec![0u8; LONGEST];
    // SAFETY: both strings are NUL-terminated and outlive the call, and the kernel
    // writes no more than the length given, which is that of `value`.
    let answer = unsafe {
        libc::lgetxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    };
    match Errno::result(answer) {
        Ok(length) => {
            value.truncate(usize::try_from(length).unwrap_or(0));
            Ok(Some(value))
        }
        Err(Errno::ENODATA | Errno::EOPNOTSUPP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The names of the attributes: llistxattr(2).
pub fn list(path: &Path) -> Result<Vec<CString>> {
    let path = c_path(path)?;
    let mut names = vec![0u8; LONGEST];
    // SAFETY: the path is NUL-terminated and outlives the call, and the kernel writes
    // no more than the length given, which is that of `names`.
    let answer = unsafe {
        libc::llistxattr(path.as_ptr(), names.as_mut_ptr().cast(), names.len())
    };
    let length = match Errno::result(answer) {
        Ok(length) => usize::try_from(length).unwrap_or(0),
        Err(Errno::EOPNOTSUPP) => 0,
        Err(errno) => return Err(errno),
    };
    Ok(names[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .filter_map(|name| CString::new(name).ok())
        .collect())
}

fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_comes_back_and_an_absent_one_is_none() {
        let folder = tempfile::tempdir_in(".").unwrap();
        match set(folder.path(), c"user.skiff", b"x\0y") {
            Err(Errno::EOPNOTSUPP) => return, // a file system without attributes
            answer => answer.unwrap(),
        }
        assert_eq!(
            get(folder.path(), c"user.skiff"),
            Ok(Some(b"x\0y".to_vec()))
        );
        assert_eq!(get(folder.path(), c"user.other"), Ok(None));
        assert!(list(folder.path()).unwrap().contains(&c"user.skiff".into()));
    }

    #[test]
    fn a_missing_file_is_an_error() {
        assert_eq!(
            get(Path::new("/nonexistent"), c"user.x"),
            Err(Errno::ENOENT)
        );
    }
}
