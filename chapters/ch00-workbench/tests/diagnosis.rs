//! Each way in which a user namespace is refused, provoked; the bench must name that
//! way. None of it touches the machine: limits belong to user namespaces themselves.

use std::process::Command;

use support::{Need, Ordinary, Output, needs, run};

const CH00: &str = env!("CARGO_BIN_EXE_ch00");

const REFUSED: &str = "ch00: make a user namespace: E";

/// `script`, typed by an ordinary user; `$0` is the bench.
fn shell(user: &Ordinary, script: &str) -> Output {
    let program = user.command(CH00).get_program().to_owned();
    let mut command = user.command("sh");
    command.args(["-c", script]).arg(program);
    run(command)
}

#[test]
fn a_limit_of_zero_is_named() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    // Not uid 0 inside, else the bench has nothing to borrow; but with its capabilities.
    let script =
        "exec unshare --user --map-user=1000 --map-group=1000 --keep-caps sh -c '
        echo 0 >/proc/sys/user/max_user_namespaces && exec \"$0\"' \"$0\"";
    shell(&Ordinary::new(), script).hinted(REFUSED, "user.max_user_namespaces is 0;");
}

#[test]
fn too_deep_a_nest_is_named() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    // One inside the other, until no other can be made.
    let script = "deeper='unshare --user --map-user=1000 --map-group=1000'
        again='$deeper true 2>/dev/null || exec \"$0\"; exec $deeper sh -c \"$again\" \"$0\"'
        export deeper again
        exec sh -c \"$again\" \"$0\"";
    shell(&Ordinary::new(), script)
        .hinted(REFUSED, "there are 32 user namespaces one inside");
}

#[test]
fn an_id_without_a_map_is_named() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let script = "exec unshare --user \"$0\"";
    let hint = "this user namespace gives your own uid or gid no number";
    shell(&Ordinary::new(), script).hinted(REFUSED, hint);
}

#[test]
fn a_chroot_is_named() {
    if !needs(&[Need::Root]) {
        return;
    }
    // The machine's own programs, below a folder that is not the top of a mount.
    let script = "mount -t tmpfs none /mnt && mkdir /mnt/root && cd /mnt/root &&
        for folder in /*; do
            [ -d \"$folder\" ] && mkdir \".$folder\" && mount --rbind \"$folder\" \".$folder\"
            [ -L \"$folder\" ] && rmdir \".$folder\" 2>/dev/null; true
        done
        exec chroot --userspec=65534:65534 . \"$0\"";
    let user = Ordinary::new();
    let program = user.command(CH00).get_program().to_owned();
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(program);
    run(command).hinted(REFUSED, "this process is in a chroot");
}

/// Answers EPERM to unshare(2): two instructions would do, but for the architecture's
/// number of the call.
const FILTER: &str = r#"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
unshare = {"x86_64": 272, "aarch64": 97, "riscv64": 97}[os.uname().machine]
LOAD, EQUAL, RETURN, ALLOW, EPERM = 0x20, 0x15, 0x06, 0x7fff0000, 0x50001
code = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, unshare), (RETURN, 0, 0, EPERM), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(code))
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, program) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn a_seccomp_filter_is_named() {
    if !needs(&[Need::User, Need::UserNamespace, Need::Tool("python3")]) {
        return;
    }
    let user = Ordinary::new();
    let program = user.command(CH00).get_program().to_owned();
    let mut command = user.command("python3");
    command.args(["-c", FILTER]).arg(program);
    let hint = "a seccomp filter forbids user namespaces;";
    run(command).hinted(REFUSED, hint);
}
