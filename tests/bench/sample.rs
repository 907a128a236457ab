//! Commands timed in turn: a run of each, and again, so that a slow moment of the machine
//! is everybody's. Before each run there is a rest, as before most starts of a container:
//! what the one before has left, namespaces and control groups, the kernel frees
//! afterwards, on somebody's time. Samples of commands that failed are thrown away, and
//! counted.
//!
//! In a row, without a rest, the same commands have other times: each finds the kernel as
//! it left it itself. Who moves a process into a control group from outside waits for a
//! grace period of RCU, but not if somebody did the same some milliseconds ago
//! (`rcu_sync` in the kernel). So the quickest of a row is quicker than any that comes
//! alone, by half.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use support::{Job, World};

/// The word that makes this program [`take`] samples.
pub(crate) const TAKE: &str = "--take-samples";

/// What the kernel needs to free what a run has left, and no clock goes down in.
const REST: Duration = Duration::from_millis(10);

/// Rounds that are not counted: what comes first pays for what is read from the disk.
const WARM: usize = 3;

/// How the commands follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// A run of each, and again, with rests.
    InTurn,
    /// All runs of the first, then all of the next.
    InARow,
}

/// The samples of one command.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Milliseconds of the runs that ended with 0.
    good: Vec<f64>,
    /// How many did not.
    pub(crate) failed: usize,
}

impl Sample {
    /// Times each of `commands` so many times, all in `world`, where this program is
    /// started again for it: entering a world takes longer than what is measured.
    pub(crate) fn all(
        world: &World,
        runs: usize,
        order: Order,
        commands: &[&str],
    ) -> Vec<Self> {
        let me = std::env::current_exe().expect("this program has a file");
        let me = me.to_str().expect("paths of tests are text");
        let runs = runs.to_string();
        let order = match order {
            Order::InTurn => "in turn",
            Order::InARow => "in a row",
        };
        let words = [&[me, TAKE, &runs, order], commands].concat();
        let job = Job::start(world.command(&words), Some(b""));
        let out = job.wait_within(Duration::from_secs(600)).expect(0);
        serde_json::from_str(&out.stdout).expect("samples are told as JSON")
    }

    /// The median of the good runs, if most were good.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut good = self.good.clone();
        good.sort_by(f64::total_cmp);
        let middle = good.get(good.len() / 2).copied();
        middle.filter(|_| good.len() > self.failed)
    }

    /// How many runs were good.
    pub(crate) fn count(&self) -> usize {
        self.good.len()
    }

    fn time(&mut self, words: &[String], counted: bool) {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let ended = command.status().is_ok_and(|status| status.success());
        let took = begin.elapsed().as_secs_f64() * 1e3;
        match ended {
            _ if !counted => {}
            true => self.good.push(took),
            false => self.failed += 1,
        }
    }
}

/// In the world: takes the samples that the words ask for, and prints them.
#[expect(clippy::print_stdout, reason = "a program")]
pub(crate) fn take(mut words: impl Iterator<Item = String>) {
    let runs = words.next().and_then(|runs| runs.parse().ok());
    let runs: usize = runs.expect("how many runs");
    let in_a_row = words.next().expect("the order") == "in a row";
    let commands: Vec<_> = words.map(|line| split(&line)).collect();
    let mut samples: Vec<_> = commands.iter().map(|_| Sample::default()).collect();
    let count = commands.len();
    let rounds = 0..WARM + runs;
    if in_a_row {
        for (sample, command) in samples.iter_mut().zip(&commands) {
            rounds.clone().for_each(|n| sample.time(command, n >= WARM));
        }
    } else {
        for round in rounds {
            for place in 0..count {
                // Once forth, once back, and each begins as often: nobody has always
                // the same one before him.
                let forth = (round / 2 + place) % count;
                let who = if round % 2 == 0 {
                    forth
                } else {
                    count - 1 - forth
                };
                thread::sleep(REST);
                samples[who].time(&commands[who], round >= WARM);
            }
        }
    }
    let told = serde_json::to_string(&samples).expect("numbers are JSON");
    println!("{told}");
}

/// The words of a line; blanks between single quotes belong to a word.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
