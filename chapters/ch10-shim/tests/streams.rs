//! What goes in and out of a container: every byte, once, to everybody who listens.

mod harness;

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use harness::{ALL, Bench, LIMIT, read_all, read_until, say};
use shim::{Exec, Streams};
use support::eventually;

#[test]
fn both_outputs_and_the_exit_code_arrive() {
    let Some(bench) = Bench::new() else { return };
    let out = bench.ch10(&["run", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]);
    let out = out.expect(3);
    assert_eq!(
        (out.stdout.as_str(), out.stderr.as_str()),
        ("out\n", "err\n")
    );
}

#[test]
fn a_megabyte_without_a_newline_is_exact_in_the_log_and_for_a_client() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r go; head -c 1000001 /dev/zero | tr '\\0' x");
    let mut stream = bench.shim.attach(None, ALL).unwrap();
    say(&mut stream, "go\n");
    let (out, err) = read_all(&mut stream);
    assert_eq!((out.len(), err.len()), (1_000_001, 0));
    assert_eq!(bench.end().code, 0);
    assert_eq!(bench.log("stdout").len(), 1_000_001);
}

#[test]
fn input_ends_while_output_still_comes() {
    let Some(bench) = Bench::new() else { return };
    bench.script("cat | wc -c; echo after");
    let mut stream = bench.shim.attach(None, ALL).unwrap();
    say(&mut stream, &"y".repeat(3_000_000));
    let (out, _) = read_all(&mut stream);
    assert_eq!(String::from_utf8(out).unwrap(), "3000000\nafter\n");
}

#[test]
fn input_that_comes_with_the_request_is_input() {
    let Some(bench) = Bench::new() else { return };
    bench.script("cat");
    let mut stream =
        std::os::unix::net::UnixStream::connect(bench.folder.socket()).unwrap();
    say(
        &mut stream,
        "{\"do\":\"attach\",\"stdin\":true,\"stdout\":true}\nearly",
    );
    let mut line = vec![0; b"{\"ok\":{}}\n".len()];
    stream.read_exact(&mut line).unwrap();
    assert_eq!(read_all(&mut stream).0, b"early");
}

#[test]
fn a_client_that_leaves_does_not_end_the_input() {
    let Some(bench) = Bench::new() else { return };
    bench.script("while read -r word; do echo \"got $word\"; done; echo end");
    let mut first = bench.shim.attach(None, ALL).unwrap();
    first.write_all(b"one\n").unwrap();
    // A terminal's reader and a frame's: the text is in there either way.
    read_until(&mut first, "got one");
    drop(first);
    let mut second = bench.shim.attach(None, ALL).unwrap();
    say(&mut second, "two\n");
    let (out, _) = read_all(&mut second);
    assert_eq!(String::from_utf8(out).unwrap(), "got two\nend\n");
}

#[test]
fn a_lost_client_s_input_is_ended_on_request() {
    let Some(bench) = Bench::new() else { return };
    bench.script("cat >/dev/null; echo ended");
    drop(bench.shim.attach(None, ALL).unwrap());
    bench.shim.close_stdin(None).unwrap();
    assert_eq!(bench.end().code, 0);
    assert_eq!(bench.log("stdout"), "ended\n");
}

#[test]
fn a_container_waits_for_a_slow_client_and_loses_nothing() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r go; head -c 8000000 /dev/zero | tr '\\0' x; echo done >&2");
    let mut slow = bench.shim.attach(None, ALL).unwrap();
    slow.write_all(b"go\n").unwrap();
    let logged = || std::fs::metadata(bench.path("log")).map_or(0, |file| file.len());
    // It writes until all buffers on the way are full, and no further.
    let mut before = 0;
    eventually("the container to be held up", LIMIT, || {
        thread::sleep(Duration::from_millis(200));
        let now = logged();
        let still = now == before && now > 500_000;
        before = now;
        still.then_some(())
    });
    assert!(
        before < 4_000_000,
        "{before} bytes went past a client who reads nothing"
    );
    let (out, err) = read_all(&mut slow);
    assert_eq!(
        (out.len(), err.as_slice()),
        (8_000_000, b"done\n".as_slice())
    );
}

#[test]
fn a_client_that_never_reads_is_left_behind_after_ten_seconds() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r go; head -c 8000000 /dev/zero | tr '\\0' x");
    let mut deaf = bench.shim.attach(None, ALL).unwrap();
    let mut good = bench
        .shim
        .attach(
            None,
            Streams {
                stdin: false,
                ..ALL
            },
        )
        .unwrap();
    let since = Instant::now();
    deaf.write_all(b"go\n").unwrap();
    let (out, _) = read_all(&mut good);
    assert_eq!(out.len(), 8_000_000);
    let waited = since.elapsed();
    assert!(waited > Duration::from_secs(9), "dropped after {waited:?}");
    assert_eq!(bench.end().code, 0);
}

#[test]
fn the_last_line_of_a_short_process_is_never_lost() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r until");
    for round in 0..200 {
        let exec = Exec {
            id: format!("e{round}"),
            process: process(&["sh", "-c", "printf last; printf err >&2; exit 5"]),
            terminal: false,
            streams: Streams {
                stdin: false,
                ..ALL
            },
            detach: false,
        };
        let (_, mut stream) = bench.shim.exec(&exec).unwrap();
        let (out, err) = read_all(&mut stream);
        assert_eq!(
            (out, err),
            (b"last".to_vec(), b"err".to_vec()),
            "round {round}"
        );
        let id = format!("e{round}");
        let exit = bench.shim.wait(Some(&id)).unwrap().exit().unwrap();
        assert_eq!(exit.code, 5);
    }
}

#[test]
fn a_terminal_has_the_size_that_it_was_told_last() {
    let Some(bench) = Bench::new() else { return };
    bench.start(&[
        "-i",
        "-t",
        "--",
        "sh",
        "-c",
        "while read -r go; do stty size; done",
    ]);
    let mut screen = bench.shim.attach(None, ALL).unwrap();
    let sizes = [(24_u16, 80_u16), (0, 0), (65535, 65535), (40, 100)];
    for (rows, cols) in sizes {
        for wrong in 1..100 {
            bench.shim.resize(None, wrong, wrong).unwrap();
        }
        bench.shim.resize(None, rows, cols).unwrap();
        screen.write_all(b"\n").unwrap();
        read_until(&mut screen, &format!("{rows} {cols}"));
    }
    bench.shim.kill(libc::SIGKILL, false).unwrap();
    assert_eq!(bench.end().signal, Some(libc::SIGKILL));
    assert!(bench.log("stdout").contains("40 100"));
}

/// A process for an exec.
fn process(args: &[&str]) -> serde_json::Value {
    serde_json::json!({
        "args": args, "cwd": "/", "user": { "uid": 0, "gid": 0 },
        "env": ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"],
    })
}
