//! This chapter's row of the escape ladder: what its program holds, and what not.

use support::ladder;

#[test]
fn what_an_attacker_inside_can_do() {
    ladder::row_with_limits(
        "ch06",
        |root| {
            let tools = chroot::toolbox::of_host().expect("the host's programs");
            chroot::toolbox::write(&tools, root).expect("a root made of them");
        },
        |user, root, groups| {
            let mut command = user.command(env!("CARGO_BIN_EXE_ch06"));
            command.args(["run", "--memory", "33554432", "--pids-limit", "100"]);
            command
                .args(["--cgroup-parent", groups, "--root"])
                .arg(root);
            command
        },
    );
}

/// Run by the test above inside the program under attack.
#[test]
fn attacker() {
    ladder::attacker();
}
