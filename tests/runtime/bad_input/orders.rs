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

/// While the first process is on its way it may have the host's files around it: nobody
/// is sent in to it, whether it is to wait for its start or not.
#[test]
fn nobody_is_sent_into_a_container_that_is_being_made() {
    let Some(world) = world() else { return };
    let made = world.home().join("hold");
    let bundle = bundle(&world, "made", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        let wait = "touch \"$1.on\"; while [ -e \"$1\" ]; do sleep 0.1; done";
        spec["hooks"]["createRuntime"] =
            json!([{ "path": "/bin/sh", "args": ["sh", "-c", wait, "sh", made] }]);
    });
    let before = before(&world);
    let asked = world.home().join("hold.on");
    let line = r#"exec "$0" "$@" >"$HOME/out" 2>&1"#;
    let program = world.skiff_path().to_str().unwrap();
    for verb in [&["create"][..], &["run", "--detach"]] {
        fs::write(&made, "").unwrap();
        let words = [
            &["sh", "-c", line, program][..],
            verb,
            &["-b", &bundle, "made"],
        ];
        let job = Job::start(world.command(&words.concat()), None);
        eventually("its hook runs", TEN, || asked.exists().then_some(()));
        assert_eq!(state(&world, "made")["status"], "creating");
        let exec = world.skiff(&["exec", "made", "true"]);
        exec.refused(255, "cannot exec in a container that is being created");
        let start = world.skiff(&["start", "made"]);
        start.refused(1, "cannot start a container that is being created");
        let delete = world.skiff(&["delete", "made"]);
        delete.refused(1, "not stopped: creating");
        fs::remove_file(&made).unwrap();
        let _ = job.wait().ok();
        let _ = world.skiff(&["exec", "made", "true"]).ok();
        let _ = world.skiff(&["delete", "--force", "made"]).ok();
        fs::remove_file(&asked).unwrap();
        before.assert_same(&world);
    }
}

/// A process of `exec` is its caller's to reap, and the container's end waits for that: a
/// delete gives up after a while, and what it could not end is there for another one.
#[test]
fn an_end_that_somebody_keeps_from_coming_is_not_waited_for() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "kept", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
    });
    let before = before(&world);
    create(&world, &bundle, "kept");
    let _ = world.skiff(&["start", "kept"]).ok();
    let line = r#""$0" exec kept sh -c "echo on; exec sleep 600" >"$HOME/on" & exec=$!
        until [ -s "$HOME/on" ]; do sleep 0.1; done; kill -STOP $exec
        "$0" delete --force kept; code=$?; "$0" list --quiet
        kill -CONT $exec; wait $exec; echo $?; exit $code"#;
    let program = world.skiff_path().to_str().unwrap();
    let delete = world.run(&["sh", "-c", line, program]);
    assert_eq!(delete.stdout, "kept\n137\n");
    delete.refused(1, "container init still running");
    let _ = world.skiff(&["delete", "--force", "kept"]).ok();
    before.assert_same(&world);
}

/// One that is paused before it was started is paused: nobody waits for it for ever.
#[test]
fn a_created_one_that_is_paused_is_not_started() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "early", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
        spec["linux"]["cgroupsPath"] = json!(format!("/{}/early", world.cgroup_parent()));
    });
    let before = before(&world);
    create(&world, &bundle, "early");
    let _ = world.skiff(&["pause", "early"]).ok();
    assert_eq!(state(&world, "early")["status"], json!("paused"));
    let again = "container not running or created: paused";
    refused(&world, &["pause", "early"], again);
    let paused = "cannot start a container that is paused";
    refused(&world, &["start", "early"], paused);
    let frozen = "cannot exec in a paused container";
    refused(&world, &["exec", "early", "true"], frozen);
    let _ = world.skiff(&["resume", "early"]).ok();
    assert_eq!(state(&world, "early")["status"], json!("created"));
    let _ = world.skiff(&["start", "early"]).ok();
    assert_eq!(state(&world, "early")["status"], json!("running"));
    let _ = world.skiff(&["delete", "--force", "early"]).ok();
    // And one that never goes on can be taken away.
    create(&world, &bundle, "early");
    let _ = world.skiff(&["pause", "early"]).ok();
    let _ = world.skiff(&["delete", "--force", "early"]).ok();
    before.assert_same(&world);
}

/// The word is one byte, and anybody may give it who may write to the gate.
#[test]
fn one_that_was_started_by_hand_is_not_started_again() {
    let Some(world) = world() else { return };
    let bundle = bundle(&world, "hand", |spec| {
        spec["process"]["args"] = json!(["sleep", "600"]);
    });
    let before = before(&world);
    create(&world, &bundle, "hand");
    let line = "printf 0 >/run/skiff/runtime/hand/start";
    let _ = world.run(&["sh", "-c", line]).ok();
    let pid = state(&world, "hand")["pid"].to_string();
    eventually("its program runs", TEN, || {
        let name = world.run(&["cat", &format!("/proc/{pid}/comm")]).stdout;
        (name == "sleep\n").then_some(())
    });
    let again = "cannot start an already running container";
    refused(&world, &["start", "hand"], again);
    let _ = world.skiff(&["delete", "--force", "hand"]).ok();
    before.assert_same(&world);
}

/// The first process makes some of its namespaces itself: what the kernel has against that
/// is told as if its launcher had made them.
#[test]
fn a_refused_namespace_is_explained_whoever_makes_it() {
    let Some(world) = world() else { return };
    if !needs(&[Need::Tool("setpriv")]) {
        return;
    }
    let before = before(&world);
    let bundle = bundle(&world, "few", |spec| {
        spec["linux"]["namespaces"] = json!([{ "type": "mount" }, { "type": "network" }]);
        // Its launcher has nothing to do that would be refused as well.
        spec["linux"]["resources"] = json!({});
        spec.as_object_mut().unwrap().remove("hostname");
    });
    let program = world.skiff_path().to_str().unwrap();
    let run = [program, "run", "--bundle", &bundle, "few"];
    let without = ["setpriv", "--bounding-set", "-sys_admin"];
    let out = world.run(&[&without[..], &run].concat());
    assert_eq!(out.code, 1, "{out}");
    assert!(
        out.stderr
            .contains("make new namespaces: CLONE_NEWNET|CLONE_NEWNS"),
        "{out}"
    );
    assert!(
        out.stderr.contains("new namespaces need CAP_SYS_ADMIN"),
        "{out}"
    );
    before.assert_same(&world);
}
