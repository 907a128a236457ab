//! Chapter 3 at work: its program, driven by whoever runs the tests and by an ordinary
//! user; what is mounted is looked at from inside.

mod traps;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use chroot::toolbox;
use nix::unistd::Uid;
use support::{Need, Ordinary, Output, needs, run};
use tempfile::TempDir;

const CH03: &str = env!("CARGO_BIN_EXE_ch03");

/// Namespaces are made by root, or by an ordinary user who may.
fn can_run() -> bool {
    needs(&[Need::UserNamespace])
}

fn ch03(args: &[&str]) -> Output {
    let mut command = Command::new(CH03);
    command.args(args);
    run(command)
}

/// A root with the host's programs in it, to be spoilt by a test.
fn root() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let tools = toolbox::of_host().expect("the host's programs");
    toolbox::write(&tools, folder.path()).expect("a root made of them");
    folder
}

fn in_root(folder: &TempDir, more: &[&str], script: &str) -> Output {
    let path = folder.path().to_str().expect("a plain name");
    ch03(&[&["run", "--root", path], more, &["sh", "-c", script]].concat())
}

#[test]
fn an_ordinary_user_sees_the_idea_at_work() {
    if !can_run() {
        return;
    }
    let user = Ordinary::new();
    let text = run(user.command(CH03)).ok();
    for line in ["  /proc  proc\n", "  /dev  tmpfs\n", "  /dev/pts  devpts\n"] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    assert!(text.contains("all the processes in my /proc: 1"), "{text}");
    assert!(
        !text.contains(user.home().to_str().unwrap()),
        "the host's mounts: {text}"
    );
}

#[test]
fn what_it_does_can_be_explained() {
    if !can_run() {
        return;
    }
    let out = ch03(&["--explain=json", "run", "true"]).expect(0);
    let steps = workbench::steps::parse_json_lines(&out.stderr).unwrap();
    let place = |call: &str| steps.iter().position(|step| step.call.starts_with(call));
    let proc = place("fsopen(\"proc\")").expect("the mount of proc is announced");
    let pivot = place("pivot_root").expect("and the pivot");
    assert!(
        proc < pivot && steps[pivot].error.is_none(),
        "{}",
        out.stderr
    );
}

#[test]
fn devices_are_the_devices_they_claim_to_be() {
    if !can_run() {
        return;
    }
    let script = "echo lost >/dev/null; head -c 2 /dev/zero | od -An -tx1; \
                  test -c /dev/full && ! echo x 2>/dev/null >/dev/full; echo $?; \
                  ls -l /dev/fd /dev/ptmx | sed 's/.*-> //'";
    for who in [None, Some(Ordinary::new())] {
        let mut command = match &who {
            None => Command::new(CH03),
            Some(user) => user.command(CH03),
        };
        command.args(["run", "sh", "-c", script]);
        let text = run(command).ok();
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words, ["00", "00", "0", "/proc/self/fd", "pts/ptmx"]);
    }
}

#[test]
fn masked_and_read_only_paths_hold() {
    if !can_run() {
        return;
    }
    let script = "cat /proc/timer_list /proc/keys 2>/dev/null | wc -c; \
                  ls /sys/firmware 2>/dev/null | wc -l; \
                  (echo x >/proc/sys/kernel/domainname) 2>/dev/null || echo read-only; \
                  (echo x >/sys/firmware/x) 2>/dev/null || echo read-only; \
                  touch /made; echo $?";
    let text = ch03(&["run", "sh", "-c", script]).ok();
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words, ["0", "0", "read-only", "read-only", "0"]);
}

#[test]
fn a_read_only_root_has_writable_mounts() {
    if !can_run() {
        return;
    }
    let script =
        "touch /no 2>/dev/null || echo refused; touch /dev/shm/yes /tmp/yes && echo made";
    let out = ch03(&["run", "--read-only", "--tmpfs", "/tmp", "sh", "-c", script]);
    assert_eq!(out.ok(), "refused\nmade\n");
}

#[test]
fn volumes_are_folders_or_files_with_flags_of_their_own() {
    if !can_run() {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let file = host.path().join("file");
    fs::write(&file, "from the host\n").unwrap();
    let folder = format!("{}:/deep/in/here:ro", host.path().display());
    let single = format!("{}:/etc/single", file.display());
    let script = "cat /deep/in/here/file; touch /deep/in/here/x 2>/dev/null || echo read-only; \
                  echo from inside >/etc/single";
    let out = ch03(&["run", "-v", &folder, "-v", &single, "sh", "-c", script]);
    assert_eq!(out.ok(), "from the host\nread-only\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "from inside\n");
    assert!(!host.path().join("x").exists());
}

#[test]
fn a_tmpfs_can_begin_with_what_was_there() {
    if !can_run() {
        return;
    }
    let folder = root();
    let data = folder.path().join("data/below");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("file"), "kept\n").unwrap();
    symlink("/nowhere", data.join("link")).unwrap();
    fs::set_permissions(data.join("file"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(
        folder.path().join("data"),
        fs::Permissions::from_mode(0o711),
    )
    .unwrap();
    let script = "cat /data/below/file; ls -l /data/below | grep -c -- '-> /nowhere'; \
                  stat -c %a /data /data/below/file; echo changed >/data/below/file";
    let out = in_root(&folder, &["--tmpfs", "/data:tmpcopyup"], script);
    assert_eq!(out.ok(), "kept\n1\n711\n640\n");
    assert_eq!(fs::read_to_string(data.join("file")).unwrap(), "kept\n");
}

#[test]
fn an_error_names_the_mount_and_what_the_file_system_said() {
    if !can_run() {
        return;
    }
    let bad = ch03(&["run", "--tmpfs", "/x:size=banana", "true"]);
    bad.clone().refused(1, "mount tmpfs on /x");
    bad.refused(1, "'size'");
    ch03(&["run", "-v", "/no/such/thing:/x", "true"]).refused(
        1,
        "bind /no/such/thing on /x: clone the mount at /no/such/thing: ENOENT",
    );
    ch03(&["run", "-v", "/usr:/x:idmap", "true"]).refused(1, "bind /usr on /x");
}

#[test]
fn the_host_does_not_hear_of_it() {
    if !can_run() {
        return;
    }
    let folder = root();
    let _ = in_root(&folder, &["--tmpfs", "/heard"], "true").expect(0);
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let name = folder.path().to_str().unwrap();
    assert!(!table.contains(name), "{table}");
    assert!(Path::new("/proc/self/mountinfo").exists());
}

#[test]
fn the_table_tells_of_peers() {
    let text = ch03(&["table"]).ok();
    let line = text.lines().find(|line| line.starts_with("/proc  proc  "));
    assert!(line.is_some(), "{text}");
}
