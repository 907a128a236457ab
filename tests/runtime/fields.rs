//! Fields of `config.json`, as the container sees them from inside.

use super::*;

/// What a container prints that runs `line`, its spec changed by `change`.
fn seen(world: &World, line: &str, change: impl FnOnce(&mut Value)) -> support::Output {
    let bundle = bundle(world, "field", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", line]);
        spec["linux"]["cgroupsPath"] = json!(format!("/{}/field", world.cgroup_parent()));
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
