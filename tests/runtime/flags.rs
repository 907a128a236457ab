//! Flags of runc's command line: each does what it says.

use super::*;

fn sleeper(world: &World, id: &str) -> String {
    bundle(world, id, |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
    })
}

#[test]
fn a_session_keyring_of_its_own() {
    let Some(world) = world() else { return };
    if !needs(&[Need::Keyrings]) {
        return;
    }
    let bundle = bundle(&world, "keys", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        // Masked as a rule, since it shows the host's.
        spec["linux"]["maskedPaths"] = json!([]);
    });
    let held = |flags: &[&str], id: &str| {
        create_with(&world, &[flags, &["--bundle", &bundle, id]].concat());
        let name = format!("_ses.{id}:");
        let out = world.skiff(&["exec", id, "grep", "-c", &name, "/proc/keys"]);
        let _ = world.skiff(&["delete", "--force", id]).ok();
        out.stdout
    };
    // One, which the process of `exec` joined too. A keyring outlives its last user by a
    // moment, so the second container has another name.
    let own = format!("own-{}", std::process::id());
    assert_eq!(held(&[], &own), "1\n");
    assert_eq!(held(&["--no-new-keyring"], "theirs"), "0\n");
}

#[test]
fn a_root_that_covers_the_old_one() {
    let Some(world) = world() else { return };
    let bundle = script(
        &world,
        "ls /; cat /proc/1/comm; grep -c . /proc/self/mountinfo; ls /../..",
    );
    let pivoted = world.skiff(&["run", "--bundle", &bundle, "root"]).ok();
    let moved = ["run", "--no-pivot", "--bundle", &bundle, "root"];
    assert_eq!(world.skiff(&moved).ok(), pivoted);
}

/// Descriptors after the standard three are the program's if they are counted, else not.
#[test]
fn descriptors_that_are_passed_on() {
    let Some(world) = world() else { return };
    let list = "ls /proc/self/fd | wc -l; cat <&3 2>/dev/null || echo none";
    let bundle = script(&world, list);
    let with = |flag: &str| {
        let line =
            r#"echo kept >/tmp/kept; exec "$0" run $2 --bundle "$1" fds 3</tmp/kept"#;
        let program = world.skiff_path().to_str().unwrap();
        world.run(&["sh", "-c", line, program, &bundle, flag]).ok()
    };
    // `ls` opens one more.
    assert_eq!(with("--preserve-fds=1"), "5\nkept\n");
    assert_eq!(with(""), "4\nnone\n");
}

#[test]
fn a_cgroup_of_exec_and_a_signal_for_all() {
    let Some(world) = world() else { return };
    if !needs(&[Need::CgroupV1]) {
        return;
    }
    let bundle = sleeper(&world, "all");
    create(&world, &bundle, "all");
    let _ = world.skiff(&["start", "all"]).ok();
    world
        .skiff(&["exec", "--cgroup", "sub", "all", "true"])
        .refused(255, "no such cgroup in the container");
    let group = format!("/sys/fs/cgroup/pids/{}/all/sub", world.cgroup_parent());
    fs::create_dir(&group).unwrap();
    let words = ["exec", "--cgroup", "sub", "all", "cat", "/proc/self/cgroup"];
    let seen = world.skiff(&words).ok();
    let pids = seen.lines().find(|line| line.contains(":pids:")).unwrap();
    assert!(pids.ends_with("/sub"), "{seen}");
    // A second process, in a group below: --all finds it, without it it stays.
    let line = r#"exec "$0" exec --detach --cgroup sub all sleep 600 >/dev/null 2>&1"#;
    let program = world.skiff_path().to_str().unwrap();
    let _ = world.run(&["sh", "-c", line, program]).ok();
    let inside = || fs::read_to_string(format!("{group}/cgroup.procs")).unwrap();
    assert_eq!(inside().lines().count(), 1);
    let _ = world.skiff(&["kill", "--all", "all", "KILL"]).ok();
    becomes(&world, "all", "stopped");
    eventually("all are gone", TEN, || inside().is_empty().then_some(()));
    let _ = world.skiff(&["delete", "all"]).ok();
    assert!(
        !std::path::Path::new(&group).exists(),
        "nested cgroups go too"
    );
}

/// A group below in one tree alone, where there is no version 2 to end them with: the
/// other trees' groups are gone by the time that this one is looked into.
#[test]
fn a_group_below_in_one_tree_alone() {
    let Some(world) = world() else { return };
    if !needs(&[Need::CgroupV1]) {
        return;
    }
    let no_second =
        "! mountpoint -q /sys/fs/cgroup/unified || umount -l /sys/fs/cgroup/unified";
    let _ = world.run(&["sh", "-c", no_second]).ok();
    for tree in ["pids", "memory"] {
        let bundle = sleeper(&world, tree);
        create(&world, &bundle, tree);
        let group = format!("/sys/fs/cgroup/{tree}/{}/{tree}", world.cgroup_parent());
        fs::create_dir(format!("{group}/sub")).unwrap();
        let _ = world.skiff(&["kill", tree, "KILL"]).ok();
        becomes(&world, tree, "stopped");
        let _ = world.skiff(&["delete", tree]).ok();
        assert!(!std::path::Path::new(&group).exists());
    }
}

#[test]
fn an_exec_into_a_paused_container_waits() {
    let Some(world) = world() else { return };
    let bundle = sleeper(&world, "still");
    create(&world, &bundle, "still");
    let _ = world.skiff(&["start", "still"]).ok();
    let _ = world.skiff(&["pause", "still"]).ok();
    let words = ["exec", "--ignore-paused", "still", "echo", "went on"];
    let job = Job::start(world.skiff_command(&words), Some(b""));
    let _ = world.skiff(&["resume", "still"]).ok();
    assert_eq!(job.wait().ok(), "went on\n");
    let _ = world.skiff(&["delete", "--force", "still"]).ok();
}

/// Flags may stand before the id and after it, the global ones before and after the verb.
#[test]
fn flags_stand_where_callers_put_them() {
    let Some(world) = world() else { return };
    let bundle = sleeper(&world, "order");
    let root = world.folder("states");
    let root = root.to_str().unwrap();
    let pid = world.home().join("pid");
    let pid_file = format!("--pid-file={}", pid.display());
    let log = world.home().join("log");
    let log = log.to_str().unwrap();
    create_with(
        &world,
        &["order", &pid_file, "--bundle", &bundle, "--root", root],
    );
    assert!(pid.exists());
    let _ = world.skiff(&["--root", root, "start", "order"]).ok();
    let _ = world.skiff(&["kill", "order", "KILL", "--root", root]).ok();
    let _ = world
        .skiff(&["delete", "order", "--force", "--root", root])
        .ok();
    let words = ["--log", log, "--log-format", "json", "state", "order"];
    world.skiff(&words).refused(1, "does not exist");
    let told: Value = serde_json::from_str(&fs::read_to_string(log).unwrap()).unwrap();
    assert_eq!(told["level"], "error");
    assert!(told["msg"].as_str().unwrap().contains("does not exist"));
    // Whoever looks for the reason there must know that there is none.
    let nowhere = ["--log", "/no/where/log", "state", "order"];
    world
        .skiff(&nowhere)
        .refused(1, "open the log /no/where/log");
}

/// Flags at the edge: a console socket that nobody needs, more descriptors than there are.
#[test]
fn flags_that_change_nothing_are_taken() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "echo ran");
    create_with(
        &world,
        &["--console-socket", "/nobody", "--bundle", &bundle, "edge"],
    );
    let _ = world.skiff(&["start", "edge"]).ok();
    becomes(&world, "edge", "stopped");
    assert_eq!(
        fs::read_to_string(world.home().join("out")).unwrap(),
        "ran\n"
    );
    let most = u32::MAX.to_string();
    let out = world.skiff(&["run", "--bundle", &bundle, "--preserve-fds", &most, "most"]);
    assert_eq!(out.ok(), "ran\n");
}
