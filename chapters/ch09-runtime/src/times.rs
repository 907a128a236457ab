//! `times`: where the time of a start goes, as a table of the book.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use workbench::steps::{self, Step};

use crate::bundle::{Made, config, run_bundle};

/// How many calls have a line of their own.
const LINES: usize = 12;

/// Starts a container `runs` times, and prints the shares of the calls in the time from
/// the clone to the exec.
pub(crate) fn table(runs: u32) -> Result<()> {
    ensure!(runs > 0, "nothing can be seen in no run");
    let made = Made::new(&config(&["true".to_owned()]))?;
    let (mut calls, mut whole) = (BTreeMap::new(), 0);
    for _ in 0..runs {
        let (sender, receiver) = steps::channel().context("make a channel for steps")?;
        steps::send_to(Some(sender));
        let ended = run_bundle(&made.bundle());
        steps::send_to(None);
        ensure!(ended?.status() == 0, "true was not true");
        whole += account(&receiver.drain(), &mut calls)?;
    }
    show(calls, whole, runs);
    Ok(())
}

/// What stands between two calls of one process, and of two.
const OURS: &str = "our own code, between two calls";
const OTHERS: &str = "until the other process goes on";

/// A kind of calls, by its chapter and its name; the chapter of what is no call is 0.
type Kind = (u8, String);

/// How many, and how long all of them took, in nanoseconds.
type Sum = (u64, u64);

/// Adds the steps of one start to `sums`, and returns how long it took.
fn account(all: &[Step], sums: &mut BTreeMap<Kind, Sum>) -> Result<u64> {
    let is = |name: &'static str| move |step: &&Step| step.call.starts_with(name);
    let first = all.iter().find(is("clone3("));
    let first = first.context("no process was made")?;
    let last = all.iter().find(is("execve("));
    let last = last.context("no program was executed")?;
    let mut start: Vec<&Step> = all
        .iter()
        .filter(|step| (first.at..=last.at).contains(&step.at))
        .collect();
    start.sort_by_key(|step| step.at);
    let mut add = |chapter: u8, name: &str, count, took| {
        let sum = sums.entry((chapter, name.to_owned())).or_default();
        *sum = (sum.0 + count, sum.1 + took);
    };
    // Up to where the time is accounted for, and by whom: what two processes do at the
    // same time is counted once.
    let (mut until, mut who) = (first.at, first.pid);
    for step in start {
        let gap = step.at.saturating_sub(until);
        add(0, if step.pid == who { OURS } else { OTHERS }, 0, gap);
        let end = (step.at + step.took).min(last.at);
        let name = step.call.split(['(', ' ']).next().unwrap_or_default();
        if !is("execve(")(&step) {
            add(
                step.chapter,
                name,
                1,
                end.saturating_sub(until.max(step.at)),
            );
        }
        if end >= until {
            (until, who) = (end, step.pid);
        }
    }
    Ok(last.at - first.at)
}

fn show(sums: BTreeMap<Kind, Sum>, whole: u64, runs: u32) {
    let mut lines: Vec<_> = sums.into_iter().collect();
    lines.sort_by_key(|(_, (_, took))| std::cmp::Reverse(*took));
    let others = lines.split_off(LINES.min(lines.len()));
    let all = |sum: Sum, one: &(Kind, Sum)| (sum.0 + one.1.0, sum.1 + one.1.1);
    let rest = others.iter().fold((0, 0), all);
    let count = lines.iter().fold(rest, all).0;
    println!("| what | chapter | times | milliseconds | share |\n|---|---|---|---|---|");
    let line = |name: &str, chapter: &str, (count, took): Sum| {
        let share = took.saturating_mul(1000) / whole.max(1);
        let hundredths = took / u64::from(runs) / 10_000;
        println!(
            "| {name} | {chapter} | {} | {}.{:02} | {}.{} % |",
            count / u64::from(runs),
            hundredths / 100,
            hundredths % 100,
            share / 10,
            share % 10
        );
    };
    for ((chapter, name), sum) in &lines {
        match chapter {
            0 => line(name, "", *sum),
            _ => line(&format!("`{name}`"), &chapter.to_string(), *sum),
        }
    }
    line("all other calls", "", rest);
    line("from `clone3` to `execve`", "", (count, whole));
}
