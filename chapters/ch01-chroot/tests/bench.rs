//! The bench of chapter 1, from outside, as somebody who is not root.

use std::fs;

use support::{Need, Ordinary, Output, needs, run};

fn ch01(args: &[&str]) -> Option<Output> {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return None;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch01"));
    command.args(args);
    Some(run(command))
}

#[test]
fn without_arguments_it_shows_another_root() {
    let Some(output) = ch01(&[]) else { return };
    let text = output.ok();
    assert!(text.starts_with("my root has: "), "{text}");
    assert!(
        !text.contains("home"),
        "the host's root shows through: {text}"
    );
}

#[test]
fn the_programs_exit_code_passes_through() {
    let Some(output) = ch01(&["run", "sh", "-c", "exit 7"]) else {
        return;
    };
    assert_eq!(output.code, 7);
    let Some(output) = ch01(&["run", "sh", "-c", "kill -9 $$"]) else {
        return;
    };
    assert_eq!(output.code, 137);
}

#[test]
fn what_cannot_be_run_is_told_with_its_reason() {
    for (program, reason) in [
        ("nosuch", "executable file not found in $PATH"),
        ("/nosuch", "no such file or directory"),
        ("/etc", "is a directory"),
        ("/etc/passwd", "permission denied"),
    ] {
        let Some(output) = ch01(&["run", program]) else {
            return;
        };
        output.refused(1, reason);
    }
}

#[test]
fn a_root_that_is_missing_is_named() {
    let Some(output) = ch01(&["run", "--root", "/nosuch", "sh"]) else {
        return;
    };
    output.refused(1, "chroot to /nosuch");
}

#[test]
fn the_steps_are_chroot_chdir_exec_in_the_child() {
    let Some(output) = ch01(&["--explain=json", "run", "sh", "-c", ":"]) else {
        return;
    };
    let steps = workbench::steps::parse_json_lines(&output.stderr).unwrap();
    let calls: Vec<_> = steps
        .iter()
        .map(|step| step.call.split('(').next().unwrap())
        .collect();
    let tail = &calls[calls.len() - 4..];
    assert_eq!(tail, ["clone3", "chroot", "chdir", "execve"]);
    let (parent, child) = (steps[0].pid, steps[steps.len() - 1].pid);
    assert_ne!(parent, child);
    assert_eq!(steps.iter().filter(|step| step.pid == child).count(), 3);
}

#[test]
fn nothing_stays_in_the_folder_for_temporary_files() {
    if !needs(&[Need::User, Need::UserNamespace]) {
        return;
    }
    let user = Ordinary::new();
    let mut command = user.command(env!("CARGO_BIN_EXE_ch01"));
    let folder = user.home().join("run");
    command.env("TMPDIR", &folder);
    let _ = run(command).expect(0);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_real_time_signal_is_an_end_like_any_other() {
    let Some(output) = ch01(&["run", "sh", "-c", "kill -40 $$"]) else {
        return;
    };
    assert_eq!(output.code, 168, "{output}");
}

#[test]
fn whoever_may_chroot_gets_out_of_a_chroot() {
    let look = "test -e /proc/self && ls -d /";
    let Some(inside) = ch01(&["run", "sh", "-c", look]) else {
        return;
    };
    assert_eq!(inside.code, 1, "the root has processes in it: {inside}");
    let Some(outside) = ch01(&["escape", "sh", "-c", look]) else {
        return;
    };
    assert_eq!(outside.ok(), "/\n");
}

#[test]
fn without_the_right_to_chroot_the_climb_ends_at_its_second_call() {
    let Some(output) = ch01(&["--explain=json", "escape", "--drop-chroot", "true"])
    else {
        return;
    };
    assert_eq!(output.code, 1);
    let (told, json): (Vec<_>, Vec<_>) = output
        .stderr
        .lines()
        .partition(|line| line.starts_with("ch01: "));
    assert_eq!(
        told,
        ["ch01: chroot into the hole: EPERM: Operation not permitted"]
    );
    let steps = workbench::steps::parse_json_lines(&json.join("\n")).unwrap();
    let last = steps.last().unwrap();
    assert!(last.call.starts_with("chroot("), "{}", last.call);
    assert!(last.error.as_deref().unwrap().contains("EPERM"));
}

#[test]
fn an_open_folder_leads_out_without_any_right() {
    let Some(output) =
        ch01(&["escape", "--held", "--drop-chroot", "ls", "proc/self/comm"])
    else {
        return;
    };
    assert_eq!(output.ok(), "proc/self/comm\n");
}

#[test]
fn what_a_program_starts_may_not_chroot_either() {
    // The capabilities of the program after the exec, as the kernel tells them.
    let Some(output) = ch01(&[
        "escape",
        "--held",
        "--drop-chroot",
        "cat",
        "proc/self/status",
    ]) else {
        return;
    };
    let text = output.ok();
    let line = text.lines().find_map(|line| line.strip_prefix("CapEff:\t"));
    let held = u64::from_str_radix(line.expect("CapEff"), 16).unwrap();
    assert_eq!(held >> 18 & 1, 0, "CAP_SYS_CHROOT in {held:x}");
    assert_ne!(held, 0, "root has others");
}

#[test]
fn the_program_inherits_no_descriptor_but_its_first_three() {
    let look = "for n in 3 4 5 6 7 8 9; do (: >&$n) 2>/dev/null && echo $n; done; :";
    let Some(output) = ch01(&["run", "sh", "-c", look]) else {
        return;
    };
    assert_eq!(output.ok(), "", "open in the program");
}
