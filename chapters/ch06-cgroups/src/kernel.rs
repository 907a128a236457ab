//! The two system calls that no library wraps: bpf(2) and pidfd_open(2).

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::unistd::Pid;

/// One instruction, `struct bpf_insn` of `<linux/bpf.h>`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub code: u8,
    /// The registers: where to in the low half, where from in the high half.
    pub registers: u8,
    /// How far to jump, or where in memory.
    pub offset: i16,
    /// A number.
    pub number: i32,
}

const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_ATTACH: libc::c_int = 8;
const BPF_PROG_DETACH: libc::c_int = 9;
const BPF_PROG_GET_FD_BY_ID: libc::c_int = 13;
const BPF_PROG_QUERY: libc::c_int = 16;
const BPF_PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const BPF_CGROUP_DEVICE: u32 = 6;
const BPF_F_ALLOW_MULTI: u32 = 2;

/// `union bpf_attr` for `BPF_PROG_LOAD`, up to `log_level`; the rest is zero to the
/// kernel.
#[repr(C)]
struct Load {
    program_type: u32,
    count: u32,
    instructions: u64,
    license: u64,
}

/// `union bpf_attr` for `BPF_PROG_ATTACH` and `BPF_PROG_DETACH`.
#[repr(C)]
struct Attach {
    target: RawFd,
    program: RawFd,
    kind: u32,
    flags: u32,
}

/// `union bpf_attr` for `BPF_PROG_QUERY`.
#[repr(C)]
struct Query {
    target: RawFd,
    kind: u32,
    query_flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
}

/// `union bpf_attr` for `BPF_PROG_GET_FD_BY_ID`.
#[repr(C)]
struct ById {
    id: u32,
    next: u32,
    flags: u32,
}

/// So many programs the kernel lets one group have (`BPF_CGROUP_MAX_PROGS`).
const MOST: usize = 64;

pub(crate) fn load_device_filter(program: &[Instruction]) -> nix::Result<OwnedFd> {
    // The licence is asked for since some helpers are for GPL programs; this uses none.
    const LICENSE: &CStr = c"Apache-2.0";
    let load = Load {
        program_type: BPF_PROG_TYPE_CGROUP_DEVICE,
        count: u32::try_from(program.len()).map_err(|_| Errno::E2BIG)?,
        instructions: program.as_ptr() as u64,
        license: LICENSE.as_ptr() as u64,
    };
    let fd = bpf(BPF_PROG_LOAD, &load)?;
    // SAFETY: BPF_PROG_LOAD answers with a new descriptor, close-on-exec, owned by
    // nobody yet (bpf(2)).
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(crate) fn attach_device_filter(
    cgroup: BorrowedFd<'_>,
    program: &OwnedFd,
) -> nix::Result<()> {
    let flags = BPF_F_ALLOW_MULTI;
    bpf(BPF_PROG_ATTACH, &device_filter(cgroup, program, flags)).map(drop)
}

pub(crate) fn detach_device_filter(
    cgroup: BorrowedFd<'_>,
    program: &OwnedFd,
) -> nix::Result<()> {
    bpf(BPF_PROG_DETACH, &device_filter(cgroup, program, 0)).map(drop)
}

fn device_filter(cgroup: BorrowedFd<'_>, program: &OwnedFd, flags: u32) -> Attach {
    Attach {
        target: cgroup.as_raw_fd(),
        program: program.as_raw_fd(),
        kind: BPF_CGROUP_DEVICE,
        flags,
    }
}

/// The programs that are on a group itself, not those above.
pub(crate) fn device_filters(cgroup: BorrowedFd<'_>) -> nix::Result<Vec<OwnedFd>> {
    let mut ids = [0_u32; MOST];
    let mut query = Query {
        target: cgroup.as_raw_fd(),
        kind: BPF_CGROUP_DEVICE,
        query_flags: 0,
        attach_flags: 0,
        ids: ids.as_mut_ptr() as u64,
        count: u32::try_from(MOST).map_err(|_| Errno::E2BIG)?,
    };
    // SAFETY: bpf(2) writes into the attributes, which are exclusively ours here, and at
    // most `count` numbers to where `ids` points, an array of that length.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            BPF_PROG_QUERY,
            &raw mut query,
            size_of::<Query>(),
        )
    };
    Errno::result(answer)?;
    let count = usize::try_from(query.count).map_err(|_| Errno::E2BIG)?;
    let mut found = Vec::new();
    for id in ids.into_iter().take(count) {
        let by_id = ById {
            id,
            next: 0,
            flags: 0,
        };
        match bpf(BPF_PROG_GET_FD_BY_ID, &by_id) {
            // SAFETY: it answers with a new descriptor, close-on-exec, owned by nobody.
            Ok(fd) => found.push(unsafe { OwnedFd::from_raw_fd(fd) }),
            // Somebody took it off meanwhile.
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(found)
}

fn bpf<T>(command: libc::c_int, attributes: &T) -> nix::Result<RawFd> {
    // SAFETY: bpf(2) reads `size_of::<T>()` bytes of attributes, and what the pointers
    // in them lead to; both live in the callers above until the call returns.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(attributes),
            size_of::<T>(),
        )
    };
    Errno::result(answer).map(|fd| fd as RawFd)
}

/// A descriptor that becomes readable when the process has ended.
pub(crate) fn pidfd_open(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: pidfd_open(2) takes two integers.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = Errno::result(answer)? as RawFd;
    // SAFETY: it answers with a new descriptor, close-on-exec, owned by nobody yet.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
