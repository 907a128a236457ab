//! Each way in which clone3(2) and execve(2) say no, provoked; the program must name
//! that way.

#![expect(clippy::unwrap_used, reason = "what a test sets up, it may unwrap")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use chroot::toolbox;
use support::{Need, Ordinary, filtered, needs, run};

const CH01: &str = env!("CARGO_BIN_EXE_ch01");

/// A user, and a root of theirs with the host's programs in it, to be spoilt.
struct Spoilt(Ordinary);

impl Spoilt {
    fn new() -> Option<Self> {
        if !needs(&[Need::User, Need::UserNamespace]) {
            return None;
        }
        let spoilt = Self(Ordinary::new());
        let tools = toolbox::of_host().expect("the host's programs");
        toolbox::write(&tools, &spoilt.root()).expect("a root made of them");
        fs::set_permissions(spoilt.root(), fs::Permissions::from_mode(0o755)).unwrap();
        Some(spoilt)
    }

    fn root(&self) -> std::path::PathBuf {
        self.0.home().join("root")
    }

    /// Puts a file there that looks like a program.
    fn put(&self, name: &str, bytes: &[u8], mode: u32) {
        let path = self.root().join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs `program` in there: it must be refused in these words, for this reason.
    fn refused(&self, program: &str, words: &str, hint: &str) {
        let mut command = self.0.command(CH01);
        command
            .args(["run", "--root"])
            .arg(self.root())
            .arg(program);
        run(command).hinted(words, hint);
    }
}

#[test]
fn a_name_that_is_not_in_path() {
    let Some(spoilt) = Spoilt::new() else { return };
    let hint = "no folder of PATH has a program nosuch;";
    spoilt.refused("nosuch", "executable file not found in $PATH", hint);
}

#[test]
fn a_path_where_nothing_is() {
    let Some(spoilt) = Spoilt::new() else { return };
    let words = "stat /nosuch: no such file or directory";
    spoilt.refused(
        "/nosuch",
        words,
        "there is nothing at /nosuch in this root;",
    );
}

#[test]
fn a_script_from_windows() {
    let Some(spoilt) = Spoilt::new() else { return };
    spoilt.put("script", b"#!/bin/sh\r\necho hello\r\n", 0o755);
    let hint = "the first line of /script ends in a carriage return";
    spoilt.refused("/script", "exec /script: no such file", hint);
}

#[test]
fn a_script_without_its_interpreter() {
    let Some(spoilt) = Spoilt::new() else { return };
    spoilt.put("script", b"#!/usr/bin/nosuch -x\n", 0o755);
    let hint = "/script is there, but its first line asks for /usr/bin/nosuch,";
    spoilt.refused("/script", "exec /script: no such file", hint);
}

#[test]
fn a_program_without_its_loader() {
    let Some(spoilt) = Spoilt::new() else { return };
    // Our own program, asking for a loader whose name has a letter more or less.
    let mut bytes = fs::read(CH01).unwrap();
    let name = b"/ld-";
    let at = bytes.windows(name.len()).position(|part| part == name);
    let at = at.expect("this test's program is linked dynamically");
    bytes[at + 1] = b'X';
    spoilt.put("foreign", &bytes, 0o755);
    let hint = "/foreign is there, but it needs the loader /";
    spoilt.refused("/foreign", "exec /foreign: no such file", hint);
}

#[test]
fn a_folder() {
    let Some(spoilt) = Spoilt::new() else { return };
    let hint = "/etc is a folder; name a program in it: ls /etc";
    spoilt.refused("/etc", "/etc\": is a directory: permission denied", hint);
}

#[test]
fn a_folder_on_the_way_that_is_closed() {
    // A folder of root's: to its owner, the user's namespace gives the right to enter.
    if !needs(&[Need::Root]) {
        return;
    }
    let Some(spoilt) = Spoilt::new() else { return };
    let closed = spoilt.root().join("closed");
    fs::create_dir(&closed).unwrap();
    spoilt.put("closed/program", b"#!/bin/sh\n", 0o755);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&closed, Some(0), Some(0)).unwrap();
    let hint = "a folder on the way to /closed/program may not be entered";
    spoilt.refused("/closed/program", "permission denied", hint);
}

#[test]
fn a_file_without_an_execute_bit() {
    let Some(spoilt) = Spoilt::new() else { return };
    spoilt.put("plain", b"#!/bin/sh\n", 0o644);
    let hint = "/plain has no execute bit; chmod +x /plain\n";
    spoilt.refused("/plain", "permission denied", hint);
}

#[test]
fn a_mount_without_exec() {
    let Some(spoilt) = Spoilt::new() else { return };
    let script = "mount -t tmpfs -o noexec,mode=755 none \"$1/mnt\" &&
        cp \"$1/bin/true\" \"$1/mnt/program\" &&
        exec \"$2\" run --root \"$1\" /mnt/program";
    fs::create_dir_all(spoilt.root().join("mnt")).unwrap();
    let mut command = spoilt.0.command("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
    ]);
    command.arg(spoilt.root()).arg(program_of(&spoilt.0));
    let hint = "the mount that /mnt/program lies on is noexec;";
    run(command).hinted("exec /mnt/program: permission denied", hint);
}

#[test]
fn a_program_for_another_processor() {
    let Some(spoilt) = Spoilt::new() else { return };
    let mut bytes = fs::read(CH01).unwrap();
    // elf(5): e_machine, two bytes from byte 18 on.
    let (number, name) = match std::env::consts::ARCH {
        "riscv64" => (183_u16, "aarch64"),
        _ => (243, "riscv64"),
    };
    bytes[18..20].copy_from_slice(&number.to_ne_bytes());
    spoilt.put("foreign", &bytes, 0o755);
    let hint = format!("/foreign was built for {name},");
    spoilt.refused("/foreign", "exec /foreign: exec format error", &hint);
}

#[test]
fn a_text_without_an_interpreter() {
    let Some(spoilt) = Spoilt::new() else { return };
    spoilt.put("script", b"echo hello\n", 0o755);
    let hint = "/script is a text whose first line does not begin with #!;";
    spoilt.refused("/script", "exec format error", hint);
}

#[test]
fn a_file_that_is_cut_off() {
    let Some(spoilt) = Spoilt::new() else { return };
    spoilt.put("empty", b"", 0o755);
    spoilt.put("short", b"\x7fELF\x02\x01\x01", 0o755);
    for name in ["/empty", "/short"] {
        let hint = format!("{name} is neither a program nor a script");
        spoilt.refused(name, "exec format error", &hint);
    }
}

/// The program, where the user may go.
fn program_of(user: &Ordinary) -> std::path::PathBuf {
    let program = user.command(CH01).get_program().to_owned();
    Path::new(&program).to_owned()
}

const NO_PROCESS: &str = "ch01: start a process with clone3(";

#[test]
fn a_filter_that_hides_clone3_is_named() {
    if !needs(&[Need::User, Need::UserNamespace, Need::Tool("python3")]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = filtered(&user, CH01, (libc::SYS_clone3, libc::ENOSYS));
    command.args(["run", "true"]);
    run(command).hinted(NO_PROCESS, "a seccomp filter hides clone3");
}

/// Not a capability that is missing: this one has it, over its own user namespace.
#[test]
fn a_filter_that_forbids_clone3_is_named() {
    if !needs(&[Need::User, Need::UserNamespace, Need::Tool("python3")]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = filtered(&user, CH01, (libc::SYS_clone3, libc::EPERM));
    command.args(["run", "true"]);
    run(command).hinted(NO_PROCESS, "a seccomp filter forbids clone3");
}

#[test]
fn a_limit_of_processes_is_named() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command("prlimit");
    command
        .arg("--nproc=1")
        .arg(program_of(&user))
        .args(["run", "true"]);
    run(command).hinted(
        NO_PROCESS,
        "you have as many processes as your limit allows",
    );
}

#[test]
fn a_group_without_room_for_a_process_is_named() {
    if !needs(&[Need::Root, Need::CgroupV1]) {
        return;
    }
    let group = format!("/sys/fs/cgroup/pids/skiff-test-{}", std::process::id());
    fs::create_dir(&group).unwrap();
    let script = "echo 1 >$1/pids.max; echo $$ >$1/cgroup.procs; exec \"$0\" run true";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, CH01, &group]);
    let out = run(command);
    fs::remove_dir(&group).unwrap();
    out.hinted(
        NO_PROCESS,
        "the control group of this process, or one above it, has",
    );
}
