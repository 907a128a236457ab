//! The size of a terminal (ioctl_tty(2), `TIOCGWINSZ`).

use std::os::fd::{AsFd, AsRawFd};

use nix::libc::{TIOCGWINSZ, winsize};

nix::ioctl_read_bad!(get_window_size, TIOCGWINSZ, winsize);

/// Rows and columns; `None` when `terminal` is none.
pub(super) fn size(terminal: impl AsFd) -> Option<(u16, u16)> {
    let mut size = winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one `winsize` to its argument, which is one that lives
    // until the call returns; the descriptor is open as `terminal` is borrowed.
    let answer = unsafe { get_window_size(terminal.as_fd().as_raw_fd(), &raw mut size) };
    answer.ok().map(|_| (size.ws_row, size.ws_col))
}
