//! What a hostile program in a container tries against the runtime that starts it.

mod end;
mod own_file;
mod race;
mod root;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

/// A process that is still the runtime shows nobody its memory, descriptors and file.
#[test]
fn what_is_not_yet_the_program_cannot_be_looked_into() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "hidden", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        let map = json!([{ "containerID": 0, "hostID": 100_000, "size": 65_536 }]);
        spec["linux"]["uidMappings"] = map.clone();
        spec["linux"]["gidMappings"] = map;
        spec["linux"]["namespaces"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "type": "user" }));
    });
    let mode = fs::Permissions::from_mode(0o711);
    fs::set_permissions(world.home(), mode).unwrap();
    create(&world, &bundle, "hidden");
    let pid = state(&world, "hidden")["pid"].to_string();
    // Root owns the files of a process that is not dumpable (proc(5)).
    let owner = || {
        let file = format!("/proc/{pid}/status");
        world
            .run(&["stat", "-c", "%u", &file])
            .ok()
            .trim()
            .to_owned()
    };
    assert_eq!(owner(), "0");
    let _ = world.skiff(&["start", "hidden"]).ok();
    assert_eq!(owner(), "100000");
}

/// P02: what the caller has open is not found in the container, nor in any hook.
#[test]
fn no_descriptor_comes_along() {
    let Some(world) = world() else { return };
    let moments = MOMENTS;
    let bundle = bundle(&world, "fds", |spec| {
        // The shell waits, and is looked at.
        let list = "busybox ls /proc/1/fd; true";
        spec["process"]["args"] = json!(["sh", "-c", list]);
        spec["root"]["readonly"] = json!(false);
        for moment in moments {
            let list = match moment {
                "startContainer" => {
                    format!("busybox ls /proc/self/fd > /tmp/{moment}")
                }
                _ => format!(
                    "/bin/ls /proc/self/fd > {}/{moment}",
                    world.home().display()
                ),
            };
            spec["hooks"][moment] =
                json!([{ "path": "/bin/sh", "args": ["sh", "-c", list], "timeout": 10 }]);
        }
    });
    let leak = r#"exec 3</ 4</etc 5</proc 6</ 7</ 8</ 9</; exec "$0" "$@""#;
    let program = world.skiff_path().to_str().unwrap();
    let leaking = |words: &[&str]| {
        let all = [&["sh", "-c", leak, program][..], words].concat();
        world.run(&all).ok()
    };
    let run = leaking(&["run", "--bundle", &bundle, "fds"]);
    assert_eq!(run, "0\n1\n2\n");
    for moment in moments {
        let inside = Path::new(&bundle).join("rootfs/tmp").join(moment);
        let told = fs::read_to_string(inside)
            .or_else(|_| fs::read_to_string(world.home().join(moment)));
        assert_eq!(
            told.unwrap(),
            "0\n1\n2\n3\n",
            "{moment}: the last is of ls itself"
        );
    }
    // The control: asked for, three of them do come along.
    let some = leaking(&["run", "--preserve-fds", "3", "--bundle", &bundle, "fds"]);
    assert_eq!(some, "0\n1\n2\n3\n4\n5\n");
}

/// P02 and P03, for exec: no descriptor, and no working folder outside (CVE-2024-21626).
#[test]
fn no_working_folder_lies_outside() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "cwd", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        spec["linux"]["cgroupsPath"] = json!(format!("/{}/cwd", world.cgroup_parent()));
    });
    create(&world, &bundle, "cwd");
    let _ = world.skiff(&["start", "cwd"]).ok();
    let leak = r#"exec 3</ 4</etc 5</proc 6</ 7</ 8</ 9</; exec "$0" "$@""#;
    let program = world.skiff_path().to_str().unwrap();
    let exec = |words: &[&str]| {
        world.run(&[&["sh", "-c", leak, program, "exec"][..], words].concat())
    };
    let look = "busybox readlink /proc/$$/cwd; busybox ls";
    for number in 3..=30 {
        let folder = format!("/proc/self/fd/{number}");
        inside_or_refused(&exec(&["--cwd", &folder, "cwd", "sh", "-c", look]), 255);
    }
    let fds = exec(&["cwd", "sh", "-c", "busybox ls /proc/$$/fd; true"]);
    assert_eq!(fds.ok(), "0\n1\n2\n");
    // The control: a folder of the host's that came along on purpose is not entered.
    let kept = [
        "--preserve-fds",
        "1",
        "--cwd",
        "/proc/self/fd/3",
        "cwd",
        "true",
    ];
    exec(&kept).refused(255, "working folder");
    let file = Path::new(&bundle).join("config.json");
    let mut spec: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    spec["process"]["args"] = json!(["sh", "-c", look]);
    for number in 3..=30 {
        spec["process"]["cwd"] = json!(format!("/proc/self/fd/{number}"));
        fs::write(&file, spec.to_string()).unwrap();
        let words = [
            "sh", "-c", leak, program, "run", "--bundle", &bundle, "cwd2",
        ];
        inside_or_refused(&world.run(&words), 1);
    }
}

/// The runtime may have the container's own root open: that one is no way out.
#[track_caller]
fn inside_or_refused(out: &support::Output, refused: i32) {
    let refused = out.code == refused && out.stdout.is_empty();
    let inside = out.stdout.starts_with("/\nbin\n") && !out.stdout.contains("usr");
    assert!(refused || inside, "{out}");
}

/// P06: what exec writes to /proc, it does not write to what the container calls so.
#[test]
fn a_proc_of_the_containers_own_gets_nothing() {
    let Some(world) = world() else { return };
    let fake = "busybox mkdir -p /tmp/p/self && : > /tmp/p/self/oom_score_adj \
                && mount -o bind /tmp/p /proc && echo ready && exec sleep 600";
    let bundle = bundle(&world, "fake", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", fake]);
        spec["root"]["readonly"] = json!(false);
        for set in ["bounding", "effective", "permitted"] {
            let set = &mut spec["process"]["capabilities"][set];
            set.as_array_mut().unwrap().push(json!("CAP_SYS_ADMIN"));
        }
    });
    create(&world, &bundle, "fake");
    let _ = world.skiff(&["start", "fake"]).ok();
    let said = || fs::read_to_string(world.home().join("out")).unwrap();
    eventually("it is ready", TEN, || {
        said().contains("ready").then_some(())
    });
    let process = json!({
        "cwd": "/", "user": { "uid": 0, "gid": 0 }, "env": ["PATH=/bin"],
        "args": ["sleep", "600"], "oomScoreAdj": 321,
    });
    let (file, pid) = (world.home().join("process"), world.home().join("pid"));
    fs::write(&file, process.to_string()).unwrap();
    let line = r#"exec "$0" exec -d --process "$1" --pid-file "$2" fake >/dev/null 2>&1"#;
    let program = world.skiff_path().to_str().unwrap();
    let files = [file.to_str().unwrap(), pid.to_str().unwrap()];
    let _ = world
        .run(&["sh", "-c", line, program, files[0], files[1]])
        .ok();
    let pid = fs::read_to_string(pid).unwrap();
    let score = format!("/proc/{}/oom_score_adj", pid.trim());
    assert_eq!(world.run(&["cat", &score]).ok(), "321\n");
    let fake = Path::new(&bundle).join("rootfs/tmp/p/self/oom_score_adj");
    assert_eq!(fs::read_to_string(fake).unwrap(), "");
}

/// Giving a user its streams spares what is the host's.
#[test]
fn streams_that_are_the_hosts_stay_the_hosts() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "gift", |spec| {
        spec["process"]["user"] = json!({ "uid": 1000, "gid": 1000 });
        spec["process"]["args"] = json!(["sh", "-c", "echo again > /dev/stdout"]);
    });
    // The user opens its pipe anew: that takes owning it.
    assert_eq!(world.skiff(&["run", "-b", &bundle, "pipe"]).ok(), "again\n");
    // A null device of this world: what becomes of the machine's is not only our doing.
    let line = r#"cd "$HOME" && mknod null c 1 3 && : > log
        "$0" run -b "$1" null <null >>log 2>null; stat -c %u null log"#;
    let program = world.skiff_path().to_str().unwrap();
    assert_eq!(
        world.run(&["sh", "-c", line, program, &bundle]).ok(),
        "0\n0\n"
    );
}
