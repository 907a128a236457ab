//! The bench of chapter 5, from outside.

use support::{Need, Ordinary, needs, run};

#[test]
fn an_ordinary_user_connects_a_container_and_publishes_its_port() {
    if !needs(&[Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch05"));
    command.arg("--explain=json");
    let output = run(command);
    assert_eq!(output.code, 0, "{output:?}");
    let said = &output.stdout;
    assert!(said.contains("container: 10.88.0.2 on eth0"), "{said}");
    assert!(
        said.contains("10.88.0.2:") && said.contains("\"hello, host\""),
        "{said}"
    );
    assert!(said.contains("it says \"hello, 10.88.0.1\""), "{said}");
    let steps = workbench::steps::parse_json_lines(&output.stderr).unwrap();
    let refused: Vec<_> = steps.iter().filter(|step| step.error.is_some()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    for call in [
        "RTM_NEWLINK({skiff0, bridge",
        "dnat to 10.88.0.2:80",
        "RTM_DELLINK",
    ] {
        assert!(steps.iter().any(|step| step.call.contains(call)), "{call}");
    }
}

#[test]
fn what_runs_in_a_container_sees_its_own_network_only() {
    if !needs(&[Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch05"));
    let script = "cat /proc/net/dev | grep -c :; cat /proc/net/route | wc -l; exit 9";
    command.args(["run", "sh", "-c", script]);
    let output = run(command);
    assert_eq!(output.code, 9, "{output:?}");
    // lo and eth0; a head, the default route, and the neighbours'.
    assert_eq!(output.stdout, "2\n3\n", "{output:?}");
}
