//! Attributes of a mount: read-only, nosuid and their kind, set and cleared.
//!
//! mount_setattr(2) changes them on one mount or on a whole tree at once, and leaves
//! alone what is neither set nor cleared: the flags that a user namespace inherits
//! locked (mount_namespaces(7), "restrictions") stay as they are without our help.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// `MOUNT_ATTR_*` of `linux/mount.h`; the type is the one mount_setattr(2) takes.
pub(crate) const RDONLY: u64 = 0x1;
pub(crate) const NOSUID: u64 = 0x2;
pub(crate) const NODEV: u64 = 0x4;
pub(crate) const NOEXEC: u64 = 0x8;
/// The field of three bits that says when access times are written.
pub(crate) const ATIME: u64 = 0x70;
pub(crate) const RELATIME: u64 = 0x0;
pub(crate) const NOATIME: u64 = 0x10;
pub(crate) const STRICTATIME: u64 = 0x20;
pub(crate) const NODIRATIME: u64 = 0x80;
pub(crate) const NOSYMFOLLOW: u64 = 0x20_0000;

const NAMES: [(u64, &str); 8] = [
    (RDONLY, "RDONLY"),
    (NOSUID, "NOSUID"),
    (NODEV, "NODEV"),
    (NOEXEC, "NOEXEC"),
    (NOATIME, "NOATIME"),
    (STRICTATIME, "STRICTATIME"),
    (NODIRATIME, "NODIRATIME"),
    (NOSYMFOLLOW, "NOSYMFOLLOW"),
];

/// Which attributes a mount gets and which it loses; the others stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `MOUNT_ATTR_*` bits to set.
    pub set: u64,
    /// `MOUNT_ATTR_*` bits to clear. When access times are touched at all, the whole
    /// field is here, as the kernel demands.
    pub clear: u64,
}

impl Attributes {
    /// Lets a later word win over an earlier one.
    pub(crate) fn add(&mut self, set: u64, clear: u64) {
        self.set = (self.set & !clear) | set;
        self.clear = (self.clear & !set) | clear;
    }

    /// Whether nothing is set and nothing cleared.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The names of attribute bits, as `linux/mount.h` has them: `RDONLY|NOSUID`.
pub(crate) fn names(bits: u64) -> String {
    let held = NAMES.iter().filter(|(bit, _)| bits & bit != 0);
    let names: Vec<&str> = held.map(|(_, name)| *name).collect();
    if names.is_empty() {
        "0".to_owned()
    } else {
        names.join("|")
    }
}

/// `struct mount_attr` of `linux/mount.h`, version 0.
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// mount_setattr(2) on the mount that `fd` stands for (and, if `recursive`, on all
/// below it); `propagation` is one of `MS_SHARED`, `MS_SLAVE`, … or 0.
pub(crate) fn mount_setattr(
    fd: BorrowedFd<'_>,
    recursive: bool,
    change: Attributes,
    propagation: u64,
) -> Result<(), Errno> {
    let attributes = MountAttr {
        set: change.set,
        clear: change.clear,
        propagation,
        user_namespace: 0,
    };
    set(fd, recursive, &attributes)
}

/// Gives the mount (and, if `recursive`, all below it) other ids for its files: those
/// that the maps of a user namespace make of them.
pub(crate) fn map_ids(
    fd: BorrowedFd<'_>,
    recursive: bool,
    user_namespace: BorrowedFd<'_>,
) -> Result<(), Errno> {
    const MOUNT_ATTR_IDMAP: u64 = 0x10_0000;
    let attributes = MountAttr {
        set: MOUNT_ATTR_IDMAP,
        clear: 0,
        propagation: 0,
        user_namespace: user_namespace.as_raw_fd() as u64,
    };
    set(fd, recursive, &attributes)
}

fn set(fd: BorrowedFd<'_>, recursive: bool, attributes: &MountAttr) -> Result<(), Errno> {
    let depth = if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: mount_setattr(2) reads a path and `size` bytes of a `struct mount_attr`,
    // and writes nothing: the path is a literal with its NUL, `attributes` lives until
    // the call returns and its size is the one that is given.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            fd.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | depth,
            std::ptr::from_ref(attributes),
            size_of::<MountAttr>(),
        )
    };
    Errno::result(answer).map(drop)
}
