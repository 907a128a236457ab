//! Steps as text: a tree for people, JSON lines for programs.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::Step;

/// The steps in the order of their beginning, indented below the process that made
/// them; a process is named anew whenever another one takes over.
///
/// ```text
/// launcher 4711
///   0.21 ms  clone3({CLONE_NEWPID|…})            ch02  the container's first process
/// ```
#[must_use]
pub fn tree(steps: &[Step]) -> String {
    let steps = in_order(steps);
    let mut text = String::new();
    let mut speaker = None;
    for step in &steps {
        let process = (step.role.as_str(), step.pid);
        if speaker != Some(process) {
            let _ = writeln!(text, "{} {}", step.role, step.pid);
            speaker = Some(process);
        }
        let milliseconds = duration(step.took);
        let _ = writeln!(
            text,
            "  {milliseconds:>9}  ch{:02}  {}",
            step.chapter, step.call
        );
        let _ = writeln!(text, "  {:>9}        {}", "", step.why);
        if let Some(error) = &step.error {
            let _ = writeln!(text, "  {:>9}        refused: {error}", "");
        }
    }
    text
}

/// One JSON object a line, in the order of their beginning.
#[must_use]
pub fn json_lines(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in in_order(steps) {
        if let Ok(line) = serde_json::to_string(&step) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// The inverse of [`json_lines`].
///
/// # Errors
/// When a line is not a step.
pub fn parse_json_lines(text: &str) -> Result<Vec<Step>> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("read step {line}"))
        })
        .collect()
}

pub(super) fn in_order(steps: &[Step]) -> Vec<Step> {
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| step.at);
    steps
}

fn duration(nanoseconds: u64) -> String {
    let hundredths = nanoseconds / 10_000;
    format!("{}.{:02} ms", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(at: u64, role: &str, pid: i32) -> Step {
        Step {
            at,
            took: 1_234_567,
            pid,
            role: role.into(),
            chapter: 3,
            call: "mount(\"proc\")".into(),
            why: "a view of the new processes".into(),
            error: None,
        }
    }

    #[test]
    fn a_process_is_named_once_until_another_takes_over() {
        let steps = [
            example(3, "init", 9),
            example(1, "shim", 8),
            example(2, "shim", 8),
        ];
        let text = tree(&steps);
        assert_eq!(text.matches("shim 8\n").count(), 1);
        assert!(text.find("shim 8") < text.find("init 9"));
        assert!(text.contains("1.23 ms  ch03  mount(\"proc\")"));
    }

    #[test]
    fn json_lines_come_back_as_they_went() {
        let steps = vec![example(1, "shim", 8), example(2, "init", 9)];
        assert_eq!(parse_json_lines(&json_lines(&steps)).unwrap(), steps);
        assert!(parse_json_lines("{}").is_err());
    }
}
