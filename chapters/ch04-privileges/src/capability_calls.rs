//! The system calls of capabilities(7) that no crate wraps.

use nix::errno::Errno;

use crate::capability_set::CapSet;

/// `struct __user_cap_header_struct` of `linux/capability.h`.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct`: 32 bits of each set.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`: two halves.
const VERSION: u32 = 0x2008_0522;

/// capset(2) of the calling thread.
pub(crate) fn capset(
    effective: CapSet,
    permitted: CapSet,
    inheritable: CapSet,
) -> Result<(), Errno> {
    let header = Header {
        version: VERSION,
        pid: 0,
    };
    let half = |shift: u32| {
        let cut = |set: CapSet| u32::try_from(set.0 >> shift & 0xffff_ffff).unwrap_or(0);
        Half {
            effective: cut(effective),
            permitted: cut(permitted),
            inheritable: cut(inheritable),
        }
    };
    let data = [half(0), half(32)];
    // SAFETY: capset(2) reads a header and, as its version is 3, two halves; both
    // live until the call returns. The kernel writes to the header only if the version
    // is one it does not know, which version 3 is not since 2.6.26.
    let answer =
        unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) };
    Errno::result(answer).map(drop)
}

/// capget(2) of the calling thread: the effective, permitted and inheritable sets.
pub(crate) fn capget() -> Result<[CapSet; 3], Errno> {
    let mut header = Header {
        version: VERSION,
        pid: 0,
    };
    let mut data = [Half::default(); 2];
    // SAFETY: capget(2) reads and may write a header, and as its version is 3 writes two
    // halves; both live, and are borrowed by nobody else, until the call returns.
    let answer =
        unsafe { libc::syscall(libc::SYS_capget, &raw mut header, data.as_mut_ptr()) };
    Errno::result(answer)?;
    let set = |half: fn(&Half) -> u32| {
        CapSet(u64::from(half(&data[0])) | u64::from(half(&data[1])) << 32)
    };
    Ok([
        set(|half| half.effective),
        set(|half| half.permitted),
        set(|half| half.inheritable),
    ])
}

/// Whether a capability is in the bounding set; EINVAL if the kernel knows none of it.
pub(crate) fn in_bounding(bit: u32) -> Result<bool, Errno> {
    prctl(libc::PR_CAPBSET_READ, u64::from(bit), 0).map(|answer| answer == 1)
}

/// Whether a capability is in the ambient set; EINVAL if the kernel knows none of it.
pub(crate) fn in_ambient(bit: u32) -> Result<bool, Errno> {
    let asked = libc::PR_CAP_AMBIENT_IS_SET as u64;
    prctl(libc::PR_CAP_AMBIENT, asked, u64::from(bit)).map(|answer| answer == 1)
}

/// Takes a capability out of the bounding set, for good.
pub(crate) fn drop_bounding(bit: u32) -> Result<(), Errno> {
    prctl(libc::PR_CAPBSET_DROP, u64::from(bit), 0).map(drop)
}

/// Empties the ambient set.
pub(crate) fn clear_ambient() -> Result<(), Errno> {
    prctl(
        libc::PR_CAP_AMBIENT,
        libc::PR_CAP_AMBIENT_CLEAR_ALL as u64,
        0,
    )
    .map(drop)
}

/// Puts a capability, permitted and inheritable, into the ambient set.
pub(crate) fn raise_ambient(bit: u32) -> Result<(), Errno> {
    let raise = libc::PR_CAP_AMBIENT_RAISE as u64;
    prctl(libc::PR_CAP_AMBIENT, raise, u64::from(bit)).map(drop)
}

fn prctl(option: i32, first: u64, second: u64) -> Result<i32, Errno> {
    // SAFETY: the options used above take numbers and no pointers (prctl(2)); unused
    // arguments are zero, as they must be.
    let answer = unsafe { libc::prctl(option, first, second, 0u64, 0u64) };
    Errno::result(answer)
}
