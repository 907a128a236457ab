//! The calls that no crate wraps: terminals' sizes and close_range(2).

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

nix::ioctl_write_ptr_bad!(tiocswinsz, libc::TIOCSWINSZ, libc::winsize);
nix::ioctl_read_bad!(tiocgwinsz, libc::TIOCGWINSZ, libc::winsize);
nix::ioctl_write_int_bad!(tiocsctty, libc::TIOCSCTTY);

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

/// Marks every descriptor from `first` on close-on-exec (close_range(2)).
pub(crate) fn close_on_exec_from(first: u32) -> Result<(), Errno> {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    let last = libc::c_uint::MAX;
    // SAFETY: with this flag the call closes nothing now; it takes integers.
    let answer =
        unsafe { libc::syscall(libc::SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) };
    Errno::result(answer).map(drop)
}
