//! Images from a registry.

use std::fs;

use serde_json::{Value, json};
use support::{Layout, Ledger, Need, Registry, World, busybox, needs};

use crate::{field, ordinary_world, world};

/// A world with a registry in it.
fn with_registry() -> Option<(World, Registry)> {
    if !needs(&[Need::Registry, Need::Tool("busybox")]) {
        return None;
    }
    let world = world()?;
    let registry = Registry::start(&world);
    Some((world, registry))
}

#[test]
fn an_image_is_pulled_and_run() {
    let Some((world, registry)) = with_registry() else {
        return;
    };
    let name = registry.push(&world, &busybox(), "busybox");
    let out = world.skiff(&["run", "--rm", &name, "echo", "hi"]).expect(0);
    assert_eq!(out.stdout, "hi\n");
    // What docker says while it pulls goes to standard error.
    assert!(out.stderr.contains("Unable to find image"), "{out}");
    assert!(out.stderr.contains("Digest: sha256:"), "{out}");
    let text = world.skiff(&["pull", &name]).ok();
    assert!(text.contains("Status: Image is up to date for"), "{text}");
    let images = world
        .skiff(&["images", "--format", "{{.Repository}}:{{.Tag}}"])
        .ok();
    assert!(
        images.lines().any(|line| line == format!("{name}:latest")),
        "{images}"
    );
    let out = world.skiff(&[
        "run",
        "--rm",
        "-u",
        "sailor",
        &name,
        "sh",
        "-c",
        "id -u; id -g",
    ]);
    assert_eq!(out.ok(), "1000\n100\n");
}

#[test]
fn an_image_among_platforms_by_tag_and_by_digest() {
    let Some((world, registry)) = with_registry() else {
        return;
    };
    let image = busybox()
        .among_platforms()
        .config("Entrypoint", json!(["echo", "entry"]))
        .config("Cmd", json!(["cmd"]))
        .config("Env", json!(["PATH=/bin", "SHIP=skiff"]))
        .config("WorkingDir", json!("/etc"));
    let name = registry.push(&world, &image, "many/platforms:2");
    let text = world.skiff(&["pull", &name]).ok();
    let digest = text
        .lines()
        .find_map(|line| line.strip_prefix("Digest: "))
        .expect("a digest");
    assert_eq!(world.skiff(&["run", "--rm", &name]).ok(), "entry cmd\n");
    assert_eq!(
        world.skiff(&["run", "--rm", &name, "other"]).ok(),
        "entry other\n"
    );
    let words = [
        "run",
        "--rm",
        "--entrypoint",
        "sh",
        &name,
        "-c",
        "pwd; echo $SHIP",
    ];
    assert_eq!(world.skiff(&words).ok(), "/etc\nskiff\n");
    assert_eq!(field(&world, &name, "{{.Architecture}}"), machine());
    let by_digest = format!("127.0.0.1:5000/many/platforms@{digest}");
    assert_eq!(
        world.skiff(&["run", "--rm", &by_digest]).ok(),
        "entry cmd\n"
    );
    let strange = ["pull", "--platform", "linux/mips", &name];
    world.skiff(&strange).refused(1, "no matching manifest");
}

fn machine() -> &'static str {
    if cfg!(target_arch = "x86_64") {
        "amd64"
    } else {
        "arm64"
    }
}

#[test]
fn an_ordinary_user_pulls() {
    if !needs(&[Need::Root, Need::Registry, Need::Tool("busybox")]) {
        return;
    }
    let Some(world) = ordinary_world() else {
        return;
    };
    let registry = Registry::start(&world);
    let name = registry.push(&world, &busybox(), "busybox:1");
    assert_eq!(world.skiff(&["run", "--rm", &name, "id", "-u"]).ok(), "0\n");
    let _ = world.skiff(&["daemon", "stop"]).ok();
}

#[test]
fn what_a_registry_has_not_or_lies_about() {
    let Some((world, registry)) = with_registry() else {
        return;
    };
    let image = Layout::new().file("x", 0o644, "y".repeat(10_000));
    let name = registry.push(&world, &image, "lies:1");
    let _ = world.skiff(&["images"]).ok();
    let before = Ledger::of(&world);

    world
        .skiff(&["pull", "127.0.0.1:5000/nothing:1"])
        .refused(1, "127.0.0.1:5000/nothing");
    world
        .skiff(&["run", "--rm", "127.0.0.1:5000/nothing:1", "true"])
        .refused(125, "nothing");
    world
        .skiff(&["pull", "127.0.0.1:9/nobody"])
        .refused(1, "refused");
    world
        .skiff(&["run", "--rm", "127.0.0.1:9/nobody", "true"])
        .refused(125, "refused");
    for bad in ["UPPER/case", "a//b", ":tag", "a@sha256:xx", "-x"] {
        let out = world.skiff(&["pull", bad]);
        assert!(out.code != 0 && !out.stderr.is_empty(), "{bad}: {out}");
    }
    before.assert_same(&world);

    // The layer's blob is not what its name says.
    let raw = world.run(&[
        "skopeo",
        "inspect",
        "--raw",
        "--tls-verify=false",
        &format!("docker://{name}"),
    ]);
    let manifest: Value = serde_json::from_str(&raw.ok()).unwrap();
    let digest = manifest["layers"][0]["digest"].as_str().unwrap();
    let blob = registry.blob(digest);
    let mut bytes = fs::read(&blob).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let before = Ledger::of(&world);
    let out = world.skiff(&["pull", &name]).expect(1);
    assert!(
        out.stderr.contains(digest) || out.stderr.contains("digest"),
        "{out}"
    );
    before.assert_same(&world);
    assert!(!world.skiff(&["images"]).ok().contains("lies"));
}
