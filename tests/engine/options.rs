//! The options of `run`: what each does is seen inside the container.

use std::fs;

use crate::{field, toolbox, world};

#[test]
fn environment_folder_user_and_host_name() {
    let Some(world) = world() else { return };
    let inside = |options: &[&str], script: &str| {
        world
            .skiff(&toolbox(options, script))
            .ok()
            .trim()
            .to_owned()
    };
    assert_eq!(
        inside(&["-e", "A=1 2", "-e", "B="], "echo \"$A,$B,${C-unset}\""),
        "1 2,,unset"
    );
    let mut command = world.skiff_command(&toolbox(&["-e", "GIVEN"], "echo $GIVEN"));
    command.env("GIVEN", "by the client");
    assert_eq!(support::run(command).ok(), "by the client\n");
    assert_eq!(inside(&["-w", "/tmp"], "pwd"), "/tmp");
    assert_eq!(inside(&["-w", "/new/folder"], "pwd"), "/new/folder");
    assert_eq!(inside(&["-u", "1000:1001"], "id -u; id -g"), "1000\n1001");
    assert_eq!(
        inside(&["-u", "1000"], "grep CapEff /proc/self/status"),
        "CapEff:\t0000000000000000"
    );
    assert_eq!(
        inside(&["-h", "ship"], "hostname; cat /etc/hostname"),
        "ship\nship"
    );
    let short = inside(&[], "hostname");
    assert!(
        short.len() == 12 && short.chars().all(|c| c.is_ascii_hexdigit()),
        "{short}"
    );
    let entry = ["run", "--rm", "--entrypoint", "echo", "toolbox", "a", "b"];
    assert_eq!(world.skiff(&entry).ok(), "a b\n");
}

#[test]
fn folders_are_bound() {
    let Some(world) = world() else { return };
    let dir = world.folder("shared");
    fs::write(dir.join("file"), "from the host\n").unwrap();
    let (rw, ro) = (
        format!("{}:/in", dir.display()),
        format!("{}:/in:ro", dir.display()),
    );
    let text = world
        .skiff(&toolbox(&["-v", &rw], "cat /in/file; echo back > /in/new"))
        .ok();
    assert_eq!(text, "from the host\n");
    assert_eq!(fs::read_to_string(dir.join("new")).unwrap(), "back\n");
    let text = world
        .skiff(&toolbox(&["-v", &ro], "touch /in/x || echo refused"))
        .ok();
    assert_eq!(text, "refused\n");
    // Docker makes the folder that -v names and that is not there.
    let made = format!("{}/made:/in", dir.display());
    let _ = world.skiff(&toolbox(&["-v", &made], "test -d /in")).ok();
    assert!(dir.join("made").is_dir());
}

#[test]
fn networks() {
    let Some(world) = world() else { return };
    let _ = world
        .run(&["ip", "link", "add", "marker", "type", "bridge"])
        .ok();
    let devices = |network: &str| {
        world
            .skiff(&toolbox(&["--network", network], "cat /proc/net/dev"))
            .ok()
    };
    let none = devices("none");
    assert!(none.contains("lo:") && none.lines().count() == 3, "{none}");
    assert!(devices("host").contains("marker:"));
}

#[test]
fn a_container_is_confined() {
    let Some(world) = world() else { return };
    let script = "grep -E '^(CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/self/status; \
                  touch /proc/sys/kernel/x 2>/dev/null || echo sys; \
                  cat /proc/kcore 2>/dev/null | head -c 1 | wc -c; \
                  ls /sys/firmware | wc -l; mount -t tmpfs x /mnt 2>/dev/null || echo mount";
    let text = world.skiff(&toolbox(&[], script)).ok();
    // Docker's fourteen capabilities, and its filter.
    assert!(text.contains("CapEff:\t00000000a80425fb\n"), "{text}");
    assert!(text.contains("CapBnd:\t00000000a80425fb\n"), "{text}");
    assert!(text.contains("Seccomp:\t2\n"), "{text}");
    assert!(text.contains("sys\n0\n0\nmount\n"), "{text}");
}

/// `--init`: somebody is PID 1 who reaps, hands signals on, and passes the end on.
#[test]
fn an_init_before_the_program() {
    let Some(world) = world() else { return };
    let script = "echo $$; sh -c 'sleep 0.1 &'; sleep 0.4; \
                  grep -l '^State:.Z' /proc/[0-9]*/status | wc -l; exit 7";
    let out = world.skiff(&toolbox(&["--init"], script)).expect(7);
    assert_eq!(out.stdout, "2\n0\n", "{out}");
    // A program without a handler: it ends by the first signal, not by SIGKILL.
    let words = [
        "run", "-d", "--init", "--name", "calm", "toolbox", "sleep", "600",
    ];
    let _ = world.skiff(&words).ok();
    assert_eq!(field(&world, "calm", "{{.HostConfig.Init}}"), "true");
    let _ = world.skiff(&["stop", "calm"]).ok();
    assert_eq!(field(&world, "calm", "{{.State.ExitCode}}"), "143");
    world
        .skiff(&["run", "--init", "--runtime", "/bin/true", "toolbox", "true"])
        .refused(125, "HostConfig.Init: with a runtime that is not skiff's");
}
