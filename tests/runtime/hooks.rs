//! Where hooks run, and what they are told.

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

/// What is written into `config.json` after `create`, or that it is gone, changes nothing
/// (runtime-spec, runtime.md, "Lifecycle", step 2).
#[test]
fn the_hooks_are_those_that_the_bundle_had() {
    let Some(world) = world() else { return };
    let told = world.home().join("told");
    let hook = |word: &str| {
        let line = format!("echo {word} >> {}", told.display());
        json!([{ "path": "/bin/sh", "args": ["sh", "-c", line] }])
    };
    let bundle = bundle(&world, "hooked", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        spec["hooks"] = json!({ "poststart": hook("first"), "poststop": hook("last") });
    });
    let file = std::path::Path::new(&bundle).join("config.json");
    let good = fs::read(&file).unwrap();
    let mut other: Value = serde_json::from_slice(&good).unwrap();
    other["hooks"] = json!({ "poststart": hook("other"), "poststop": hook("other") });
    let life = |change: &dyn Fn()| {
        create(&world, &bundle, "hooked");
        change();
        let _ = world.skiff(&["start", "hooked"]).ok();
        let _ = world.skiff(&["delete", "--force", "hooked"]).ok();
        assert_eq!(fs::read_to_string(&told).unwrap(), "first\nlast\n");
        fs::remove_file(&told).unwrap();
        fs::write(&file, &good).unwrap();
    };
    life(&|| fs::write(&file, other.to_string()).unwrap());
    life(&|| fs::remove_file(&file).unwrap());
}

/// Each hook is told of the process as it sees it, and where the container is in its life.
#[test]
fn hooks_are_told_the_state() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "hooked", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        for moment in MOMENTS {
            // The start hook's program is looked for in the container, the others' outside.
            let told = match moment {
                "startContainer" => format!("/tmp/{moment}"),
                _ => world.home().join(moment).display().to_string(),
            };
            let hook = json!([{ "path": "/bin/sh", "args": ["sh", "-c", format!("cat > {told}")] }]);
            spec["hooks"][moment] = hook;
        }
        spec["root"]["readonly"] = json!(false);
    });
    create(&world, &bundle, "hooked");
    let pid = state(&world, "hooked")["pid"].clone();
    let _ = world.skiff(&["start", "hooked"]).ok();
    let _ = world.skiff(&["delete", "--force", "hooked"]).ok();
    let told = |moment: &str| -> Value {
        let outside = world.home().join(moment);
        let inside = std::path::Path::new(&bundle)
            .join("rootfs/tmp")
            .join(moment);
        let path = if outside.exists() { outside } else { inside };
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let rows = [
        ("prestart", pid.clone(), "creating"),
        ("createRuntime", pid.clone(), "creating"),
        ("createContainer", json!(1), "creating"),
        ("startContainer", json!(1), "created"),
        ("poststart", pid, "running"),
        ("poststop", json!(0), "stopped"),
    ];
    for (moment, pid, status) in rows {
        let told = told(moment);
        assert_eq!(
            (&told["pid"], &told["status"]),
            (&pid, &json!(status)),
            "{moment}"
        );
        assert_eq!(told["id"], json!("hooked"), "{moment}");
    }
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
