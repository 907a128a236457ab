//! Filters of system calls: what they answer, and who may decide instead.

use super::*;

/// A listener (seccomp_unotify(2)): takes one descriptor, shows what it was told with it,
/// and answers the calls that stop: mkdir with ENOMEDIUM, all others are let pass.
const LISTENER: &str = r#"
import array, fcntl, json, os, socket, struct, sys
RECV, SEND, CONTINUE, MKDIR, ENOMEDIUM = 0xc0502100, 0xc0182101, 1, 83, 123
door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[1])
door.listen()
print("listening", flush=True)
for _ in range(int(sys.argv[2])):
    guest, _ = door.accept()
    told, control, _, _ = guest.recvmsg(65536, socket.CMSG_SPACE(4))
    fd = array.array("i", control[0][2])[0]
    print("told " + json.dumps(json.loads(told)), flush=True)
    while True:
        asked = bytearray(80)
        try:
            fcntl.ioctl(fd, RECV, asked)
        except OSError:
            break
        number, _, _, call = struct.unpack_from("QIIi", asked)
        error, flags = (-ENOMEDIUM, 0) if call == MKDIR else (0, CONTINUE)
        fcntl.ioctl(fd, SEND, struct.pack("QqiI", number, 0, error, flags))
        print("answered %d" % call, flush=True)
        if call == MKDIR:
            break
"#;

fn filter(spec: &mut Value, default: &str, rules: Value) {
    spec["linux"]["seccomp"] = json!({
        "defaultAction": default,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": rules,
    });
}

#[test]
fn somebody_else_answers() {
    let Some(world) = world() else { return };
    if !needs(&[Need::Tool("python3")]) {
        return;
    }
    for new_privileges in [false, true] {
        let socket = world.home().join(format!("listener-{new_privileges}"));
        let socket = socket.to_str().unwrap();
        let agent = Job::start(
            world.command(&["python3", "-c", LISTENER, socket, "2"]),
            Some(b""),
        );
        agent.wait_for("listening");
        let bundle = bundle(&world, "told", |spec| {
            spec["process"]["noNewPrivileges"] = json!(!new_privileges);
            let line = "mkdir /tmp/x; exec sleep 600";
            spec["process"]["args"] = json!(["sh", "-c", line]);
            filter(
                spec,
                "SCMP_ACT_ALLOW",
                json!([{ "names": ["mkdir", "capset"], "action": "SCMP_ACT_NOTIFY" }]),
            );
            spec["linux"]["seccomp"]["listenerPath"] = json!(socket);
            spec["linux"]["seccomp"]["listenerMetadata"] = json!("a word");
        });
        create(&world, &bundle, "told");
        let pid = state(&world, "told")["pid"].clone();
        let _ = world.skiff(&["start", "told"]).ok();
        eventually("its mkdir is answered", TEN, || {
            let out = fs::read_to_string(world.home().join("out")).unwrap();
            out.contains("No medium found").then_some(())
        });
        // One more process in it is told of too.
        let exec = world.skiff(&["exec", "told", "mkdir", "/tmp/y"]);
        assert!(exec.stderr.contains("No medium found"), "{exec}");
        let _ = world.skiff(&["delete", "--force", "told"]).ok();
        let said = agent.wait().ok();
        let told: Vec<Value> = said
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("told ")?).ok())
            .collect();
        assert_eq!(told.len(), 2, "{said}");
        assert_eq!(told[0]["fds"], json!(["seccompFd"]));
        assert_eq!(told[0]["metadata"], "a word");
        assert_eq!(told[0]["pid"], pid);
        assert_eq!(told[0]["state"]["pid"], pid);
        assert_eq!(told[0]["state"]["id"], "told");
        assert_ne!(told[1]["pid"], pid, "the second is another process");
        assert_eq!(told[1]["state"]["status"], "running");
        // The filter comes first where new privileges are allowed: capset stops too.
        assert_eq!(said.contains("answered 126"), new_privileges, "{said}");
        fs::remove_dir_all(bundle).unwrap();
    }
}

#[test]
fn a_listener_that_cannot_listen_is_refused() {
    let Some(world) = world() else { return };
    let refused = |call: &str, change: fn(&mut Value), said: &str| {
        let bundle = bundle(&world, "deaf", |spec| {
            filter(
                spec,
                "SCMP_ACT_ALLOW",
                json!([{ "names": [call], "action": "SCMP_ACT_NOTIFY" }]),
            );
            change(&mut spec["linux"]["seccomp"]);
        });
        world
            .skiff(&["run", "--bundle", &bundle, "deaf"])
            .refused(1, said);
        fs::remove_dir_all(bundle).unwrap();
    };
    refused("mkdir", |_| (), "SCMP_ACT_NOTIFY needs a listenerPath");
    refused(
        "mkdir",
        |filter| filter["listenerPath"] = json!("/nobody"),
        "connect to linux.seccomp.listenerPath /nobody",
    );
    refused(
        "write",
        |filter| filter["listenerPath"] = json!("/nobody"),
        "SCMP_ACT_NOTIFY cannot be used for write",
    );
    refused(
        "mkdir",
        |filter| filter["listenerMetadata"] = json!("word"),
        "needs a listenerPath",
    );
}

/// What a container prints that runs `line` behind a filter.
fn acts(world: &World, line: &str, rules: Value, flags: Value) -> support::Output {
    let bundle = bundle(world, "acts", |spec| {
        spec["process"]["args"] = json!(["sh", "-c", line]);
        filter(spec, "SCMP_ACT_ALLOW", rules);
        spec["linux"]["seccomp"]["flags"] = flags;
    });
    let out = world.skiff(&["run", "--bundle", &bundle, "acts"]);
    fs::remove_dir_all(bundle).unwrap();
    out
}

/// What each action does to a call; the ninth, notify, is tested above.
#[test]
fn every_action() {
    let Some(world) = world() else { return };
    let line = "mkdir /dev/x 2>&1; echo $?";
    let killed = 128 + Signal::SIGSYS as i32;
    let rows = [
        ("SCMP_ACT_ALLOW", "0"),
        ("SCMP_ACT_LOG", "0"),
        ("SCMP_ACT_ERRNO", "No medium found"),
        ("SCMP_ACT_TRACE", "Function not implemented"),
        ("SCMP_ACT_KILL", &killed.to_string()),
        ("SCMP_ACT_KILL_THREAD", &killed.to_string()),
        ("SCMP_ACT_KILL_PROCESS", &killed.to_string()),
        ("SCMP_ACT_TRAP", &killed.to_string()),
    ];
    for (action, seen) in rows {
        let mut rule = json!({ "names": ["mkdir"], "action": action });
        if action == "SCMP_ACT_ERRNO" {
            rule["errnoRet"] = json!(nix::errno::Errno::ENOMEDIUM as i32);
        }
        let out = acts(&world, line, json!([rule]), json!([])).ok();
        assert!(out.contains(seen), "{action} ({seen}): {out}");
    }
    let flags = json!([
        "SECCOMP_FILTER_FLAG_TSYNC",
        "SECCOMP_FILTER_FLAG_LOG",
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    ]);
    let rule = json!({ "names": ["mkdir"], "action": "SCMP_ACT_ERRNO" });
    let out = acts(&world, line, json!([rule]), flags).ok();
    assert!(out.contains("not permitted"), "{out}");
    acts(
        &world,
        "true",
        json!([]),
        json!(["SECCOMP_FILTER_FLAG_NOPE"]),
    )
    .refused(1, "SECCOMP_FILTER_FLAG_NOPE");
}

/// What each comparison makes of its condition.
#[test]
fn every_comparison() {
    let Some(world) = world() else { return };
    // The second argument of chmod is the mode.
    let rows = [
        ("SCMP_CMP_NE", 0o700, 0, [true, false, true]),
        ("SCMP_CMP_LT", 0o700, 0, [true, false, false]),
        ("SCMP_CMP_LE", 0o700, 0, [true, true, false]),
        ("SCMP_CMP_EQ", 0o700, 0, [false, true, false]),
        ("SCMP_CMP_GE", 0o700, 0, [false, true, true]),
        ("SCMP_CMP_GT", 0o700, 0, [false, false, true]),
        ("SCMP_CMP_MASKED_EQ", 0o70, 0o50, [false, false, true]),
    ];
    for (op, value, second, stopped) in rows {
        let argument =
            json!({ "index": 1, "value": value, "valueTwo": second, "op": op });
        let rule = json!({
            "names": ["chmod"], "action": "SCMP_ACT_ERRNO", "args": [argument],
        });
        let line = ">/dev/f; for m in 500 700 750; do \
                    chmod $m /dev/f 2>/dev/null && echo no || echo yes; done";
        let out = acts(
            &world,
            line,
            json!([rule]),
            json!(["SECCOMP_FILTER_FLAG_LOG"]),
        )
        .ok();
        let seen: Vec<_> = out.lines().map(|line| line == "yes").collect();
        assert_eq!(seen, stopped, "{op}: {out}");
    }
}
