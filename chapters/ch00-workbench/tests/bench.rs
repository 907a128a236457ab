//! The bench of chapter 0, from outside.

use std::process::Command;

use support::{Need, needs};

#[test]
fn an_ordinary_user_borrows_root_and_the_shadow_file_stays_shut() {
    if !needs(&[Need::UserNamespace]) {
        return;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch00"));
    command.arg("--explain=json");
    let output = support::as_user(command).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("after:  uid 0,"), "{text}");
    assert!(text.contains("stays shut"), "{text}");
    let steps =
        workbench::steps::parse_json_lines(&String::from_utf8_lossy(&output.stderr));
    let calls: Vec<_> = steps.unwrap().into_iter().map(|step| step.call).collect();
    assert!(calls[0].starts_with("unshare(CLONE_NEWUSER)"), "{calls:?}");
    assert!(
        calls.iter().any(|call| call.contains("/proc/self/uid_map")),
        "{calls:?}"
    );
}
