//! What is refused, with the words that clients see.

use super::*;
use crate::api::parse;

fn asked(body: &str) -> Result<Vec<String>, Refusal> {
    request(&parse(body.as_bytes()).unwrap(), 2)
}

fn host(member: &str) -> Result<Vec<String>, Refusal> {
    asked(&format!(r#"{{"HostConfig":{{{member}}}}}"#))
}

#[test]
fn what_dockers_client_sends_by_default_is_taken() {
    let body = include_str!("docker-create.json");
    assert_eq!(asked(body).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_not_done_is_named_not_dropped() {
    for (member, field) in [
        (r#""Devices":[{"PathOnHost":"/dev/kvm"}]"#, "Devices"),
        (r#""VolumesFrom":["x"]"#, "VolumesFrom"),
        (r#""BlkioWeight":10"#, "BlkioWeight"),
        (r#""PidMode":"container:x""#, "PidMode"),
        (r#""NetworkMode":"container:x""#, "NetworkMode"),
        (r#""LogConfig":{"Type":"syslog"}"#, "LogConfig"),
    ] {
        let refusal = host(member).unwrap_err();
        assert!(refusal.message.contains(field), "{}", refusal.message);
        assert_eq!(refusal.kind, super::super::Kind::Unsupported, "{member}");
    }
}

#[test]
fn every_unsupported_name_is_a_member() {
    let every = serde_json::to_value(HostConfig {
        init: Some(true),
        sysctls: [("a".into(), "b".into())].into(),
        storage_opt: Value::Bool(true),
        ..HostConfig::default()
    })
    .unwrap();
    for name in UNSUPPORTED {
        assert!(every.get(name).is_some(), "{name}");
    }
}

#[test]
fn limits_have_limits() {
    for (member, words) in [
        (r#""Memory":1048576"#, "Minimum memory limit allowed is 6MB"),
        (r#""Memory":-5"#, "Minimum memory limit"),
        (
            r#""Memory":8388608,"MemorySwap":7000000"#,
            "Minimum memoryswap",
        ),
        (r#""MemorySwap":7000000"#, "always set the Memory limit"),
        (
            r#""NanoCpus":3000000000"#,
            "from 0.01 to 2.00, as there are only 2 CPUs",
        ),
        (r#""NanoCpus":1,"CpuQuota":5000"#, "Conflicting options"),
        (r#""ShmSize":-1"#, "SHM size"),
        (r#""OomScoreAdj":2000"#, "oom score adj"),
        (
            r#""Ulimits":[{"Name":"nofile","Soft":5,"Hard":3}]"#,
            "5 > 3",
        ),
        (
            r#""Ulimits":[{"Name":"zz","Soft":1,"Hard":1}]"#,
            "invalid ulimit type: zz",
        ),
        (r#""SecurityOpt":["zz"]"#, "invalid --security-opt"),
        (
            r#""SecurityOpt":["seccomp={"]"#,
            "Decoding seccomp profile failed",
        ),
        (r#""NetworkMode":"mine""#, "network mine not found"),
    ] {
        let refusal = host(member).unwrap_err();
        assert!(
            refusal.message.contains(words),
            "{member}: {}",
            refusal.message
        );
    }
    assert!(host(r#""Memory":6291456,"MemorySwap":-1,"PidsLimit":-1"#).is_ok());
}

#[test]
fn the_config_is_looked_at_too() {
    for (body, words) in [
        (r#"{"Env":["=x"]}"#, "invalid environment variable: =x"),
        (r#"{"WorkingDir":"a"}"#, "needs to be an absolute path"),
        (r#"{"StopSignal":"FOO"}"#, "Invalid signal: FOO"),
        (r#"{"Hostname":"a b"}"#, "invalid hostname format: a b"),
        ("{\"Cmd\":[\"a\\u0000b\"]}", "NUL"),
    ] {
        let refusal = asked(body).unwrap_err();
        assert!(
            refusal.message.contains(words),
            "{body}: {}",
            refusal.message
        );
    }
}

#[test]
fn what_is_put_off_is_said() {
    let warnings = host(r#""RestartPolicy":{"Name":"always"}"#).unwrap();
    assert!(warnings[0].contains("RestartPolicy"), "{warnings:?}");
}
