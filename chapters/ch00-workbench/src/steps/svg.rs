//! Steps as a figure: processes as lanes, steps as bars, time from top to bottom.
//!
//! A row is a step, not a span of time: what takes long and what takes no time are both
//! to be read. How long a step took is the length of its bar, on a logarithmic scale
//! (ten times longer is one notch longer).

use std::fmt::Write;

use super::Step;
use super::render::in_order;

/// Measures of the figure, in pixels.
const ROW: usize = 18;
const LANE: usize = 44;
const HEAD: usize = 56;
const TEXT: usize = 640;

/// The steps as an SVG document of their own; its colours suit light and dark pages.
#[must_use]
pub fn svg(steps: &[Step]) -> String {
    let steps = in_order(steps);
    let lanes = lanes(&steps);
    let width = 70 + lanes.len() * LANE + TEXT;
    let height = HEAD + steps.len() * ROW + 12;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"11\" role=\"img\">\n\
         <title>Steps by process, in the order of their beginning</title>\n\
         <style>text{{fill:#777}}.b{{fill:#3a7ca5}}.r{{fill:#c0392b}}\
         .l{{stroke:#999;stroke-dasharray:2 3}}</style>\n"
    );
    for (index, (role, pid)) in lanes.iter().enumerate() {
        let x = lane(index);
        let _ = writeln!(
            out,
            "<text x=\"{x}\" y=\"16\" text-anchor=\"middle\">{}</text>\
             <text x=\"{x}\" y=\"30\" text-anchor=\"middle\">{pid}</text>\
             <line class=\"l\" x1=\"{x}\" y1=\"38\" x2=\"{x}\" y2=\"{}\"/>",
            escape(role),
            height - 8
        );
    }
    let begin = steps.first().map_or(0, |step| step.at);
    for (row, step) in steps.iter().enumerate() {
        let index = lanes
            .iter()
            .position(|process| *process == of(step))
            .unwrap_or(0);
        bar(&mut out, step, (row, index, lanes.len()), begin);
    }
    out.push_str("</svg>\n");
    out
}

/// One row: when it began, its bar in the lane of its process, and the call.
fn bar(out: &mut String, step: &Step, place: (usize, usize, usize), begin: u64) {
    let (row, index, lanes) = place;
    let y = HEAD + row * ROW;
    let since = step.at.saturating_sub(begin) / 10_000;
    let length = 4 + 6 * notches(step.took);
    let class = if step.error.is_some() { "r" } else { "b" };
    let _ = writeln!(
        out,
        "<text x=\"56\" y=\"{y}\" text-anchor=\"end\">{}.{:02}</text>\
         <rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{length}\" height=\"9\">\
         <title>{}</title></rect>\
         <text x=\"{}\" y=\"{y}\">ch{:02} {}</text>",
        since / 100,
        since % 100,
        lane(index) - length / 2,
        y - 9,
        escape(&step.why),
        70 + lanes * LANE,
        step.chapter,
        escape(&shortened(&step.call)),
    );
}

fn of(step: &Step) -> (&str, i32) {
    (step.role.as_str(), step.pid)
}

fn lanes(steps: &[Step]) -> Vec<(&str, i32)> {
    let mut lanes = Vec::new();
    for step in steps {
        if !lanes.contains(&of(step)) {
            lanes.push(of(step));
        }
    }
    lanes
}

fn lane(index: usize) -> usize {
    70 + index * LANE + LANE / 2
}

/// How many times ten microseconds can be multiplied by ten before they are more.
fn notches(nanoseconds: u64) -> usize {
    (0..5)
        .take_while(|power| nanoseconds > 10_000 * 10_u64.pow(*power))
        .count()
}

fn shortened(call: &str) -> String {
    const LONGEST: usize = 90;
    match call.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &call[..end]),
        None => call.to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(role: &str, pid: i32, call: &str) -> Step {
        Step {
            role: role.into(),
            pid,
            ..Step::since(0, 1, call, "because <so>")
        }
    }

    #[test]
    fn a_process_has_one_lane_and_a_step_one_bar() {
        let steps = [
            example("shim", 8, "fork()"),
            example("init", 9, "mount(\"a<b\")"),
            example("shim", 8, "exit()"),
        ];
        let text = svg(&steps);
        assert_eq!(text.matches("class=\"l\"").count(), 2);
        assert_eq!(text.matches("<rect").count(), 3);
        assert!(text.contains("mount(&quot;a&lt;b&quot;)"));
        assert!(text.ends_with("</svg>\n"));
    }

    #[test]
    fn ten_times_longer_is_one_notch_longer() {
        assert_eq!(notches(9_999), 0);
        assert_eq!(notches(100_001), 2);
        assert_eq!(notches(u64::MAX), 5);
    }
}
