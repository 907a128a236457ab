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

#[test]
fn the_steps_are_drawn_into_a_file() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let folder = user.home().to_owned();
    let explained = |file: &str| {
        let mut command = user.command(env!("CARGO_BIN_EXE_ch00"));
        command
            .current_dir(&folder)
            .arg(format!("--explain=svg:{file}"));
        run(command)
    };
    let output = explained("steps.svg").expect(0);
    assert_eq!(output.stderr, "");
    let figure = std::fs::read_to_string(folder.join("steps.svg")).unwrap();
    assert!(figure.contains("unshare(CLONE_NEWUSER)"), "{figure}");
    assert_eq!(figure.matches("<rect class").count(), 4, "{figure}");

    // Nothing is done when the figure cannot be had.
    let output = explained("no/such/folder.svg").expect(2);
    assert_eq!(output.stdout, "");
    assert!(
        output
            .stderr
            .contains("ch00: write the figure no/such/folder.svg: ")
    );
    let output = explained("").expect(2);
    assert!(
        output.stderr.contains("neither tree nor json nor svg:FILE"),
        "{output}"
    );
}
