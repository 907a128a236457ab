//! What is wrong with a bundle, an order or a hook is named, and leaves nothing behind.

mod fields;
mod hooks;
mod orders;

use std::path::Path;

use super::*;

#[test]
fn a_file_that_is_no_specification_is_named() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "echo it ran");
    let file = Path::new(&bundle).join("config.json");
    let good = fs::read_to_string(&file).unwrap();
    let before = before(&world);
    let run = || world.skiff(&["run", "--bundle", &bundle, "x"]);
    for text in ["", "{", "[]", "null", &good[..100], &format!("{good}{{}}")] {
        fs::write(&file, text).unwrap();
        run().refused(1, "config.json");
    }
    fs::write(&file, "[".repeat(100_000)).unwrap();
    run().refused(1, "config.json");
    fs::write(&file, format!("{good}{}", " ".repeat(8 << 20))).unwrap();
    run().refused(1, "more than 8388608 bytes");
    fs::remove_file(&file).unwrap();
    run().refused(1, "not found");
    fs::create_dir(&file).unwrap();
    run().refused(1, "not a regular file");
    fs::remove_dir(&file).unwrap();
    // Nobody writes to it, and it is not waited for.
    let _ = world.run(&["mkfifo", file.to_str().unwrap()]).ok();
    run().refused(1, "not a regular file");
    before.assert_same(&world);
}

/// Every refusal: what is changed in the spec, and what must be said.
#[test]
fn bad_bundles_are_refused_and_leave_nothing() {
    let Some(world) = world() else { return };
    let before = before(&world);
    type Change = fn(&mut Value);
    let rows: [(&str, Change, &str); 7] = [
        (
            "missing",
            |s| s["process"]["args"] = json!(["nowhere"]),
            "executable file not found",
        ),
        (
            "absolute",
            |s| s["process"]["args"] = json!(["/no/where"]),
            "no such file or directory",
        ),
        (
            "folder",
            |s| s["process"]["args"] = json!(["/bin"]),
            "permission denied",
        ),
        ("empty", |s| s["process"]["args"] = json!([]), "args"),
        (
            "no-root",
            |s| s["root"]["path"] = json!("not-there"),
            "not-there",
        ),
        (
            "mount",
            |s| s["mounts"] = json!([{ "destination": "/a", "type": "nosuchfs" }]),
            "nosuchfs",
        ),
        ("cwd", |s| s["process"]["cwd"] = json!("relative"), "cwd"),
    ];
    for (name, change, said) in rows {
        let bundle = bundle(&world, name, change);
        let out = world.skiff(&["run", "--bundle", &bundle, name]);
        assert_ne!(out.code, 0, "{name}: {out}");
        assert!(
            out.stderr.to_lowercase().contains(said),
            "{name} ({said}): {out}"
        );
        world.skiff(&["state", name]).refused(1, "does not exist");
        before.assert_same(&world);
    }
}

#[test]
fn names_and_bundles_that_are_not() {
    let Some(world) = world() else { return };
    let bundle = script(&world, "sleep 600");
    let before = before(&world);
    for id in ["../up", "a/b", "", "."] {
        let out = world.skiff(&["create", "--bundle", &bundle, id]);
        assert_ne!(out.code, 0, "{id:?}: {out}");
    }
    let empty = world.folder("empty");
    let out = world.skiff(&["run", "--bundle", empty.to_str().unwrap(), "x"]);
    assert!(out.code != 0 && out.stderr.contains("config.json"), "{out}");
    world
        .skiff(&["kill", "nobody", "TERM"])
        .refused(1, "does not exist");
    world
        .skiff(&["start", "nobody"])
        .refused(1, "does not exist");
    before.assert_same(&world);
    create(&world, &bundle, "twice");
    world
        .skiff(&["create", "--bundle", &bundle, "twice"])
        .refused(1, "exist");
    world
        .skiff(&["kill", "twice", "NOSUCH"])
        .refused(1, "signal");
    let _ = world.skiff(&["delete", "-f", "twice"]).ok();
    before.assert_same(&world);
}
