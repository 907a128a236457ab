//! Steps as a figure: processes as lanes, steps as bars, time from top to bottom.
//!
//! A row is a step, not a span of time: what takes long and what takes no time are both
//! to be read. How long a step took is the length of its bar, on a logarithmic scale
//! (ten times longer is one notch longer). The figure is narrow, so that it can be read
//! on a telephone, and brings its own paper, so that it can be read on a dark page.

use std::fmt::Write;

use super::Step;
use super::render::in_order;

/// What the left column and the lengths of the bars say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Milliseconds since the first step; the pids are shown.
    Time,
    /// The number of the step, all bars of one length, no pids: what is the same in
    /// every run. The book's figures are such.
    Order,
}

/// Measures of the figure, in pixels.
const ROW: usize = 19;
const LANES: usize = 54;
const LANE: usize = 20;
const BAR: usize = 10;
/// A letter of 13 pixels is so wide in most monospace fonts, and somewhat less in none.
const LETTER: usize = 8;
/// Letters of a call that are shown; the whole of it is the bar's title.
const LONGEST: usize = 33;

const STYLE: &str = "text{fill:#234}.n{fill:#667}.p{font-weight:bold}.r{fill:#c0392b}\
    .line{stroke:#9ab;stroke-dasharray:2 3}.l0{fill:#3a6ea5}.l1{fill:#b35900}\
    .l2{fill:#2e7d4f}.l3{fill:#8a3a8a}.l4{fill:#00727d}.l5{fill:#6b6b1a}";
const COLOURS: usize = 6;

/// The steps as an SVG document of its own.
#[must_use]
pub fn svg(steps: &[Step], scale: Scale) -> String {
    let steps = in_order(steps);
    let lanes = lanes(&steps);
    let mut figure = Figure {
        scale,
        begin: steps.first().map_or(0, |step| step.at),
        text: LANES + lanes.len() * LANE + 4,
        lanes,
        y: 8,
        rows: String::new(),
    };
    let mut speaker = None;
    for (number, step) in steps.iter().enumerate() {
        if speaker != Some(of(step)) {
            speaker = Some(of(step));
            figure.process(step);
        }
        figure.step(number + 1, step);
    }
    figure.whole()
}

/// A figure in the making: all rows above `y` are drawn.
struct Figure<'a> {
    scale: Scale,
    begin: u64,
    /// Each process, by role and pid.
    lanes: Vec<(&'a str, i32)>,
    /// Where the text begins.
    text: usize,
    y: usize,
    rows: String,
}

impl Figure<'_> {
    /// A row that names the process which goes on from here.
    fn process(&mut self, step: &Step) {
        self.y += ROW;
        let namesakes = |lanes: &[(&str, i32)]| {
            lanes.iter().filter(|lane| lane.0 == step.role).count()
        };
        let name = match self.scale {
            Scale::Time => format!("{} {}", step.role, step.pid),
            Scale::Order if namesakes(&self.lanes) == 1 => step.role.clone(),
            Scale::Order => {
                let before = namesakes(&self.lanes[..=self.lane(step)]);
                format!("{} {before}", step.role)
            }
        };
        let (x, y, colour) = (self.text, self.y, self.lane(step) % COLOURS);
        let _ = writeln!(
            self.rows,
            "<text class=\"p l{colour}\" x=\"{x}\" y=\"{y}\">{}</text>",
            escape(&name)
        );
    }

    /// One row: when it began, its bar in the lane of its process, and the call.
    fn step(&mut self, number: usize, step: &Step) {
        self.y += ROW;
        let lane = self.lane(step);
        let (when, length) = match self.scale {
            Scale::Order => (number.to_string(), LANE - 6),
            Scale::Time => {
                let since = step.at.saturating_sub(self.begin) / 10_000;
                let length = 4 + 3 * notches(step.took);
                (format!("{}.{:02}", since / 100, since % 100), length)
            }
        };
        let colour = match step.error {
            Some(_) => "r".to_owned(),
            None => format!("l{}", lane % COLOURS),
        };
        let refused = match &step.error {
            Some(error) => format!("\nrefused: {error}"),
            None => String::new(),
        };
        let _ = writeln!(
            self.rows,
            "<text class=\"n\" x=\"{}\" y=\"{y}\" text-anchor=\"end\">{when}</text>\
             <rect class=\"{colour}\" x=\"{}\" y=\"{}\" width=\"{length}\" \
             height=\"{BAR}\"><title>{}</title></rect>\
             <text x=\"{}\" y=\"{y}\"><tspan class=\"n\">{:02}</tspan> {}</text>",
            LANES - 6,
            LANES + lane * LANE + (LANE - length) / 2,
            self.y - BAR,
            escape(&format!("{}\n{}{refused}", step.call, step.why)),
            self.text,
            step.chapter,
            escape(&shortened(step)),
            y = self.y,
        );
    }

    fn lane(&self, step: &Step) -> usize {
        let found = self.lanes.iter().position(|lane| *lane == of(step));
        found.unwrap_or_default()
    }

    /// The rows on their paper, with a line for each lane behind them.
    fn whole(self) -> String {
        let width = self.text + (LONGEST + 3) * LETTER + 4;
        let height = self.y + 14;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"monospace\" \
             font-size=\"13\" role=\"img\">\n\
             <title>Steps by process, in the order of their beginning</title>\n\
             <style>{STYLE}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#f4f7fa\"/>\n"
        );
        for lane in 0..self.lanes.len() {
            let x = LANES + lane * LANE + LANE / 2;
            let _ =
                writeln!(text, "<path class=\"line\" d=\"M{x} 10V{}\"/>", height - 10);
        }
        text + &self.rows + "</svg>\n"
    }
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

/// How many times ten microseconds can be multiplied by ten before they are more.
fn notches(nanoseconds: u64) -> usize {
    (0..5)
        .take_while(|power| nanoseconds > 10_000 * 10_u64.pow(*power))
        .count()
}

/// The call as far as it fits.
fn shortened(step: &Step) -> String {
    let refused = if step.error.is_some() {
        "refused: "
    } else {
        ""
    };
    let call = format!("{refused}{}", step.call);
    match call.char_indices().nth(LONGEST) {
        Some(_) => call.chars().take(LONGEST - 1).chain(['…']).collect(),
        None => call,
    }
}

/// Text as XML has it, without what XML cannot have.
fn escape(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect();
    kept.replace('&', "&amp;")
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
        let text = svg(&steps, Scale::Time);
        assert_eq!(text.matches("class=\"line\"").count(), 2);
        assert_eq!(text.matches("<rect class").count(), 3);
        assert_eq!(text.matches("\">shim 8</text>").count(), 2);
        assert!(text.contains("mount(&quot;a&lt;b&quot;)"));
        assert!(text.ends_with("</svg>\n"));
    }

    #[test]
    fn in_order_alone_two_runs_are_the_same_figure() {
        let run = |first: i32, at: u64| {
            let pids = [first, first + 5, first];
            let steps: Vec<Step> = (0..3)
                .map(|n| Step {
                    at: at + n * at,
                    took: at * at,
                    ..example("shim", pids[n as usize], &format!("call{n}()"))
                })
                .collect();
            svg(&steps, Scale::Order)
        };
        assert_eq!(run(8, 100), run(4711, 90_000));
        assert!(run(8, 1).contains("\">shim 2</text>"), "{}", run(8, 1));
        assert!(!run(4711, 1).contains("4711"));
    }

    #[test]
    fn a_refused_call_says_so_in_more_than_colour() {
        let step = Step {
            error: Some("EPERM".into()),
            ..example("init", 1, "mount(\u{1b}[31m)")
        };
        let text = svg(&[step], Scale::Order);
        assert!(text.contains("> refused: mount([31m)<"), "{text}");
        assert!(text.contains("refused: EPERM</title>"), "{text}");
    }

    #[test]
    fn no_steps_are_an_empty_paper() {
        assert!(svg(&[], Scale::Time).ends_with("</svg>\n"));
    }

    #[test]
    fn ten_times_longer_is_one_notch_longer() {
        assert_eq!(notches(9_999), 0);
        assert_eq!(notches(100_001), 2);
        assert_eq!(notches(u64::MAX), 5);
    }
}
