//! The bench of chapter 2, from outside, as somebody who is not root.

use support::{Need, Ordinary, Output, needs, run};

fn ch02(args: &[&str]) -> Option<Output> {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return None;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch02"));
    command.args(args);
    Some(run(command))
}

#[test]
fn without_arguments_it_shows_a_name_and_a_pid_of_its_own() {
    let Some(output) = ch02(&[]) else { return };
    assert_eq!(output.ok(), "my name is chapter2\nmy pid is 1: the first\n");
}

#[test]
fn the_hosts_name_stays() {
    let before = nix::unistd::gethostname().unwrap();
    let Some(output) = ch02(&["run", "--hostname", "lagoon", "uname", "-n"]) else {
        return;
    };
    assert_eq!(output.ok(), "lagoon\n");
    assert_eq!(nix::unistd::gethostname().unwrap(), before);
}

#[test]
fn a_failing_step_is_told_with_its_stage() {
    let long = "x".repeat(65);
    let Some(output) = ch02(&["run", "--hostname", &long, "true"]) else {
        return;
    };
    output.refused(1, "set the host name");
}

#[test]
fn the_first_process_is_one_inside_and_another_outside() {
    let Some(output) = ch02(&["--explain=json", "run", "sh", "-c", "echo $$"]) else {
        return;
    };
    assert_eq!(output.stdout, "1\n");
    let steps = workbench::steps::parse_json_lines(&output.stderr).unwrap();
    let inside: Vec<_> = steps.iter().filter(|step| step.role == "init").collect();
    assert!(inside.iter().all(|step| step.pid > 1), "{inside:?}");
    assert!(
        inside[0].call.starts_with("unshare(CLONE_NEWCGROUP)"),
        "{inside:?}"
    );
}

#[test]
fn the_ends_of_its_children_do_not_end_it() {
    let script = "sh -c 'exit 3'; (sleep 0.01 &) ; wait; echo still here; exit 5";
    let Some(output) = ch02(&["run", "sh", "-c", script]) else {
        return;
    };
    assert_eq!(output.stdout, "still here\n");
    assert_eq!(output.code, 5);
}
