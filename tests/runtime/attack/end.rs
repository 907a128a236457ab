//! The end of a container: whatever it did, and however its runtime died, nothing stays.

use std::time::Instant;

use super::*;

/// A bundle that runs `line`, in a cgroup of this world.
fn prey(world: &World, name: &str, line: &str, change: fn(&mut Value)) -> String {
    bundle(world, name, |spec| {
        spec["process"]["args"] = json!(["sh", "-c", line]);
        spec["linux"]["cgroupsPath"] =
            json!(format!("/{}/{name}", world.cgroup_parent()));
        change(spec);
    })
}

fn without_pid_namespace(spec: &mut Value) {
    let namespaces = spec["linux"]["namespaces"].as_array_mut().unwrap();
    namespaces.retain(|namespace| namespace["type"] != "pid");
}

/// P14: who is left behind by a first process that ended holds its output open.
#[test]
fn daemons_end_with_the_container() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let line =
        "busybox setsid sh -c 'busybox setsid sleep 600 & exec sleep 600' & exit 7";
    for (name, change) in [
        ("own", (|_| {}) as fn(&mut Value)),
        ("shared", without_pid_namespace),
    ] {
        let bundle = prey(&world, name, line, change);
        // The output's end is waited for: nobody may hold it.
        let _ = world.skiff(&["run", "--bundle", &bundle, name]).expect(7);
        before.assert_same(&world);
    }
}

/// Groups below its own, each frozen by itself, with somebody in them.
#[test]
fn nested_groups_and_frozen_processes_end_with_it() {
    let Some(world) = world() else { return };
    if !needs(&[Need::CgroupV1]) {
        return;
    }
    let before = before(&world);
    let line = r"
        for tree in /sys/fs/cgroup/*; do busybox mkdir -p $tree/nest/deep 2>/dev/null; done
        for group in nest nest/deep; do
            sleep 600 &
            echo $! > /sys/fs/cgroup/freezer/$group/cgroup.procs
            echo FROZEN > /sys/fs/cgroup/freezer/$group/freezer.state
        done
        busybox unshare -U sleep 600 &
        echo nested; exec sleep 600";
    let bundle = prey(&world, "nested", line, |spec| {
        for mount in spec["mounts"].as_array_mut().unwrap() {
            if mount["type"] == "cgroup" {
                mount["options"] = json!(["nosuid", "noexec", "nodev", "rw"]);
            }
        }
    });
    create(&world, &bundle, "nested");
    let _ = world.skiff(&["start", "nested"]).ok();
    let said = || fs::read_to_string(world.home().join("out")).unwrap();
    eventually("it is nested", TEN, || {
        said().contains("nested").then_some(())
    });
    assert!(!said().contains("can't create"), "{}", said());
    let began = Instant::now();
    let _ = world.skiff(&["delete", "--force", "nested"]).ok();
    assert!(began.elapsed() < TEN, "{:?}", began.elapsed());
    before.assert_same(&world);
}

/// The runtime is killed while a hook keeps it at a known place.
#[test]
fn a_runtime_that_was_killed_leaves_what_can_be_deleted() {
    let Some(world) = world() else { return };
    let before = before(&world);
    for moment in [
        "createRuntime",
        "createContainer",
        "startContainer",
        "poststart",
    ] {
        let bundle = bundle(&world, moment, |spec| {
            let there = world.home().join(format!("{moment}-there"));
            let note = match moment {
                "startContainer" => "/tmp/there".to_owned(),
                _ => there.display().to_string(),
            };
            // A hook of the host's outlives its runtime, by no more than this.
            let line = format!(": > {note}; exec sleep 2");
            let hook = json!({ "path": "/bin/sh", "args": ["sh", "-c", line],
                               "env": ["PATH=/bin:/usr/bin"] });
            spec["hooks"][moment] = json!([hook]);
            spec["root"]["readonly"] = json!(false);
            spec["process"]["args"] = json!(["sleep", "600"]);
            spec["linux"]["cgroupsPath"] =
                json!(format!("/{}/killed", world.cgroup_parent()));
        });
        let line = r#""$0" run -b "$1" killed >/dev/null 2>&1 & p=$!
            until [ -e "$2" ] || [ -e "$3" ]; do sleep 0.01; done; kill -9 $p; wait $p
            "$0" delete --force killed; "$0" state killed"#;
        let program = world.skiff_path().to_str().unwrap();
        let there = world.home().join(format!("{moment}-there"));
        let inside = format!("{bundle}/rootfs/tmp/there");
        let words = [
            "sh",
            "-c",
            line,
            program,
            &bundle,
            there.to_str().unwrap(),
            &inside,
        ];
        let out = world.run(&words);
        assert_eq!(
            out.stderr.matches("does not exist").count(),
            1,
            "{moment}: {out}"
        );
        before.assert_same(&world);
    }
}

/// And at any other moment of its first fifty milliseconds.
#[test]
fn a_runtime_may_be_killed_at_any_moment() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let bundle = prey(&world, "any", "exec sleep 600", |_| {});
    let line = r#"
        for i in $(busybox seq 1 70); do for verb in run create; do
            "$0" $verb -b "$1" any >/dev/null 2>&1 & p=$!
            busybox usleep $((i * 700)); kill -9 $p; wait $p
            timeout 20 "$0" delete --force any 2>&1 || echo "not deleted after $verb $i"
            [ -e /run/skiff/runtime/any ] && echo "a state is left after $verb $i"
        done; done; true"#;
    let program = world.skiff_path().to_str().unwrap();
    assert_eq!(world.run(&["sh", "-c", line, program, &bundle]).ok(), "");
    before.assert_same(&world);
}

/// A container that is killed while it is made: its maker says so, and takes all back.
#[test]
fn what_is_killed_in_the_making_is_taken_back() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let bundle = prey(&world, "young", "echo it ran", |spec| {
        let hook = json!({ "path": "/bin/sleep", "args": ["sleep", "1"] });
        spec["hooks"]["createRuntime"] = json!([hook]);
    });
    let job = world.start(&["run", "--bundle", &bundle, "young"]);
    eventually("it has a process", TEN, || {
        let kill = world.skiff(&["kill", "young", "KILL"]);
        (kill.code == 0).then_some(())
    });
    job.wait().refused(1, "killed by SIGKILL before its exec");
    before.assert_same(&world);
}
