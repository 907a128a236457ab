//! What takes root: a cgroup to freeze and to count in, and other runtimes.

mod harness;

use harness::{ALL, Bench, read_all, say};
use shim::client::Error;
use shim::{Kind, Status};
use support::{Ledger, Need};

#[test]
fn a_paused_container_is_still_killed() {
    let Some(bench) = Bench::root(&[]) else {
        return;
    };
    bench.script("while :; do :; done");
    bench.shim.pause().unwrap();
    assert_eq!(bench.shim.state().unwrap().0, Status::Paused);
    let exec = shim::Exec {
        id: "e".to_owned(),
        process: serde_json::json!({}),
        terminal: false,
        streams: ALL,
        detach: false,
    };
    for refused in [bench.shim.pause(), bench.shim.exec(&exec).map(drop)] {
        match refused {
            Err(Error::Refused(refusal)) => assert_eq!(refusal.kind, Kind::State),
            other => panic!("{other:?}"),
        }
    }
    bench.shim.resume().unwrap();
    assert_eq!(bench.shim.state().unwrap().0, Status::Running);
    bench.shim.pause().unwrap();
    let waiting = bench.shim.wait(None).unwrap();
    bench.shim.kill(libc::SIGKILL, false).unwrap();
    assert_eq!(waiting.exit().unwrap().signal, Some(libc::SIGKILL));
}

#[test]
fn all_processes_are_listed_and_signalled() {
    let Some(bench) = Bench::root(&[]) else {
        return;
    };
    bench.script("sleep 1000 & sleep 1001 & trap 'exit 3' TERM; wait; wait; echo both");
    support::eventually("three processes", harness::LIMIT, || {
        (bench.shim.pids().unwrap().len() == 3).then_some(())
    });
    assert!(
        bench
            .shim
            .pids()
            .unwrap()
            .contains(&bench.shim.state().unwrap().1)
    );
    bench.shim.kill(libc::SIGTERM, true).unwrap();
    assert_eq!(bench.end().code, 3);
}

#[test]
fn nothing_is_left_of_a_container_in_the_world() {
    let Some(bench) = Bench::root(&[]) else {
        return;
    };
    let world = bench.world();
    let before = Ledger::of(world);
    for round in 0..3 {
        let script = "unshare -m sleep 1000 & setsid sleep 1000 & exit 6";
        let _ = world.skiff(&["run", "--", "sh", "-c", script]).expect(6);
        world
            .skiff(&["run", "--", "nowhere", &round.to_string()])
            .refused(1, "not found");
    }
    before.assert_same(world);
}

#[test]
fn a_killed_shim_s_container_leaves_nothing_once_it_is_buried() {
    let Some(bench) = Bench::root(&[]) else {
        return;
    };
    let world = bench.world();
    let before = Ledger::of(world);
    bench.script("sleep 1000 & sleep 1000");
    let shim = bench.pids().shim_pid.to_string();
    world.run(&["sh", "-c", &format!("kill -9 {shim}")]).ok();
    let folder = bench.folder.path().to_string_lossy().into_owned();
    let _ = world.skiff(&["bury", &folder]).expect(137);
    before.assert_same(world);
}

#[test]
fn a_shim_is_not_in_the_cgroup_that_ends_with_its_daemon() {
    let Some(bench) = Bench::root(&[Need::CgroupHybrid]) else {
        return;
    };
    let world = bench.world();
    let service = format!("/sys/fs/cgroup/unified/{}.service", world.cgroup_parent());
    let folder = bench.folder.path().display();
    let script = format!(
        "mkdir {service} && echo $$ >{service}/cgroup.procs && \
         \"$0\" start {folder} -i -- sh -c 'read -r go' && \
         echo $$ >/sys/fs/cgroup/unified/cgroup.procs && rmdir {service}"
    );
    // The service's cgroup can be removed: nobody is left in it.
    let _ = bench.shell(&script).expect(0);
    let shims = "/sys/fs/cgroup/unified/skiff-shims";
    let shim = bench.pids().shim_pid;
    let cgroup = bench.shell(&format!("cat /proc/{shim}/cgroup")).ok();
    assert!(cgroup.contains("0::/skiff-shims\n"), "{cgroup}");
    bench.shim.kill(libc::SIGKILL, false).unwrap();
    assert_eq!(bench.end().code, 137);
    let gone = format!("while [ -e /proc/{shim} ]; do sleep 0.02; done");
    let _ = bench.shell(&gone).expect(0);
    // Unless another shim of this machine is in there, it goes with the last one.
    let pids = std::fs::read_to_string(format!("{shims}/cgroup.procs"));
    assert!(pids.is_err() || !pids.unwrap().trim().is_empty());
}

#[test]
fn a_runtime_of_other_make_does_as_well() {
    for runtime in ["runc", "crun"] {
        let need = if runtime == "runc" {
            Need::Tool("runc")
        } else {
            Need::Tool("crun")
        };
        let Some(bench) = Bench::root(&[need]) else {
            continue;
        };
        // crun refuses cgroups that are half of version 1, half of version 2.
        if runtime == "crun" && !support::needs(&[Need::CgroupV2]) {
            continue;
        }
        let program = format!("/usr/bin/{runtime}");
        let script = "read -r go; echo $go; echo err >&2; exit 9";
        bench.start(&["--runtime", &program, "-i", "--", "sh", "-c", script]);
        let mut stream = bench.shim.attach(None, ALL).unwrap();
        let exec = shim::Exec {
            id: "e".to_owned(),
            process: serde_json::json!({
                "args": ["sh", "-c", "cat; exit 4"], "cwd": "/",
                "user": { "uid": 0, "gid": 0 }, "env": ["PATH=/usr/bin:/bin"],
            }),
            terminal: false,
            streams: ALL,
            detach: false,
        };
        let (_, mut other) = bench.shim.exec(&exec).unwrap();
        say(&mut other, "through");
        assert_eq!(read_all(&mut other).0, b"through");
        assert_eq!(bench.shim.wait(Some("e")).unwrap().exit().unwrap().code, 4);
        bench.shim.pause().unwrap();
        bench.shim.resume().unwrap();
        let waiting = bench.shim.wait(None).unwrap();
        say(&mut stream, "hello\n");
        assert_eq!(
            read_all(&mut stream),
            (b"hello\n".to_vec(), b"err\n".to_vec())
        );
        let exit = waiting.exit().unwrap();
        assert_eq!((exit.code, exit.problems.as_slice()), (9, [].as_slice()));
        let missing = bench.ch10(&["run", "--runtime", &program, "--", "nowhere"]);
        missing.refused(1, "executable file");
    }
}
