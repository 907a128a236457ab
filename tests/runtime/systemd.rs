//! `--systemd-cgroup`, with the real systemd; runc is the control.

mod callers;
mod machine;
mod runtime;

use std::path::Path;

use machine::Machine;
use runtime::Runtime;

use super::*;

const SLEEP: &str = "exec sleep 600";

fn sleeper(machine: &Machine, name: &str, path: &str) -> String {
    bundle(&machine.world, name, |spec| {
        spec["process"]["args"] = json!(["sh", "-c", SLEEP]);
        spec["linux"]["cgroupsPath"] = json!(path);
        spec["linux"]["resources"]["memory"] = json!({ "limit": 64 << 20 });
        spec["linux"]["resources"]["pids"] = json!({ "limit": 33 });
        spec["linux"]["resources"]["cpu"] = json!({ "shares": 512 });
    })
}

/// The limits of a group as the kernel has them: memory, processes, processor.
fn limits(machine: &Machine, group: &str) -> [String; 3] {
    let shares = machine.file(group, "cpu.shares");
    let weight = machine.file(group, "cpu.weight");
    [
        machine.file(group, "memory.limit_in_bytes") + &machine.file(group, "memory.max"),
        machine.file(group, "pids.max"),
        // The same share, in either version's unit.
        if weight == "59" {
            "512".to_owned()
        } else {
            shares
        },
    ]
}

/// The group that `machine-inner.slice:libpod:web` means.
const SCOPE: &str = "/machine.slice/machine-inner.slice/libpod-web.scope";

/// One container through its life.
fn life(runtime: &Runtime<'_>, bundle: &str, id: &str) {
    let machine = runtime.machine;
    let out = runtime.leave(&["create", "--bundle", bundle, id]);
    assert_eq!(out.code, 0, "{out}");
    let pid = runtime.pid(id);
    // In version 1 systemd takes a process out of the group of devices, unless it is told of
    // rules when the unit begins. runc 1.1 tells it afterwards.
    let but: &[_] = if runtime.program == "runc" {
        &["devices"]
    } else {
        &[]
    };
    runtime.assert_in(SCOPE, &pid, but);
    the_unit_is_delegated(machine);
    let _ = runtime.run(&["start", id]).ok();
    limits_stay(runtime, id);
    a_second_process_is_counted(runtime, id, but);
    let _ = runtime.run(&["delete", "--force", id]).ok();
    nothing_is_left(machine);
}

#[track_caller]
fn the_unit_is_delegated(machine: &Machine) {
    let show = ["systemctl", "show", "libpod-web.scope", "-p"];
    let shown = machine.run(&[&show[..], &["Delegate,Slice,ControlGroup"]].concat());
    let shown = shown.ok();
    for word in ["Delegate=yes", "Slice=machine-inner.slice", SCOPE] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

/// systemd writes all that it knows anew, and it is the same.
fn limits_stay(runtime: &Runtime<'_>, id: &str) {
    let machine = runtime.machine;
    let asked = ["67108864", "33", "512"].map(str::to_owned);
    assert_eq!(limits(machine, SCOPE), asked);
    let devices = || {
        let list = machine.file(SCOPE, "devices.list");
        let mut rules: Vec<_> = list.lines().map(str::to_owned).collect();
        rules.sort();
        rules
    };
    let rules = devices();
    let write = format!(
        "for file in /sys/fs/cgroup/*{SCOPE}/pids.max /sys/fs/cgroup{SCOPE}/pids.max; do \
         if [ -e $file ]; then echo 99 > $file; fi; done"
    );
    let _ = machine.shell(&write).ok();
    assert_eq!(limits(machine, SCOPE)[1], "99");
    let _ = machine.run(&["systemctl", "daemon-reload"]).ok();
    assert_eq!(limits(machine, SCOPE), asked);
    assert_eq!(devices(), rules);
    let _ = runtime
        .run(&["update", "--memory", "128m", "--pids-limit", "44", id])
        .ok();
    let _ = machine.run(&["systemctl", "daemon-reload"]).ok();
    let asked = ["134217728", "44", "512"].map(str::to_owned);
    assert_eq!(limits(machine, SCOPE), asked);
    assert_eq!(devices(), rules);
}

fn a_second_process_is_counted(runtime: &Runtime<'_>, id: &str, but: &[&str]) {
    let machine = runtime.machine;
    let detach = [
        "exec",
        "--detach",
        "--pid-file",
        "/run/inner",
        id,
        "sleep",
        "600",
    ];
    let _ = runtime.leave(&detach).ok();
    let inner = machine.run(&["cat", "/run/inner"]).ok();
    runtime.assert_in(SCOPE, inner.trim(), but);
    let pids = runtime.run(&["ps", "-f", "json", id]).ok();
    let pids: Vec<i32> = serde_json::from_str(&pids).unwrap();
    // runc counts by the tree of devices.
    assert_eq!(pids.len(), 2 - but.len(), "{pids:?}");
    let _ = runtime.run(&["pause", id]).ok();
    let status = runtime.run(&["state", id]).ok();
    assert!(status.contains("paused"), "{status}");
    let _ = runtime.run(&["resume", id]).ok();
    let stats = runtime.run(&["events", "--stats", id]).ok();
    let stats: Value = serde_json::from_str(&stats).unwrap();
    assert_eq!(stats["data"]["pids"]["current"], 2, "{stats}");
}

#[track_caller]
fn nothing_is_left(machine: &Machine) {
    assert_eq!(machine.units("libpod"), "");
    assert_eq!(machine.folders("libpod"), "");
    assert!(!machine.has(Path::new("/run/states/web")));
}

#[test]
fn a_container_is_a_scope() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let bundle = sleeper(&machine, "web", "machine-inner.slice:libpod:web");
    let ours = machine.world.skiff_path().to_str().unwrap().to_owned();
    // Through the bus; and without one, to systemd itself.
    for setting in ["A=", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/no-bus"] {
        let runtime = Runtime {
            machine: &machine,
            program: &ours,
            setting,
        };
        life(&runtime, &bundle, "web");
    }
    if needs(&[Need::Tool("runc")]) {
        let runtime = Runtime {
            machine: &machine,
            program: "runc",
            setting: "A=",
        };
        life(&runtime, &bundle, "web");
    }
}

/// What systemd has no limit of, it leaves where it is, whatever it is busy with. (But for
/// the devices of version 1: there is no rule, so that it is the same to be there or not.)
#[test]
fn a_container_without_limits_stays_in_its_groups() {
    const GROUP: &str = "/a.slice/libpod-web.scope";
    let Some(machine) = Machine::start() else {
        return;
    };
    let runtime = Runtime {
        machine: &machine,
        program: machine.world.skiff_path().to_str().unwrap(),
        setting: "A=",
    };
    let bundle = bundle(&machine.world, "free", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", SLEEP]);
        spec["linux"]["cgroupsPath"] = json!("a.slice:libpod:web");
        spec["linux"]["resources"] = json!({});
    });
    let _ = runtime
        .leave(&["run", "--detach", "--bundle", &bundle, "web"])
        .ok();
    let pid = runtime.pid("web");
    runtime.assert_in(GROUP, &pid, &["devices"]);
    let other = "systemd-run --scope --slice=a.slice -p DevicePolicy=strict -p CPUWeight=9 \
                 -p IOWeight=9 -p MemoryMax=9M true";
    let _ = machine.shell(other).ok();
    let _ = machine.run(&["systemctl", "daemon-reload"]).ok();
    runtime.assert_in(GROUP, &pid, &["devices"]);
    let _ = runtime.run(&["update", "--blkio-weight", "99", "--cpu-share", "9", "web"]);
    runtime.assert_in(GROUP, &pid, &["devices"]);
    let _ = runtime.run(&["delete", "--force", "web"]).ok();
    nothing_is_left(&machine);
}

type Change = fn(&mut Value);

/// What fails before the program, and what fails when its unit is there already.
const FAILURES: [(&str, Change, &str); 4] = [
    (
        "program",
        |spec| spec["process"]["args"] = json!(["/no/where"]),
        "no such file or directory",
    ),
    (
        "hook",
        |spec| spec["hooks"]["createRuntime"] = json!([{ "path": "/bin/false" }]),
        "hook",
    ),
    (
        "limit",
        |spec| spec["linux"]["resources"]["cpu"] = json!({ "cpus": "4000" }),
        "cpuset.cpus",
    ),
    (
        "path",
        |spec| spec["linux"]["cgroupsPath"] = json!("a--b.slice:libpod:web"),
        "invalid slice name: \"a--b.slice\"",
    ),
];

/// However it ends, and if it never began: no unit stays, and nobody else's is touched.
#[test]
fn no_unit_stays() {
    let Some(machine) = Machine::start() else {
        return;
    };
    let ours = machine.world.skiff_path().to_str().unwrap().to_owned();
    let runtime = Runtime {
        machine: &machine,
        program: &ours,
        setting: "A=",
    };
    let told = bundle(&machine.world, "told", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", "exit 7"]);
        spec["linux"]["cgroupsPath"] = json!(":libpod:web");
    });
    let out = runtime.run(&["run", "--bundle", &told, "web"]);
    assert_eq!(out.code, 7, "{out}");
    nothing_is_left(&machine);

    for (name, change, said) in FAILURES {
        let bad = bundle(&machine.world, name, |spec| {
            spec["linux"]["cgroupsPath"] = json!(":libpod:web");
            change(spec);
        });
        let out = runtime.run(&["run", "--bundle", &bad, "web"]);
        assert!(
            out.code != 0 && out.stderr.contains(said),
            "{name} ({said}): {out}"
        );
        nothing_is_left(&machine);
    }

    // A name that another container has.
    let first = sleeper(&machine, "first", ":libpod:web");
    let out = runtime.leave(&["create", "--bundle", &first, "web"]);
    assert_eq!(out.code, 0, "{out}");
    let out = runtime.leave(&["create", "--bundle", &first, "other"]);
    assert!(out.code != 0 && out.stderr.contains("UnitExists"), "{out}");
    let state = runtime.run(&["state", "web"]).ok();
    assert!(state.contains("created"), "{state}");
    let _ = runtime.run(&["start", "web"]).ok();
    // It ends by itself: systemd forgets the scope, and delete finds the rest.
    let _ = runtime.run(&["kill", "web", "KILL"]).ok();
    eventually("the scope has ended", TEN, || {
        machine.units("libpod").is_empty().then_some(())
    });
    let _ = runtime.run(&["delete", "web"]).ok();
    nothing_is_left(&machine);
}

/// Without a systemd, the words that callers know, and nothing left.
#[test]
fn without_systemd_it_is_said_what_to_do() {
    let Some(world) = world() else { return };
    let before = before(&world);
    let bundle = bundle(&world, "web", |spec| {
        spec["linux"]["cgroupsPath"] = json!("system.slice:docker:web");
    });
    let words = ["--systemd-cgroup", "run", "--bundle", &bundle, "web"];
    let out = world.skiff(&words);
    assert_eq!(out.code, 1, "{out}");
    for said in [
        "systemd cgroup flag passed, but systemd support for managing cgroups is not available",
        "no socket at /run/dbus/system_bus_socket or /run/systemd/private",
        "--cgroup-manager=cgroupfs",
    ] {
        assert!(out.stderr.contains(said), "{said}: {out}");
    }
    // Other verbs do not need one: they find what there is.
    assert_eq!(world.skiff(&["--systemd-cgroup", "list", "-q"]).ok(), "");
    before.assert_same(&world);
}
