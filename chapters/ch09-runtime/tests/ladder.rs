//! This chapter's row of the escape ladder: what its program holds, and what not.

use support::ladder;

const LIMITS: &str = r#"linux.resources={
    "memory": { "limit": 33554432, "swap": 33554432 }, "pids": { "limit": 100 } }"#;

#[test]
fn what_an_attacker_inside_can_do() {
    ladder::row_with_limits(
        "ch09",
        |root| {
            let tools = chroot::toolbox::of_host().expect("the host's programs");
            chroot::toolbox::write(&tools, root).expect("a root made of them");
        },
        |user, root, groups| {
            let mut command = user.command(env!("CARGO_BIN_EXE_ch09"));
            let group = format!("linux.cgroupsPath={groups}/web");
            command.args(["run", "--set", &group, "--set", LIMITS]);
            command.arg("--root").arg(root);
            command
        },
    );
}

/// Run by the test above inside the program under attack.
#[test]
fn attacker() {
    ladder::attacker();
}
