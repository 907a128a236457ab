//! What is fuzzed: bytes of somebody else's become decisions here.
//!
//! Each target must return for any bytes, and what it accepts must hold together. The
//! fuzzer calls these (`fuzz_targets/`), and so does a test of the workspace
//! (`tests/corpora.rs`), which needs no fuzzer.

use std::path::PathBuf;

use privileges::CapSet;
use privileges::seccomp::{Machine, Profile, compile};
use runtime::State;
use runtime::plan::Plan;
use runtime::spec::Bundle;

/// A `config.json`: whatever it says, a plan or an error comes of it, and a plan keeps
/// to what callers rely on.
pub fn config_json(data: &[u8]) {
    let Ok(bundle) = bundle_of(data) else { return };
    let Ok(plan) = Plan::of(&bundle, "fuzz") else {
        return;
    };
    let who = &plan.process.identity;
    for id in who.groups.iter().chain([&who.uid, &who.gid]) {
        assert!(i32::try_from(*id).is_ok(), "the id {id} was taken");
    }
    assert!(plan.process.cwd.is_absolute());
    assert!(!plan.process.args.is_empty());
    assert!(plan.has(namespaces::Namespace::Mount), "mounts on the host");
    let maps = !plan.uid_maps.is_empty() || !plan.gid_maps.is_empty();
    assert!(!maps || plan.namespaces.has(namespaces::Namespace::User));
    let offsets = plan.time_offsets.is_some();
    assert!(!offsets || plan.namespaces.has(namespaces::Namespace::Time));
    // What was understood can be written down and is understood again.
    let again = serde_json::to_vec(&bundle.spec).expect("a specification is JSON");
    let again = bundle_of(&again).expect("it is one still");
    assert!(Plan::of(&again, "fuzz").is_ok(), "it can be planned again");
}

/// A bundle of these bytes whose root filesystem is there.
pub fn bundle_of(data: &[u8]) -> anyhow::Result<Bundle> {
    let mut bundle = Bundle::parse(PathBuf::from("/"), data)?;
    if let Some(root) = bundle.spec.root_mut() {
        root.set_path(PathBuf::from("/"));
    }
    Ok(bundle)
}

/// A container's state between two commands.
pub fn state(data: &[u8]) {
    let Ok(state) = State::parse(data) else {
        return;
    };
    let shown = state.shown();
    assert_eq!(shown["id"], state.id.as_str());
    let text = serde_json::to_vec(&state).expect("a state is JSON");
    let again = State::parse(&text).expect("it is one still");
    assert_eq!((again.pid, again.start_time), (state.pid, state.start_time));
}

/// A seccomp profile as docker's: what compiles is a program that the kernel could take.
pub fn seccomp_profile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(profile) = Profile::parse(text) else {
        return;
    };
    let filter = profile.resolve(&Machine {
        arch: "amd64",
        kernel: (6, 1),
        capabilities: CapSet::container_default(),
    });
    let Ok(program) = compile(&filter) else {
        return;
    };
    let length = program.instructions.len();
    assert!((1..=4096).contains(&length), "{length} instructions");
    for (place, one) in program.instructions.iter().enumerate() {
        let furthest = usize::from(one.jump_true.max(one.jump_false));
        assert!(place + furthest < length, "a jump out of the program");
    }
}

/// The options of a mount, a line each.
pub fn mount_options(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let words: Vec<&str> = text.lines().collect();
    let _ = mounts::parse_options(&words);
}

/// A target: its name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 4] = [
    ("config_json", config_json),
    ("state", state),
    ("seccomp_profile", seccomp_profile),
    ("mount_options", mount_options),
];
