//! Orders at the wrong moment of a container's life, in runc's words.

use super::*;

#[test]
fn an_order_at_the_wrong_moment_is_refused() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "moments", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        spec["linux"]["cgroupsPath"] = json!(format!("/{}/web", world.cgroup_parent()));
    });
    let before = before(&world);
    create(&world, &bundle, "web");
    a_created_one_refuses(&world, &bundle);
    let _ = world.skiff(&["start", "web"]).ok();
    a_running_one_refuses(&world);
    let _ = world.skiff(&["pause", "web"]).ok();
    a_paused_one_refuses(&world);
    // A paused one can be killed all the same.
    let _ = world.skiff(&["kill", "web", "KILL"]).ok();
    becomes(&world, "web", "stopped");
    a_stopped_one_refuses(&world);
    let _ = world.skiff(&["delete", "web"]).ok();
    before.assert_same(&world);
}

#[track_caller]
fn refused(world: &World, words: &[&str], said: &str) {
    // 1 could be the exit status of the process that exec was to run.
    let code = if words[0] == "exec" { 255 } else { 1 };
    world.skiff(words).refused(code, said);
}

fn a_created_one_refuses(world: &World, bundle: &str) {
    let taken = "container with id exists: web";
    refused(world, &["create", "-b", bundle, "web"], taken);
    refused(world, &["run", "-b", bundle, "web"], taken);
    // Two of them in one cgroup: the end of one would be the end of the other.
    let other = ["run", "-b", bundle, "other"];
    refused(world, &other, "cgroup is not empty");
    refused(world, &["resume", "web"], "not paused");
}

fn a_running_one_refuses(world: &World) {
    let again = "cannot start an already running container";
    refused(world, &["start", "web"], again);
    let alive = "cannot delete container web that is not stopped: running";
    refused(world, &["delete", "web"], alive);
    refused(world, &["kill", "web", "NOSUCH"], "invalid signal");
}

fn a_paused_one_refuses(world: &World) {
    let frozen = "cannot exec in a paused container";
    refused(world, &["exec", "web", "true"], frozen);
    refused(world, &["delete", "web"], "not stopped: paused");
}

fn a_stopped_one_refuses(world: &World) {
    refused(world, &["kill", "web", "KILL"], "container not running");
    let over = "cannot start a container that has stopped";
    refused(world, &["start", "web"], over);
    let gone = "cannot exec in a stopped container";
    refused(world, &["exec", "web", "true"], gone);
    refused(world, &["pause", "web"], "not running");
}

#[test]
fn an_order_for_nobody_is_refused() {
    let Some(world) = world() else { return };
    for verb in ["start", "state", "delete", "pause", "resume", "ps"] {
        world.skiff(&[verb, "web"]).refused(1, "does not exist");
    }
    world
        .skiff(&["exec", "web", "true"])
        .refused(255, "does not exist");
}
