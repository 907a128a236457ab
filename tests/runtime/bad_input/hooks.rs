//! Hooks that fail, hang, talk, or leave somebody behind, at each of the six moments.

use super::*;

const HANGS: &str = "echo waiting >&2; sleep 600; true";
const FAILS: &str = "echo no thanks >&2; exit 9";

/// A container whose hook at `moment` runs `line`, up to the end of the first order that
/// says no; answers with that.
fn hooked(world: &World, moment: &str, line: &str) -> (&'static str, support::Output) {
    let bundle = bundle(world, &format!("{moment}-{}", line.len()), |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        spec["linux"]["cgroupsPath"] = json!(format!("/{}/h", world.cgroup_parent()));
        let hook = json!({ "path": "/bin/sh", "args": ["sh", "-c", line], "timeout": 1 });
        spec["hooks"][moment] = json!([hook]);
    });
    let out = made(world, &bundle, "h");
    if out.code != 0 {
        world.skiff(&["state", "h"]).refused(1, "does not exist");
        return ("create", out);
    }
    let out = world.skiff(&["start", "h"]);
    if out.code != 0 {
        becomes(world, "h", "stopped");
        let _ = world.skiff(&["delete", "h"]).ok();
        return ("start", out);
    }
    ("delete", world.skiff(&["delete", "--force", "h"]))
}

/// `create`, heard to its end although the container may keep its streams.
fn made(world: &World, bundle: &str, id: &str) -> support::Output {
    let line = r#""$0" create -b "$1" --pid-file "$HOME/pid" "$2" >/dev/null 2>"$HOME/e"; c=$?; cat "$HOME/e" >&2; exit $c"#;
    let program = world.skiff_path().to_str().unwrap();
    world.run(&["sh", "-c", line, program, bundle, id])
}

#[test]
fn a_hook_that_fails_or_hangs_is_the_end() {
    let Some(world) = world() else { return };
    let before = before(&world);
    for (moment, order) in [
        ("prestart", "create"),
        ("createRuntime", "create"),
        ("createContainer", "create"),
        ("startContainer", "start"),
        ("poststart", "start"),
        // After the end there is nothing to stop: a warning.
        ("poststop", "delete"),
    ] {
        let code = i32::from(order != "delete");
        for (line, said) in [
            (FAILS, "exit status: 9: no thanks"),
            (HANGS, "it took longer than 1 seconds"),
        ] {
            let (refused, out) = hooked(&world, moment, line);
            assert_eq!(refused, order, "{moment}: {out}");
            let named = format!("{moment} hook #0 /bin/sh: {said}");
            out.refused(code, &named);
            before.assert_same(&world);
        }
    }
}

/// What one hook has made another undoes, however far the container came: the hooks of
/// poststop are run once, by `create` when that failed, by `delete` otherwise; and what
/// they get wrong hides nothing.
#[test]
fn what_came_to_nothing_is_stopped_as_well() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let told = world.home().join("told");
    let undo = format!("cat >> {0}; echo >> {0}", told.display());
    for (moment, ends) in [
        ("prestart", "create"),
        ("createRuntime", "create"),
        ("createContainer", "create"),
        ("startContainer", "start"),
        ("poststart", "start"),
        ("args", "create"),
    ] {
        let _ = fs::remove_file(&told);
        let bundle = bundle(&world, &format!("undone-{moment}"), |spec| {
            spec["linux"]["cgroupsPath"] = json!(format!("/{}/u", world.cgroup_parent()));
            let hook =
                |line: &str| json!({ "path": "/bin/sh", "args": ["sh", "-c", line] });
            if moment == "args" {
                spec["process"]["args"] = json!(["no-such-program"]);
            } else {
                spec["process"]["args"] = json!(["sleep", "600"]);
                spec["hooks"][moment] = json!([hook(FAILS)]);
            }
            spec["hooks"]["poststop"] = json!([hook("exit 4"), hook(&undo)]);
        });
        let made = made(&world, &bundle, "u");
        let failed = if ends == "create" {
            assert!(made.stderr.contains("poststop hook #0"), "{moment}: {made}");
            world.skiff(&["state", "u"]).refused(1, "does not exist");
            assert!(!world.home().join("pid").exists(), "{moment}: nobody's pid");
            made
        } else {
            let started = world.skiff(&["start", "u"]);
            assert!(!told.exists(), "{moment}: it is there until it is deleted");
            becomes(&world, "u", "stopped");
            let _ = world.skiff(&["delete", "u"]).ok();
            fs::remove_file(world.home().join("pid")).unwrap();
            started
        };
        let first = match moment {
            "args" => "executable file not found",
            moment => &format!("{moment} hook #0 /bin/sh: exit status: 9: no thanks"),
        };
        failed.refused(1, first);
        let told: Vec<Value> = fs::read_to_string(&told)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [told] = &told[..] else {
            panic!("{moment}: told once, not {told:?}");
        };
        assert_eq!(
            (&told["status"], &told["pid"]),
            (&json!("stopped"), &json!(0))
        );
        before.assert_same(&world);
    }
}

/// A name that is taken is another container's: its hooks are not for this one to run.
#[test]
fn a_name_that_is_taken_stops_nobody() {
    let Some(world) = world() else { return };
    let told = world.home().join("told");
    let bundle = bundle(&world, "taken", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        let touch = format!("touch {}", told.display());
        let hook = json!({ "path": "/bin/sh", "args": ["sh", "-c", touch] });
        spec["hooks"]["poststop"] = json!([hook]);
    });
    create(&world, &bundle, "taken");
    let again = world.skiff(&["create", "-b", &bundle, "taken"]);
    again.refused(1, "container with id exists");
    assert!(!told.exists());
    let _ = world.skiff(&["delete", "--force", "taken"]).ok();
    assert!(told.exists(), "the end of the first one");
}

/// A hook may leave somebody behind who holds its streams, and talk without end.
#[test]
fn a_hook_is_not_waited_for_longer_than_it_lives() {
    let Some(world) = world() else { return };
    let long = "yes | head -c 1000000 >&2; setsid sleep 5 & exit 3";
    let (order, out) = hooked(&world, "createRuntime", long);
    assert_eq!(order, "create");
    assert!(out.stderr.contains("exit status: 3: y") && out.stderr.len() < 10_000);
}

/// The hooks after the end are run by one of all who bring it about.
#[test]
fn the_end_comes_once() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let told = world.home().join("told");
    let hook = |line: &str| json!([{ "path": "/bin/sh", "args": ["sh", "-c", line] }]);
    let bundle = bundle(&world, "once", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        let slow = "while [ -e \"$1\" ]; do touch \"$1.on\"; sleep 0.1; done";
        spec["hooks"]["createRuntime"] = json!([{
            "path": "/bin/sh", "args": ["sh", "-c", slow, "sh", world.home().join("made")],
        }]);
        spec["hooks"]["poststop"] = hook(&format!("echo >> {}", told.display()));
    });
    let program = world.skiff_path().to_str().unwrap();
    let times = || fs::read_to_string(&told).unwrap_or_default().len();
    // Several who say `delete`.
    let many = r#"for i in 1 2 3 4 5 6 7 8; do "$0" delete --force once & pids="$pids $!"; done
        for pid in $pids; do wait $pid || exit 1; done"#;
    for round in 1..=5 {
        create(&world, &bundle, "once");
        let _ = world.run(&["sh", "-c", many, program]).ok();
        assert_eq!(times(), round);
    }
    // One, beside a `create` that fails by it.
    let made = world.home().join("made");
    fs::write(&made, "").unwrap();
    let job = world.start(&["create", "--bundle", &bundle, "once"]);
    let asked = world.home().join("made.on");
    eventually("its hook runs", TEN, || asked.exists().then_some(()));
    let _ = world.skiff(&["delete", "--force", "once"]).ok();
    fs::remove_file(made).unwrap();
    assert_ne!(job.wait().code, 0);
    assert_eq!(times(), 6);
    // Without force, what is gone does not exist; and another name is no name.
    world
        .skiff(&["delete", "once"])
        .refused(1, "does not exist");
    world
        .skiff(&["delete", "--force", "../once"])
        .refused(1, "invalid container ID");
    before.assert_same(&world);
}
