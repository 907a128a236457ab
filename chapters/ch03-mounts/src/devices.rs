//! `/dev`: the few device nodes every program counts on, and the links beside them.
//!
//! mknod(2) is refused in a user namespace; there the host's own node is bound
//! instead, after a look at it: a path is a name, the numbers are the device.
//!
//! Source: runtime-spec, `config-linux.md`, "Default Devices".

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::sys::stat::umask;
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Uid, chownat, fstat, major, makedev, minor,
    mknodat, open, statat, symlinkat,
};
use rustix::io::Errno;
use rustix::mount::{OpenTreeFlags, open_tree};
use workbench::steps;

use crate::CHAPTER;
use crate::plan::place;
use crate::root::{Root, split};

/// What kind of node it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// `c` or `u`: a character device.
    Character,
    /// `b`: a block device.
    Block,
    /// `p`: a FIFO; it has no numbers.
    Fifo,
}

/// A node to make, in the shape of the OCI specification (`config-linux.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Where, absolute, as the container sees it; on the host it has the same name.
    pub path: PathBuf,
    /// Its kind.
    pub kind: DeviceKind,
    /// The driver.
    pub major: u32,
    /// Which of the driver's devices.
    pub minor: u32,
    /// Permission bits.
    pub mode: u32,
    /// Owner, as the container counts.
    pub uid: u32,
    /// Group, as the container counts.
    pub gid: u32,
}

/// Name and numbers of the nodes that every container has.
const DEFAULT: [(&str, u32, u32); 6] = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
];

const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "pts/ptmx"),
];

/// The nodes that every container has, world-writable as on the host.
#[must_use]
pub fn default_list() -> Vec<Device> {
    let device = |&(path, major, minor): &(&str, u32, u32)| Device {
        path: path.into(),
        kind: DeviceKind::Character,
        major,
        minor,
        mode: 0o666,
        uid: 0,
        gid: 0,
    };
    DEFAULT.iter().map(device).collect()
}

/// Makes the default nodes and links; with `terminal` also the empty `/dev/console`
/// that [`bind_console`] covers.
///
/// To be called when `/dev` is mounted, and not where `/dev` is a bind of the host's.
///
/// # Errors
/// At the first node or link that cannot be made.
pub fn default_devices(root: &Root, terminal: bool) -> Result<()> {
    create_devices(root, &default_list())?;
    for (path, to) in LINKS {
        link(root, Path::new(path), to)?;
    }
    if Path::new("/proc/kcore").exists() {
        link(root, Path::new("/dev/core"), "/proc/kcore")?;
    }
    if terminal {
        root.make_file(Path::new("/dev/console"))?;
    }
    Ok(())
}

/// Makes the given nodes; where something is there already, it stays.
///
/// # Errors
/// At the first node that can be neither made nor bound.
pub fn create_devices(root: &Root, list: &[Device]) -> Result<()> {
    for device in list {
        create(root, device)
            .with_context(|| format!("make the device {}", device.path.display()))?;
    }
    Ok(())
}

/// Puts a pseudo-terminal's slave, held open, onto `/dev/console`.
///
/// By descriptor: whatever the container's `/dev/pts` has become, it is this terminal
/// that is bound (CVE-2025-52565).
///
/// # Errors
/// If `/dev` is not there, or the mount is refused.
pub fn bind_console(root: &Root, slave: BorrowedFd<'_>) -> Result<()> {
    let target = root.make_file(Path::new("/dev/console"))?;
    bind(slave, target.as_fd(), "/dev/console")
        .context("bind the terminal on /dev/console")
}

// ANCHOR: create
fn create(root: &Root, device: &Device) -> Result<()> {
    let (folder, name) = split(&device.path)?;
    let folder = root.make_dir(folder)?;
    let kind = match device.kind {
        DeviceKind::Character => FileType::CharacterDevice,
        DeviceKind::Block => FileType::BlockDevice,
        DeviceKind::Fifo => FileType::Fifo,
    };
    let (numbers, mode) = (makedev(device.major, device.minor), device.mode & 0o7777);
    let made = steps::step(
        CHAPTER,
        format_args!(
            "mknodat({:?}, 0{mode:o}, {}:{})",
            device.path, device.major, device.minor
        ),
        "programs count on it; the image must not choose what it is",
        || {
            // A mode is less what the umask has; a chmod(2) by name afterwards might
            // meet another file.
            let before = umask(nix::sys::stat::Mode::empty());
            let made = mknodat(&folder, name, kind, Mode::from_raw_mode(mode), numbers);
            umask(before);
            made
        },
    );
    match made {
        Ok(()) => own(folder.as_fd(), name, device),
        Err(Errno::EXIST) => {
            same(&statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?, device)
        }
        Err(Errno::PERM) => bind_from_host(root, device),
        Err(errno) => Err(errno).context("make the node"),
    }
}
// ANCHOR_END: create

fn own(folder: BorrowedFd<'_>, name: &std::ffi::OsStr, device: &Device) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(device.uid), Gid::from_raw(device.gid));
    chownat(
        folder,
        name,
        Some(uid),
        Some(gid),
        AtFlags::SYMLINK_NOFOLLOW,
    )
    .context("set its owner")
}

fn bind_from_host(root: &Root, device: &Device) -> Result<()> {
    let host = open(&device.path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .context("open the host's, as mknod is refused here")?;
    same(&fstat(&host)?, device).context("look at the host's")?;
    let target = root.make_file(&device.path)?;
    bind(
        host.as_fd(),
        target.as_fd(),
        &device.path.display().to_string(),
    )
    .context("bind the host's, as mknod is refused here")
}

fn bind(
    from: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    name: &str,
) -> rustix::io::Result<()> {
    steps::step(
        CHAPTER,
        format_args!("move_mount(open_tree(OPEN_TREE_CLONE) -> {name:?})"),
        "the device itself, by descriptor, not by a name that can be exchanged",
        || place(&clone(from)?, target),
    )
}

/// A detached mount of the one file that a descriptor stands for.
pub(crate) fn clone(file: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    open_tree(file, "", flags | OpenTreeFlags::AT_EMPTY_PATH)
}

/// A descriptor of the host's, or after the pivot the container's, `/dev/null`, which is
/// the null device indeed (CVE-2025-31133 put another file in its place).
pub(crate) fn null(root: &Root) -> Result<OwnedFd> {
    let path = Path::new("/dev/null");
    let null = root.resolve(path)?;
    let expected = default_list()
        .into_iter()
        .find(|device| device.path == path);
    let expected = expected.context("/dev/null is in the list of devices")?;
    same(&fstat(&null)?, &expected).context("look at /dev/null")?;
    Ok(null)
}

fn same(found: &rustix::fs::Stat, device: &Device) -> Result<()> {
    let kind = FileType::from_raw_mode(found.st_mode);
    let right = match device.kind {
        DeviceKind::Character => kind.is_char_device(),
        DeviceKind::Block => kind.is_block_device(),
        DeviceKind::Fifo => return ensured(kind.is_fifo(), "is not a FIFO"),
    };
    let numbers = (major(found.st_rdev), minor(found.st_rdev));
    ensured(
        right && numbers == (device.major, device.minor),
        &format!("is not the device {}:{}", device.major, device.minor),
    )
}

fn ensured(right: bool, otherwise: &str) -> Result<()> {
    ensure!(right, "what is there {otherwise}");
    Ok(())
}

/// Makes a link; what has the name already stays.
fn link(root: &Root, path: &Path, to: &str) -> Result<()> {
    let (folder, name) = split(path)?;
    let folder = root.make_dir(folder)?;
    let made = steps::step(
        CHAPTER,
        format_args!("symlinkat({to:?}, {path:?})"),
        "descriptors and terminals under the names that scripts use",
        || symlinkat(to, &folder, name),
    );
    match made {
        Err(Errno::EXIST) => Ok(()),
        answer => answer.with_context(|| format!("link {} to {to}", path.display())),
    }
}
