//! What is wrong in a `config.json`, field by field.

use super::*;

type Change = fn(&mut Value);

/// What is changed in a good `config.json`, and the words that must be said of it.
const FIELDS: &[(Change, &str)] = &[
    (
        |s| s["ociVersion"] = json!("2.0.0"),
        "ociVersion \"2.0.0\" is not 1.x",
    ),
    (|s| remove(s, "ociVersion"), "ociVersion is missing"),
    (|s| *s = json!(["1.0.2"]), "it is a list"),
    (
        |s| s["process"]["capabilities"]["bounding"] = json!(["CAP_KILL", 7]),
        "process.capabilities.bounding[1]",
    ),
    (
        |s| {
            remove(s, "linux");
            s["windows"] = json!({ "layerFolders": ["x"] });
        },
        "another platform",
    ),
    (|s| remove(s, "root"), "no root"),
    (|s| s["root"]["path"] = json!(""), "root.path is empty"),
    (
        |s| s["root"]["path"] = json!("config.json"),
        "is not a directory",
    ),
    (|s| s["root"]["path"] = json!("../nowhere"), "nowhere"),
    (|s| remove(s, "process"), "no process"),
    (|s| remove(&mut s["process"], "args"), "args"),
    (
        |s| s["process"]["args"] = json!(["a\0b"]),
        "contains a NUL byte",
    ),
    (
        |s| s["process"]["env"] = json!(["A=b\0c"]),
        "contains a NUL byte",
    ),
    (
        |s| s["process"]["cwd"] = json!("tmp"),
        "cwd \"tmp\" is not absolute",
    ),
    (
        |s| s["process"]["cwd"] = json!("/bin/busybox"),
        "not a directory",
    ),
    (|s| s["process"]["user"]["uid"] = json!(-1), "expected u32"),
    (
        |s| s["process"]["user"]["uid"] = json!(2_147_483_648_u64),
        "must be in range 0-2147483647",
    ),
    (
        |s| s["process"]["user"]["uid"] = json!(4_294_967_296_u64),
        "expected u32",
    ),
    (|s| s["process"]["user"]["uid"] = json!("0"), "expected u32"),
    (
        |s| s["process"]["user"]["additionalGids"] = json!([4_294_967_295_u64]),
        "must be in range 0-2147483647",
    ),
    (|s| s["process"]["user"]["umask"] = json!(0o1000), "umask"),
    (
        |s| s["process"]["oomScoreAdj"] = json!(5000),
        "OOM score to 5000",
    ),
    (
        |s| {
            s["process"]["rlimits"] =
                json!([{ "type": "RLIMIT_X", "hard": 1, "soft": 1 }])
        },
        "RLIMIT_X",
    ),
    (
        |s| {
            s["process"]["rlimits"] =
                json!([{ "type": "RLIMIT_NOFILE", "hard": 9, "soft": 10 }]);
        },
        "soft limit 10 is above the hard limit 9",
    ),
    (
        |s| s["mounts"][0]["destination"] = json!("proc"),
        "mounts[0].destination \"proc\" is not an absolute path",
    ),
    (|s| s["mounts"][0]["options"] = json!(["nosuch"]), "nosuch"),
    (|s| s["mounts"][0]["type"] = json!("nosuchfs"), "nosuchfs"),
    (
        |s| {
            add(
                &mut s["mounts"],
                json!({ "destination": "/", "type": "tmpfs" }),
            )
        },
        "nothing can be mounted on the root",
    ),
    (
        |s| {
            let options = json!(["bind"]);
            let bind =
                json!({ "destination": "/m", "source": "/no/where", "options": options });
            add(&mut s["mounts"], bind);
        },
        "/no/where",
    ),
    (namespaces_are_two, "two pid namespaces"),
    (
        |s| s["linux"]["namespaces"] = json!([]),
        "mount namespace is needed",
    ),
    (
        |s| add(&mut s["linux"]["namespaces"], json!({ "type": "moon" })),
        "unknown variant `moon`",
    ),
    (
        |s| s["linux"]["namespaces"][0]["path"] = json!("/no/where"),
        "/no/where",
    ),
    (
        |s| s["linux"]["namespaces"][0]["path"] = json!("/proc/self/ns/uts"),
        "linux.namespaces: /proc/self/ns/uts: join the pid namespace",
    ),
    (
        |s| add(&mut s["linux"]["namespaces"], json!({ "type": "user" })),
        "without linux.uidMappings",
    ),
    (
        |s| {
            s["linux"]["uidMappings"] =
                json!([{ "containerID": 0, "hostID": 0, "size": 1 }]);
        },
        "no new user namespace",
    ),
    (|s| s["hostname"] = json!("x".repeat(65)), "host name"),
    (|s| s["domainname"] = json!("x".repeat(65)), "domain name"),
    (
        |s| s["linux"]["sysctl"] = json!({ "kernel.core_pattern": as_it_is() }),
        "not in a separate kernel namespace",
    ),
    (
        |s| s["linux"]["sysctl"] = json!({ "net/../kernel/core_pattern": as_it_is() }),
        "not in a separate kernel namespace",
    ),
    (
        |s| s["linux"]["sysctl"] = json!({ "net.nosuch": "1" }),
        "set sysctl net.nosuch",
    ),
    (
        |s| s["linux"]["cgroupsPath"] = json!("../../up"),
        "no path of a cgroup",
    ),
    (
        |s| s["linux"]["cgroupsPath"] = json!("/"),
        "the root is not ours",
    ),
    (
        |s| {
            s["linux"]["devices"] =
                json!([{ "path": "/dev/x", "type": "c", "major": -1, "minor": 3 }]);
        },
        "out of range",
    ),
    (
        |s| s["linux"]["seccomp"] = json!({ "defaultAction": "SCMP_ACT_NOPE" }),
        "SCMP_ACT_NOPE",
    ),
    (
        |s| s["linux"]["maskedPaths"] = json!(["/proc/kcore", "proc/keys"]),
        "linux.maskedPaths: \"proc/keys\" is not absolute",
    ),
    (
        |s| s["linux"]["rootfsPropagation"] = json!("wild"),
        "rootfsPropagation \"wild\"",
    ),
    (
        |s| s["hooks"] = json!({ "poststop": [{ "path": "bin/x" }] }),
        "hooks.poststop[0].path \"bin/x\" is not absolute",
    ),
    (
        |s| s["hooks"] = json!({ "prestart": [{ "path": "/bin/false" }] }),
        "hook #0 /bin/false: exit status: 1\n",
    ),
    (
        |s| s["hooks"] = json!({ "prestart": [{ "path": "/bin/true", "timeout": 0 }] }),
        "hooks.prestart[0].timeout is not greater than zero",
    ),
];

fn remove(object: &mut Value, field: &str) {
    object.as_object_mut().unwrap().remove(field);
}

/// A kernel parameter's own value: where to set it is not refused, nothing has changed.
fn as_it_is() -> Value {
    let now = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    json!(now.trim_end())
}

fn add(list: &mut Value, one: Value) {
    list.as_array_mut().unwrap().push(one);
}

fn namespaces_are_two(spec: &mut Value) {
    add(&mut spec["linux"]["namespaces"], json!({ "type": "pid" }));
}

/// A newer kernel's, perhaps: the container has less without it, not more (config.md,
/// "Linux Process").
#[test]
fn a_capability_that_nobody_knows_is_left_out_aloud() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "caps", |spec| {
        let all = json!(["CAP_KILL", "CAP_FLY", "CAP_CHOWN"]);
        for set in ["bounding", "effective", "permitted"] {
            spec["process"]["capabilities"][set] = all.clone();
        }
        let wait = "grep ^CapEff /proc/self/status; sleep 600; true";
        spec["process"]["args"] = json!(["sh", "-c", wait]);
    });
    let said = "warning: ignoring unknown capabilities: [CAP_FLY]";
    let before = before(&world);
    create(&world, &bundle, "caps");
    let _ = world.skiff(&["start", "caps"]).ok();
    // The container's own process, and one that is sent in after it.
    eventually("its program says what it may do", TEN, || {
        let out = fs::read_to_string(world.home().join("out")).unwrap();
        (out.contains(said) && out.ends_with("CapEff:\t0000000000000021\n")).then_some(())
    });
    let exec = ["exec", "caps", "grep", "^CapEff", "/proc/self/status"];
    let out = world.skiff(&exec).expect(0);
    assert_eq!(out.stdout, "CapEff:\t0000000000000021\n");
    assert!(out.stderr.contains(said), "{out}");
    let _ = world.skiff(&["delete", "--force", "caps"]).ok();
    before.assert_same(&world);
}

#[test]
fn a_field_that_is_wrong_is_named() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "echo it ran");
    let file = Path::new(&bundle).join("config.json");
    let good: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let before = before(&world);
    for (change, said) in FIELDS {
        let mut spec = good.clone();
        spec["linux"]["cgroupsPath"] = json!(format!("/{}/x", world.cgroup_parent()));
        change(&mut spec);
        fs::write(&file, spec.to_string()).unwrap();
        let out = world.skiff(&["run", "--bundle", &bundle, "x"]);
        assert!(out.stdout.is_empty(), "{said}: {out}");
        out.refused(1, said);
    }
    before.assert_same(&world);
}
