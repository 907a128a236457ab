//! The verbs of containers and images: docker's outputs and exit codes.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use support::{Job, Ledger, Need, eventually, needs};

use crate::{SOON, detached, field, toolbox, world};

const LOOP: &str = "trap 'exit 9' TERM; echo on; while :; do sleep 0.1; done";

#[test]
fn a_life_of_a_container() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    let before = Ledger::of(&world);
    let id = detached(&world, "web", LOOP);
    assert!(
        id.len() == 64 && id.chars().all(|c| c.is_ascii_hexdigit()),
        "{id}"
    );
    let short = &id[..12];
    assert_eq!(world.skiff(&["ps", "-q"]).ok(), format!("{short}\n"));
    let table = world.skiff(&["ps"]).ok();
    let head = "CONTAINER ID   IMAGE     COMMAND";
    assert!(table.starts_with(head) && table.contains(short), "{table}");
    assert!(
        table.contains("Up ") && table.trim_end().ends_with("web"),
        "{table}"
    );
    let row = world
        .skiff(&["ps", "--format", "{{.Names}} {{.Image}} {{.State}}"])
        .ok();
    assert_eq!(row, "web toolbox running\n");
    assert_eq!(
        field(&world, "web", "{{.Id}} {{.Name}} {{.State.Running}}"),
        format!("{id} /web true")
    );

    assert_eq!(world.skiff(&["stop", "web"]).ok(), "web\n");
    assert_eq!(
        field(&world, short, "{{.State.Status}} {{.State.ExitCode}}"),
        "exited 9"
    );
    assert_eq!(world.skiff(&["ps", "-q"]).ok(), "");
    assert!(world.skiff(&["ps", "-a"]).ok().contains("Exited (9)"));
    assert_eq!(world.skiff(&["wait", "web"]).ok(), "9\n");

    assert_eq!(world.skiff(&["start", "web"]).ok(), "web\n");
    assert_eq!(field(&world, "web", "{{.State.Status}}"), "running");
    world.skiff(&["rm", "web"]).refused(1, "running");
    assert_eq!(world.skiff(&["rm", "-f", "web"]).ok(), "web\n");
    world
        .skiff(&["inspect", "web"])
        .refused(1, "no such object: web");
    before.assert_same(&world);
}

/// The kernel takes a namespace's cable away when it gets to it: a start may come before.
#[test]
fn a_cable_of_the_last_run_is_replaced() {
    let Some(world) = world() else { return };
    if !needs(&[Need::Tool("ip")]) {
        return;
    }
    let create = ["create", "--name", "web", "toolbox", "true"];
    let id = world.skiff(&create).ok();
    let line = format!("ip link add veth{} type bridge", &id[..11]);
    let _ = world.run(&["sh", "-c", &line]).ok();
    let _ = world.skiff(&["start", "-a", "web"]).ok();
}

#[test]
fn stop_waits_and_then_kills() {
    let Some(world) = world() else { return };
    detached(
        &world,
        "deaf",
        "trap '' TERM; echo on; while :; do sleep 0.1; done",
    );
    eventually("it runs", SOON, || {
        (world.skiff(&["logs", "deaf"]).ok() == "on\n").then_some(())
    });
    let started = Instant::now();
    let _ = world.skiff(&["stop", "-t", "1", "deaf"]).ok();
    assert!(
        started.elapsed() >= Duration::from_secs(1),
        "a second's grace"
    );
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(field(&world, "deaf", "{{.State.ExitCode}}"), "137");
}

#[test]
fn kill_wait_and_signals() {
    let Some(world) = world() else { return };
    detached(
        &world,
        "kid",
        "trap 'exit 3' USR1; echo on; while :; do sleep 0.1; done",
    );
    eventually("it runs", SOON, || {
        (world.skiff(&["logs", "kid"]).ok() == "on\n").then_some(())
    });
    let waiting = Job::start(world.skiff_command(&["wait", "kid"]), Some(b""));
    assert_eq!(world.skiff(&["kill", "-s", "USR1", "kid"]).ok(), "kid\n");
    assert_eq!(waiting.wait().ok(), "3\n");
    world.skiff(&["kill", "kid"]).refused(1, "not running");
    world
        .skiff(&["kill", "-s", "NOSUCH", "kid"])
        .refused(1, "signal");
    let _ = world.skiff(&["start", "kid"]).ok();
    let _ = world.skiff(&["kill", "kid"]).ok();
    assert_eq!(world.skiff(&["wait", "kid"]).ok(), "137\n");
}

#[test]
fn logs_and_their_end() {
    let Some(world) = world() else { return };
    detached(
        &world,
        "log",
        "for i in 1 2 3 4; do echo $i; done; echo err >&2; sleep 1; echo end",
    );
    let follow = Job::start(world.skiff_command(&["logs", "-f", "log"]), Some(b""));
    let out = follow.wait().expect(0);
    assert_eq!(
        (out.stdout.as_str(), out.stderr.as_str()),
        ("1\n2\n3\n4\nend\n", "err\n")
    );
    assert_eq!(world.skiff(&["logs", "--tail", "1", "log"]).ok(), "end\n");
    let stamped = world.skiff(&["logs", "-t", "--tail", "1", "log"]).ok();
    assert!(
        stamped.contains("Z end") || stamped.contains(" end"),
        "{stamped}"
    );
    world
        .skiff(&["logs", "nobody"])
        .refused(1, "no such container: nobody");
}

#[test]
fn exec_in_a_container() {
    let Some(world) = world() else { return };
    detached(&world, "ex", LOOP);
    let exec = |words: &[&str]| world.skiff(&[&["exec"], words].concat());
    let out = exec(&["ex", "sh", "-c", "echo out; echo err >&2; exit 4"]).expect(4);
    assert_eq!(
        (out.stdout.as_str(), out.stderr.as_str()),
        ("out\n", "err\n")
    );
    exec(&["ex", "no-such-program"]).refused(127, "executable file not found");
    exec(&["ex", "/etc"]).refused(126, "permission denied");
    exec(&["nobody", "true"]).refused(1, "no such container: nobody");
    let input = world.skiff_command(&["exec", "-i", "ex", "cat"]);
    assert_eq!(Job::start(input, Some(b"typed")).wait().ok(), "typed");
    let script = "echo $X; pwd; id -u";
    let text = exec(&[
        "-e", "X=1", "-w", "/tmp", "-u", "7", "ex", "sh", "-c", script,
    ])
    .ok();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines, ["1", "/tmp", "7"]);
    let script =
        "for n in pid mnt net uts ipc; do readlink /proc/self/ns/$n /proc/1/ns/$n; done";
    let text = exec(&["ex", "sh", "-c", script]).ok();
    let spaces: Vec<_> = text.lines().collect();
    assert!(
        spaces.len() == 10 && spaces.chunks(2).all(|two| two[0] == two[1]),
        "{text}"
    );
    let _ = exec(&["-d", "ex", "sh", "-c", "touch /made"]).ok();
    eventually("a detached exec", SOON, || {
        (exec(&["ex", "test", "-e", "/made"]).code == 0).then_some(())
    });
    let _ = world.skiff(&["stop", "ex"]).ok();
    exec(&["ex", "true"]).refused(1, "not running");
}

#[test]
fn images_version_and_info() {
    let Some(world) = world() else { return };
    let table = world.skiff(&["images"]).ok();
    assert!(
        table.starts_with("REPOSITORY   TAG       IMAGE ID"),
        "{table}"
    );
    assert!(table.contains("toolbox      latest"), "{table}");
    let format = "{{.Client.Version}} {{.Server.APIVersion}} {{.Server.MinAPIVersion}}";
    let versions = world.skiff(&["version", "--format", format]).ok();
    assert_eq!(
        versions,
        format!("{} 1.51 1.24\n", env!("CARGO_PKG_VERSION"))
    );
    let root = world
        .skiff(&["info", "--format", "{{.DockerRootDir}}"])
        .ok();
    assert_eq!(root, format!("{}\n", world.data_root().display()));
    assert_eq!(field(&world, "toolbox", "{{.Os}}"), "linux");
    let json = world.skiff(&["inspect", "toolbox"]).ok();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json[0]["RootFS"]["Layers"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn an_attached_start() {
    let Some(world) = world() else { return };
    let _ = world
        .skiff(&[
            "create",
            "--name",
            "att",
            "toolbox",
            "sh",
            "-c",
            "echo hi; exit 6",
        ])
        .ok();
    assert_eq!(field(&world, "att", "{{.State.Status}}"), "created");
    assert_eq!(
        world.skiff(&["start", "-a", "att"]).expect(6).stdout,
        "hi\n"
    );
    assert_eq!(world.skiff(&["logs", "att"]).ok(), "hi\n");
}

#[test]
fn an_external_runtime_in_the_launchers_place() {
    let Some(world) = world() else { return };
    // crun refuses a hybrid layout: in this world the tree of version 2 is not mounted.
    let hybrid =
        "! mountpoint -q /sys/fs/cgroup/unified || umount -l /sys/fs/cgroup/unified";
    let _ = world.run(&["sh", "-c", hybrid]).ok();
    for runtime in ["crun", "runc"] {
        if !support::needs(&[support::Need::Tool(if runtime == "crun" {
            "crun"
        } else {
            "runc"
        })]) {
            continue;
        }
        let out = world.skiff(&toolbox(
            &["--runtime", runtime],
            "id -u; echo e >&2; exit 7",
        ));
        let out = out.expect(7);
        assert_eq!(
            (out.stdout.as_str(), out.stderr.as_str()),
            ("0\n", "e\n"),
            "{runtime}"
        );
        let script = "trap 'exit 5' TERM; echo on; while :; do sleep 0.1; done";
        let job = world.start(&toolbox(&["--runtime", runtime], script));
        job.wait_for("on");
        job.signal(Signal::SIGTERM);
        let _ = job.wait().expect(5);
    }
    let out = world.skiff(&toolbox(&["--runtime", "no-such-runtime"], "true"));
    out.refused(125, "no-such-runtime");
}
