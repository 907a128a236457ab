//! `--explain`: the system calls of a container in one ordered list, each with its
//! process, across client, daemon, shim, launcher and PID 1.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{ordinary_world, world};

fn steps(json_lines: &str) -> Vec<Value> {
    json_lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a step a line"))
        .collect()
}

/// Where the first step is whose call begins with `call`.
#[track_caller]
fn place(steps: &[Value], call: &str) -> usize {
    let begins = |step: &Value| {
        step["call"]
            .as_str()
            .is_some_and(|text| text.starts_with(call))
    };
    steps
        .iter()
        .position(begins)
        .unwrap_or_else(|| panic!("no {call} in {steps:#?}"))
}

#[test]
fn all_processes_in_order() {
    let Some(world) = world() else { return };
    let out = world
        .skiff(&["run", "--rm", "--explain=json", "toolbox", "echo", "hi"])
        .expect(0);
    assert_eq!(
        out.stdout, "hi\n",
        "what the container says is not mixed with it"
    );
    let steps = steps(&out.stderr);
    let order = ["clone3", "pivot_root", "execve"].map(|call| place(&steps, call));
    assert!(order.is_sorted(), "{order:?}");
    let times: Vec<_> = steps
        .iter()
        .map(|step| step["at"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");

    let mut pids: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for step in &steps {
        assert!(
            step["why"].as_str().is_some_and(|why| why.len() > 5),
            "{step}"
        );
        assert!(step["chapter"].as_u64().is_some_and(|n| n <= 11), "{step}");
        let pid = step["pid"].as_u64().unwrap();
        let list = pids.entry(step["role"].as_str().unwrap()).or_default();
        if !list.contains(&pid) {
            list.push(pid);
        }
    }
    for role in ["client", "daemon", "shim", "launcher", "init"] {
        assert!(pids.contains_key(role), "{role} is missing: {pids:?}");
    }
    let init = &pids["init"];
    assert!(
        init.len() == 1 && init[0] > 1,
        "PID 1 by its number on the host: {init:?}"
    );
    let last = &steps[place(&steps, "execve")];
    assert_eq!(last["role"], "init");
}

#[test]
fn a_tree_for_people() {
    let Some(world) = world() else { return };
    let out = world
        .skiff(&["run", "--rm", "--explain", "toolbox", "true"])
        .expect(0);
    let tree = out.stderr;
    let calls =
        ["clone3(", "mount", "pivot_root(", "execve("].map(|call| tree.find(call));
    assert!(
        calls.iter().all(Option::is_some) && calls.is_sorted(),
        "{calls:?}\n{tree}"
    );
    for role in ["client ", "daemon ", "shim ", "launcher ", "init "] {
        assert!(
            tree.lines().any(|line| line.starts_with(role)),
            "{role}\n{tree}"
        );
    }
}

#[test]
fn an_ordinary_users_container_is_explained_too() {
    let Some(world) = ordinary_world() else {
        return;
    };
    let out = world
        .skiff(&["run", "--rm", "--explain", "toolbox", "true"])
        .expect(0);
    assert!(out.stderr.contains("pivot_root("), "{out}");
    let _ = world.skiff(&["daemon", "stop"]).ok();
}

#[test]
fn without_it_nothing_is_said() {
    let Some(world) = world() else { return };
    let _ = world.skiff(&["run", "--rm", "toolbox", "true"]).ok();
    assert_eq!(
        world
            .skiff(&["run", "--rm", "toolbox", "true"])
            .expect(0)
            .stderr,
        ""
    );
}

#[test]
fn a_failure_is_a_step() {
    let Some(world) = world() else { return };
    let out = world
        .skiff(&["run", "--rm", "--explain", "toolbox", "no-such-program"])
        .expect(127);
    assert!(out.stderr.contains("executable file not found"), "{out}");
    assert!(out.stderr.contains("clone3("), "{out}");
}

#[test]
fn a_figure_of_all_processes_is_written_into_a_file() {
    let Some(world) = world() else { return };
    let file = world.home().join("steps.svg");
    let explain = format!("--explain=svg:{}", file.display());
    let out = world
        .skiff(&["run", "--rm", &explain, "toolbox", "sh", "-c", "exit 7"])
        .expect(7);
    assert_eq!(out.stderr, "");
    let figure = std::fs::read_to_string(&file).expect("the figure");
    for part in ["client ", "shim ", "launcher ", "init ", "pivot_root("] {
        assert!(figure.contains(part), "{part}\n{figure}");
    }
}

#[test]
fn a_figure_that_cannot_be_written_starts_no_container() {
    let Some(world) = world() else { return };
    let out = world
        .skiff(&[
            "run",
            "--explain=svg:/no/such/folder/x.svg",
            "toolbox",
            "echo",
            "hi",
        ])
        .expect(125);
    assert_eq!(out.stdout, "");
    assert!(out.stderr.contains("/no/such/folder/x.svg"), "{out}");
    let out = world.skiff(&["ps", "-aq"]).expect(0);
    assert_eq!(out.stdout, "", "nothing was made");
}
