//! Fields of `config.json`, as the container sees them from inside.

use super::*;

/// What a container prints that runs `line`, its spec changed by `change`.
pub(super) fn seen(
    world: &World,
    line: &str,
    change: impl FnOnce(&mut Value),
) -> support::Output {
    let bundle = bundle(world, "field", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", line]);
        change(spec);
    });
    let out = world.skiff(&["run", "--bundle", &bundle, "field"]);
    fs::remove_dir_all(bundle).unwrap();
    out
}

fn add_time(spec: &mut Value) {
    let namespaces = spec["linux"]["namespaces"].as_array_mut().unwrap();
    namespaces.push(json!({ "type": "time" }));
}

#[test]
fn the_clocks_of_a_time_namespace() {
    let Some(world) = world() else { return };
    let uptime = |text: &str| text.split('.').next().unwrap().parse::<u64>().unwrap();
    let out = seen(&world, "cat /proc/uptime", |spec| {
        add_time(spec);
        spec["linux"]["timeOffsets"] =
            json!({ "boottime": { "secs": 1_000_000, "nanosecs": 5 } });
    });
    let outside = uptime(&fs::read_to_string("/proc/uptime").unwrap());
    let inside = uptime(&out.ok());
    assert!(
        (990_000..=1_000_001).contains(&(inside - outside)),
        "{inside} {outside}"
    );
    seen(&world, "true", |spec| {
        spec["linux"]["timeOffsets"] = json!({ "boottime": { "secs": 1 } });
    })
    .refused(1, "no new time namespace");
    seen(&world, "true", |spec| {
        add_time(spec);
        spec["linux"]["timeOffsets"] = json!({ "realtime": { "secs": 1 } });
    })
    .refused(1, "no offset can be given to \"realtime\"");
}

/// `runc spec` writes such sets, and whoever has one expects a container from it.
#[test]
fn a_capability_that_cannot_be_ambient_is_left_out() {
    let Some(world) = world() else { return };
    let sets = |inheritable: &[&str]| {
        let out = seen(&world, "grep Cap /proc/self/status | cut -f 2", |spec| {
            let two = json!(["CAP_KILL", "CAP_NET_BIND_SERVICE"]);
            spec["process"]["user"] = json!({ "uid": 1000, "gid": 1000 });
            spec["process"]["capabilities"] = json!({
                "bounding": two, "effective": two, "permitted": two, "ambient": two,
                "inheritable": inheritable,
            });
        });
        let out = out.ok();
        let ambient = u64::from_str_radix(out.lines().last().unwrap(), 16);
        ambient.unwrap()
    };
    assert_eq!(sets(&[]), 0);
    assert_eq!(sets(&["CAP_KILL"]), 1 << 5);
}

#[test]
fn the_personality() {
    let Some(world) = world() else { return };
    let personality = |domain: &str| {
        let out = seen(&world, "cat /proc/self/personality", |spec| {
            spec["linux"]["personality"] = json!({ "domain": domain });
        });
        out.ok().trim().to_owned()
    };
    assert_eq!(personality("LINUX32"), "00000008");
    assert_eq!(personality("LINUX"), "00000000");
}

#[test]
fn how_the_process_is_scheduled() {
    let Some(world) = world() else { return };
    // Field 19 of proc_pid_stat(5) is the nice value, field 41 the policy.
    let line = "set -- $(cat /proc/1/stat); echo ${19} ${41}";
    let out = seen(&world, line, |spec| {
        spec["process"]["scheduler"] = json!({ "policy": "SCHED_BATCH", "nice": 7 });
    });
    assert_eq!(out.ok(), "7 3\n");
    let out = seen(&world, "ionice -p $$", |spec| {
        spec["process"]["ioPriority"] =
            json!({ "class": "IOPRIO_CLASS_BE", "priority": 6 });
    });
    assert_eq!(out.ok(), "best-effort: prio 6\n");
    seen(&world, "true", |spec| {
        spec["process"]["ioPriority"] =
            json!({ "class": "IOPRIO_CLASS_BE", "priority": 8 });
    })
    .refused(1, "process.ioPriority.priority 8 is not 0 to 7");
}

/// What a process of `exec` prints that runs `line`, its own section changed.
fn executed(
    world: &World,
    line: &str,
    change: impl FnOnce(&mut Value),
) -> support::Output {
    let bundle = bundle(world, "field", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
    });
    create(world, &bundle, "field");
    let config = fs::read_to_string(format!("{bundle}/config.json")).unwrap();
    let mut process = serde_json::from_str::<Value>(&config).unwrap()["process"].take();
    process["args"] = json!(["sh", "-c", line]);
    change(&mut process);
    let file = world.home().join("process.json");
    fs::write(&file, process.to_string()).unwrap();
    let words = ["exec", "--process", file.to_str().unwrap(), "field"];
    let out = world.skiff(&words);
    let _ = world.skiff(&["delete", "--force", "field"]).ok();
    fs::remove_dir_all(bundle).unwrap();
    out
}

#[test]
fn the_processors_of_an_exec() {
    let Some(world) = world() else { return };
    let allowed = "grep Cpus_allowed_list /proc/self/status | cut -f2";
    let all = executed(&world, allowed, |_| ()).ok();
    let last = all.trim().rsplit(['-', ',']).next().unwrap().to_owned();
    let on = |initial: Option<&str>, end: &str| {
        executed(&world, allowed, |process| {
            process["execCPUAffinity"] = json!({ "final": end });
            if let Some(initial) = initial {
                process["execCPUAffinity"]["initial"] = json!(initial);
            }
        })
    };
    assert_eq!(on(None, &last).ok(), format!("{last}\n"));
    assert_eq!(on(Some("0"), &last).ok(), format!("{last}\n"));
    on(None, "1000").refused(255, "run on the processors 1000");
    on(None, "0-").refused(255, "execCPUAffinity");
    // It is for exec: the first process runs where its cgroup lets it.
    let first = seen(&world, allowed, |spec| {
        spec["process"]["execCPUAffinity"] = json!({ "final": last });
    });
    assert_eq!(first.ok(), all);
}

#[test]
fn the_memory_policy() {
    let Some(world) = world() else { return };
    let policy = |given: Value| {
        let line = "grep heap /proc/self/numa_maps | cut -d' ' -f2";
        seen(&world, line, |spec| spec["linux"]["memoryPolicy"] = given)
    };
    let out = policy(json!({ "mode": "MPOL_BIND", "nodes": "0" }));
    assert_eq!(out.ok(), "bind:0\n");
    let out = policy(json!({
        "mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"],
    }));
    assert_eq!(out.ok(), "interleave=static:0\n");
    assert_eq!(policy(json!({ "mode": "MPOL_DEFAULT" })).ok(), "default\n");
    policy(json!({ "mode": "MPOL_BIND", "nodes": "1000" }))
        .refused(1, "set the memory policy MPOL_BIND 1000");
    policy(json!({ "mode": "MPOL_ODD" })).refused(1, "MPOL_ODD");
}

/// Labels of modules that are not at work, and what is done about by nobody, are refused
/// by name; empty ones ask for nothing.
#[test]
fn what_the_machine_does_not_have_is_named() {
    let Some(world) = world() else { return };
    let has = |path: &str| std::path::Path::new(path).exists();
    let rows = [
        (
            "/sys/module/apparmor",
            "/process/apparmorProfile",
            "process.apparmorProfile: apparmor is not enabled",
        ),
        (
            "/sys/fs/selinux/enforce",
            "/process/selinuxLabel",
            "process.selinuxLabel: selinux is not enabled",
        ),
        (
            "/sys/fs/selinux/enforce",
            "/linux/mountLabel",
            "linux.mountLabel: selinux is not enabled",
        ),
    ];
    for (there, field, said) in rows {
        let (section, name) = field[1..].split_once('/').unwrap();
        if !has(there) {
            seen(&world, "true", |spec| spec[section][name] = json!("label"))
                .refused(1, said);
        }
        assert_eq!(
            seen(&world, "echo on", |spec| spec[section][name] = json!("")).ok(),
            "on\n"
        );
    }
    seen(&world, "true", |spec| {
        spec["linux"]["intelRdt"] = json!({ "closID": "guaranteed" });
    })
    .refused(1, "linux.intelRdt is not supported");
    seen(&world, "true", |spec| {
        spec["linux"]["personality"] = json!({ "domain": "LINUX", "flags": ["ODD"] });
    })
    .refused(1, "linux.personality.flags");
    // In an exec too.
    if !has("/sys/module/apparmor") {
        executed(&world, "true", |process| {
            process["apparmorProfile"] = json!("x")
        })
        .refused(255, "process.apparmorProfile: apparmor is not enabled");
    }
}

/// A bundle of a later version is taken, and judged by what is in it.
#[test]
fn a_later_version_is_taken_by_its_fields() {
    let Some(world) = world() else { return };
    let out = seen(&world, "echo on", |spec| {
        spec["ociVersion"] = json!("1.3.0");
        spec["linux"]["netDevices"] = json!({});
        spec["aFieldOfLater"] = json!({ "and": ["what", "is", "in", "it"] });
    });
    assert_eq!(out.ok(), "on\n");
    seen(&world, "true", |spec| spec["ociVersion"] = json!("2.0.0"))
        .refused(1, "ociVersion \"2.0.0\" is not 1.x");
}
