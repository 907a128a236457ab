//! The loopback interface, brought up (netdevice(7)).
//!
//! A new network namespace has `lo`, and it is down. The runtime calls this in the
//! container's first process, so it is two ioctls and no library: a message over
//! netlink would do the same and weigh more.

use std::mem::zeroed;
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use workbench::steps::step;

/// Brings `lo` up in the network namespace of the caller; 127.0.0.1 comes with it.
///
/// # Errors
/// EPERM without `CAP_NET_ADMIN` over the namespace.
// ANCHOR: loopback_up
pub fn loopback_up() -> Result<()> {
    // Any socket will do: it only says which namespace is meant.
    let handle = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .context("open a socket to speak about interfaces")?;
    // SAFETY: `ifreq` is plain data, for which all zero is a value.
    let mut request: libc::ifreq = unsafe { zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    ioctl(&handle, libc::SIOCGIFFLAGS, &mut request).context("look at lo")?;
    // SAFETY: SIOCGIFFLAGS has just filled this member of the union.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    let up = flags | libc::IFF_UP as libc::c_short;
    if flags == up {
        return Ok(());
    }
    request.ifr_ifru.ifru_flags = up;
    let why = "a new namespace has a loopback interface, but it is down";
    let call = format_args!("ioctl(SIOCSIFFLAGS, {{\"lo\", IFF_UP}})");
    step(5, call, why, || {
        ioctl(&handle, libc::SIOCSIFFLAGS, &mut request)
    })
    .context("bring lo up")
}
// ANCHOR_END: loopback_up

fn ioctl(
    handle: &OwnedFd,
    request: libc::c_ulong,
    about: &mut libc::ifreq,
) -> nix::Result<()> {
    // SAFETY: both requests read and write one `ifreq` (netdevice(7)).
    let answer = unsafe { libc::ioctl(handle.as_raw_fd(), request as _, about) };
    Errno::result(answer).map(drop)
}
