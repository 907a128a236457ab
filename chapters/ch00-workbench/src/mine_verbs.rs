//! `cargo exercise mine`: the verb, and what it prints.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use workbench::doctor::PROBES;
use workbench::exercise::desk::{Built, Desk};
use workbench::exercise::memory::Memory;
use workbench::mine::desk::{REFERENCE, STARTER, build, source, write};
use workbench::mine::place::toolbox;
use workbench::mine::values::seed;
use workbench::mine::{Place, Stage, check_all, derive, stages};

#[derive(Args)]
pub(crate) struct Mine {
    /// Check up to this stage (ch02); by default, up to the first that is not passed.
    stage: Option<String>,
    /// Say what the stage asks for, and check nothing.
    #[arg(long)]
    task: bool,
    /// Show the book's program at a stage that you have passed.
    #[arg(long)]
    solution: bool,
    /// Put the starter where your program is; stages are forgotten.
    #[arg(long)]
    reset: bool,
}

pub(crate) fn act(top: &Path, mine: &Mine) -> Result<ExitCode> {
    let stages = stages(top)?;
    let desk = Desk::of(top)?;
    if mine.reset {
        return reset(&desk, &stages);
    }
    let memory = Memory::load(desk.folder())?;
    let last = match &mine.stage {
        Some(word) => named(&stages, word)?,
        None => reached(&stages, &memory)?,
    };
    let stage = &stages[last];
    if mine.solution {
        return solution(stage, &memory);
    }
    let begins = !source(&desk).exists();
    if begins {
        write(&desk, STARTER)?;
    }
    if begins || mine.task {
        println!("{}", task(stage));
        println!("your program: {}", source(&desk).display());
    }
    if mine.task {
        return Ok(ExitCode::SUCCESS);
    }
    check(top, &desk, &stages, last)
}

/// The place in the list of the stage that the reader names: `ch02`, or `2`.
fn named(stages: &[Stage], word: &str) -> Result<usize> {
    let is_it =
        |stage: &Stage| word == stage.chapter() || word == stage.number.to_string();
    stages.iter().position(is_it).with_context(|| {
        let chapters: Vec<_> = stages.iter().map(Stage::chapter).collect();
        format!(
            "there is no stage {word:?}; there are {}",
            chapters.join(", ")
        )
    })
}

/// The first stage that has not been passed; the last when all have been.
fn reached(stages: &[Stage], memory: &Memory) -> Result<usize> {
    ensure!(!stages.is_empty(), "no chapter has a stage.toml");
    let open = stages
        .iter()
        .position(|stage| !memory.of(&id(stage)).solved);
    Ok(open.unwrap_or(stages.len() - 1))
}

/// The name under which a stage is remembered.
fn id(stage: &Stage) -> String {
    format!("mine/{}", stage.chapter())
}

fn task(stage: &Stage) -> String {
    format!(
        "stage {}: {}\n\n{}\n",
        stage.number, stage.title, stage.task
    )
}

fn check(top: &Path, desk: &Desk, stages: &[Stage], last: usize) -> Result<ExitCode> {
    let program = match build(desk, top)? {
        Built::Program(program) => program,
        Built::Refused(words) => {
            println!("mine: does not compile\n\n{words}");
            println!("your program: {}", source(desk).display());
            return Ok(ExitCode::FAILURE);
        }
    };
    let probe = PROBES.iter().find(|probe| probe.name == "user-namespace");
    let probe = probe.context("the doctor knows user namespaces")?;
    probe
        .try_apart()
        .context("your own container needs a user namespace")?;
    let place = Place::furnish(|root| toolbox(top, root))?;
    place.bring(&program)?;
    let mut begun = None;
    let failure = check_all(&stages[..=last], &place, seed(), |stage, check| {
        if begun != Some(stage.number) {
            println!("stage {}: {}", stage.number, stage.title);
            begun = Some(stage.number);
        }
        println!("  passed    {}", check.title);
    })?;
    let Some(failure) = failure else {
        return passed(desk, stages, last);
    };
    if begun != Some(failure.stage) {
        let stage = stages.iter().find(|stage| stage.number == failure.stage);
        let title = stage.map_or("", |stage| &stage.title);
        println!("stage {}: {title}", failure.stage);
    }
    println!("{failure}");
    println!("your program: {}", source(desk).display());
    println!("it is built:  {}", program.display());
    println!("a ROOT:       cargo run -q -p ch01 -- toolbox ROOT");
    println!(
        "the task:     cargo exercise mine ch{:02} --task",
        failure.stage
    );
    Ok(ExitCode::FAILURE)
}

fn passed(desk: &Desk, stages: &[Stage], last: usize) -> Result<ExitCode> {
    let mut memory = Memory::load(desk.folder())?;
    for stage in &stages[..=last] {
        memory.mark(&id(stage)).solved = true;
    }
    memory.save(desk.folder())?;
    let chapter = stages[last].chapter();
    println!("\nPassed. Compare: cargo exercise mine {chapter} --solution");
    if let Some(next) = stages.get(last + 1) {
        println!("Next, {}", task(next));
        println!("cargo exercise mine {}", next.chapter());
    }
    Ok(ExitCode::SUCCESS)
}

fn solution(stage: &Stage, memory: &Memory) -> Result<ExitCode> {
    ensure!(
        memory.of(&id(stage)).solved,
        "stage {} is not passed yet: cargo exercise mine {}",
        stage.number,
        stage.chapter()
    );
    print!("{}", derive(REFERENCE, stage.number)?);
    Ok(ExitCode::SUCCESS)
}

fn reset(desk: &Desk, stages: &[Stage]) -> Result<ExitCode> {
    write(desk, STARTER)?;
    let mut memory = Memory::load(desk.folder())?;
    for stage in stages {
        memory.forget(&id(stage));
    }
    memory.save(desk.folder())?;
    println!("your container begins anew: {}", source(desk).display());
    Ok(ExitCode::SUCCESS)
}
