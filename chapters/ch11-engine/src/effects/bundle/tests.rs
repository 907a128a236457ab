//! The bundle of one container, and what changes it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::api::{CreateRequest, parse};

fn machine(is_root: bool) -> Machine {
    let mut machine = Machine::look().unwrap();
    (machine.is_root, machine.has_tty_group, machine.limits_swap) =
        (is_root, is_root, true);
    machine
}

fn bundle_of(request: &str, is_root: bool) -> Result<Value> {
    let request: CreateRequest = parse(request.as_bytes()).unwrap();
    let mut container = crate::core::sample("0123456789abcdef", "web");
    container.planned = crate::core::mounts::plan(&request.host_config)?;
    container.config = request.config;
    container.host = request.host_config;
    let layer = tempfile::tempdir().unwrap();
    let roots = Roots {
        data: "/data".into(),
        exec: "/exec".into(),
    };
    spec(&container, &roots, &machine(is_root), &[layer.path()])
}

fn bundle(request: &str) -> Value {
    bundle_of(request, true).unwrap()
}

fn destinations(spec: &Value) -> Vec<&str> {
    let mounts = spec["mounts"].as_array().unwrap();
    mounts
        .iter()
        .map(|mount| mount["destination"].as_str().unwrap())
        .collect()
}

fn names(value: &Value) -> BTreeSet<String> {
    let list = value.as_array().unwrap().iter();
    list.map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_bundle_is_what_the_runtime_reads() {
    for is_root in [true, false] {
        let request = r#"{"Cmd":["true"],"HostConfig":{"Memory":8388608,"NanoCpus":500000000,
            "PidsLimit":9,"Ulimits":[{"Name":"nofile","Soft":1,"Hard":-1}]}}"#;
        let spec = bundle_of(request, is_root).unwrap();
        let _: oci_spec::runtime::Spec = serde_json::from_value(spec).unwrap();
    }
}

#[test]
fn dockers_defaults() {
    let spec = bundle(r#"{"Cmd":["true"],"Hostname":"box"}"#);
    assert_eq!(spec["linux"]["cgroupsPath"], "/skiff/0123456789abcdef");
    assert_eq!(spec["process"]["cwd"], "/");
    assert_eq!(
        spec["process"]["capabilities"]["bounding"]
            .as_array()
            .unwrap()
            .len(),
        14
    );
    assert_eq!(spec["hostname"], "box");
    assert_eq!(spec["linux"]["namespaces"].as_array().unwrap().len(), 6);
    assert_eq!(spec["linux"]["seccomp"]["defaultAction"], "SCMP_ACT_ERRNO");
    assert_eq!(spec["linux"]["resources"]["devices"][0]["allow"], false);
    let env = names(&spec["process"]["env"]);
    assert!(
        env.contains("HOSTNAME=box") && !env.contains("TERM=xterm"),
        "{env:?}"
    );
    let points = destinations(&spec);
    for point in [
        "/proc",
        "/dev",
        "/dev/pts",
        "/dev/shm",
        "/dev/mqueue",
        "/sys",
        "/etc/hosts",
    ] {
        assert!(points.contains(&point), "{point}");
    }
}

#[test]
fn privileges_are_added_and_taken() {
    let held = |host: &str| {
        let request = format!(r#"{{"Cmd":["x"],"HostConfig":{{{host}}}}}"#);
        names(&bundle(&request)["process"]["capabilities"]["bounding"])
    };
    assert!(held(r#""CapAdd":["net_admin"]"#).contains("CAP_NET_ADMIN"));
    assert!(!held(r#""CapDrop":["CHOWN"]"#).contains("CAP_CHOWN"));
    let only = held(r#""CapDrop":["ALL"],"CapAdd":["CAP_CHOWN"]"#);
    assert_eq!(only.into_iter().collect::<Vec<_>>(), ["CAP_CHOWN"]);
    let wrong = bundle_of(r#"{"Cmd":["x"],"HostConfig":{"CapAdd":["NOPE"]}}"#, true);
    let words = "invalid CapAdd: unknown capability: \"CAP_NOPE\"";
    assert_eq!(wrong.unwrap_err().to_string(), words);
}

#[test]
fn who_is_not_root_holds_nothing() {
    let spec = bundle(r#"{"Cmd":["x"],"User":"1000:1000"}"#);
    assert_eq!(spec["process"]["capabilities"]["effective"], json!([]));
    assert_eq!(spec["process"]["user"]["uid"], 1000);
}

#[test]
fn privileged_means_unconfined() {
    let spec = bundle(r#"{"Cmd":["x"],"HostConfig":{"Privileged":true}}"#);
    assert_eq!(spec["linux"]["maskedPaths"], json!([]));
    assert_eq!(spec["linux"]["seccomp"], Value::Null);
    assert_eq!(spec["linux"]["resources"]["devices"][0]["allow"], true);
}

#[test]
fn modes_leave_namespaces_out() {
    let kinds = |mode: &str| {
        let request = format!(r#"{{"Cmd":["x"],"HostConfig":{{{mode}}}}}"#);
        bundle(&request)["linux"]["namespaces"].to_string()
    };
    assert!(!kinds(r#""NetworkMode":"host""#).contains("network"));
    assert!(kinds(r#""NetworkMode":"none""#).contains("network"));
    assert!(!kinds(r#""PidMode":"host""#).contains("pid"));
}

#[test]
fn mounts_that_are_asked_for_replace_the_default() {
    let spec = bundle(
        r#"{"Cmd":["x"],"HostConfig":{"Binds":["vol:/data:ro","/etc:/etc/hosts:rslave"],
            "Tmpfs":{"/dev/shm":"size=1m"}}}"#,
    );
    let points = destinations(&spec);
    for point in ["/dev/shm", "/etc/hosts"] {
        assert_eq!(
            points.iter().filter(|one| **one == point).count(),
            1,
            "{point}"
        );
    }
    let mounts = spec["mounts"].as_array().unwrap();
    let data = mounts
        .iter()
        .find(|mount| mount["destination"] == "/data")
        .unwrap();
    assert_eq!(data["source"], "/data/volumes/vol/_data");
    assert_eq!(spec["linux"]["rootfsPropagation"], "rslave");
}

#[test]
fn limits_are_numbers_of_the_kernels() {
    let spec = bundle(
        r#"{"Cmd":["x"],"HostConfig":{"Memory":8388608,"NanoCpus":1500000000,
            "PidsLimit":-1}}"#,
    );
    let resources = &spec["linux"]["resources"];
    assert_eq!(resources["memory"]["limit"], 8_388_608);
    assert_eq!(resources["memory"]["swap"], 16_777_216);
    assert_eq!(resources["cpu"]["quota"], 150_000);
    assert_eq!(resources["pids"], Value::Null);
}

#[test]
fn runtimes_are_programs() {
    assert_eq!(external_runtime("").unwrap(), None);
    assert_eq!(external_runtime("/bin/sh").unwrap(), Some("/bin/sh".into()));
    for wrong in ["no-such-runtime", "/no/such", "../sh"] {
        let refusal = external_runtime(wrong).unwrap_err();
        assert_eq!(
            refusal.message,
            format!("unknown or invalid runtime name: {wrong}")
        );
    }
}
