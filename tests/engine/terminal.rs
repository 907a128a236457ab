//! `-it`: a real terminal, in raw mode while it lasts.

use support::Terminal;

use crate::{detached, toolbox, world};

/// Whether the terminal is as a shell left it.
fn is_cooked(terminal: &Terminal) -> bool {
    let settings = terminal.stty(&["-a"]);
    let words: Vec<_> = settings.split([' ', '\n', ';']).collect();
    ["icanon", "echo", "isig", "opost"]
        .iter()
        .all(|flag| words.contains(flag))
}

#[test]
fn a_shell_on_a_terminal() {
    let Some(world) = world() else { return };
    let mut terminal = world.on_terminal(&["run", "--rm", "-it", "toolbox", "sh"]);
    terminal.say("echo $((40 + 2)); test -t 0 && echo terminal\n");
    terminal.wait_for("42\r\n");
    terminal.wait_for("terminal\r\n");
    assert!(!is_cooked(&terminal), "raw while it lasts");
    // Ctrl-C is the container's: it ends the sleep, not the client.
    terminal.say("sleep 600; echo interrupted $?\n");
    terminal.wait_for("sleep 600");
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.say("\x03");
    terminal.say("\n");
    terminal.say("echo af''ter\n");
    terminal.wait_for("after\r\n");
    let _ = terminal.stty(&["rows", "33", "cols", "77"]);
    support::eventually("the new size", crate::SOON, || {
        terminal.say("stty size\n");
        std::thread::sleep(std::time::Duration::from_millis(200));
        terminal.screen().contains("33 77\r\n").then_some(())
    });
    terminal.say("exit 8\n");
    support::eventually("cooked again", crate::SOON, || {
        is_cooked(&terminal).then_some(())
    });
    let (code, screen) = terminal.wait();
    assert_eq!(code, 8, "{screen}");
}

#[test]
fn the_size_is_right_from_the_start() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    // A shell that waits for our word, so that the size is set before skiff begins.
    let skiff = world.skiff_path().display().to_string();
    let line = format!("read go; exec {skiff} run --rm -it toolbox stty size");
    let mut terminal = world.command_on_terminal(&["sh", "-c", &line]);
    let _ = terminal.stty(&["rows", "21", "cols", "55"]);
    terminal.say("go\n");
    terminal.wait_for("21 55");
    assert_eq!(terminal.wait().0, 0);
}

#[test]
fn the_terminal_is_given_back_however_it_ends() {
    let Some(world) = world() else { return };
    // The container is killed.
    let words = ["run", "--name", "term", "-it", "toolbox", "sh"];
    let mut terminal = world.on_terminal(&words);
    terminal.say("echo re''ady\n");
    terminal.wait_for("ready");
    assert!(!is_cooked(&terminal));
    let _ = world.skiff(&["kill", "term"]).ok();
    support::eventually("cooked again", crate::SOON, || {
        is_cooked(&terminal).then_some(())
    });
    assert_eq!(terminal.wait().0, 137);
    // The client is terminated.
    let mut terminal = world.on_terminal(&["run", "--rm", "-it", "toolbox", "sh"]);
    terminal.say("echo re''ady\n");
    terminal.wait_for("ready");
    let _ = world.run(&["pkill", "-HUP", "-f", "skiff run --rm -it"]);
    support::eventually("cooked again", crate::SOON, || {
        is_cooked(&terminal).then_some(())
    });
}

#[test]
fn exec_on_a_terminal_and_detaching() {
    let Some(world) = world() else { return };
    detached(&world, "exe", "while :; do sleep 0.1; done");
    let mut terminal = world.on_terminal(&["exec", "-it", "exe", "sh"]);
    terminal.say("tty; exit 3\n");
    terminal.wait_for("/dev/pts/0");
    assert_eq!(terminal.wait().0, 3);
    // Ctrl-P Ctrl-Q leaves a container alone.
    let mut terminal =
        world.on_terminal(&["run", "--name", "yon", "-it", "toolbox", "sh"]);
    terminal.say("echo re''ady\n");
    terminal.wait_for("ready");
    terminal.say("\x10\x11");
    assert_eq!(terminal.wait().0, 0);
    assert_eq!(crate::field(&world, "yon", "{{.State.Running}}"), "true");
}

#[test]
fn a_terminal_that_is_none() {
    let Some(world) = world() else { return };
    let out = world.skiff(&["run", "--rm", "-it", "toolbox", "true"]);
    assert_ne!(out.code, 0);
    assert!(
        out.stderr.contains("the input device is not a TTY"),
        "{out}"
    );
    // Without a terminal of one's own, -t alone gives the container one.
    let out = world.skiff(&[
        "run",
        "--rm",
        "-t",
        "toolbox",
        "sh",
        "-c",
        "test -t 1 && echo yes",
    ]);
    assert_eq!(out.expect(0).stdout, "yes\r\n");
}
