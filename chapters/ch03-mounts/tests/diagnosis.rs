//! Each way in which a mount or the change of root is refused, provoked; the program
//! must name that way.

use std::path::PathBuf;
use std::process::Command;

use support::{Need, Ordinary, Output, needs, run};

const CH03: &str = env!("CARGO_BIN_EXE_ch03");

fn program(user: &Ordinary) -> PathBuf {
    user.command(CH03).get_program().into()
}

/// What the program says to an ordinary user.
fn told(args: &[&str]) -> Option<Output> {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return None;
    }
    let user = Ordinary::new();
    let mut command = user.command(CH03);
    command.args(args);
    Some(run(command))
}

/// `script` in a user and mount namespace of an ordinary user, who is root in there and
/// stands in a folder with the folders `m` and `n`. `$0` is the program.
fn inside(script: &str) -> Option<Output> {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return None;
    }
    let user = Ordinary::new();
    let script = format!("mkdir m n && {script}");
    let mut command = user.command("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    command.arg(program(&user));
    Some(run(command))
}

/// As root: to a user namespace the present root's mount is locked, which comes first.
#[test]
fn a_folder_on_the_root_itself_is_named() {
    if !needs(&[Need::Root]) {
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", CH03, "pivot", "/etc"]);
    let hint = "/etc lies on the same mount as the present root;";
    run(command).hinted("make /etc the root: EBUSY", hint);
}

#[test]
fn a_locked_mount_is_named() {
    let Some(out) = told(&["pivot", "/proc"]) else {
        return;
    };
    let hint = "/proc was mounted before this user namespace was made";
    out.hinted("make /proc the root: EINVAL", hint);
}

#[test]
fn a_folder_that_is_no_mount_is_named() {
    let script = "mount -t tmpfs none m && mkdir m/x && exec \"$0\" pivot m/x";
    let Some(out) = inside(script) else { return };
    let hint = "/m/x is not the top of a mount; mount --rbind /";
    assert!(out.stderr.contains(hint), "{out}");
    out.hinted("/m/x the root: EINVAL", "/");
}

#[test]
fn a_shared_parent_is_named() {
    for script in [
        "mount -t tmpfs none m && mount --make-shared m && exec \"$0\" pivot m",
        "mount -t tmpfs none m && mount --make-shared m && mkdir m/x &&
         mount -t tmpfs none m/x && mount --make-private m/x && exec \"$0\" pivot m/x",
    ] {
        let Some(out) = inside(script) else { return };
        let hint = " or the mount below it is shared, and others would have to be told;";
        assert!(out.stderr.contains(hint), "{out}");
        out.hinted("the root: EINVAL", "/");
    }
}

#[test]
fn a_mount_of_its_own_becomes_the_root() {
    let script = "mount --rbind m m && exec \"$0\" pivot m";
    let Some(out) = inside(script) else { return };
    assert!(out.ok().ends_with("/m is the root now\n"));
}

#[test]
fn a_chroot_is_named() {
    if !needs(&[Need::Root]) {
        return;
    }
    // The machine's own programs, below a folder that is not the top of a mount.
    let script = "mount -t tmpfs none /mnt && mkdir /mnt/root /mnt/root/x && cd /mnt/root &&
        for folder in /*; do
            [ -d \"$folder\" ] && mkdir \".$folder\" && mount --rbind \"$folder\" \".$folder\"
        done; mount -t tmpfs none x && exec chroot . \"$0\" pivot /x";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, CH03]);
    let hint = "the present root is the folder of a chroot,";
    run(command).hinted("make /x the root: EINVAL", hint);
}

#[test]
fn a_hidden_part_of_proc_is_named() {
    // What hides it must be locked: mounted outside of the user namespace in question.
    let script =
        "mount -t tmpfs none /proc/scsi 2>/dev/null || mount -t tmpfs none /proc/fs;
        exec unshare --user --map-root-user --mount \"$0\" run true";
    let Some(out) = inside(script) else { return };
    let words = "mount proc on /proc: ";
    out.hinted(words, "parts of /proc are hidden here");
}

#[test]
fn a_sysfs_of_another_network_is_named() {
    if !needs(&[Need::Root]) {
        return;
    }
    // Who is root there, and has many ids, gets a sysfs: it belongs to the network.
    let script = "cd \"$1\" && mkfifo go && {
            unshare --user --mount sh -c 'read go <go; exec \"$0\" run true' \"$0\" &
        } && exec 3>go && for ids in uid gid; do
            echo 0 0 65536 >/proc/$!/${ids}_map
        done; echo >&3; wait $!";
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script, CH03]).arg(folder.path());
    run(command).hinted("mount sysfs on /sys: ", "in a user namespace proc needs");
}

#[test]
fn a_source_that_is_missing_is_named() {
    let Some(out) = told(&["run", "-v", "/no/such:/x", "true"]) else {
        return;
    };
    let words = "bind /no/such on /x: clone the mount at /no/such: ENOENT";
    out.hinted(
        words,
        "there is no /no/such to bind; make it first: mkdir /no/such",
    );
}

#[test]
fn a_source_in_another_namespace_is_named() {
    if !needs(&[Need::Root]) {
        return;
    }
    let other = format!("/proc/{}/root/usr", std::process::id());
    let mut command = Command::new(CH03);
    command.args(["run", "-v", &format!("{other}:/x"), "true"]);
    let hint = format!("{other} leads into another mount namespace,");
    run(command).hinted("on /x: clone the mount at /proc/", &hint);
}

#[test]
fn a_bind_that_would_uncover_is_named() {
    let Some(out) = told(&["run", "-v", "/:/x:bind", "true"]) else {
        return;
    };
    let hint = "something is mounted below /, and a user namespace may not";
    out.hinted("bind / on /x: clone the mount at /: EINVAL", hint);
}

#[test]
fn a_locked_flag_is_named() {
    let script = "mount --bind m m && mount -o remount,bind,ro m &&
        exec unshare --user --map-user=1 --map-group=1 \"$0\" run -v \"$PWD/m:/x:rw\" true";
    let Some(out) = inside(script) else { return };
    out.hinted("on /x: set ", "a user namespace inherits its flags locked;");
}
