//! Each bad input: a clear error, docker's exit code, and the world as it was before.

use std::fs;

use support::{Ledger, World};

use crate::{detached, ordinary_world, toolbox, world};

/// What is typed, with which code it ends, and what must be said.
type Row<'a> = (&'a [&'a str], i32, &'a str);

#[track_caller]
fn refuses(world: &World, rows: &[Row<'_>]) {
    for (words, code, text) in rows {
        let before = Ledger::of(world);
        world.skiff(words).refused(*code, text);
        let left = world.skiff(&["ps", "-a", "--no-trunc"]).ok();
        assert_eq!(left.lines().count(), 1, "{words:?} left {left}");
        before.assert_same(world);
    }
}

#[test]
fn commands_and_flags_that_are_not() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    refuses(
        &world,
        &[
            (&["run"], 1, "requires at least 1 argument"),
            (&["run", "--bad"], 125, "unknown flag: --bad"),
            (
                &["run", "--rm", "-Z", "toolbox"],
                125,
                "unknown shorthand flag: 'z'",
            ),
            (
                &["run", "--name", "x", "--name"],
                125,
                "flag needs an argument",
            ),
            (&["no-such-verb"], 1, "no-such-verb"),
            (&["ps", "--bad"], 125, "unknown flag: --bad"),
        ],
    );
}

#[test]
fn values_that_mean_nothing() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    refuses(
        &world,
        &[
            (
                &["run", "--rm", "--name", "../x", "toolbox"],
                125,
                "invalid container name",
            ),
            (
                &["run", "--rm", "-v", "relative/path:/a", "toolbox"],
                125,
                "includes invalid characters",
            ),
            (
                &["run", "--rm", "-v", "/a:/b:zz", "toolbox"],
                125,
                "invalid mode",
            ),
            (
                &["run", "--rm", "-e", "=x", "toolbox"],
                125,
                "invalid environment variable",
            ),
            (
                &["run", "--rm", "--network", "no-such-network", "toolbox"],
                125,
                "no-such-network",
            ),
            (
                &["run", "--rm", "-u", "no-such-user", "toolbox", "true"],
                125,
                "no-such-user",
            ),
            (
                &["run", "--rm", "-u", "4294967296", "toolbox", "true"],
                125,
                "must be in range",
            ),
            (
                &["run", "--rm", "-w", "relative", "toolbox", "true"],
                125,
                "working directory",
            ),
            (&["images", "--format", "{{.Nope}}"], 1, "nope"),
            (&["ps", "--filter", "nope=1"], 1, "invalid filter"),
            (&["inspect", "nobody"], 1, "no such object: nobody"),
        ],
    );
}

#[test]
fn containers_that_are_not() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    let said = "no such container: nobody";
    refuses(
        &world,
        &[
            (&["start", "nobody"], 1, said),
            (&["stop", "nobody"], 1, said),
            (&["kill", "nobody"], 1, said),
            (&["wait", "nobody"], 1, said),
            (&["logs", "nobody"], 1, said),
            (&["rm", "nobody"], 1, said),
            (&["exec", "nobody", "true"], 1, said),
            (&["attach", "nobody"], 1, said),
        ],
    );
}

#[test]
fn a_name_that_is_taken() {
    let Some(world) = world() else { return };
    let id = detached(&world, "taken", "sleep 600");
    let before = Ledger::of(&world);
    let out = world
        .skiff(&["run", "--rm", "--name", "taken", "toolbox", "true"])
        .expect(125);
    assert!(
        out.stderr.contains("Conflict.") && out.stderr.contains(&id),
        "{out}"
    );
    let out = world
        .skiff(&["create", "--name", "taken", "toolbox", "true"])
        .expect(1);
    assert!(out.stderr.contains("already in use"), "{out}");
    before.assert_same(&world);
    // As in docker, a name may be an id's beginning: the container with the name wins.
    let _ = world.skiff(&["rm", "-f", "taken"]).ok();
}

#[test]
fn what_did_not_start_stays_to_be_looked_at() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    let before = Ledger::of(&world);
    let out = world.skiff(&["run", "--name", "failed", "toolbox", "no-such-program"]);
    out.refused(127, "executable file not found");
    assert_eq!(
        crate::field(&world, "failed", "{{.State.Status}} {{.State.ExitCode}}"),
        "created 127"
    );
    world
        .skiff(&["start", "failed"])
        .refused(1, "executable file not found");
    assert_eq!(world.skiff(&["rm", "failed"]).ok(), "failed\n");
    before.assert_same(&world);
}

#[test]
fn a_layer_that_is_gone() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    // What is unpacked is a cache: it comes back from the blobs.
    let layers = world.outside(world.data_root().join("layers"));
    fs::remove_dir_all(&layers).unwrap();
    let before = Ledger::of(&world);
    let out = world.skiff(&toolbox(&[], "echo back"));
    if out.code == 0 {
        assert_eq!(out.stdout, "back\n");
    } else {
        out.refused(125, "layers");
        before.assert_same(&world);
    }
}

#[test]
fn an_ordinary_users_bad_input() {
    let Some(world) = ordinary_world() else {
        return;
    };
    let _ = world.skiff(&toolbox(&[], "true")).ok();
    refuses(
        &world,
        &[
            (
                &["run", "--rm", "toolbox", "no-such-program"],
                127,
                "executable file not found",
            ),
            (
                &["run", "--rm", "toolbox", "/etc"],
                126,
                "permission denied",
            ),
            (
                &["run", "--rm", "127.0.0.1:9/nobody", "true"],
                125,
                "refused",
            ),
        ],
    );
    let _ = world.skiff(&["daemon", "stop"]).ok();
}
