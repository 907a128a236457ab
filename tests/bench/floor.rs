//! The floor: what any runtime must ask of the kernel for `true` in a root of its own, and
//! nothing else. `floor ROOTFS PROGRAM`. Compiled by the bench with `rustc -O`, no crate.

use std::ffi::{CString, c_char, c_int, c_ulong};
use std::ptr::null;

unsafe extern "C" {
    fn unshare(flags: c_int) -> c_int;
    fn fork() -> c_int;
    fn mount(
        source: *const c_char,
        target: *const c_char,
        fstype: *const c_char,
        flags: c_ulong,
        data: *const c_char,
    ) -> c_int;
    fn chroot(path: *const c_char) -> c_int;
    fn execv(path: *const c_char, words: *const *const c_char) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
}

/// Mount, UTS, IPC, pid and network namespaces: runc's default.
const NAMESPACES: c_int =
    0x0002_0000 | 0x0400_0000 | 0x0800_0000 | 0x2000_0000 | 0x4000_0000;
const REC_PRIVATE: c_ulong = 0x4000 | 0x4_0000;
const REC_BIND: c_ulong = 0x4000 | 0x1000;

fn done(what: &str, answer: c_int) {
    assert!(answer >= 0, "{what}: {}", std::io::Error::last_os_error());
}

fn main() {
    let words: Vec<CString> = std::env::args()
        .map(|word| CString::new(word).expect("no NUL"))
        .collect();
    let (root, program) = (words[1].as_ptr(), words[2].as_ptr());
    // SAFETY: plain system calls; every pointer is a C string that lives until exec, and
    // this process has one thread.
    unsafe {
        done("unshare", unshare(NAMESPACES));
        let child = fork();
        done("fork", child);
        if child == 0 {
            done(
                "private",
                mount(null(), c"/".as_ptr(), null(), REC_PRIVATE, null()),
            );
            done("bind", mount(root, root, null(), REC_BIND, null()));
            done("chroot", chroot(root));
            let proc = c"proc".as_ptr();
            done("proc", mount(proc, c"/proc".as_ptr(), proc, 0, null()));
            let tmpfs = c"tmpfs".as_ptr();
            done("dev", mount(tmpfs, c"/dev".as_ptr(), tmpfs, 0, null()));
            done("execv", execv(program, [program, null()].as_ptr()));
        }
        let mut status = 0;
        done("waitpid", waitpid(child, &raw mut status, 0));
        std::process::exit(status >> 8);
    }
}
