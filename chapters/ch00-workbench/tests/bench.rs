//! The bench of chapter 0, from outside.

use support::{Need, Ordinary, needs, run};

#[test]
fn an_ordinary_user_borrows_root_and_the_shadow_file_stays_shut() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch00"));
    command.arg("--explain=json");
    let output = run(command).expect(0);
    assert!(output.stdout.contains("after:  uid 0,"), "{output}");
    assert!(output.stdout.contains("stays shut"), "{output}");
    let steps = workbench::steps::parse_json_lines(&output.stderr).unwrap();
    let calls: Vec<_> = steps.iter().map(|step| step.call.as_str()).collect();
    assert_eq!(calls[0], "unshare(CLONE_NEWUSER)");
    assert!(
        calls.iter().any(|call| call.contains("/proc/self/uid_map")),
        "{calls:?}"
    );
    assert!(
        steps
            .iter()
            .all(|step| step.pid > 0 && step.error.is_none())
    );
}
