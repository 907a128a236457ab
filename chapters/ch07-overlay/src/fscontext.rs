//! A file system being configured: fsopen(2), fsconfig(2), fsmount(2), move_mount(2).
//!
//! The new mount API hands options over one by one, so that no page of 4 KiB limits
//! how many layers there are, and explains refusals in words: the context can be read
//! like a log.

use std::ffi::{CStr, CString, c_int, c_uint};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::Result;
use nix::errno::Errno;

// linux/mount.h
const FSOPEN_CLOEXEC: c_uint = 1;
const FSMOUNT_CLOEXEC: c_uint = 1;
const FSCONFIG_SET_FLAG: c_uint = 0;
const FSCONFIG_SET_STRING: c_uint = 1;
const FSCONFIG_CMD_CREATE: c_uint = 6;
const MOVE_MOUNT_F_EMPTY_PATH: c_uint = 4;

/// The longest value that fsconfig(2) takes, without its NUL.
pub(crate) const LONGEST_VALUE: usize = 255;

/// A file system context: not mounted anywhere, closed with its last reference.
pub(crate) struct FsContext(OwnedFd);

impl FsContext {
    /// Starts to configure a file system of the kind `name`: fsopen(2).
    pub(crate) fn open(name: &CStr) -> Result<Self> {
        // SAFETY: `name` is NUL-terminated and outlives the call.
        let fd =
            unsafe { libc::syscall(libc::SYS_fsopen, name.as_ptr(), FSOPEN_CLOEXEC) };
        owned(fd).map(Self)
    }

    /// Sets an option that has a value.
    pub(crate) fn set(&self, key: &CStr, value: &CStr) -> Result<()> {
        self.config(FSCONFIG_SET_STRING, Some(key), Some(value))
    }

    /// Sets an option that has none.
    pub(crate) fn set_flag(&self, key: &CStr) -> Result<()> {
        self.config(FSCONFIG_SET_FLAG, Some(key), None)
    }

    /// Makes the file system's superblock from the options.
    pub(crate) fn create(&self) -> Result<()> {
        self.config(FSCONFIG_CMD_CREATE, None, None)
    }

    /// The mount that shows it, attached nowhere yet: fsmount(2).
    pub(crate) fn mount(&self) -> Result<OwnedFd> {
        // SAFETY: no memory is passed.
        let fd = unsafe {
            libc::syscall(libc::SYS_fsmount, self.0.as_raw_fd(), FSMOUNT_CLOEXEC, 0)
        };
        owned(fd)
    }

    /// What the file system has to say about its options, a line a message.
    pub(crate) fn messages(&self) -> String {
        let mut lines = Vec::new();
        let mut message = [0u8; 1024];
        let Ok(fd) = self.0.try_clone() else {
            return String::new();
        };
        let mut log = File::from(fd);
        // A read takes one message; ENODATA says there is no other.
        while let Ok(length @ 1..) = log.read(&mut message) {
            let text = String::from_utf8_lossy(&message[..length]);
            lines.push(text.trim_end().trim_start_matches("e ").to_owned());
        }
        lines.join("; ")
    }

    fn config(
        &self,
        how: c_uint,
        key: Option<&CStr>,
        value: Option<&CStr>,
    ) -> Result<()> {
        let (key, value) = (pointer(key), pointer(value));
        // SAFETY: both pointers are null, where the command allows it, or
        // NUL-terminated strings that outlive the call.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_fsconfig,
                self.0.as_raw_fd(),
                how,
                key,
                value,
                0 as c_int,
            )
        };
        Errno::result(answer).map(drop)
    }
}

/// Attaches a mount made by [`FsContext::mount`] at a folder: move_mount(2).
pub(crate) fn attach(mount: &OwnedFd, target: &Path) -> Result<()> {
    let target =
        CString::new(target.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: both strings are NUL-terminated and outlive the call.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            target.as_ptr(),
            MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    Errno::result(answer).map(drop)
}

fn pointer(text: Option<&CStr>) -> *const libc::c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

fn owned(answer: libc::c_long) -> Result<OwnedFd> {
    let fd = RawFd::try_from(Errno::result(answer)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just returned this descriptor to us, and to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
