//! A long list of steps, cut so that a page can show it piece by piece.

use std::collections::HashMap;
use std::fmt::Write as _;

/// From so many steps on, what repeats is counted instead.
const MANY: usize = 3;

/// Calls that begin while another process is at work, now before and now after it: they
/// are shown where their process was last heard.
const RACING: [&str; 1] = ["read(start FIFO)"];

/// With the anchors that mdBook's includes know: around what each process tells, and
/// in there around what each chapter teaches. Of many steps in a row that were made for
/// the same reason, the first is shown and the others are counted.
pub(super) fn sectioned(text: &str) -> String {
    let mut marks = Marks::default();
    marks.begin(0, "typed");
    for group in groups(&in_one_order(text)) {
        if let Some(role) = teller(&group[0]) {
            marks.begin(0, role);
        } else if let Some(chapter) = taught(&group[0]) {
            let name = format!("{}-{chapter}", marks.open[0].1);
            if marks.open.last().is_none_or(|(kind, _)| *kind != name) {
                marks.begin(1, &name);
            }
        }
        for line in &group {
            let _ = writeln!(marks.text, "{line}");
        }
    }
    marks.end(0);
    marks.text
}

/// The text with each racing step back where its process was last heard.
fn in_one_order(text: &str) -> String {
    let mut turns: Vec<Vec<String>> = vec![Vec::new()];
    for step in steps(text) {
        if teller(&step[0]).is_some() {
            turns.push(Vec::new());
        }
        let (last, speaker) = (turns.len() - 1, turns[turns.len() - 1].first().cloned());
        let races = RACING.iter().any(|call| step[0].ends_with(call));
        let heard = turns[..last]
            .iter()
            .rposition(|turn| turn.first() == speaker.as_ref());
        // A turn that has only its first line begins with the step: it came late.
        let late = races && turns[last].len() == 1;
        turns[heard.filter(|_| late).unwrap_or(last)].extend(step);
    }
    // Whoever said nothing but that had no turn, and did not interrupt.
    turns.retain(|turn| turn.len() != 1 || teller(&turn[0]).is_none());
    turns.dedup_by(|next, turn| {
        let same = turn.first() == next.first();
        if same {
            turn.extend(next.drain(1..));
        }
        same
    });
    turns
        .concat()
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The lines of a step together, others alone.
fn steps(text: &str) -> Vec<Vec<String>> {
    let mut steps: Vec<Vec<String>> = Vec::new();
    for line in text.lines().map(str::to_owned) {
        let goes_on = line.starts_with("     ") && taught(&line).is_none();
        match steps.last_mut() {
            Some(step) if goes_on => step.push(line),
            _ => steps.push(vec![line]),
        }
    }
    steps
}

/// The steps, those that repeat as one and a line that counts the others.
fn groups(text: &str) -> Vec<Vec<String>> {
    let mut shown = Vec::new();
    for run in steps(text).chunk_by(|a, b| a.len() > 1 && a[1..] == b[1..]) {
        if run.len() < MANY {
            shown.extend(run.to_vec());
            continue;
        }
        let mut first = run[0].clone();
        let indent = " ".repeat(first[1].len() - first[1].trim_start().len());
        first.push(format!("{indent}… and {} more like it", run.len() - 1));
        shown.push(first);
    }
    shown
}

/// The process that begins to tell, by its role.
pub(super) fn teller(line: &str) -> Option<&str> {
    let (role, pid) = line.split_once(' ')?;
    pid.parse::<u32>().is_ok().then_some(role)
}

/// The chapter of a step.
pub(super) fn taught(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(" ms  ")?;
    rest.split_once("  ").map(|(chapter, _)| chapter)
}

/// Anchors in the making: those that are open, outermost first, by what they enclose
/// and by their name, which is that with a number from the second one on.
#[derive(Default)]
struct Marks {
    text: String,
    open: Vec<(String, String)>,
    counts: HashMap<String, usize>,
}

impl Marks {
    fn begin(&mut self, depth: usize, kind: &str) {
        self.end(depth);
        let count = self.counts.entry(kind.to_owned()).or_insert(0);
        *count += 1;
        let name = match count {
            1 => kind.to_owned(),
            n => format!("{kind}-{n}"),
        };
        let _ = writeln!(self.text, "# ANCHOR: {name}");
        self.open.push((kind.to_owned(), name));
    }

    fn end(&mut self, depth: usize) {
        for (_, name) in self.open.split_off(depth).iter().rev() {
            let _ = writeln!(self.text, "# ANCHOR_END: {name}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_that_takes_over_is_a_section_with_its_chapters_inside() {
        let steps = "$ x\nshim 4001\n  -.-- ms  ch07  one\n     why\n  -.-- ms  ch01  two\n\
                     init 4002\n  -.-- ms  ch01  three\nshim 4001\n  -.-- ms  ch07  four\n";
        let text = sectioned(steps);
        let kept: Vec<_> = text
            .lines()
            .filter(|line| !line.contains("ANCHOR"))
            .collect();
        assert_eq!(kept.join("\n") + "\n", steps);
        for (name, first, last) in [
            ("typed", "$ x", "$ x"),
            ("shim", "shim 4001", "two"),
            ("shim-ch07", "one", "why"),
            ("shim-ch01", "two", "two"),
            ("init-ch01", "three", "three"),
            ("shim-2", "shim 4001", "four"),
            ("shim-2-ch07", "four", "four"),
        ] {
            let (from, to) = (
                format!("# ANCHOR: {name}\n"),
                format!("# ANCHOR_END: {name}\n"),
            );
            let (_, rest) = text.split_once(&from).expect(name);
            let (inside, _) = rest.split_once(&to).expect(name);
            let lines: Vec<_> = inside
                .lines()
                .filter(|line| !line.contains("ANCHOR"))
                .collect();
            assert!(
                lines[0].ends_with(first) && lines[lines.len() - 1].ends_with(last),
                "{text}"
            );
        }
    }
    #[test]
    fn what_repeats_is_counted() {
        let step =
            |call: &str| format!("   -.-- ms  ch06  {call}\n            a folder\n");
        let text = ["mkdir(1)", "mkdir(2)", "mkdir(3)"].map(step).concat();
        let seen = sectioned(&format!("init 4001\n{text}"));
        assert!(seen.contains(
            "mkdir(1)\n            a folder\n            … and 2 more like it\n"
        ));
        assert!(!seen.contains("mkdir(3)"), "{seen}");
        let two = ["mkdir(1)", "mkdir(2)"].map(step).concat();
        assert!(sectioned(&two).contains("mkdir(2)"));
    }

    #[test]
    fn a_step_that_races_has_one_place() {
        let step = |chapter: &str, call: &str| {
            format!("   -.-- ms  {chapter}  {call}\n            why\n")
        };
        let (close, wait) = (
            step("ch09", "close_range()"),
            step("ch09", "read(start FIFO)"),
        );
        let (link, up) = (step("ch05", "RTM_NEWLINK()"), step("ch05", "RTM_SETLINK()"));
        let exec = step("ch01", "execve()");
        let early = format!("init 5\n{close}{wait}daemon 6\n{link}{up}init 5\n{exec}");
        let amid = format!(
            "init 5\n{close}daemon 6\n{link}init 5\n{wait}daemon 6\n{up}init 5\n{exec}"
        );
        let late = format!("init 5\n{close}daemon 6\n{link}{up}init 5\n{wait}{exec}");
        assert_eq!(in_one_order(&early), early);
        assert_eq!(in_one_order(&amid), early);
        assert_eq!(in_one_order(&late), early);
    }
}
