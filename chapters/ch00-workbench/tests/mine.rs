//! "Your own container" is one: the book's program passes each stage, no stage's program
//! passes the next, and what a wrong program is told is worth reading.

#[path = "mine/mistakes.rs"]
mod mistakes;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mistakes::{
    LOSES_THE_CODE, MISTAKES, Mistake, NEVER_STOPS_TALKING, NEXT_TO_THE_READER,
    STAYS_BELOW_THE_HOST, STAYS_OUTSIDE, TRUSTS_ALL_PROGRAMS,
};
use support::{Need, needs};
use workbench::exercise::desk::{Built, Desk};
use workbench::mine::desk::{REFERENCE, STARTER};
use workbench::mine::place::toolbox;
use workbench::mine::values::{Draw, seed};
use workbench::mine::{self, Failure, Place, Stage, check_all, derive, stages};

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A desk that is not the reader's, and a place for trials.
struct World {
    desk: Desk,
    place: Place,
    stages: Vec<Stage>,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    /// `None` where no user namespaces are: nobody becomes root there.
    fn new() -> Option<Self> {
        let alone = alone();
        if !needs(&[Need::User, Need::UserNamespace]) {
            return None;
        }
        Some(Self {
            desk: desk(),
            place: Place::furnish(|root| toolbox(Path::new(TOP), root)).expect("a place"),
            stages: stages(Path::new(TOP)).expect("stages"),
            _alone: alone,
        })
    }

    /// Builds this program, for the trials that follow.
    fn bring(&self, program: &str) {
        mine::desk::write(&self.desk, program).expect("a desk");
        let built = self.desk.build("mine", &[]).expect("cargo runs");
        let Built::Program(built) = built else {
            panic!("{built:?} of:\n{program}");
        };
        self.place.bring(&built).expect("a copy");
    }

    /// Builds this program, and checks it up to `stage`.
    fn check(&self, program: &str, stage: u8, seed: u64) -> Option<Failure> {
        self.bring(program);
        let count = self.stages.iter().filter(|s| s.number <= stage).count();
        check_all(&self.stages[..count], &self.place, seed, |_, _| {}).expect("trials")
    }

    /// What the program is told at `stage`, as every run tells it.
    fn told(&self, program: &str, stage: u8) -> String {
        // One seed: the words are the same each time.
        let failure = self.check(program, stage, 1).expect("it must fail");
        let place = self.place.folder().display().to_string();
        format!("stage {}\n{failure}", failure.stage).replace(&place, "/tmp/place")
    }
}

/// A trial ends every process that this one has started: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The workspace's manifest and lock file, and nothing else, so that few crates are
/// built. It stays for the next time.
fn desk() -> Desk {
    let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mine");
    fs::create_dir_all(&top).expect("a folder for the desk");
    for name in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(Path::new(TOP).join(name), top.join(name))
            .expect("copy from the checkout");
    }
    Desk::of(&top).expect("a desk")
}

fn reference(stage: u8) -> String {
    derive(REFERENCE, stage).expect("marks that are right")
}

/// The book's program with a mistake in it.
fn mistaken(mistake: &Mistake) -> String {
    let (text, right) = (reference(mistake.stage), mistake.right);
    assert_eq!(text.matches(right).count(), 1, "{right:?} in:\n{text}");
    text.replace(right, mistake.wrong)
}

#[test]
fn each_stage_passes_its_checks_and_fails_those_of_the_next() {
    let Some(world) = World::new() else { return };
    let numbers: Vec<u8> = world.stages.iter().map(|stage| stage.number).collect();
    for (place, stage) in numbers.iter().enumerate() {
        let program = reference(*stage);
        let failure = world.check(&program, *stage, seed());
        assert!(failure.is_none(), "stage {stage}:\n{}", failure.unwrap());
        if let Some(next) = numbers.get(place + 1) {
            let failure = world.check(&program, *next, seed());
            assert_eq!(failure.expect("it lacks a stage").stage, *next);
        }
    }
}

#[test]
fn each_check_finds_a_mistake_that_people_make() {
    let Some(world) = World::new() else { return };
    let all: Vec<_> = world
        .stages
        .iter()
        .flat_map(|stage| &stage.checks)
        .collect();
    let mut proven = BTreeSet::new();
    for mistake in MISTAKES {
        world.bring(&mistaken(mistake));
        for title in mistake.fails {
            let check = all.iter().find(|check| check.title == *title);
            let check = check.unwrap_or_else(|| panic!("there is no check {title:?}"));
            let alone = Stage {
                checks: vec![(*check).clone()],
                ..world.stages[0].clone()
            };
            let told = check_all(&[alone], &world.place, seed(), |_, _| {}).unwrap();
            assert!(
                told.is_some(),
                "{title:?} does not find {:?}",
                mistake.wrong
            );
            proven.insert(*title);
        }
    }
    let idle = all.iter().map(|check| check.title.as_str());
    let idle: Vec<_> = idle.filter(|title| !proven.contains(title)).collect();
    assert_eq!(idle, [""; 0], "checks that nothing here fails");
}

#[test]
fn a_wrong_program_is_told_what_was_run_what_was_expected_and_what_came() {
    let Some(world) = World::new() else { return };
    insta::assert_snapshot!("starter", world.told(STARTER, 1));
    insta::assert_snapshot!("stage-1-at-stage-2", world.told(&reference(1), 2));
    insta::assert_snapshot!("stage-2-at-stage-3", world.told(&reference(2), 3));
    for (name, mistake) in [
        ("leaks-the-working-folder", STAYS_OUTSIDE),
        ("loses-the-exit-code", LOSES_THE_CODE),
        ("never-stops-talking", NEVER_STOPS_TALKING),
        ("stays-below-the-host", STAYS_BELOW_THE_HOST),
        ("trusts-all-programs", TRUSTS_ALL_PROGRAMS),
        ("next-to-the-reader", NEXT_TO_THE_READER),
    ] {
        insta::assert_snapshot!(name, world.told(&mistaken(&mistake), mistake.stage));
    }
}

#[test]
fn every_word_that_varies_is_one_that_checks_know() {
    let place = Place::furnish(|root| Ok(fs::create_dir(root)?)).unwrap();
    let values = place.values(&mut Draw::from(seed())).unwrap();
    let stages = stages(Path::new(TOP)).unwrap();
    for check in stages.iter().flat_map(|stage| &stage.checks) {
        let texts = [&check.stdout, &check.stderr_contains]
            .into_iter()
            .flatten();
        let lines = check.stdout_lines.iter().flatten();
        for text in check.run.iter().chain(texts).chain(lines) {
            let filled = values.fill(text);
            assert!(!filled.contains(['{', '}']), "{}: {filled}", check.title);
        }
        assert!(
            check.advice.ends_with('.'),
            "{}: {}",
            check.title,
            check.advice
        );
    }
}

#[test]
fn each_derived_program_reads_as_if_it_had_been_written_so() {
    let _alone = alone();
    for stage in stages(Path::new(TOP)).unwrap() {
        let text = reference(stage.number);
        let doc = format!(
            "//! `mine`: a container of one's own, which grows with every chapter.\n//!\n//! Chapter {}: ",
            stage.number
        );
        assert!(text.starts_with(&doc), "{text}");
        assert!(!text.contains("stage "), "a mark is left:\n{text}");
        assert!(!text.contains("\n\n\n"), "two empty lines:\n{text}");
        let file = tempfile::NamedTempFile::with_suffix(".rs").unwrap();
        fs::write(&file, &text).unwrap();
        if needs(&[Need::Tool("rustfmt")]) {
            let mut rustfmt = Command::new("rustfmt");
            rustfmt.args(["--check", "--edition", "2024", "--config", "max_width=90"]);
            let output = rustfmt
                .arg(file.path())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "stage {}:\n{told}", stage.number);
        }
    }
    assert!(reference(1).lines().count() <= 70, "chapter 1 begins small");
}
