//! What was expected, beside what came: pure, so that every sentence can be tested.

use std::fmt;

use super::seen::{Ended, Failure, Seen};
use super::stage::{Check, Code};
use super::values::Values;

/// What a check expected that did not come; `None` when it passed. The first thing that
/// is wrong is told, for what follows may only be its consequence.
// ANCHOR: judge
#[must_use]
pub fn judge(check: &Check, seen: &Seen, values: &Values) -> Option<Vec<String>> {
    let code = match seen.ended {
        Ended::Code(code) => code,
        Ended::TooLong(limit) => {
            return Some(vec![format!("to end within {limit} seconds")]);
        }
        Ended::TooLoud(limit) => {
            return Some(vec![format!("at most {} KiB of output", limit / 1024)]);
        }
        Ended::TooMany(limit) => {
            return Some(vec![format!("fewer than {limit} processes at once")]);
        }
    };
    let stdout = seen.stdout.strip_suffix('\n').unwrap_or(&seen.stdout);
    if let Some(wanted) = wanted_output(check, values)
        && wanted != stdout
    {
        return Some(quoted("standard output", &wanted));
    }
    if !seen.shared.is_empty() {
        let kinds = check.while_running.as_ref().map(|wish| wish.own.join(", "));
        let kinds = kinds.unwrap_or_default();
        return Some(vec![format!("namespaces of its own: {kinds}")]);
    }
    if seen.above {
        return Some(vec!["a root with nothing above it".to_owned()]);
    }
    if let (Some(wish), false) = (&check.while_running, seen.other.is_empty()) {
        let lines = wish.status.iter();
        return Some(lines.map(|line| format!("in its status: {line}")).collect());
    }
    if let Some(wanted) = check.stderr_contains.as_ref().map(|text| values.fill(text))
        && !seen.stderr.to_lowercase().contains(&wanted.to_lowercase())
    {
        return Some(vec![format!("standard error that contains {wanted:?}")]);
    }
    let wanted = match &check.code {
        Code::Number(number) => number.to_string(),
        Code::Text(text) => values.fill(text),
    };
    if wanted != code.to_string() {
        return Some(vec![format!("exit code {wanted}")]);
    }
    (check.leaves_nothing && seen.left > 0)
        .then(|| vec!["no process that is left running".to_owned()])
}
// ANCHOR_END: judge

fn wanted_output(check: &Check, values: &Values) -> Option<String> {
    let lines = check.stdout_lines.as_ref().map(|lines| lines.join("\n"));
    let wanted = check.stdout.clone().or(lines)?;
    Some(values.fill(&wanted))
}

/// All that came, by lines.
#[must_use]
pub fn account(seen: &Seen) -> Vec<String> {
    let mut lines = quoted("standard output", &seen.stdout);
    if !seen.stderr.is_empty() {
        lines.extend(quoted("standard error", &seen.stderr));
    }
    if !seen.shared.is_empty() {
        let kinds = seen.shared.join(", ");
        lines.push(format!("namespaces of the host: {kinds}"));
    }
    if seen.above {
        lines.push("a root from which `..` leads on, to the host".to_owned());
    }
    lines.extend(
        seen.other
            .iter()
            .map(|line| format!("in its status: {line}")),
    );
    lines.push(match seen.ended {
        Ended::Code(code) => format!("exit code {code}"),
        Ended::TooLong(limit) => {
            format!("it was still running after {limit} seconds, and was stopped")
        }
        Ended::TooLoud(_) | Ended::TooMany(_) => {
            "more than that: it was stopped".to_owned()
        }
    });
    match seen.left {
        // Whoever was stopped has left nobody: all were.
        _ if !matches!(seen.ended, Ended::Code(_)) => {}
        0 => {}
        1 => lines.push("1 process that was left running".to_owned()),
        left => lines.push(format!("{left} processes that were left running")),
    }
    lines
}

/// What to do about it: the check's own advice, unless `mine` had to be stopped.
#[must_use]
pub fn advice(check: &Check, seen: &Seen) -> String {
    match seen.ended {
        Ended::Code(_) => check.advice.clone(),
        Ended::TooLong(_) => "Does it loop, or wait for something that never comes? \
                              `strace -f` shows where it stands."
            .to_owned(),
        Ended::TooLoud(_) => "It prints without end: look for a loop.".to_owned(),
        Ended::TooMany(_) => "It forks without end: which of the two processes that \
                              come back from fork goes on with the loop?"
            .to_owned(),
    }
}

/// The lines of an output that are shown.
const SHOWN: usize = 8;

/// An output under its name: one line beside it, more lines below it.
fn quoted(name: &str, text: &str) -> Vec<String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut lines = text.lines().map(printable);
    match text.lines().count() {
        0 => vec![format!("{name}: nothing")],
        1 => vec![format!("{name}: {}", lines.next().unwrap_or_default())],
        count => {
            let mut shown = vec![format!("{name}:")];
            shown.extend(lines.take(SHOWN).map(|line| format!("  {line}")));
            if count > SHOWN {
                shown.push(format!("  … and {} lines more", count - SHOWN));
            }
            shown
        }
    }
}

/// A line without what a terminal would obey, and no longer than one can read.
fn printable(line: &str) -> String {
    const LONGEST: usize = 200;
    let mut text: String = line
        .chars()
        .take(LONGEST)
        .flat_map(|letter| {
            let escaped = letter.is_control();
            let shown = escaped.then(|| letter.escape_default());
            shown
                .into_iter()
                .flatten()
                .chain((!escaped).then_some(letter))
        })
        .collect();
    if line.chars().count() > LONGEST {
        text.push('…');
    }
    text
}

/// The command of a check, as one would type it.
#[must_use]
pub fn shown_command(check: &Check, values: &Values) -> String {
    let mut command = "mine".to_owned();
    for word in &check.run {
        let word = short(&values.fill(word), values);
        let plain = |letter: char| letter.is_alphanumeric() || "-_./".contains(letter);
        if !word.is_empty() && word.chars().all(plain) {
            command.push_str(&format!(" {word}"));
        } else {
            command.push_str(&format!(" '{}'", word.replace('\'', r"'\''")));
        }
    }
    if let Some(config) = &check.bundle {
        let config = short(&values.fill(config), values);
        let config = config.trim().replace("\n  ", "\n            ");
        command.push_str(&format!("\n  with      {config}"));
    }
    command
}

/// Lines as they are shown: the root's long path by its name in the tasks.
#[must_use]
pub fn shown(lines: &[String], values: &Values) -> Vec<String> {
    lines.iter().map(|line| short(line, values)).collect()
}

fn short(text: &str, values: &Values) -> String {
    text.replace(&values.root, "ROOT")
        .replace(&values.bundle, "BUNDLE")
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "  failed    {}\n", self.title)?;
        writeln!(to, "  run       {}", self.run)?;
        for (name, lines) in [("expected", &self.expected), ("came", &self.came)] {
            for (number, line) in lines.iter().enumerate() {
                let name = if number == 0 { name } else { "" };
                writeln!(to, "{}", format!("  {name:<9} {line}").trim_end())?;
            }
        }
        writeln!(to, "\n  {}", wrapped(&self.advice, 78).join("\n  "))
    }
}

/// `text` in lines of at most `width` characters, where its words allow it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines.last().is_some_and(|line| {
            !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width
        });
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests;
