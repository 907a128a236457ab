//! The calls that no crate wraps: those on terminals, and close_range(2).

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

nix::ioctl_write_ptr_bad!(tiocswinsz, libc::TIOCSWINSZ, libc::winsize);
nix::ioctl_read_bad!(tiocgwinsz, libc::TIOCGWINSZ, libc::winsize);
nix::ioctl_write_int_bad!(tiocsctty, libc::TIOCSCTTY);
nix::ioctl_write_ptr_bad!(tiocsptlck, libc::TIOCSPTLCK, libc::c_int);
nix::ioctl_write_int_bad!(tiocgptpeer, libc::TIOCGPTPEER);

/// Sets the size of a terminal: rows and columns (ioctl_tty(2)).
pub(crate) fn set_size(
    terminal: BorrowedFd<'_>,
    (rows, columns): (u16, u16),
) -> Result<(), Errno> {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ reads one winsize, which lives through the call.
    unsafe { tiocswinsz(terminal.as_raw_fd(), &raw const size) }.map(drop)
}

/// The size of a terminal: rows and columns.
pub(crate) fn size(terminal: BorrowedFd<'_>) -> Result<(u16, u16), Errno> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one winsize, which lives through the call.
    unsafe { tiocgwinsz(terminal.as_raw_fd(), &raw mut size) }?;
    Ok((size.ws_row, size.ws_col))
}

/// Makes a terminal the controlling one of this session.
pub(crate) fn make_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: TIOCSCTTY takes an integer; 0 does not steal from another session.
    unsafe { tiocsctty(terminal.as_raw_fd(), 0) }.map(drop)
}

/// The other end of a pseudo-terminal, unlocked: opened by the terminal itself, and not
/// by a name in `/dev/pts` (ioctl_tty(2), TIOCGPTPEER).
pub(crate) fn peer(master: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let unlocked: libc::c_int = 0;
    // SAFETY: TIOCSPTLCK reads one int, which lives through the call.
    unsafe { tiocsptlck(master.as_raw_fd(), &raw const unlocked) }?;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: TIOCGPTPEER takes the flags of open(2) as an integer.
    let slave = unsafe { tiocgptpeer(master.as_raw_fd(), flags) }?;
    // SAFETY: the kernel has just made this descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(slave) })
}

/// Joins the session keyring of this name, made if need be, and lets others of this user
/// find it (keyctl(2), session-keyring(7)).
pub(crate) fn join_session_keyring(name: &CStr) -> Result<(), Errno> {
    /// All to who possesses it; to its owner view, read, link, and search: to join it.
    const PERMISSIONS: libc::c_ulong = 0x3f1b_0000;
    let join = libc::KEYCTL_JOIN_SESSION_KEYRING;
    // SAFETY: the call reads a string that ends with NUL and lives through it.
    let keyring = unsafe { libc::syscall(libc::SYS_keyctl, join, name.as_ptr()) };
    let keyring = Errno::result(keyring)?;
    let set = libc::KEYCTL_SETPERM;
    // SAFETY: the call takes integers.
    let answer = unsafe { libc::syscall(libc::SYS_keyctl, set, keyring, PERMISSIONS) };
    Errno::result(answer).map(drop)
}

/// Marks every descriptor from `first` on close-on-exec (close_range(2)).
pub(crate) fn close_on_exec_from(first: u32) -> Result<(), Errno> {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    let last = libc::c_uint::MAX;
    // SAFETY: with this flag the call closes nothing now; it takes integers.
    let answer =
        unsafe { libc::syscall(libc::SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) };
    Errno::result(answer).map(drop)
}
