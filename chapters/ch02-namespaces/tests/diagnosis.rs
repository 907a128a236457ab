//! What clone3(2) and setns(2) refuse of namespaces, provoked; the cause must be named.

use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use namespaces::{Namespace, join};
use support::{Need, Ordinary, needs, run};

#[test]
fn a_root_without_its_capability_is_named() {
    if !needs(&[Need::Root, Need::Tool("setpriv")]) {
        return;
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-sys_admin", env!("CARGO_BIN_EXE_ch02")]);
    command.args(["run", "true"]);
    let words = "start a process with clone3(";
    run(command).hinted(words, "new namespaces need CAP_SYS_ADMIN");
}

/// What a reader would be told of joining `file`, by a process that cannot.
fn told(kind: Namespace, file: &str) -> String {
    let file = join::open(Path::new(file)).expect("a file");
    let error = join::join(&[(kind, file.as_fd())]).expect_err("it is refused");
    workbench::bench::told("test", &error)
}

#[test]
fn a_file_of_another_kind_is_named() {
    for file in ["/proc/self/ns/uts", "/proc/self/status"] {
        let told = told(Namespace::Net, file);
        assert!(told.contains("join the net namespace: EINVAL"), "{told}");
        assert!(
            told.contains("hint: what was opened is no net namespace;"),
            "{told}"
        );
    }
}

#[test]
fn the_user_namespace_that_one_is_in_is_named() {
    let told = told(Namespace::User, "/proc/self/ns/user");
    assert!(told.contains("join the user namespace: EINVAL"), "{told}");
    assert!(
        told.contains("hint: this process is in that user namespace already"),
        "{told}"
    );
}

#[test]
fn a_process_with_threads_is_named() {
    if !needs(&[Need::UserNamespace, Need::Tool("unshare")]) {
        return;
    }
    // Its own output says that it is in there.
    let mut other = Command::new("unshare")
        .args(["--user", "sh", "-c", "echo in; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 3];
    other.stdout.take().unwrap().read_exact(&mut line).unwrap();
    let file = format!("/proc/{}/ns/user", other.id());
    let told = std::thread::spawn(move || told(Namespace::User, &file)).join();
    other.kill().unwrap();
    other.wait().unwrap();
    let told = told.unwrap();
    assert!(told.contains("join the user namespace: EINVAL"), "{told}");
    assert!(
        told.contains("hint: this process has several threads"),
        "{told}"
    );
}

#[test]
fn a_namespace_of_somebody_else_is_named() {
    if !needs(&[
        Need::Root,
        Need::User,
        Need::Tool("unshare"),
        Need::Tool("setpriv"),
    ]) {
        return;
    }
    // The user's own process, in a namespace that root has made.
    let user = Ordinary::new();
    let id = fs::metadata(user.home()).unwrap().uid().to_string();
    let mut other = Command::new("unshare")
        .args([
            "--uts",
            "setpriv",
            "--clear-groups",
            "--reuid",
            &id,
            "--regid",
            &id,
        ])
        .args(["sh", "-c", "echo in; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 3];
    other.stdout.take().unwrap().read_exact(&mut line).unwrap();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch02"));
    command.args(["join", &other.id().to_string(), "true"]);
    let out = run(command);
    other.kill().unwrap();
    other.wait().unwrap();
    let hint = "the uts namespace belongs to a user namespace where this process has no";
    out.hinted("ch02: join the uts namespace: EPERM", hint);
}
