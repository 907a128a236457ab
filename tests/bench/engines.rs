//! Engines: `run --rm IMAGE true` on the network that each gives by itself.

use std::path::Path;
use std::time::Duration;

use support::{Job, Registry, World, busybox, eventually};

use crate::sample::Order;
use crate::{Entry, compare, ours, version};

/// Prepares a peer, if the machine has it; what it starts is kept in the list.
type Peer = fn(&World, &str, &mut Vec<Job>) -> Option<Entry>;

/// Measures the engines.
pub(crate) fn bench(order: Order) {
    let world = World::root(ours(env!("CARGO_BIN_EXE_skiff")));
    let registry = Registry::start(&world);
    let image = registry.push(&world, &busybox(), "busybox:1");
    let skiff = world.skiff_path().display().to_string();
    let _ = world.skiff(&["pull", &image]).ok();
    let mut entries = vec![Entry {
        name: "skiff",
        version: env!("CARGO_PKG_VERSION").into(),
        command: format!("{skiff} run --rm {image} true"),
        promise: None,
    }];
    // Kept until the end: a daemon that is dropped is killed.
    let mut daemons = Vec::new();
    let peers: [Peer; 3] = [docker, podman, ctr];
    for peer in peers {
        entries.extend(peer(&world, &image, &mut daemons));
    }
    compare(&world, "run --rm of `true`", (20, order), &entries);
}

fn docker(world: &World, image: &str, daemons: &mut Vec<Job>) -> Option<Entry> {
    let version = version(world, &["dockerd", "--version"])?;
    let roots = [
        "--data-root",
        "/var/lib/bench-docker",
        "--exec-root",
        "/run/bench-docker",
    ];
    let more = [
        "--pidfile",
        "/run/bench-docker.pid",
        "--host",
        "unix:///run/bench-docker.sock",
    ];
    let words = [&["dockerd"], &roots[..], &more[..]].concat();
    daemons.push(Job::start(world.command(&words), Some(b"")));
    listens(world, "/run/bench-docker.sock");
    let client = "docker -H unix:///run/bench-docker.sock";
    let _ = world
        .run(&["sh", "-c", &format!("{client} pull {image}")])
        .expect(0);
    let command = format!("{client} run --rm {image} true");
    Some(Entry {
        name: "docker",
        version,
        command,
        promise: Some(0.15),
    })
}

fn podman(world: &World, image: &str, _: &mut Vec<Job>) -> Option<Entry> {
    let version = version(world, &["podman", "--version"])?;
    let pull = ["podman", "pull", "--quiet", "--tls-verify=false", image];
    let _ = world.run(&pull).expect(0);
    // Its own choice, crun, refuses the hybrid layout.
    let command = format!("podman --runtime runc run --rm {image} true");
    Some(Entry {
        name: "podman",
        version,
        command,
        promise: None,
    })
}

/// containerd by its own client: no network at all.
fn ctr(world: &World, image: &str, daemons: &mut Vec<Job>) -> Option<Entry> {
    let version = version(world, &["containerd", "--version"])?;
    let socket = "/run/bench-containerd.sock";
    let roots = [
        "--root",
        "/var/lib/bench-containerd",
        "--state",
        "/run/bench-containerd",
    ];
    let words = [&["containerd", "--address", socket], &roots[..]].concat();
    daemons.push(Job::start(world.command(&words), Some(b"")));
    listens(world, socket);
    let ctr = ["ctr", "--address", socket];
    let _ = world
        .run(&[&ctr[..], &["image", "pull", "--plain-http", image]].concat())
        .expect(0);
    let command = format!("ctr --address {socket} run --rm {image} bench true");
    Some(Entry {
        name: "ctr",
        version,
        command,
        promise: None,
    })
}

/// Waits until somebody accepts at `socket`, a path of the world.
fn listens(world: &World, socket: &str) {
    let path = world.outside(Path::new(socket));
    eventually(socket, Duration::from_secs(60), || {
        std::os::unix::net::UnixStream::connect(&path)
            .ok()
            .map(drop)
    });
}
