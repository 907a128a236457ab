//! What a hostile program in a container tries against the runtime that starts it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// The program under test with a copy of its own, which an attack may hurt, and a
/// bundle in which that program could run.
struct Scene {
    world: World,
    program: PathBuf,
    rootfs: PathBuf,
    _folder: tempfile::TempDir,
}

fn scene() -> Option<Scene> {
    if !needs(&[Need::Root, Need::Tool("busybox")]) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("skiff-runtime");
    fs::copy(env!("CARGO_BIN_EXE_skiff-runtime"), &program).unwrap();
    let world = World::root(&program);
    let bundle = bundle(&world, "prey", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        spec["root"]["readonly"] = json!(false);
        spec["linux"]["cgroupsPath"] = json!(format!("/{}/prey", world.cgroup_parent()));
        // With it every process's file may be opened: only the mount protects it then.
        for set in ["bounding", "effective", "permitted"] {
            let set = &mut spec["process"]["capabilities"][set];
            set.as_array_mut().unwrap().push(json!("CAP_SYS_PTRACE"));
        }
    });
    let rootfs = Path::new(&bundle).join("rootfs");
    // The image brings the libraries that the runtime is linked with: its own, it may be.
    let libraries = run(&["ldd", program.to_str().unwrap()]);
    for library in libraries.split_whitespace().filter(|w| w.starts_with('/')) {
        let target = rootfs.join(&library[1..]);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(library, target).unwrap();
    }
    create(&world, &bundle, "prey");
    let _ = world.skiff(&["start", "prey"]).ok();
    Some(Scene {
        world,
        program,
        rootfs,
        _folder: folder,
    })
}

fn run(words: &[&str]) -> String {
    let out = Command::new(words[0]).args(&words[1..]).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

/// The attack of CVE-2019-5736: hold the file that some process executes, and write to it
/// as soon as nobody does.
const OVERWRITE: &str = r#"
cd /proc
while [ -z "$prey" ]; do
    for p in [0-9]*; do
        case "$(busybox tr '\0' ' ' < $p/cmdline)" in /proc/self/*--res"ources -"*) prey=$p ;; esac
    done
done
exec 3< $prey/exe
echo held > /tmp/held
while [ -d $prey ]; do :; done
tries=0
while [ $tries -lt 100 ]; do
    if (echo pwned > /proc/self/fd/3) 2> /tmp/error; then echo written > /tmp/result; exit; fi
    tries=$((tries + 1)); busybox usleep 10000
done
busybox mv /tmp/error /tmp/result
"#;

impl Scene {
    /// Has the attack wait for a process `prey`, which ends when its input does; answers
    /// with what came of it.
    fn attack(&self, prey: Command) -> String {
        let line = r#"exec "$0" exec --detach prey sh -c "$1" >/dev/null 2>&1"#;
        let program = self.program.to_str().unwrap();
        let _ = self.world.run(&["sh", "-c", line, program, OVERWRITE]).ok();
        let mut job = Job::start(prey, None);
        let file = |name: &str| self.rootfs.join("tmp").join(name);
        eventually("it is held", TEN, || file("held").exists().then_some(()));
        job.hush();
        let _ = job.wait();
        let result = eventually("the attack ends", TEN, || {
            let text = fs::read_to_string(file("result")).ok()?;
            text.ends_with('\n').then_some(text)
        });
        fs::remove_file(file("held")).unwrap();
        fs::remove_file(file("result")).unwrap();
        result
    }
}

/// P01: the container's processes run the runtime's own program, and then overwrite it.
#[test]
fn the_runtimes_own_file_cannot_be_written() {
    let Some(scene) = scene() else { return };
    let before = fs::read(&scene.program).unwrap();
    let wait = ["update", "--resources", "-", "nobody"];
    let words = [&["exec", "prey", "/proc/self/exe"][..], &wait].concat();
    let out = scene.world.skiff(&words);
    assert!(
        out.stderr.contains("parse the limits"),
        "it runs in there: {out}"
    );
    let result = scene.attack(scene.world.skiff_command(&words));
    assert!(result.contains("Read-only file system"), "{result}");
    // By way of a script, too.
    let script = scene.rootfs.join("script");
    fs::write(&script, "#!/proc/self/exe update --resources -\n").unwrap();
    run(&["chmod", "755", script.to_str().unwrap()]);
    let out = scene.world.skiff(&["exec", "prey", "/script"]);
    assert_eq!(
        out.code, 2,
        "the program has run, and wants other flags: {out}"
    );
    assert!(fs::read(&scene.program).unwrap() == before);

    // The control: the same file in the same container, started as it lies on the host.
    let pid = state(&scene.world, "prey")["pid"].to_string();
    let line = r#"exec 9< "$0"; exec nsenter -t "$1" -m -p /proc/self/fd/9 update --resources - nobody"#;
    let program = scene.program.to_str().unwrap();
    let naive = scene.world.command(&["sh", "-c", line, program, &pid]);
    assert_eq!(scene.attack(naive), "written\n");
    assert_eq!(fs::read_to_string(&scene.program).unwrap(), "pwned\n");
}

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
    run(&["chmod", "711", world.home().to_str().unwrap()]);
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
    let moments = runtime_moments();
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

fn runtime_moments() -> [&'static str; 6] {
    [
        "prestart",
        "createRuntime",
        "createContainer",
        "startContainer",
        "poststart",
        "poststop",
    ]
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
