//! The runtime's own binary, out of the container's reach (CVE-2019-5736).
//!
//! A container's first process begins as a copy of this one, so for a while
//! `/proc/<pid>/exe` in the container *is* this program's file on the host, and the
//! container's root is the host's root to that file. There are three ways to it:
//!
//! 1. The image makes the program, its `#!` line or its ELF interpreter
//!    `/proc/self/exe`. The kernel looks that up during execve(2), in the process that
//!    calls, which may always look at itself: so no check of the path can help, and this
//!    program begins a second time, confined and with the image's libraries. These open
//!    `/proc/self/exe` for writing as soon as nobody executes it.
//! 2. A process of the container opens `/proc/<pid>/exe` of one that `exec` sends in.
//!    The kernel asks for what ptrace(2) asks for, and refuses as long as the target is
//!    not *dumpable*: see [`hide`]. Only `CAP_SYS_PTRACE` over the host helps there, and
//!    who has that takes the whole process, not its file.
//! 3. A hook of the image's, with all the privileges that the runtime still has.
//!
//! And an init (`namespaces::pid1`) stays this program for as long as the container lives.
//!
//! Against 1 and 3 only the file can be protected: [`protect`] starts the program once
//! more from a mount of its file that is read-only and has no place. Whoever opens
//! `/proc/<pid>/exe` opens it through that mount, for which the kernel answers EROFS (or
//! ETXTBSY as long as it runs); and a mount without a place is in nobody's mount
//! namespace, so that nobody can change it. Nothing is copied. Only who may make no mount,
//! an ordinary user outside of any namespace of his own, gets a copy in memory, sealed.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::sys::stat::{fstat, stat};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::fexecve;
use workbench::steps;

/// Where the kernel shows the file that this process executes.
const SELF: &str = "/proc/self/exe";

/// Starts this program once more, from a read-only mount of its own file, unless it was
/// started from there.
///
/// To be called first of all, while the process has one thread and nothing to lose.
///
/// # Errors
/// When the kernel makes neither such a mount nor a file in memory.
// ANCHOR: protect
pub fn protect() -> Result<()> {
    if is_protected() {
        // Started by descriptor, it goes by the descriptor's number or no name at all.
        let name = std::env::args_os().next().unwrap_or_default();
        let name = Path::new(&name).file_name().unwrap_or_default().to_owned();
        return prctl::set_name(&CString::new(name.into_vec())?)
            .context("name the process");
    }
    let file = view().or_else(|_| sealed_copy())?;
    let strings = |list: Vec<OsString>| -> Result<Vec<CString>> {
        let bytes = list.into_iter().map(OsString::into_vec);
        bytes.map(|text| Ok(CString::new(text)?)).collect()
    };
    let args = strings(std::env::args_os().collect())?;
    let variable = |(mut name, value): (OsString, OsString)| {
        name.push("=");
        name.push(value);
        name
    };
    let env = strings(std::env::vars_os().map(variable).collect())?;
    let Err(errno) = fexecve(&file, &args, &env);
    Err(errno).context("execute this program from what nobody can write")
}
// ANCHOR_END: protect

/// Whether this process executes what nobody can write: a copy that is sealed, or a file
/// that is a read-only mount by itself (the root of a mount without a place is "/").
fn is_protected() -> bool {
    let place = std::fs::read_link(SELF).unwrap_or_default();
    if place == Path::new("/") {
        return statvfs(SELF).is_ok_and(|it| it.flags().contains(FsFlags::ST_RDONLY));
    }
    let sealed = |file: File| {
        let seals = fcntl(&file, FcntlArg::F_GET_SEALS).unwrap_or(0);
        SealFlag::from_bits_retain(seals).contains(SEALS)
    };
    place.to_string_lossy().starts_with("/memfd:") && File::open(SELF).is_ok_and(sealed)
}

/// A read-only mount of this program's file.
///
/// The link of /proc leads into the mount namespace in which the program was started;
/// in another one the same file is found by its name, if it is the same.
fn view() -> Result<OwnedFd> {
    if let Ok(view) = mounts::read_only_view(Path::new(SELF)) {
        return Ok(view);
    }
    let view = mounts::read_only_view(&std::fs::read_link(SELF)?)?;
    let (found, own) = (fstat(&view)?, stat(SELF)?);
    ensure!(
        (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino),
        "another program has this one's name"
    );
    Ok(view)
}

const SEALS: SealFlag = SealFlag::F_SEAL_SEAL
    .union(SealFlag::F_SEAL_SHRINK)
    .union(SealFlag::F_SEAL_GROW)
    .union(SealFlag::F_SEAL_WRITE);

/// A copy of this program in memory, which not even its owner can change (memfd_create(2)).
fn sealed_copy() -> Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut copy =
        File::from(memfd_create(c"skiff", flags).context("make a file in memory")?);
    let mut own = File::open(SELF).context("open this program")?;
    std::io::copy(&mut own, &mut copy).context("copy this program")?;
    seal(&copy).context("seal the copy")?;
    Ok(copy.into())
}

/// Seals a file in memory. The kernel refuses while a page of it is held elsewhere, be it
/// by its own housekeeping (it moves pages about): that passes (fcntl(2), EBUSY).
fn seal(copy: &File) -> nix::Result<()> {
    let patience = Instant::now() + Duration::from_secs(5);
    loop {
        match fcntl(copy, FcntlArg::F_ADD_SEALS(SEALS)) {
            Err(Errno::EBUSY) if Instant::now() < patience => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done.map(drop),
        }
    }
}

/// Makes this process one that no other may look into: not at its memory, its
/// descriptors or its file, unless by `CAP_SYS_PTRACE` over the namespace in which this
/// program was started.
///
/// execve(2) takes it back, and so does nothing else: what setuid(2) and setns(2) change
/// in between only makes a process less dumpable. Its files in /proc belong to root from
/// here on; what is to be written to them by somebody else is to be written before.
///
/// # Errors
/// Never, in fact.
// ANCHOR: hide
pub(crate) fn hide() -> Result<()> {
    let why = "processes of the container may see this one: they must not open it";
    steps::step(9, format_args!("prctl(PR_SET_DUMPABLE, 0)"), why, || {
        prctl::set_dumpable(false)
    })
    .context("make the process not dumpable")
}
// ANCHOR_END: hide

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use nix::fcntl::{SpliceFFlags, splice};

    use super::*;

    /// A page of the file that waits in a pipe is held, as it is when the kernel moves it.
    #[test]
    fn a_file_is_sealed_when_the_last_of_its_pages_is_let_go() {
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let mut copy = File::from(memfd_create(c"skiff", flags).unwrap());
        copy.write_all(&[7; 4096]).unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        let from_start = Some(&mut 0);
        splice(
            &copy,
            from_start,
            &writer,
            None,
            4096,
            SpliceFFlags::empty(),
        )
        .unwrap();
        let seals = || fcntl(&copy, FcntlArg::F_ADD_SEALS(SEALS));
        assert_eq!(seals(), Err(Errno::EBUSY), "the page in the pipe counts");

        let holder = thread::spawn(move || {
            thread::sleep(Duration::from_millis(500));
            drop((reader, writer));
        });
        seal(&copy).unwrap();
        holder.join().unwrap();
        let refused = copy.write_all(b"x").unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(Errno::EPERM as i32));
    }
}
