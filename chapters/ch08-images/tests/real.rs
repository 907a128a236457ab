//! The program of this chapter against the reference registry, in a world of its own.

use support::{Layout, Need, Registry, World, needs};

const CH08: &str = env!("CARGO_BIN_EXE_ch08");

#[test]
fn what_another_tool_pushed_is_pulled_and_unpacked() {
    if !needs(&[Need::Root, Need::Registry]) {
        return;
    }
    let world = World::root("/bin/true");
    let registry = Registry::start(&world);
    let image = Layout::new()
        .file("etc/hello", 0o640, "hello")
        .link("etc/link", "hello")
        .among_platforms();
    let name = registry.push(&world, &image, "some/image:1");
    let root = world.folder("images");
    let root = root.to_str().expect("a plain name");
    let out = world.run(&[CH08, "--root", root, "pull", &name]).ok();
    assert!(out.starts_with("1: Pulling from some/image\n"), "{out}");
    let news = format!("Status: Downloaded newer image for {name}\n");
    assert!(out.contains(&news), "{out}");
    let script = format!(
        "cat {root}/layers/*/diff/etc/link; stat -c %a {root}/layers/*/diff/etc/hello"
    );
    assert_eq!(world.run(&["sh", "-c", &script]).ok(), "hello640\n");
    let shown = world.run(&[CH08, "--root", root, "show", &name]).ok();
    let chain = shown
        .lines()
        .find_map(|line| line.trim().strip_prefix("chain id  sha256:"));
    let layers = world.run(&["ls", &format!("{root}/layers")]).ok();
    assert_eq!(layers.lines().next(), chain);

    let missing = format!("{}/some/image:2", registry.address());
    let expected =
        format!("manifest for {missing} not found: manifest unknown: manifest unknown");
    world
        .run(&[CH08, "--root", root, "pull", &missing])
        .refused(1, &expected);
}

#[test]
fn a_blob_that_rots_in_the_registry_is_refused() {
    if !needs(&[Need::Root, Need::Registry]) {
        return;
    }
    let world = World::root("/bin/true");
    let registry = Registry::start(&world);
    let image = Layout::new().file("etc/hello", 0o644, "hello");
    let name = registry.push(&world, &image, "rotten:1");
    let from = format!("docker://{name}");
    let raw = ["skopeo", "inspect", "--raw", "--tls-verify=false", &from];
    let manifest: serde_json::Value =
        serde_json::from_str(&world.run(&raw).ok()).expect("a manifest");
    let digest = manifest["layers"][0]["digest"].as_str().expect("a digest");
    let blob = registry.blob(digest);
    let mut bytes = std::fs::read(&blob).expect("the blob");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&blob, bytes).expect("to spoil the blob");
    let root = world.folder("images");
    let root = root.to_str().expect("a plain name");
    let out = world.run(&[CH08, "--root", root, "pull", &name]);
    let expected = format!("filesystem layer verification failed for digest {digest}");
    out.refused(1, &expected);
}
