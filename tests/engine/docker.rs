//! The real `docker` command line, pointed at our socket.

use serde_json::Value;
use support::{
    Job, Ledger, Need, Output, Registry, Terminal, World, busybox, eventually, needs,
};

use crate::{SOON, world};

/// A world with a daemon and a docker client.
struct Ship {
    world: World,
    host: String,
}

impl Ship {
    fn new() -> Option<Self> {
        if !needs(&[Need::Tool("docker")]) {
            return None;
        }
        let world = world()?;
        let _ = world.skiff(&["version"]).ok();
        let host = world.host();
        Some(Self { world, host })
    }

    fn words<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        [&["docker", "-H", &self.host], words].concat()
    }

    #[track_caller]
    fn docker(&self, words: &[&str]) -> Output {
        self.world.run(&self.words(words))
    }

    fn start(&self, words: &[&str], input: Option<&[u8]>) -> Job {
        Job::start(self.world.command(&self.words(words)), input)
    }

    fn on_terminal(&self, words: &[&str]) -> Terminal {
        self.world.command_on_terminal(&self.words(words))
    }
}

#[test]
fn run_in_the_foreground() {
    let Some(ship) = Ship::new() else { return };
    let _ = ship.docker(&["run", "--rm", "toolbox", "true"]).ok();
    let before = Ledger::of(&ship.world);
    let run =
        |words: &[&str]| ship.docker(&[&["run", "--rm", "toolbox"], words].concat());
    let out = run(&["sh", "-c", "id -u; echo err >&2; exit 7"]).expect(7);
    assert_eq!((out.stdout.as_str(), out.stderr.as_str()), ("0\n", "err\n"));
    run(&["no-such-program"]).refused(127, "executable file not found");
    run(&["/etc"]).refused(126, "permission denied");
    ship.docker(&["run", "--rm", "127.0.0.1:9/nobody", "true"])
        .refused(125, "refused");
    before.assert_same(&ship.world);
}

#[test]
fn input_and_terminal() {
    let Some(ship) = Ship::new() else { return };
    let job = ship.start(
        &["run", "-i", "--rm", "toolbox", "wc", "-c"],
        Some(&[b'x'; 100_000]),
    );
    assert_eq!(job.wait().ok().trim(), "100000");
    let mut terminal = ship.on_terminal(&["run", "-it", "--rm", "toolbox", "sh"]);
    terminal.say("echo $((40 + 2))\n");
    terminal.wait_for("42\r\n");
    let _ = terminal.stty(&["rows", "33", "cols", "77"]);
    eventually("the new size", SOON, || {
        terminal.say("stty size\n");
        std::thread::sleep(std::time::Duration::from_millis(200));
        terminal.screen().contains("33 77\r\n").then_some(())
    });
    terminal.say("exit 8\n");
    assert_eq!(terminal.wait().0, 8);
}

#[test]
fn a_life_of_a_container() {
    let Some(ship) = Ship::new() else { return };
    let docker = |words: &[&str]| ship.docker(words);
    let script = "trap 'exit 9' TERM; echo on; echo err >&2; while :; do sleep 0.1; done";
    let id = docker(&["run", "-d", "--name", "web", "toolbox", "sh", "-c", script]).ok();
    let id = id.trim();
    assert_eq!(docker(&["ps", "-q"]).ok().trim(), &id[..12]);
    let row = docker(&[
        "ps",
        "--format",
        "{{.Names}} {{.Image}} {{.State}} {{.Status}}",
    ])
    .ok();
    assert!(row.starts_with("web toolbox running Up "), "{row}");
    eventually("its first words", SOON, || {
        let out = docker(&["logs", "web"]).expect(0);
        (out.stdout == "on\n" && out.stderr == "err\n").then_some(())
    });
    assert_eq!(
        docker(&["exec", "web", "sh", "-c", "echo in; exit 4"])
            .expect(4)
            .stdout,
        "in\n"
    );
    let out = docker(&["exec", "web", "no-such-program"]).expect(127);
    assert!(out.stderr.contains("executable file not found"), "{out}");
    let input = ship.start(&["exec", "-i", "web", "cat"], Some(b"typed"));
    assert_eq!(input.wait().ok(), "typed");
    let inspected: Value =
        serde_json::from_str(&docker(&["inspect", "web"]).ok()).unwrap();
    assert_eq!(inspected[0]["Id"], id);
    assert_eq!(inspected[0]["State"]["Running"], true);
    docker(&["rm", "web"]).refused(1, "running");

    let waiting = ship.start(&["wait", "web"], Some(b""));
    assert_eq!(docker(&["stop", "web"]).ok(), "web\n");
    assert_eq!(waiting.wait().ok(), "9\n");
    assert_eq!(docker(&["start", "web"]).ok(), "web\n");
    assert_eq!(docker(&["kill", "web"]).ok(), "web\n");
    assert_eq!(docker(&["wait", "web"]).ok(), "137\n");
    assert_eq!(docker(&["rm", "web"]).ok(), "web\n");
    docker(&["inspect", "web"]).refused(1, "no such object: web");
    docker(&["run", "--name", "bad name", "toolbox"])
        .refused(125, "invalid container name");
}

#[test]
fn what_it_says_of_itself() {
    let Some(ship) = Ship::new() else { return };
    let version = ship.docker(&["version"]).ok();
    assert!(
        version.contains("Server:") && version.contains("minimum version 1.24"),
        "{version}"
    );
    let info = ship.docker(&["info"]).ok();
    assert!(info.contains("Docker Root Dir: /var/lib/skiff"), "{info}");
    assert!(!info.contains("ERROR"), "{info}");
    let images = ship.docker(&["images"]).ok();
    assert!(images.contains("toolbox"), "{images}");
    let table = ship.docker(&["ps", "-a"]).ok();
    assert!(
        table.starts_with("CONTAINER ID   IMAGE     COMMAND"),
        "{table}"
    );
}

#[test]
fn both_command_lines_say_the_same() {
    let Some(ship) = Ship::new() else { return };
    let script = "echo 1; echo 2 >&2; exit 3";
    let _ = ship
        .world
        .skiff(&["run", "--name", "same", "toolbox", "sh", "-c", script])
        .expect(3);
    for words in [
        &[
            "ps",
            "-a",
            "--no-trunc",
            "--format",
            "{{.ID}} {{.Names}} {{.Image}} {{.Command}} {{.Ports}}",
        ][..],
        &["ps", "-aq"],
        &[
            "images",
            "--format",
            "{{.Repository}} {{.Tag}} {{.ID}} {{.Size}}",
        ],
        &[
            "inspect",
            "-f",
            "{{.State.ExitCode}} {{.Path}} {{json .Args}}",
            "same",
        ],
        &["logs", "same"],
        &["logs", "--tail", "1", "same"],
        &["wait", "same"],
        &["inspect", "nobody"],
        &["rm", "nobody"],
        &["start", "nobody"],
        &["stop", "nobody"],
        &["logs", "nobody"],
        &["run", "--rm", "toolbox", "no-such-program"],
    ] {
        let (theirs, ours) = (ship.docker(words), ship.world.skiff(words));
        assert_eq!(
            (theirs.code, &theirs.stdout),
            (ours.code, &ours.stdout),
            "{theirs}\n{ours}"
        );
    }
}

#[test]
fn an_image_is_pulled() {
    if !needs(&[Need::Registry, Need::Tool("busybox")]) {
        return;
    }
    let Some(ship) = Ship::new() else { return };
    let registry = Registry::start(&ship.world);
    let name = registry.push(&ship.world, &busybox(), "busybox:1");
    let text = ship.docker(&["pull", &name]).ok();
    assert!(
        text.contains("Pull complete") && text.contains("Digest: sha256:"),
        "{text}"
    );
    assert!(
        text.contains("Status: Downloaded newer image for"),
        "{text}"
    );
    assert_eq!(
        ship.docker(&["run", "--rm", &name, "echo", "hi"]).ok(),
        "hi\n"
    );
    let second = registry.push(&ship.world, &busybox(), "second:1");
    // A run that has to pull first.
    assert_eq!(
        ship.docker(&["run", "--rm", &second, "echo", "hi"]).ok(),
        "hi\n"
    );
    ship.docker(&["pull", "127.0.0.1:5000/nothing:1"])
        .refused(1, "nothing");
}
