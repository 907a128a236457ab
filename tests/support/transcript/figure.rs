//! A transcript's steps as a figure of the book.
//!
//! It is drawn from the masked text and not from the steps themselves, so the two can
//! never tell different stories, and it differs from run to run no more than the text:
//! the order of the steps is shown in place of their times.

use workbench::steps::{Scale, Step, svg};

use super::sections::{taught, teller};

/// The figure of all steps that `transcript` shows as a tree.
pub(super) fn drawn(transcript: &str) -> String {
    svg(&steps(transcript), Scale::Order)
}

fn steps(transcript: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut process = None;
    for line in transcript.lines() {
        if let Some(role) = teller(line) {
            let pid = line[role.len()..].trim().parse().expect("a pid");
            process = Some((role, pid));
        } else if let (Some((role, pid)), Some(chapter)) = (process, taught(line)) {
            let (_, call) = line.split_once(&format!("  {chapter}  ")).expect("a call");
            steps.push(Step {
                at: steps.len() as u64,
                role: role.to_owned(),
                pid,
                ..Step::since(0, chapter[2..].parse().expect("a number"), call, "")
            });
        } else if let Some(step) = steps.last_mut() {
            told_of(step, line.trim());
        }
    }
    steps
}

/// What stands below a step: why, how often, whether it was refused.
fn told_of(step: &mut Step, line: &str) {
    let more = line
        .strip_prefix("… and ")
        .and_then(|rest| rest.strip_suffix(" more like it"));
    if let Some(error) = line.strip_prefix("refused: ") {
        step.error = Some(error.to_owned());
    } else if let Some(more) = more.and_then(|n| n.parse::<u32>().ok()) {
        step.call = format!("{}× {}", more + 1, step.call);
    } else if step.why.is_empty() && !line.starts_with('#') {
        step.why = line.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = "# Seen on: here\n$ skiff run\nshim 4001\n# ANCHOR: shim-ch06\n   \
        -.-- ms  ch06  mkdir(\"/a\")\n                   a folder\n                   \
        … and 2 more like it\n# ANCHOR_END: shim-ch06\ninit 4002\n   -.-- ms  ch01  \
        chroot(\".\")\n                   the root\n                   refused: EPERM\n";

    #[test]
    fn each_step_of_the_text_is_a_step_of_the_figure() {
        let steps = steps(SEEN);
        let told: Vec<_> = steps
            .iter()
            .map(|s| (s.role.as_str(), s.pid, s.chapter, s.call.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("shim", 4001, 6, "3× mkdir(\"/a\")"),
                ("init", 4002, 1, "chroot(\".\")")
            ]
        );
        assert_eq!(steps[0].why, "a folder");
        assert_eq!(steps[1].error.as_deref(), Some("EPERM"));
    }
}
