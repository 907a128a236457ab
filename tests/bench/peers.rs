//! skiff beside its peers, on this machine, now: `just bench`.
//!
//! Ratios are what counts; times are this machine's. Peers that are not installed are
//! left out. `runtimes` and `engines` measure one half only; with `in-a-row` each peer does
//! all its runs at once, where they take turns otherwise (see [`sample`]). Everything runs in a world (tests/support): the peers' daemons have roots,
//! sockets, bridges and a network of their own there, and end with it.

mod engines;
mod runtimes;
mod sample;

use std::path::Path;
use std::process::ExitCode;

use sample::{Order, Sample};
use support::{Need, World, needs};

/// One who is measured.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) command: String,
    /// What our time may be, as a part of this peer's; `None` where nothing is promised.
    pub(crate) promise: Option<f64>,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(sample::TAKE) {
        sample::take(words);
        return ExitCode::SUCCESS;
    }
    // `cargo bench` and `cargo test --benches` add words of their own.
    if std::env::args().any(|word| word == "--test") {
        return ExitCode::SUCCESS;
    }
    if !needs(&[Need::Root, Need::Overlay, Need::Tool("busybox")]) {
        return ExitCode::FAILURE;
    }
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|w| !w.starts_with('-'))
        .collect();
    let said = |name: &str| chosen.iter().any(|word| word == name);
    let order = match said("in-a-row") {
        true => Order::InARow,
        false => Order::InTurn,
    };
    let both = said("runtimes") == said("engines");
    if both || said("runtimes") {
        runtimes::bench(order);
    }
    if both || said("engines") {
        engines::bench(order);
    }
    ExitCode::SUCCESS
}

/// Measures `entries`, ours first, and prints how we compare.
pub(crate) fn compare(
    world: &World,
    title: &str,
    (runs, order): (usize, Order),
    entries: &[Entry],
) {
    let commands: Vec<_> = entries.iter().map(|entry| entry.command.as_str()).collect();
    let samples = Sample::all(world, runs, order, &commands);
    print_table(title, entries, &samples);
}

#[expect(clippy::print_stdout, reason = "a program")]
fn print_table(title: &str, entries: &[Entry], samples: &[Sample]) {
    println!("\n{title}");
    println!(
        "{:14} {:>9} {:>6} {:>7}  {:22} version",
        "", "median ms", "good", "failed", "skiff is"
    );
    let ours = samples.first().and_then(Sample::median);
    for (entry, sample) in entries.iter().zip(samples) {
        let median = sample.median().map_or("-".into(), |ms| format!("{ms:.2}"));
        let ratio = ours
            .zip(sample.median())
            .map(|(ours, theirs)| ours / theirs);
        let told = match (ratio, entry.promise) {
            (None, _) => "not comparable".into(),
            (Some(ratio), None) => format!("{ratio:.2} ×"),
            (Some(ratio), Some(most)) => {
                let kept = if ratio <= most { "kept" } else { "NOT KEPT" };
                format!("{ratio:.2} × (≤ {most} {kept})")
            }
        };
        let Entry { name, version, .. } = entry;
        let (good, failed) = (sample.count(), sample.failed);
        println!("{name:14} {median:>9} {good:>6} {failed:>7}  {told:22} {version}");
    }
}

/// The first line that a program says of its version, if the world has the program.
pub(crate) fn version(world: &World, words: &[&str]) -> Option<String> {
    let there = world
        .run(&["sh", "-c", &format!("command -v {}", words[0])])
        .code
        == 0;
    let out = there.then(|| world.run(words))?;
    let text = if out.stdout.is_empty() {
        out.stderr
    } else {
        out.stdout
    };
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// One of our binaries, built for this bench.
pub(crate) fn ours(path: &'static str) -> &'static str {
    assert!(Path::new(path).exists(), "{path} is built");
    path
}
