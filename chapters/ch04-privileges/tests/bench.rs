//! Chapter 4 at work: what is left of a process is read from its own `/proc`, and tried.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use support::{Need, Ordinary, Output, needs, run};

const CH04: &str = env!("CARGO_BIN_EXE_ch04");

fn can_run() -> bool {
    needs(&[Need::UserNamespace])
}

fn ch04(args: &[&str]) -> Output {
    let mut command = Command::new(CH04);
    command.args(args);
    run(command)
}

/// The lines of `/proc/self/status` that begin with these words, of a process in `run`.
fn status(options: &[&str], keys: &str) -> Vec<String> {
    let script = format!("grep -E '^({keys}):' /proc/self/status");
    let text = ch04(&[&["run"], options, &["sh", "-c", &script]].concat()).ok();
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn an_ordinary_user_sees_the_idea_at_work() {
    if !can_run() {
        return;
    }
    let user = Ordinary::new();
    let text = run(user.command(CH04)).ok();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().rev().take(5).collect())
        .collect();
    let expected = [
        // new user ns, raw socket, chroot, mount, sethostname
        ["yes", "yes", "yes", "yes", "yes"],
        ["yes", "yes", "yes", "EPERM", "EPERM"],
        ["yes", "EPERM", "EPERM", "EPERM", "EPERM"],
        ["EPERM", "EPERM", "EPERM", "EPERM", "EPERM"],
    ];
    assert_eq!(rows[1..], expected, "{text}");
}

#[test]
fn a_container_has_dockers_capabilities_and_no_way_to_more() {
    if !can_run() {
        return;
    }
    let expected = [
        "CapInh: 0000000000000000",
        "CapPrm: 00000000a80425fb",
        "CapEff: 00000000a80425fb",
        "CapBnd: 00000000a80425fb",
        "CapAmb: 0000000000000000",
        "NoNewPrivs: 1",
        "Seccomp: 2",
    ];
    assert_eq!(status(&[], "Cap...|NoNewPrivs|Seccomp"), expected);
    let less = [
        "--cap-drop",
        "all",
        "--cap-add",
        "kill",
        "--new-privileges",
        "--unconfined",
    ];
    let expected = ["CapBnd: 0000000000000020", "NoNewPrivs: 0", "Seccomp: 0"];
    assert_eq!(status(&less, "CapBnd|NoNewPrivs|Seccomp"), expected);
}

#[test]
fn another_user_keeps_nothing_of_root() {
    if !needs(&[Need::Root]) {
        return;
    }
    let expected = [
        "Uid: 1000 1000 1000 1000",
        "Gid: 100 100 100 100",
        "Groups:",
        "CapPrm: 0000000000000000",
        "CapEff: 0000000000000000",
    ];
    assert_eq!(
        status(&["-u", "1000:100"], "Uid|Gid|Groups|CapPrm|CapEff"),
        expected
    );
}

#[test]
fn an_ordinary_user_is_root_in_there() {
    if !can_run() {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(CH04);
    let script = "id -u; read -r inside outside count </proc/self/uid_map; \
                  echo $inside $outside; touch /mine && stat -c %u /mine";
    command.args(["run", "sh", "-c", script]);
    let (uid, _) = user.ids();
    assert_eq!(run(command).ok(), format!("0\n0 {uid}\n0\n"));
}

/// With lines in `/etc/subuid` (bound over the machine's in a mount namespace of the
/// test's), newuidmap(1) and newgidmap(1) give more ids than one.
#[test]
fn subordinate_ids_are_asked_for() {
    if !needs(&[Need::Root, Need::Tool("newuidmap"), Need::Tool("setpriv")]) {
        return;
    }
    let user = Ordinary::new();
    let lent = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(lent.path(), "65534:200000:65536\n").unwrap();
    let everybodys = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(lent.path(), everybodys).unwrap();
    // The user's command is asked for the way to a program within their reach.
    let program = user.command(CH04).get_program().to_owned();
    let script = "mount --bind \"$1\" /etc/subuid && mount --bind \"$1\" /etc/subgid && \
                  exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$2\" run -u 1000 \
                  sh -c 'id -u; cat /proc/self/uid_map; echo; cat /proc/self/gid_map'";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(lent.path())
        .arg(program);
    command.current_dir("/").envs(user.environment());
    let text = run(command).ok();
    let words: Vec<&str> = text.split_whitespace().collect();
    let map = ["0", "65534", "1", "1", "200000", "65536"];
    assert_eq!(words, [&["1000"][..], &map, &map].concat(), "{text}");
}

#[test]
fn ids_beyond_the_signed_half_are_refused() {
    if !can_run() {
        return;
    }
    for id in ["2147483648", "4294967295", "0:4294967295"] {
        ch04(&["run", "-u", id, "true"]).refused(1, "must be in range 0-2147483647");
    }
    for id in ["4294967296", "-1", "0x0", ""] {
        let out = ch04(&["run", &format!("--user={id}"), "true"]);
        out.refused(1, "read the id");
    }
}

#[test]
fn limits_hold_and_those_that_cannot_be_are_named() {
    if !can_run() {
        return;
    }
    let out = ch04(&[
        "run",
        "--ulimit",
        "nofile=64:128",
        "sh",
        "-c",
        "ulimit -n; ulimit -Hn",
    ]);
    assert_eq!(out.ok(), "64\n128\n");
    let user = Ordinary::new();
    let mut command = user.command(CH04);
    command.args(["run", "--ulimit", "nofile=4294967295", "true"]);
    run(command).refused(1, "raise RLIMIT_NOFILE from");
    ch04(&["run", "--ulimit", "wishes=3", "true"]).refused(1, "RLIMIT_WISHES");
}

#[test]
fn the_kernel_takes_the_filter_and_does_as_it_says() {
    if !can_run() {
        return;
    }
    // unshare(1) of the toolbox is the host's: it makes the call, and reports the errno.
    let script = "unshare -U true 2>&1 || echo refused";
    let out = ch04(&["run", "sh", "-c", script]).ok();
    assert!(
        out.contains("not permitted") && out.contains("refused"),
        "{out}"
    );
    let out = ch04(&["run", "--unconfined", "sh", "-c", script]).ok();
    assert!(!out.contains("refused"), "{out}");
}

#[test]
fn what_the_kernel_says_is_what_procfs_says() {
    let text = ch04(&["show"]).ok();
    let shown: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let told = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.map(str::trim)
    };
    let keys = ["CapBnd:", "CapPrm:", "CapEff:", "CapInh:", "CapAmb:"];
    assert_eq!(shown, keys.map(|key| told(key).unwrap()));
}

#[test]
fn a_filter_can_be_read() {
    let text = ch04(&["filter"]).ok();
    assert!(text.starts_with("   0  load the call's table\n"), "{text}");
    assert!(
        text.contains("ENOSYS") && text.contains("argument 0, lower half"),
        "{text}"
    );
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("profile.json");
    let json = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"name": "mkdir", "action": "SCMP_ACT_ERRNO", "errnoRet": 30, "args": []}]}"#;
    std::fs::write(&profile, json).unwrap();
    let text = ch04(&["filter", "--profile", profile.to_str().unwrap()]).ok();
    assert!(text.contains("return EROFS"), "{text}");
    std::fs::write(&profile, r#"{"defaultAction": "MAYBE"}"#).unwrap();
    ch04(&["filter", "--profile", profile.to_str().unwrap()])
        .refused(1, "read the seccomp profile: unknown variant `MAYBE`");
}
