//! A container's life by runc's verbs, from `create` to `delete`, and in one go by `run`.

use super::*;

#[test]
fn run_passes_output_and_exit_code_and_leaves_nothing() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "echo out; echo err >&2; exit 7");
    // The state root itself comes with the first container.
    let _ = world
        .skiff(&["run", "--bundle", &bundle, "first"])
        .expect(7);
    let before = Ledger::of(&world);
    let out = world
        .skiff(&["run", "--bundle", &bundle, "second"])
        .expect(7);
    assert_eq!(
        (out.stdout.as_str(), out.stderr.as_str()),
        ("out\n", "err\n")
    );
    assert_eq!(world.skiff(&["list", "-q"]).ok(), "");
    before.assert_same(&world);
}

#[test]
fn create_start_state_kill_delete() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let bundle = script(
        &world,
        "echo begun; trap 'exit 3' TERM; while :; do sleep 0.1; done",
    );
    create(&world, &bundle, "c1");
    let made = state(&world, "c1");
    assert_eq!(made["status"], "created");
    assert_eq!(made["bundle"], bundle.as_str());
    assert!(made["pid"].as_u64().is_some_and(|pid| pid > 1), "{made}");
    assert!(
        made["ociVersion"]
            .as_str()
            .is_some_and(|v| v.starts_with("1.")),
        "{made}"
    );
    let begun = || fs::read_to_string(world.home().join("out")).unwrap() == "begun\n";
    assert!(!begun(), "a created container's program waits for start");

    let _ = world.skiff(&["start", "c1"]).ok();
    becomes(&world, "c1", "running");
    eventually("the program runs", TEN, || begun().then_some(()));
    world.skiff(&["start", "c1"]).refused(1, "start");
    world.skiff(&["delete", "c1"]).refused(1, "not stopped");
    assert_eq!(world.skiff(&["list", "--quiet"]).ok(), "c1\n");
    let list: Value =
        serde_json::from_str(&world.skiff(&["list", "-f", "json"]).ok()).unwrap();
    assert_eq!(list[0]["id"], "c1");

    let _ = world.skiff(&["kill", "c1", "TERM"]).ok();
    becomes(&world, "c1", "stopped");
    world
        .skiff(&["kill", "c1", "KILL"])
        .refused(1, "not running");
    let _ = world.skiff(&["delete", "c1"]).ok();
    world.skiff(&["state", "c1"]).refused(1, "does not exist");
    before.assert_same(&world);
}

#[test]
fn delete_by_force_ends_what_runs() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let bundle = script(&world, "sleep 600 & sleep 600");
    create(&world, &bundle, "c2");
    let _ = world.skiff(&["start", "c2"]).ok();
    let _ = world.skiff(&["delete", "--force", "c2"]).ok();
    // With runc, too, what is not there is no error by force.
    let _ = world.skiff(&["delete", "--force", "c2"]).ok();
    before.assert_same(&world);
}

#[test]
fn a_container_is_alone_in_its_namespaces() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "bundle", |spec| {
        spec["hostname"] = json!("inner");
        let probe = "hostname; echo $$; cat /proc/net/dev; mount";
        spec["process"]["args"] = json!(["sh", "-c", probe]);
    });
    let text = world.skiff(&["run", "-b", &bundle, "alone"]).ok();
    assert!(text.starts_with("inner\n1\n"), "{text}");
    assert!(!text.contains("eth"), "{text}");
    assert!(text.contains("proc on /proc"), "{text}");
    assert!(
        !text.contains(" /var/lib"),
        "the host's mounts are gone: {text}"
    );
    assert_ne!(world.run(&["hostname"]).ok(), "inner\n");
}

#[test]
fn signals_reach_the_program_of_run() {
    let Some(world) = world() else { return };
    let bundle = script(
        &world,
        "trap 'echo got; exit 5' INT; echo on; while :; do sleep 0.1; done",
    );
    let job = world.start(&["run", "--bundle", &bundle, "sig"]);
    job.wait_for("on");
    job.signal(Signal::SIGINT);
    assert_eq!(job.wait().expect(5).stdout, "on\ngot\n");
}

#[test]
fn a_terminal_is_a_terminal() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "bundle", |spec| {
        spec["process"]["terminal"] = json!(true);
        spec["process"]["args"] =
            json!(["sh", "-c", "test -t 0 && echo yes; read x; echo \"<$x>\""]);
    });
    let mut terminal: Terminal = world.on_terminal(&["run", "--bundle", &bundle, "tty"]);
    terminal.wait_for("yes");
    terminal.say("hello\n");
    let (code, screen) = terminal.wait();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("<hello>"), "{screen}");
}

#[test]
fn pid_file_and_standard_input() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "bundle", |spec| {
        spec["process"]["args"] = json!(["cat"])
    });
    let file = world.home().join("pid");
    let words = [
        "run",
        "--bundle",
        &bundle,
        "--pid-file",
        file.to_str().unwrap(),
        "in",
    ];
    let job = Job::start(world.skiff_command(&words), Some(b"through"));
    assert_eq!(job.wait().ok(), "through");
    assert!(
        fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse::<u32>()
            .is_ok()
    );
}
