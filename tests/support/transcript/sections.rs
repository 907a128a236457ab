//! A long list of steps, cut so that a page can show it piece by piece.

use std::collections::HashMap;
use std::fmt::Write as _;

/// With the anchors that mdBook's includes know: around what each process tells, and
/// in there around what each chapter teaches.
pub(super) fn sectioned(text: &str) -> String {
    let mut marks = Marks::default();
    marks.begin(0, "typed");
    for line in text.lines() {
        if let Some(role) = teller(line) {
            marks.begin(0, role);
        } else if let Some(chapter) = taught(line) {
            let name = format!("{}-{chapter}", marks.open[0].1);
            if marks.open.last().is_none_or(|(kind, _)| *kind != name) {
                marks.begin(1, &name);
            }
        }
        let _ = writeln!(marks.text, "{line}");
    }
    marks.end(0);
    marks.text
}

/// The process that begins to tell, by its role.
fn teller(line: &str) -> Option<&str> {
    let (role, pid) = line.split_once(' ')?;
    pid.parse::<u32>().is_ok().then_some(role)
}

/// The chapter of a step.
fn taught(line: &str) -> Option<&str> {
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
}
