//! Running checks: one by one, each within limits, up to the first that fails.

use std::os::unix::process::ExitStatusExt;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};

use super::outside;
use super::place::Place;
use super::seen::{Ended, Failure, Seen};
use super::stage::{Check, Stage};
use super::values::{Draw, Values};
use super::verdict;
use crate::exercise::trial::{self, End, Limits};

/// Runs the checks of these stages in their order, up to the first that fails; `passed`
/// hears of each that does not.
///
/// # Errors
/// When a trial cannot be made at all.
pub fn check_all(
    stages: &[Stage],
    place: &Place,
    seed: u64,
    mut passed: impl FnMut(&Stage, &Check),
) -> Result<Option<Failure>> {
    let mut draw = Draw::from(seed);
    for stage in stages {
        for check in &stage.checks {
            let values = place.values(&mut draw)?;
            let seen = perform(check, place, &values)
                .with_context(|| format!("check that {}", check.title))?;
            match verdict::judge(check, &seen, &values) {
                None => passed(stage, check),
                Some(expected) => {
                    return Ok(Some(Failure {
                        stage: stage.number,
                        title: check.title.clone(),
                        run: verdict::shown_command(check, &values),
                        expected: verdict::shown(&expected, &values),
                        came: verdict::shown(&verdict::account(&seen), &values),
                        advice: verdict::advice(check, &seen),
                    }));
                }
            }
        }
    }
    Ok(None)
}

/// Runs `mine` once, as `check` says.
///
/// # Errors
/// When it cannot be started, or the check names a signal that is none.
pub fn perform(check: &Check, place: &Place, values: &Values) -> Result<Seen> {
    let args: Vec<_> = check.run.iter().map(|word| values.fill(word)).collect();
    let config = check.bundle.as_ref().map(|text| values.fill(text));
    place.configure(config.as_deref())?;
    let mut command = place.command(&args);
    let (stdout, out) = std::io::pipe().context("make a pipe for its output")?;
    let (stderr, err) = std::io::pipe().context("make a pipe for its errors")?;
    command.stdout(out).stderr(err);
    let wish = check.while_running.as_ref();
    let signal = wish
        .and_then(|wish| wish.signal.as_deref())
        .map(str::parse::<Signal>)
        .transpose()
        .context("read the check")?;
    let mut looked = None;
    let limits = Limits::default();
    let seen = trial::watch(command, vec![stdout, stderr], limits, |engine, heard| {
        if let (Some(wish), None, true) = (wish, &looked, heard.contains(&b'\n')) {
            let first = outside::first_process(engine);
            let above = wish.top && outside::has_something_above(first);
            let other = outside::other(first, &wish.status);
            looked = Some((outside::shared(first, &wish.own), above, other));
            // It may be gone by now: then its code tells.
            let _ = signal.map(|signal| kill(first, signal));
        }
    })?;
    let (shared, above, other) = looked.unwrap_or_default();
    let text = |bytes: Option<&Vec<u8>>| {
        String::from_utf8_lossy(bytes.map_or(&[], Vec::as_slice)).into_owned()
    };
    Ok(Seen {
        ended: match seen.end {
            End::TooLong => Ended::TooLong(limits.time.as_secs()),
            End::TooLoud => Ended::TooLoud(limits.output),
            End::TooMany => Ended::TooMany(limits.processes),
            End::Status(status) => {
                let signal = status.signal().map(|signal| 128 + signal);
                Ended::Code(status.code().or(signal).unwrap_or(-1))
            }
        },
        stdout: text(seen.heard.first()),
        stderr: text(seen.heard.get(1)),
        left: seen.left,
        shared,
        above,
        other,
    })
}
