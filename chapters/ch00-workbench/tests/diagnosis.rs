//! Each way in which a user namespace is refused, provoked; the bench must name that
//! way. None of it touches the machine: limits belong to user namespaces themselves.

use std::process::Command;

use nix::libc;
use support::{Need, Ordinary, Output, filtered, needs, run};

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

#[test]
fn a_seccomp_filter_is_named() {
    if !needs(&[Need::User, Need::UserNamespace, Need::Tool("python3")]) {
        return;
    }
    let refusal = (libc::SYS_unshare, libc::EPERM);
    let out = run(filtered(&Ordinary::new(), CH00, refusal));
    out.hinted(REFUSED, "a seccomp filter forbids user namespaces;");
}
