//! A container's life under its shim: who knows what, and what is left of it.

mod harness;

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use harness::{ALL, Bench, LIMIT, exec, is_zombie, read_all, say};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use shim::client::Error;
use shim::{Exec, Status};
use support::eventually;

#[test]
fn the_bench_shows_a_container_that_outlives_its_starter() {
    let Some(bench) = Bench::new() else { return };
    let out = bench.ch10(&[]).ok();
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], "the starter has ended");
    assert!(lines[1].ends_with("is its child: yes"), "{out}");
    assert_eq!(lines[2], "exit status 7, and the log says:");
    assert_eq!(lines[3..], ["my starter may go", "I heard hello"]);
}

#[test]
fn nothing_is_left_when_the_end_is_told() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r go; exit 7");
    let ids = bench.pids();
    let waiting = bench.shim.wait(None).unwrap();
    say(&mut bench.shim.attach(None, ALL).unwrap(), "go\n");
    let exit = waiting.exit().unwrap();
    assert_eq!(
        (exit.code, exit.signal, exit.problems.as_slice()),
        (7, None, [].as_slice())
    );
    // All of this is true by the time the waiter hears of it.
    assert_eq!(bench.exit_file(), exit);
    assert!(!bench.folder.socket().exists() && !bench.folder.pid().exists());
    assert!(!bench.path("runtime/bench").exists());
    bench.gone(ids.pid);
    bench.gone(ids.shim_pid);
    let left: Vec<_> = fs::read_dir(bench.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains('.') && name != "shim.json" && name != "exit.json")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_signal_is_the_exit_status_also_a_real_time_one() {
    for signal in [libc::SIGKILL, libc::SIGTERM, 40] {
        let Some(bench) = Bench::new() else { return };
        // PID 1 hears only signals that it handles, from inside and outside alike.
        bench.script(&format!(
            "trap 'exit 9' TERM; sleep 1000 & wait; wait; {signal}"
        ));
        bench.shim.kill(signal, false).unwrap();
        let exit = match signal {
            libc::SIGKILL => (137, Some(9)),
            libc::SIGTERM => (9, None),
            _ => {
                // A real-time signal that it does not handle does nothing to PID 1.
                assert_eq!(bench.shim.state().unwrap().0, Status::Running);
                continue;
            }
        };
        let told = bench.end();
        assert_eq!((told.code, told.signal), exit);
    }
}

#[test]
fn a_killed_shim_s_container_is_found_and_ended() {
    let Some(bench) = Bench::new() else { return };
    bench.script("sleep 1000 & echo here; read -r forever");
    let ids = bench.pids();
    let waiting = bench.shim.wait(None).unwrap();
    let alive = shim::client::bury(&bench.folder, &bench.config());
    assert!(matches!(alive, Err(Error::Refused(_))), "{alive:?}");
    kill(Pid::from_raw(ids.shim_pid), Signal::SIGKILL).unwrap();
    assert!(matches!(waiting.exit(), Err(Error::Gone)));
    assert!(matches!(bench.shim.state(), Err(Error::Gone)));
    let folder = bench.folder.path().to_string_lossy().into_owned();
    let _ = bench.ch10(&["bury", &folder]).expect(137);
    bench.gone(ids.pid);
    let exit = bench.exit_file();
    assert_eq!((exit.code, exit.signal), (137, Some(9)));
    assert_eq!(exit.problems, ["the container's shim was killed"]);
    assert!(!bench.path("runtime/bench").exists());
    // A second burial finds the first one's account.
    let _ = bench.ch10(&["bury", &folder]).expect(137);
    assert_eq!(bench.exit_file(), exit);
}

#[test]
fn a_shim_that_dies_before_the_start_is_known_to_be_dead() {
    let Some(bench) = Bench::new() else { return };
    let folder = bench.folder.path().to_string_lossy().into_owned();
    let _ = bench.ch10(&["create", &folder, "--", "true"]).expect(0);
    let ids = bench.pids();
    kill(Pid::from_raw(ids.shim_pid), Signal::SIGKILL).unwrap();
    // The container's first process is a copy of it, and holds its socket.
    bench.gone(ids.shim_pid);
    assert!(matches!(bench.shim.state(), Err(Error::Gone)));
    let _ = bench.ch10(&["bury", &folder]).expect(137);
    bench.gone(ids.pid);
}

#[test]
fn a_container_that_cannot_be_made_leaves_nothing() {
    for (command, kind) in [
        ("nowhere", "not found in $PATH"),
        ("/etc", "permission denied"),
    ] {
        let Some(bench) = Bench::new() else { return };
        let folder = bench.folder.path().to_string_lossy().into_owned();
        bench
            .ch10(&["start", &folder, "--", command])
            .refused(1, kind);
        assert!(!bench.folder.socket().exists() && !bench.folder.pid().exists());
        assert!(!bench.path("runtime/bench").exists());
        assert!(matches!(bench.shim.state(), Err(Error::Gone)));
    }
}

#[test]
fn clients_who_come_and_go_cost_nothing() {
    let Some(bench) = Bench::new() else { return };
    bench.script("sleep 1000 & read -r until");
    let shim = bench.pids().shim_pid;
    let fds = || fs::read_dir(format!("/proc/{shim}/fd")).unwrap().count();
    bench.shim.state().unwrap();
    let before = fds();
    for round in 0..30 {
        drop(bench.shim.wait(None).unwrap());
        drop(bench.shim.attach(None, ALL).unwrap());
        let mut nonsense = UnixStream::connect(bench.folder.socket()).unwrap();
        nonsense.write_all(b"{\"do\":").unwrap();
        drop(nonsense);
        let (_, mut stream) = bench
            .shim
            .exec(&exec(&round.to_string(), &["true"]))
            .unwrap();
        read_all(&mut stream);
        let lost = Exec {
            detach: false,
            ..exec(&format!("lost{round}"), &["cat"])
        };
        drop(bench.shim.exec(&lost).unwrap());
        let exit = bench.shim.wait(Some(&lost.id)).unwrap().exit().unwrap();
        assert_eq!(
            exit.code, 0,
            "a cat whose client is gone reads the end of its input"
        );
    }
    // The first count may have met the connection that asked for the state.
    eventually("the shim's descriptors", LIMIT, || {
        (fds() <= before).then_some(())
    });
    let children =
        fs::read_to_string(format!("/proc/{shim}/task/{shim}/children")).unwrap();
    let children: Vec<i32> = children
        .split_whitespace()
        .map(|p| p.parse().unwrap())
        .collect();
    assert_eq!(children, [bench.pids().pid]);
    assert!(!is_zombie(children[0]));
}

#[test]
fn nothing_that_the_starter_had_open_stays_open() {
    let Some(bench) = Bench::new() else { return };
    let script =
        "exec 7>seven 8<.; exec \"$0\" start container -i -- sh -c 'read -r until'";
    let _ = bench.shell(script).expect(0);
    let ids = bench.pids();
    for pid in [ids.shim_pid, ids.pid] {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        let open = open.map(|entry| fs::read_link(entry.unwrap().path()).unwrap());
        let home = bench.folder.path().parent().unwrap().to_owned();
        let strange: Vec<_> = open
            .filter(|file| *file == home || file.ends_with("seven"))
            .collect();
        assert!(strange.is_empty(), "{pid} holds {strange:?}");
    }
}

#[test]
fn an_idle_shim_sleeps() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r until");
    let attached = bench.shim.attach(None, ALL).unwrap();
    let waiting = bench.shim.wait(None).unwrap();
    let shim = bench.pids().shim_pid;
    let switches = || {
        let status = fs::read_to_string(format!("/proc/{shim}/status")).unwrap();
        let line = status.lines().find(|l| l.starts_with("voluntary")).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    std::thread::sleep(Duration::from_millis(100));
    let before = switches();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(switches(), before, "somebody wakes an idle shim");
    drop((attached, waiting));
}

#[test]
fn what_is_no_request_is_refused() {
    let Some(bench) = Bench::new() else { return };
    bench.script("read -r until");
    let folder = bench.folder.path().to_string_lossy().into_owned();
    for wrong in [
        "{}",
        "nonsense",
        r#"{"do":"dance"}"#,
        r#"{"do":"wait","exec":"x"}"#,
    ] {
        let said = bench.ch10(&["ask", &folder, wrong]).ok();
        assert!(said.starts_with(r#"{"error":"#), "{wrong}: {said}");
    }
    let said = bench.ch10(&["ask", &folder, r#"{"do":"start"}"#]).ok();
    assert!(said.contains(r#""kind":"state""#), "{said}");
    let said = bench.ch10(&["ask", &folder, r#"{"do":"state"}"#]).ok();
    assert!(
        said.starts_with(r#"{"ok":{"pid":"#) && said.contains("running"),
        "{said}"
    );
}

#[test]
fn the_steps_of_all_three_arrive_and_end() {
    let Some(bench) = Bench::new() else { return };
    let out = bench
        .ch10(&["run", "--explain=json", "--", "true"])
        .expect(0);
    let steps = workbench::steps::parse_json_lines(&out.stderr).unwrap();
    for role in ["shim", "launcher", "init"] {
        assert!(steps.iter().any(|step| step.role == role), "{role}: {out}");
    }
    let last = steps.last().unwrap();
    assert_eq!(
        (last.role.as_str(), &last.call[..6]),
        ("init", "execve"),
        "{out}"
    );
}
