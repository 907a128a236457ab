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
