//! Hooks of a container under a shim: nobody reads what its launchers print.

mod harness;

use std::fs;

use harness::{ALL, Bench, say};
use serde_json::{Value, json};

/// What a hook after the end gets wrong stands with the exit status, whether the shim
/// brings the container to its end or, when the shim was killed, somebody else.
#[test]
fn what_hooks_after_the_end_get_wrong_is_told() {
    for bury in [false, true] {
        let Some(bench) = Bench::new() else { return };
        bench.script("read -r go; exit 7");
        // Into the state, where `create` keeps them: the bundle is not read again.
        let file = bench.path("runtime/bench/state.json");
        let text = fs::read_to_string(&file).expect("a state");
        let mut state: Value = serde_json::from_str(&text).expect("a state");
        let args = ["sh", "-c", "echo not today >&2; exit 9"];
        state["hooks"] = json!({ "poststop": [{ "path": "/bin/sh", "args": args }] });
        fs::write(&file, state.to_string()).expect("to be written");
        let exit = if bury {
            let _ = bench
                .shell(&format!("kill -9 {}", bench.pids().shim_pid))
                .ok();
            bench.gone(bench.pids().shim_pid);
            let _ = bench
                .ch10(&["bury", bench.path("").to_str().expect("a path")])
                .expect(137);
            bench.exit_file()
        } else {
            say(&mut bench.shim.attach(None, ALL).expect("streams"), "go\n");
            bench.end()
        };
        let told = exit.problems.iter().find(|it| it.contains("poststop"));
        let said = "run poststop hook #0 /bin/sh: exit status: 9: not today";
        assert!(told.is_some_and(|told| told.ends_with(said)), "{exit:?}");
        assert!(!bench.path("runtime/bench").exists());
    }
}
