//! Where hooks run.

use super::*;

/// The container's first process is born in its namespaces, the runtime's hooks are not.
#[test]
fn a_hook_of_the_runtime_is_not_born_in_the_containers_namespaces() {
    let Some(world) = world() else { return };
    let other = script(&world, "sleep 600");
    create(&world, &other, "other");
    let pid = state(&world, "other")["pid"].clone();
    let told = world.home().join("told");
    let look = "for kind in pid time; do readlink /proc/self/ns/$kind; done";
    let bundle = bundle(&world, "hooked", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", look]);
        let namespaces = spec["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|namespace| namespace["type"] != "pid");
        let path = format!("/proc/{pid}/ns/pid");
        namespaces.push(json!({ "type": "pid", "path": path }));
        namespaces.push(json!({ "type": "time" }));
        spec["linux"]["timeOffsets"] = json!({ "boottime": { "secs": 1_000 } });
        let line = format!("({look}) >> {}", told.display());
        let hook = json!([{ "path": "/bin/sh", "args": ["sh", "-c", line] }]);
        for moment in ["prestart", "createRuntime", "poststart", "poststop"] {
            spec["hooks"][moment] = hook.clone();
        }
    });
    let inside = world.skiff(&["run", "--bundle", &bundle, "hooked"]).ok();
    let outside = world.run(&["sh", "-c", look]).ok();
    for (own, hosts) in inside.lines().zip(outside.lines()) {
        assert_ne!(own, hosts);
    }
    assert_eq!(inside.lines().count(), 2);
    assert_eq!(fs::read_to_string(told).unwrap(), outside.repeat(4));
    let _ = world.skiff(&["delete", "--force", "other"]).ok();
}

/// In a user namespace there is no way back from another pid or time namespace to the
/// host's: the kernel wants rights over the host for it. Hooks run there all the same.
#[test]
fn a_hook_is_at_home_also_where_there_is_no_way_back() {
    let Some(world) = world() else { return };
    let told = world.home().join("told");
    let look = "for kind in pid time; do readlink /proc/self/ns/$kind; done";
    let bundle = bundle(&world, "hooked", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", look]);
        let path = world.home().join("pid");
        spec["linux"]["namespaces"] = json!([
            { "type": "mount" }, { "type": "time" }, { "type": "pid", "path": path },
        ]);
        spec["hostname"] = Value::Null;
        spec["mounts"] = json!([
            { "destination": "/proc", "type": "proc", "source": "proc" },
        ]);
        spec["linux"]["timeOffsets"] = json!({ "boottime": { "secs": 1_000 } });
        let line = format!("({look}) >> {}", told.display());
        let hook = json!([{ "path": "/bin/sh", "args": ["sh", "-c", line] }]);
        for moment in ["prestart", "createRuntime", "poststart", "poststop"] {
            spec["hooks"][moment] = hook.clone();
        }
        // What is wrong with one is told as ever.
        let wrong =
            json!({ "path": "/bin/sh", "args": ["sh", "-c", "echo no >&2; exit 9"] });
        spec["hooks"]["poststop"]
            .as_array_mut()
            .unwrap()
            .push(wrong);
    });
    let line = r#"unshare --pid --fork --kill-child sleep 600 >/dev/null 2>&1 & keeper=$!
        file=/proc/$keeper/ns/pid_for_children
        until [ -e $file ] && [ "$(readlink $file)" != "$(readlink /proc/self/ns/pid)" ]; do sleep 0.1; done
        ln -s $file "$HOME/pid"; "$0" run --bundle "$1" hooked; code=$?; kill -KILL $keeper; exit $code"#;
    let program = world.skiff_path().to_str().unwrap();
    let nested = ["unshare", "--user", "--map-root-user", "sh", "-c", line];
    let out = world.run(&[&nested[..], &[program, &bundle]].concat());
    let warned = "run poststop hook #1 /bin/sh: exit status: 9: no";
    assert!(out.stderr.contains(warned), "{out}");
    let inside = out.ok();
    let outside = world.run(&["sh", "-c", look]).ok();
    for (own, hosts) in inside.lines().zip(outside.lines()) {
        assert_ne!(own, hosts);
    }
    assert_eq!(inside.lines().count(), 2);
    assert_eq!(fs::read_to_string(told).unwrap(), outside.repeat(4));
}
