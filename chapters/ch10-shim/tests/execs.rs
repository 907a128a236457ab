//! Processes that join a container under its shim.

mod harness;

use std::io::Write;

use harness::{Bench, exec, read_all, say};
use shim::client::Error;
use shim::{Exec, Kind};

#[test]
fn an_exec_that_cannot_run_says_why_and_is_not_remembered() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r until");
    for (command, kind) in [("nowhere", Kind::NotFound), ("/etc", Kind::NotExecutable)] {
        match bench.shim.exec(&exec("same", &[command])) {
            Err(Error::Refused(refusal)) => assert_eq!(refusal.kind, kind, "{refusal:?}"),
            other => panic!("{other:?}"),
        }
    }
    let (pid, mut stream) = bench
        .shim
        .exec(&exec("same", &["sh", "-c", "exit 4"]))
        .unwrap();
    assert!(pid > 0);
    read_all(&mut stream);
    assert_eq!(
        bench.shim.wait(Some("same")).unwrap().exit().unwrap().code,
        4
    );
    assert!(matches!(
        bench.shim.wait(Some("other")).unwrap().exit(),
        Err(Error::Refused(_))
    ));
}

#[test]
fn an_exec_has_a_terminal_and_input_of_its_own() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r until");
    let terminal = Exec {
        terminal: true,
        ..exec("tty", &["sh", "-c", "read -r go; tty; stty size; exit 6"])
    };
    let (_, mut stream) = bench.shim.exec(&terminal).unwrap();
    bench.shim.resize(Some("tty"), 33, 44).unwrap();
    stream.write_all(b"go\n").unwrap();
    let shown = harness::read_until(&mut stream, "33 44");
    assert!(shown.contains("/dev/pts/"), "{shown}");
    let (_, mut stream) = bench.shim.exec(&exec("cat", &["cat"])).unwrap();
    say(&mut stream, "through");
    assert_eq!(read_all(&mut stream).0, b"through");
    assert_eq!(
        bench.shim.wait(Some("tty")).unwrap().exit().unwrap().code,
        6
    );
}

#[test]
fn a_process_that_leaves_others_behind_ends_its_stream() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r until");
    let (_, mut stream) = bench
        .shim
        .exec(&exec(
            "parent",
            &["sh", "-c", "setsid sleep 1000 & echo said"],
        ))
        .unwrap();
    assert_eq!(read_all(&mut stream).0, b"said\n");
    // The orphan is the container's, and goes with it.
    bench.shim.kill(libc::SIGKILL, false).unwrap();
    assert_eq!(bench.end().code, 137);
}
