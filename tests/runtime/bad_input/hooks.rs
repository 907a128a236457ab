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
    let made = r#""$0" create -b "$1" h >/dev/null 2>"$HOME/e"; c=$?; cat "$HOME/e" >&2; exit $c"#;
    let program = world.skiff_path().to_str().unwrap();
    let out = world.run(&["sh", "-c", made, program, &bundle]);
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

/// A hook may leave somebody behind who holds its streams, and talk without end.
#[test]
fn a_hook_is_not_waited_for_longer_than_it_lives() {
    let Some(world) = world() else { return };
    let long = "yes | head -c 1000000 >&2; setsid sleep 5 & exit 3";
    let (order, out) = hooked(&world, "createRuntime", long);
    assert_eq!(order, "create");
    assert!(out.stderr.contains("exit status: 3: y") && out.stderr.len() < 10_000);
}
