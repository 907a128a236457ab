//! `cargo exercise`: the verbs, and what they print.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use workbench::exercise::desk::{Desk, Verdict};
use workbench::exercise::memory::Memory;
use workbench::exercise::{Exercise, all, find};

use crate::mine_verbs::Mine;

#[derive(Subcommand)]
pub(crate) enum Exercises {
    /// List the exercises, and which are solved.
    List,
    /// Check your copies of a chapter's exercises, or of one.
    Check {
        /// A chapter (ch01), or an exercise (ch01/escape, escape).
        which: String,
    },
    /// Check one again whenever you save it.
    Watch {
        /// The exercise.
        which: String,
    },
    /// Show the next hint.
    Hint {
        /// The exercise.
        which: String,
    },
    /// Put the starter back where your copy is.
    Reset {
        /// The exercise.
        which: String,
    },
    /// Show the book's solution of an exercise that you have solved.
    Solution {
        /// The exercise.
        which: String,
    },
    /// Build your own container, stage by stage, and check it.
    Mine(Mine),
}

pub(crate) fn act(top: &Path, verb: Exercises) -> Result<ExitCode> {
    match verb {
        Exercises::List => list(top),
        Exercises::Check { which } => check(top, &which),
        Exercises::Watch { which } => watch(top, &one(top, &which)?),
        Exercises::Hint { which } => hint(top, &one(top, &which)?),
        Exercises::Reset { which } => reset(top, &one(top, &which)?),
        Exercises::Solution { which } => solution(top, &one(top, &which)?),
        Exercises::Mine(mine) => crate::mine_verbs::act(top, &mine),
    }
}

fn one(top: &Path, which: &str) -> Result<Exercise> {
    let mut found = find(top, which)?;
    ensure!(
        found.len() == 1,
        "{which:?} means {} exercises: name one",
        found.len()
    );
    found.pop().context("an exercise")
}

fn list(top: &Path) -> Result<ExitCode> {
    let memory = Memory::load(&top.join("exercises"))?;
    for exercise in all(top)? {
        let done = if memory.of(&exercise.id()).solved {
            "solved"
        } else {
            ""
        };
        println!("{:<24} {:<7} {}", exercise.id(), done, exercise.title);
    }
    println!("\ncargo exercise check ch01     checks a chapter's, and makes your copies");
    println!("cargo exercise mine           builds your own container, stage by stage");
    Ok(ExitCode::SUCCESS)
}

fn check(top: &Path, which: &str) -> Result<ExitCode> {
    let desk = Desk::of(top)?;
    let every = all(top)?;
    let mut passed = true;
    for exercise in find(top, which)? {
        passed &= check_one(&desk, &exercise, &every)?;
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn check_one(desk: &Desk, exercise: &Exercise, every: &[Exercise]) -> Result<bool> {
    let copy = desk.copy(exercise)?;
    let verdict = desk.check(exercise, every)?;
    let id = exercise.id();
    match verdict {
        Verdict::Passed => {
            let mut memory = Memory::load(desk.folder())?;
            memory.mark(&id).solved = true;
            memory.save(desk.folder())?;
            println!("{id}: passed. Compare: cargo exercise solution {id}");
            return Ok(true);
        }
        Verdict::DoesNotCompile(words) => println!("{id}: does not compile\n\n{words}"),
        Verdict::Wrong(words) => println!("{id}: not yet\n\n{}\n", indented(&words)),
    }
    let task = exercise.folder.join("README.md");
    println!("the task:  {}", task.display());
    println!("your copy: {}", copy.display());
    println!("a hint:    cargo exercise hint {id}");
    Ok(false)
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Checks whenever the copy's time changes. Looking twice a second costs nothing, works
/// with every editor (many write a new file and rename it), and needs no descriptor.
fn watch(top: &Path, exercise: &Exercise) -> Result<ExitCode> {
    let desk = Desk::of(top)?;
    let (copy, every) = (desk.copy(exercise)?, all(top)?);
    println!("watching {} (Ctrl-C ends it)", copy.display());
    let mut seen = None;
    loop {
        let changed = copy.metadata().and_then(|file| file.modified()).ok();
        if changed.is_some() && changed != seen {
            seen = changed;
            if check_one(&desk, exercise, &every)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn hint(top: &Path, exercise: &Exercise) -> Result<ExitCode> {
    let desk = Desk::of(top)?;
    let mut memory = Memory::load(desk.folder())?;
    let mark = memory.mark(&exercise.id());
    let taken = mark.hints.min(exercise.hints.len().saturating_sub(1));
    let text = exercise
        .hints
        .get(taken)
        .context("this exercise has no hints")?;
    println!("hint {} of {}:\n\n{text}", taken + 1, exercise.hints.len());
    mark.hints = taken + 1;
    memory.save(desk.folder())?;
    Ok(ExitCode::SUCCESS)
}

fn reset(top: &Path, exercise: &Exercise) -> Result<ExitCode> {
    let desk = Desk::of(top)?;
    desk.reset(exercise)?;
    let mut memory = Memory::load(desk.folder())?;
    // What was solved stays solved: the solution may be looked at.
    memory.mark(&exercise.id()).hints = 0;
    memory.save(desk.folder())?;
    let copy = desk.copy(exercise)?;
    println!("{} begins anew: {}", exercise.id(), copy.display());
    println!("what you had is kept beside it, as .old");
    Ok(ExitCode::SUCCESS)
}

fn solution(top: &Path, exercise: &Exercise) -> Result<ExitCode> {
    let memory = Memory::load(&top.join("exercises"))?;
    ensure!(
        memory.of(&exercise.id()).solved,
        "{} is not solved yet: cargo exercise hint {}",
        exercise.id(),
        exercise.id()
    );
    let path = exercise.folder.join("solution.rs");
    print!(
        "{}",
        std::fs::read_to_string(&path).context("read the solution")?
    );
    Ok(ExitCode::SUCCESS)
}
