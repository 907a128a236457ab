//! The progress of a pull, as docker's client shows it: on a terminal each layer has
//! its line, which is written over; elsewhere every new state is a line of its own.

use std::io::Write;

use anyhow::{Result, bail};
use engine::api::image::{ProgressDetail, ProgressLine};

use super::quantity::size;

/// What has been shown so far.
#[derive(Debug)]
pub(crate) struct Progress<W> {
    out: W,
    terminal: bool,
    /// The ids that have a line, the first one topmost.
    lines: Vec<String>,
}

impl<W: Write> Progress<W> {
    /// Shows what comes on `out`.
    pub(crate) fn new(out: W, terminal: bool) -> Self {
        Self {
            out,
            terminal,
            lines: Vec::new(),
        }
    }

    /// Shows one message; the one that is an error is the last.
    pub(crate) fn show(&mut self, message: &ProgressLine) -> Result<()> {
        if let Some(error) = &message.error_detail {
            bail!(error.message.clone());
        }
        if !message.error.is_empty() {
            bail!(message.error.clone());
        }
        if message.aux.is_some() && message.status.is_empty() {
            return Ok(());
        }
        if !message.stream.is_empty() {
            write!(self.out, "{}", message.stream)?;
            return Ok(());
        }
        let bar = message
            .progress_detail
            .as_ref()
            .map(bar)
            .unwrap_or_default();
        if self.terminal {
            self.redraw(message, &bar)
        } else if bar.is_empty() {
            let id = prefix(message);
            Ok(writeln!(self.out, "{id}{}", message.status)?)
        } else {
            Ok(())
        }
    }

    /// Goes up to the line of this id, writes it anew, and comes back.
    fn redraw(&mut self, message: &ProgressLine, bar: &str) -> Result<()> {
        let id = prefix(message);
        let text = format!("{id}{} {bar}", message.status);
        let text = text.trim_end();
        if message.id.is_empty() || message.progress_detail.is_none() {
            writeln!(self.out, "{text}\x1b[K")?;
            // What follows has its lines below this one.
            self.lines.clear();
            return Ok(());
        }
        let Some(at) = self.lines.iter().position(|known| *known == message.id) else {
            self.lines.push(message.id.clone());
            return Ok(writeln!(self.out, "{text}\x1b[K")?);
        };
        let up = self.lines.len() - at;
        Ok(write!(self.out, "\x1b[{up}A\r{text}\x1b[K\r\x1b[{up}B")?)
    }
}

fn prefix(message: &ProgressLine) -> String {
    match message.id.as_str() {
        "" => String::new(),
        id => format!("{id}: "),
    }
}

/// `[=====>     ]  1.2MB/3MB`; without a total the current size alone.
fn bar(detail: &ProgressDetail) -> String {
    const WIDTH: u64 = 50;
    let current = detail.current.unwrap_or_default().unsigned_abs();
    let total = detail.total.unwrap_or_default().unsigned_abs();
    match (current, total) {
        (0, 0) => String::new(),
        (_, 0) => format!("{:>8}", size(current)),
        _ => {
            let done = (current.min(total) * WIDTH / total) as usize;
            let head = if done < WIDTH as usize { ">" } else { "" };
            let rest = (WIDTH as usize).saturating_sub(done + head.len());
            format!(
                "[{}{head}{}] {:>8}/{}",
                "=".repeat(done),
                " ".repeat(rest),
                size(current),
                size(total)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(terminal: bool, messages: &[serde_json::Value]) -> (String, Result<()>) {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, terminal);
        let done = messages.iter().try_for_each(|message| {
            progress.show(&serde_json::from_value(message.clone()).unwrap())
        });
        (String::from_utf8(out).unwrap(), done)
    }

    #[test]
    fn without_a_terminal_every_state_is_a_line_and_no_bar_is_drawn() {
        let (text, done) = shown(
            false,
            &[
                json!({"status": "Pulling from library/alpine", "id": "latest"}),
                json!({"status": "Pulling fs layer", "id": "9824c27679d3", "progressDetail": {}}),
                json!({"status": "Downloading", "id": "9824c27679d3",
                       "progressDetail": {"current": 1, "total": 2}}),
                json!({"status": "Pull complete", "id": "9824c27679d3", "progressDetail": {}}),
                json!({"status": "Digest: sha256:ab"}),
            ],
        );
        done.unwrap();
        assert_eq!(
            text,
            "latest: Pulling from library/alpine\n9824c27679d3: Pulling fs layer\n\
             9824c27679d3: Pull complete\nDigest: sha256:ab\n"
        );
    }

    #[test]
    fn on_a_terminal_a_layer_keeps_its_line() {
        let layer = |id: &str, current: i64| {
            json!({"status": "Downloading", "id": id,
                   "progressDetail": {"current": current, "total": 100}})
        };
        let (text, _) = shown(true, &[layer("a", 0), layer("b", 0), layer("a", 50)]);
        let half = format!("[{}>{}]      50B/100B", "=".repeat(25), " ".repeat(24));
        assert!(
            text.ends_with(&format!("\x1b[2A\ra: Downloading {half}\x1b[K\r\x1b[2B"))
        );
    }

    #[test]
    fn an_error_ends_it() {
        let (_, done) = shown(
            false,
            &[json!({"errorDetail": {"message": "manifest unknown"}, "error": "x"})],
        );
        assert_eq!(done.unwrap_err().to_string(), "manifest unknown");
    }
}
