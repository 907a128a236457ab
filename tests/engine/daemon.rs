//! The daemon that starts by itself, and how it ends.

use std::fs;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::{Job, Need, World, eventually, needs};

use crate::{SOON, detached, ordinary_world, toolbox, world};

/// How many processes of this world were started as `skiff daemon`.
fn daemons(world: &World) -> usize {
    let text = world.run(&["ps", "-e", "-o", "args="]).ok();
    text.lines()
        .filter(|line| line.contains("skiff daemon"))
        .count()
}

#[test]
fn it_starts_once_for_ten_clients_and_stops() {
    let Some(world) = world() else { return };
    assert_eq!(daemons(&world), 0);
    let clients: Vec<Job> = (0..10)
        .map(|_| Job::start(world.skiff_command(&["ps", "-q"]), Some(b"")))
        .collect();
    for client in clients {
        assert_eq!(client.wait().ok(), "");
    }
    assert_eq!(daemons(&world), 1);
    let _ = world.skiff(&["daemon", "stop"]).ok();
    eventually("the daemon ends", SOON, || {
        (daemons(&world) == 0).then_some(())
    });
    // Stopping what does not run is no reason to start it.
    let _ = world.skiff(&["daemon", "stop"]);
    assert_eq!(daemons(&world), 0);
}

#[test]
fn in_the_foreground() {
    let Some(world) = world() else { return };
    let daemon = world.start(&["daemon"]);
    eventually("the socket", SOON, || {
        world
            .outside("/run/skiff/skiff.sock")
            .exists()
            .then_some(())
    });
    assert_eq!(world.skiff(&toolbox(&[], "echo hi")).ok(), "hi\n");
    assert_eq!(daemons(&world), 1);
    let mode = world
        .run(&[
            "stat",
            "-c",
            "%a",
            "/run/skiff/skiff.sock",
            "/var/lib/skiff",
        ])
        .ok();
    assert_eq!(mode, "660\n710\n");
    // A second one on the same root is refused, and the first does not mind.
    let second = world.skiff(&["daemon"]);
    assert_ne!(second.code, 0, "{second}");
    assert!(
        second.stderr.contains("belongs to a daemon that runs"),
        "{second}"
    );
    assert_eq!(world.skiff(&["ps", "-q"]).ok(), "");
    daemon.signal(Signal::SIGTERM);
    let _ = daemon.wait().expect(0);
}

#[test]
fn a_stale_socket_is_replaced() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&["ps"]).ok();
    let pid = world.daemon_pid().expect("a daemon").to_string();
    let _ = world.run(&["kill", "-9", &pid]).ok();
    eventually("the daemon is gone", SOON, || {
        world.daemon_pid().is_none().then_some(())
    });
    assert!(
        world.outside("/run/skiff/skiff.sock").exists(),
        "nobody removed the socket"
    );
    assert_eq!(world.skiff(&["ps", "-q"]).ok(), "");
    assert_eq!(daemons(&world), 1);
}

#[test]
fn what_a_client_has_open_stays_the_clients() {
    let Some(world) = world() else { return };
    // A shell that holds a lock on descriptor 9, as scripts do.
    let skiff = world.skiff_path().display().to_string();
    let line = format!("exec 9>$HOME/held; {skiff} run -d toolbox sleep 600");
    let _ = world.run(&["sh", "-c", &line]).ok();
    let list = "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c /held";
    assert_eq!(world.run(&["sh", "-c", list]).stdout, "0\n");
    let inside = world.skiff(&toolbox(&[], "ls /proc/self/fd")).ok();
    assert_eq!(
        inside, "0\n1\n2\n3\n",
        "the fourth is the folder that ls reads"
    );
}

#[test]
fn an_idle_daemon_leaves_but_not_its_containers() {
    let Some(world) = world() else { return };
    let daemon = Job::start(
        world.skiff_command(&["daemon", "--idle-exit", "1s"]),
        Some(b""),
    );
    eventually("the socket", SOON, || {
        world
            .outside("/run/skiff/skiff.sock")
            .exists()
            .then_some(())
    });
    detached(&world, "brief", "sleep 3");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(daemons(&world), 1, "with a container it is not idle");
    let _ = daemon.wait_within(Duration::from_secs(30)).expect(0);
    assert_eq!(world.skiff(&["wait", "brief"]).ok(), "0\n");
}

#[test]
fn a_new_build_takes_over() {
    let Some(world) = world() else { return };
    let built = std::path::Path::new(env!("CARGO_BIN_EXE_skiff"))
        .parent()
        .unwrap();
    for dir in ["old", "new"] {
        let dir = world.folder(dir);
        for name in ["skiff", "skiff-shim", "skiff-runtime"] {
            // By a process of its own, so that no descriptor of ours is open for writing.
            let status = Command::new("cp").arg(built.join(name)).arg(&dir).status();
            assert!(status.unwrap().success());
        }
    }
    let run = |dir: &str, words: &[&str]| {
        let program = world.home().join(dir).join("skiff");
        world.run(&[&[program.to_str().unwrap()], words].concat())
    };
    let script = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done";
    let _ = run(
        "old",
        &[
            "run", "-d", "--name", "lives", "toolbox", "sh", "-c", script,
        ],
    )
    .ok();
    let old = world.daemon_pid();
    let out = run("new", &["ps", "--format", "{{.Names}} {{.State}}"]).expect(0);
    assert_eq!(out.stdout, "lives running\n");
    assert!(out.stderr.contains("another build"), "{out}");
    assert_eq!(out.stderr.lines().count(), 1, "{out}");
    assert_ne!(world.daemon_pid(), old);
    assert_eq!(daemons(&world), 1);
    let out = run("new", &["logs", "lives"]).expect(0);
    assert_eq!(out.stderr, "");
    let numbers: Vec<u64> = out
        .stdout
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    assert!(
        numbers.iter().copied().eq(0..numbers.len() as u64),
        "{numbers:?}"
    );
    let _ = run("new", &["rm", "-f", "lives"]).ok();
}

#[test]
fn somebody_elses_socket() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&["ps"]).ok();
    let skiff = world.skiff_path().to_str().unwrap();
    let drop = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "env",
    ];
    let host = format!("SKIFF_HOST={}", world.host());
    // The program must be where nobody may go, too.
    let near = world.outside("/run/near");
    fs::create_dir(&near).unwrap();
    assert!(
        Command::new("cp")
            .arg(skiff)
            .arg(&near)
            .status()
            .unwrap()
            .success()
    );
    let near = "/run/near/skiff";
    let as_nobody =
        |words: &[&str]| world.run(&[&drop[..], &[&host, near], words].concat());
    as_nobody(&["ps"]).refused(1, "permission denied");
    as_nobody(&["run", "--rm", "toolbox", "true"]).refused(125, "permission denied");
    assert_eq!(daemons(&world), 1);
}

#[test]
fn a_host_where_nobody_listens() {
    let Some(world) = world() else { return };
    world
        .skiff(&["--host", "unix:///run/none.sock", "ps"])
        .refused(1, "/run/none.sock");
    world
        .skiff(&["--host", "tcp://127.0.0.1:1", "ps"])
        .refused(1, "127.0.0.1:1");
    world
        .skiff(&["--host", "gopher://x", "ps"])
        .refused(1, "gopher");
    assert_eq!(
        daemons(&world),
        0,
        "a daemon starts by itself at its own socket only"
    );
}

#[test]
fn the_daemon_of_an_ordinary_user() {
    let Some(world) = ordinary_world() else {
        return;
    };
    let _ = world
        .skiff(&["run", "-d", "--name", "user", "toolbox", "sleep", "600"])
        .ok();
    assert_eq!(daemons(&world), 1);
    let pid = world.daemon_pid();
    let _ = world.skiff(&["daemon", "stop"]).ok();
    eventually("the daemon ends", SOON, || {
        (daemons(&world) == 0).then_some(())
    });
    // The next one joins the namespaces that the shim keeps alive.
    assert_eq!(
        world.skiff(&["ps", "--format", "{{.Names}}"]).ok(),
        "user\n"
    );
    assert_ne!(world.daemon_pid(), pid);
    assert_eq!(world.skiff(&["exec", "user", "id", "-u"]).ok(), "0\n");
    let _ = world.skiff(&["rm", "-f", "user"]).ok();
    let mode = world
        .run(&["stat", "-c", "%a", world.exec_root().to_str().unwrap()])
        .ok();
    assert_eq!(mode, "700\n");
}

#[test]
fn namespaces_that_the_machine_forbids() {
    if !needs(&[Need::Root, Need::UserNamespace]) {
        return;
    }
    // An ordinary user in a user namespace where no further one may be made.
    let world = World::ordinary(env!("CARGO_BIN_EXE_skiff"));
    let skiff = world.skiff_path().to_str().unwrap();
    let script = r#"echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" run --rm toolbox true"#;
    let words = ["unshare", "-Ur", "sh", "-c"];
    let inner = r#"exec unshare --map-user=65534 --keep-caps sh -c "$1" "$0""#;
    let out = world.run(&[&words[..], &[inner, skiff, script]].concat());
    assert!(out.code == 125, "{out}");
    assert!(out.stderr.contains("max_user_namespaces"), "{out}");
    assert!(out.stderr.contains("hint: "), "{out}");
}
