//! Judges the reading of `linux.namespaces`.

use libc::{
    CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID,
    CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWUTS,
};
use serde_json::{Value, json};

/// What a list asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The flags for clone3(2).
    pub(crate) flags: i32,
    /// The types and paths of those that are joined.
    pub(crate) joined: Vec<(String, String)>,
}

/// What the reader writes.
pub(crate) type Attempt = fn(&Value) -> Result<Asked, String>;

const FLAGS: [(&str, i32); 8] = [
    ("pid", CLONE_NEWPID),
    ("network", CLONE_NEWNET),
    ("mount", CLONE_NEWNS),
    ("ipc", CLONE_NEWIPC),
    ("uts", CLONE_NEWUTS),
    ("user", CLONE_NEWUSER),
    ("cgroup", CLONE_NEWCGROUP),
    ("time", CLONE_NEWTIME),
];

pub(crate) fn check(read_namespaces: Attempt) -> Result<(), String> {
    lists_are_read(read_namespaces)?;
    what_is_wrong_is_named(read_namespaces)
}

fn lists_are_read(read_namespaces: Attempt) -> Result<(), String> {
    let good = |list: Value, flags: i32, joined: &[(&str, &str)], why: &str| {
        let config = config(list);
        let joined = joined
            .iter()
            .map(|(kind, path)| ((*kind).into(), (*path).into()));
        let expected = Ok(Asked {
            flags,
            joined: joined.collect(),
        });
        told(&read_namespaces(&config), &expected, why, &config)
    };
    for (kind, flag) in FLAGS {
        let why = "each type has its flag";
        good(json!([{ "type": kind }]), flag, &[], why)?;
    }
    good(
        json!([{ "type": "pid" }, { "type": "mount" }]),
        CLONE_NEWPID | CLONE_NEWNS,
        &[],
        "the flags are put together",
    )?;
    good(
        json!([{ "type": "network", "path": "/proc/7/ns/net" }, { "type": "uts" }]),
        CLONE_NEWUTS,
        &[("network", "/proc/7/ns/net")],
        "a namespace with a path is joined, and not made",
    )?;
    let none = json!({ "linux": {} });
    let why = "without the list nothing is asked for";
    told(&read_namespaces(&none), &Ok(Asked::default()), why, &none)
}

fn what_is_wrong_is_named(read_namespaces: Attempt) -> Result<(), String> {
    for (list, word, why) in [
        (
            json!([{ "type": "pid" }, { "type": "flying" }]),
            "flying",
            "a type that there is not is an error, which names it",
        ),
        (
            json!([{ "type": "uts" }, { "type": "uts", "path": "/proc/7/ns/uts" }]),
            "uts",
            "a type that stands twice is an error, which names it",
        ),
        (
            json!([{ "type": "ipc", "path": "ns/ipc" }]),
            "ns/ipc",
            "a relative path is an error, which names it",
        ),
    ] {
        let config = config(list);
        let came = read_namespaces(&config);
        if !came.as_ref().is_err_and(|error| error.contains(word)) {
            return Err(format!(
                "{why}\n  config:   {config}\n  expected: an error with {word:?}\n  \
                 came:     {came:?}"
            ));
        }
    }
    Ok(())
}

fn config(list: Value) -> Value {
    json!({ "linux": { "namespaces": list } })
}

fn told(
    came: &Result<Asked, String>,
    expected: &Result<Asked, String>,
    why: &str,
    config: &Value,
) -> Result<(), String> {
    if came == expected {
        return Ok(());
    }
    Err(format!(
        "{why}\n  config:   {config}\n  expected: {expected:?}\n  came:     {came:?}"
    ))
}
