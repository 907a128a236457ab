//! The first command of the README, and what it answers.

use nix::sys::signal::Signal;
use support::{Job, Ledger};

use crate::{ordinary_world, toolbox, world};

#[test]
fn hello() {
    let Some(world) = world() else { return };
    let out = world
        .skiff(&["run", "--rm", "toolbox", "echo", "hello"])
        .expect(0);
    assert_eq!((out.stdout.as_str(), out.stderr.as_str()), ("hello\n", ""));
    assert_eq!(world.skiff(&["ps", "-aq"]).ok(), "");
}

#[test]
fn hello_as_an_ordinary_user() {
    let Some(world) = ordinary_world() else {
        return;
    };
    let out = world
        .skiff(&["run", "--rm", "toolbox", "echo", "hello"])
        .expect(0);
    assert_eq!(out.stdout, "hello\n");
    let probe = "id -u; cat /proc/net/dev; touch /here && echo written";
    let text = world.skiff(&toolbox(&[], probe)).ok();
    assert!(
        text.starts_with("0\n") && text.ends_with("written\n"),
        "{text}"
    );
    assert!(
        text.contains("lo:") && !text.contains("eth"),
        "loopback only: {text}"
    );
    assert!(
        world.data_root().join("blobs").exists(),
        "below XDG_DATA_HOME"
    );
    let _ = world.skiff(&["daemon", "stop"]).ok();
}

#[test]
fn the_toolbox_has_what_a_reader_types() {
    let Some(world) = world() else { return };
    let script = "for p in sh ls cat ps mount hostname env id stty; do \
                  command -v $p >/dev/null || echo $p; done; ps -e | wc -l";
    let text = world.skiff(&toolbox(&[], script)).ok();
    let count: u32 = text.trim().parse().unwrap_or(99);
    assert!(
        count <= 4,
        "the container sees itself only; missing or too many: {text}"
    );
    assert!(world.skiff(&["images"]).ok().contains("toolbox"));
}

#[test]
fn exit_codes_are_dockers() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).expect(0);
    let before = Ledger::of(&world);
    let _ = world.skiff(&toolbox(&[], "exit 7")).expect(7);
    let run =
        |words: &[&str]| world.skiff(&[&["run", "--rm", "toolbox"], words].concat());
    run(&["no-such-program"]).refused(127, "executable file not found");
    run(&["/no/such/program"]).refused(127, "no such file or directory");
    run(&["/etc"]).refused(126, "permission denied");
    run(&["/etc/hostname"]).refused(126, "permission denied");
    world
        .skiff(&["run", "--rm", "--no-such-flag", "toolbox"])
        .refused(125, "unknown flag");
    world
        .skiff(&["run", "--rm", "toolbox:none", "true"])
        .refused(125, "toolbox:none");
    let _ = world
        .skiff(&toolbox(&[], "sh -c 'kill -9 $$'; exit $?"))
        .expect(137);
    before.assert_same(&world);
}

#[test]
fn standard_streams_are_kept_apart() {
    let Some(world) = world() else { return };
    let out = world
        .skiff(&toolbox(&[], "echo out; echo err >&2"))
        .expect(0);
    assert_eq!(
        (out.stdout.as_str(), out.stderr.as_str()),
        ("out\n", "err\n")
    );
    let input = world.skiff_command(&["run", "--rm", "-i", "toolbox", "wc", "-c"]);
    let bytes = "x".repeat(300_000);
    assert_eq!(
        Job::start(input, Some(bytes.as_bytes())).wait().ok().trim(),
        "300000"
    );
    // Without -i nothing is read.
    let deaf = world.skiff_command(&["run", "--rm", "toolbox", "cat"]);
    assert_eq!(Job::start(deaf, Some(b"unheard")).wait().ok(), "");
}

#[test]
fn ctrl_c_reaches_the_container() {
    let Some(world) = world() else { return };
    let script = "trap 'echo got; exit 5' INT; echo on; while :; do sleep 0.1; done";
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let script = script.replace("INT", &signal.as_str()[3..]);
        let job = world.start(&toolbox(&[], &script));
        job.wait_for("on");
        job.signal(signal);
        assert_eq!(job.wait().expect(5).stdout, "on\ngot\n");
    }
}

#[test]
fn an_ordinary_user_without_a_runtime_folder() {
    let Some(world) = ordinary_world() else {
        return;
    };
    let mut command = world.skiff_command(&["run", "--rm", "toolbox", "echo", "hello"]);
    command
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("XDG_DATA_HOME");
    assert_eq!(support::run(command).ok(), "hello\n");
    assert!(world.home().join(".local/share/skiff").is_dir());
    let mut command = world.skiff_command(&["daemon", "stop"]);
    command
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("XDG_DATA_HOME");
    let _ = support::run(command).ok();
    // By default it is at /tmp/skiff-UID, which the next test of this user may not find.
    let uid = world.run(&["id", "-u"]).ok();
    let _ = std::fs::remove_dir_all(format!("/tmp/skiff-{}", uid.trim()));
}
