//! The bench of chapter 9, from outside, as somebody who is not root.

use std::fs;

use serde_json::{Value, json};
use support::{Need, Ordinary, Output, needs, run};

fn ch09(args: &[&str]) -> Option<Output> {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return None;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch09"));
    command.args(args);
    Some(run(command))
}

#[test]
fn without_arguments_it_shows_a_bundle_at_work() {
    let Some(output) = ch09(&[]) else { return };
    let text = output.ok();
    assert!(
        text.contains("config.json asks for pid, ipc, uts"),
        "{text}"
    );
    assert!(text.ends_with("my pid is 1\nmy name is skiff\nmy root is read-only\n"));
}

#[test]
fn a_container_sees_its_own_tree_and_no_descriptor_of_ours() {
    let script = "ls /proc/self/fd | wc -l; test -c /dev/null && test -d /dev/pts && \
                  test ! -e /.skiff && ! touch /proc/sysrq-trigger 2>/dev/null && \
                  test \"$(wc -c </proc/keys)\" = 0 && echo confined";
    let Some(output) = ch09(&["run", "sh", "-c", script]) else {
        return;
    };
    let text = output.ok();
    // Three streams, and the one by which ls reads the folder.
    assert_eq!(
        text.split_whitespace().collect::<Vec<_>>(),
        ["4", "confined"]
    );
}

#[test]
fn the_capabilities_are_those_of_the_file() {
    let script = "while read -r name value; do case $name in Cap*|NoNew*) \
                  echo $name$value;; esac; done </proc/self/status";
    let Some(output) = ch09(&["run", "sh", "-c", script]) else {
        return;
    };
    // CAP_KILL (5), CAP_NET_BIND_SERVICE (10), CAP_AUDIT_WRITE (29).
    let expected = "CapInh:0000000000000000\nCapPrm:0000000020000420\n\
                    CapEff:0000000020000420\nCapBnd:0000000020000420\n\
                    CapAmb:0000000000000000\nNoNewPrivs:1\n";
    assert_eq!(output.ok(), expected);
}

#[test]
fn what_cannot_be_run_leaves_no_state_behind() {
    let Some(output) = ch09(&["run", "nosuch"]) else {
        return;
    };
    output.refused(1, "executable file not found in $PATH");
}

/// Runs a bundle whose config.json was changed, and wants it refused.
fn refused(change: impl FnOnce(&mut Value), reason: &str) {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let bundle = user.home().join("bundle");
    fs::create_dir_all(bundle.join("rootfs")).expect("a folder in their home");
    let mut config = runtime::spec::example(true);
    config["process"]["terminal"] = json!(false);
    for maps in ["uidMappings", "gidMappings"] {
        config["linux"][maps][0]["hostID"] = json!(user.ids().0);
    }
    change(&mut config);
    fs::write(bundle.join("config.json"), config.to_string()).expect("a file there");
    let mut command = user.command(env!("CARGO_BIN_EXE_ch09"));
    command.arg("bundle").arg(&bundle);
    run(command).refused(1, reason);
}

#[test]
fn a_bad_config_is_refused_by_the_name_of_its_field() {
    refused(
        |config| config["process"]["args"] = json!([]),
        "process.args is empty",
    );
    refused(
        |config| config["process"]["cwd"] = json!("tmp"),
        "process.cwd",
    );
    refused(|config| config["ociVersion"] = json!("2.0.0"), "ociVersion");
    refused(|config| config["linux"] = Value::Null, "linux section");
    refused(
        |config| config["root"]["path"] = json!("nosuch"),
        "root filesystem",
    );
    refused(
        |config| config["root"]["path"] = json!("config.json"),
        "not a directory",
    );
    refused(
        |config| config["process"]["user"]["uid"] = json!(2_147_483_648_u32),
        "range",
    );
    refused(
        |config| config["linux"]["uidMappings"] = json!([]),
        "uidMappings",
    );
    refused(
        |config| config["linux"]["intelRdt"] = json!({}),
        "linux.intelRdt",
    );
    refused(
        |config| {
            // What is there already: where it is not refused, nothing has changed.
            let now = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
            config["linux"]["sysctl"] = json!({ "kernel.core_pattern": now.trim_end() });
        },
        "separate kernel namespace",
    );
}

#[test]
fn a_bundle_without_a_config_is_named() {
    let Some(output) = ch09(&["bundle", "/tmp"]) else {
        return;
    };
    output.refused(1, "config.json not found");
}
