//! An init before the program: orphans are reaped, signals handed on, the end is told.

use super::*;

/// A bundle whose program has an init before it.
fn with_init(world: &World, line: &str) -> String {
    bundle(world, "init", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", line]);
        spec["annotations"] = json!({ "org.skiff.init": "true" });
    })
}

fn run(world: &World, line: &str) -> support::Output {
    let bundle = with_init(world, line);
    let out = world.skiff(&["run", "--bundle", &bundle, "init"]);
    fs::remove_dir_all(bundle).unwrap();
    out
}

#[test]
fn the_program_is_its_child_and_its_end_is_told() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let line = "echo $$ $PPID; cat /proc/1/comm; exit 7";
    let out = run(&world, line).expect(7);
    assert_eq!(out.stdout, "2 1\ninit\n", "{out}");
    // 128 and the signal's number, whatever the signal.
    for (signal, code) in [("TERM", 143), ("KILL", 137), ("40", 168)] {
        let _ = run(&world, &format!("kill -{signal} $$; sleep 60")).expect(code);
    }
    let bundle = bundle(&world, "init", |spec| {
        spec["process"]["args"] = json!(["nowhere"]);
        spec["annotations"] = json!({ "org.skiff.init": "true" });
    });
    world
        .skiff(&["run", "--bundle", &bundle, "init"])
        .refused(1, "executable file not found");
    before.assert_same(&world);
}

#[test]
fn orphans_are_reaped() {
    let Some(world) = world() else { return };
    // Each inner shell leaves a child that ends a moment later; then this counts them.
    // A second program in between never waits: without an init it would be PID 1.
    let zombies = "for i in 1 2 3; do sh -c 'sleep 0.1 &'; done; sleep 0.5; \
                   cat /proc/[0-9]*/stat | cut -d' ' -f3 | grep -c Z";
    let script = format!("sh -c \"{zombies}\" & exec sleep 1");
    assert_eq!(run(&world, &script).stdout, "0\n");
    let plain = bundle(&world, "plain", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", script]);
    });
    let without = world.skiff(&["run", "--bundle", &plain, "plain"]);
    assert_eq!(
        without.stdout, "3\n",
        "the control: nobody reaps there: {without}"
    );
}

#[test]
fn signals_reach_the_program() {
    let Some(world) = world() else { return };
    let line = "trap 'echo got; exit 9' TERM; trap 'echo one' USR1; \
                trap 'echo rt' 40; echo on; while :; do sleep 0.05; done";
    let bundle = with_init(&world, line);
    create(&world, &bundle, "init");
    let _ = world.skiff(&["start", "init"]).ok();
    let said = |text: &str| {
        eventually(text, TEN, || {
            let out = fs::read_to_string(world.home().join("out")).unwrap();
            out.ends_with(text).then_some(())
        });
    };
    said("on\n");
    for (signal, word) in [("USR1", "one\n"), ("40", "rt\n"), ("TERM", "got\n")] {
        let _ = world.skiff(&["kill", "init", signal]).ok();
        said(word);
    }
    becomes(&world, "init", "stopped");
    let _ = world.skiff(&["delete", "init"]).ok();
}

/// Each signal that ends a program by default ends it, by number and by name.
#[test]
fn every_signal_is_handed_on() {
    let Some(world) = world() else { return };
    let bundle = with_init(&world, "exec sleep 600");
    // What stops, continues or is ignored; and two that the C library keeps for itself.
    let others = [17, 18, 19, 20, 21, 22, 23, 28, 32, 33];
    for number in (1..=64).filter(|number| !others.contains(number)) {
        let name = Signal::try_from(number).map_or(number.to_string(), |s| s.to_string());
        let job = world.start(&["run", "--bundle", &bundle, "init"]);
        eventually("it runs", TEN, || {
            // Not by a number: this one may have come first.
            let line = "cat /proc/[0-9]*/comm";
            let out = world.skiff(&["exec", "init", "sh", "-c", line]);
            out.stdout.contains("sleep\n").then_some(())
        });
        let _ = world.skiff(&["kill", "init", &name]).ok();
        let end = job.wait();
        // SIGKILL is for PID 1 itself, and cannot be handed on.
        assert_eq!(end.code, 128 + number, "{name}: {end}");
    }
}

/// Without a handler PID 1 ignores SIGTERM; a program behind an init dies of it.
#[test]
fn a_program_without_a_handler_dies_of_sigterm() {
    let Some(world) = world() else { return };
    let bundle = with_init(&world, "echo on; exec sleep 600");
    let job = world.start(&["run", "--bundle", &bundle, "init"]);
    job.wait_for("on");
    job.signal(Signal::SIGTERM);
    let _ = job.wait().expect(143);
}

#[test]
fn the_terminal_is_the_programs() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "init", |spec| {
        spec["process"]["terminal"] = json!(true);
        spec["process"]["args"] = json!([
            "sh",
            "-c",
            "trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.05; done"
        ]);
        spec["annotations"] = json!({ "org.skiff.init": "true" });
    });
    let mut terminal: Terminal = world.on_terminal(&["run", "--bundle", &bundle, "init"]);
    terminal.wait_for("ready");
    terminal.say("\x03");
    let (code, screen) = terminal.wait();
    assert_eq!(code, 4, "{screen}");
    assert!(screen.contains("caught"), "{screen}");
}

/// The init is in the container for long: it is as confined as the program, holds nothing
/// but its streams, and its files in /proc are shut, that of the runtime above all.
#[test]
fn the_init_is_confined_and_holds_nothing() {
    let Some(world) = world() else { return };
    let status = "grep -E '^(Cap|NoNewPrivs|Uid|Seccomp)'";
    let line = format!(
        "{status} /proc/1/status; echo; {status} /proc/self/status; echo; \
         ls /proc/1/fd; cat /proc/1/exe 2>/dev/null || echo shut; sleep 600"
    );
    let bundle = with_init(&world, &line);
    create(&world, &bundle, "init");
    let _ = world.skiff(&["start", "init"]).ok();
    let said = eventually("it has looked", TEN, || {
        let out = fs::read_to_string(world.home().join("out")).unwrap();
        out.ends_with("shut\n").then_some(out)
    });
    let parts: Vec<_> = said.split("\n\n").collect();
    assert!(parts[0].contains("CapEff"), "{said}");
    assert_eq!(parts[0], parts[1], "{said}");
    assert_eq!(
        parts[2], "0\n1\n2\n3\nshut\n",
        "the streams and the signals"
    );
    let _ = world.skiff(&["delete", "--force", "init"]).ok();
}

/// The same from outside, for a container of another runtime.
#[test]
fn as_a_program_of_its_own() {
    let Some(world) = world() else { return };
    let out = world.skiff(&["init", "--", "sh", "-c", "echo $PPID; kill -9 $$"]);
    assert_eq!(out.code, 137, "{out}");
    let out = world.skiff(&["init", "--", "nowhere"]);
    assert_eq!(out.code, 1, "{out}");
}
