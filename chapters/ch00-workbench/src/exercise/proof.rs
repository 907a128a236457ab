//! The proof that an exercise is one: its starter fails, its solution passes, and each of
//! its mutants fails with the message that was written for it.
//!
//! Each chapter has a test that calls [`prove`] for its folder. `cargo test` has built the
//! example targets before; they lie beside the test's own binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::judge::{FAILED, PASSED};

/// Proves all exercises of the chapter whose package is in `chapter`; returns how many.
///
/// # Errors
/// The first property that does not hold, with the exercise and what was seen.
pub fn prove(chapter: &Path) -> Result<usize> {
    let shelf = chapter.join("exercises");
    let mut proven = 0;
    for entry in
        fs::read_dir(&shelf).with_context(|| format!("list {}", shelf.display()))?
    {
        let folder = entry.context("list the exercises")?.path();
        one(&folder).with_context(|| format!("exercise {}", folder.display()))?;
        proven += 1;
    }
    Ok(proven)
}

fn one(folder: &Path) -> Result<()> {
    let name = folder
        .file_name()
        .context("a folder has a name")?
        .to_string_lossy();
    let starter =
        fs::read_to_string(folder.join("starter.rs")).context("read starter.rs")?;
    // The reader's copy is judged by a program that calls it so.
    let function = format!("fn {}(", name.replace('-', "_"));
    ensure!(
        starter.contains(&function),
        "its starter has no {function}…)"
    );
    let program = example(&name)?;
    newer_than_sources(&program, folder)?;
    let (code, told) = attempt(&program, "starter")?;
    ensure!(
        code == i32::from(FAILED),
        "the starter must fail, it ended with {code}: {told}"
    );
    let (code, told) = attempt(&program, "solution")?;
    ensure!(code == i32::from(PASSED), "the solution must pass: {told}");
    let mut mutants = 0;
    for entry in fs::read_dir(folder.join("mutants")).context("list the mutants")? {
        let path = entry.context("list the mutants")?.path();
        let mutant = path
            .file_stem()
            .context("a file has a name")?
            .to_string_lossy();
        let wanted = expected(&path)?;
        let (code, told) = attempt(&program, &mutant)?;
        ensure!(
            code == i32::from(FAILED),
            "the mutant {mutant} must fail, it ended with {code}: {told}"
        );
        ensure!(
            told.contains(&wanted),
            "the mutant {mutant} must be told {wanted:?}, not {told:?}"
        );
        mutants += 1;
    }
    ensure!(mutants > 0, "it has no mutants");
    let readme =
        fs::read_to_string(folder.join("README.md")).context("read README.md")?;
    ensure!(readme.contains("<details>"), "README.md has no hints");
    Ok(())
}

/// The message that a mutant must get: its first line, `//! Told: …`.
fn expected(mutant: &Path) -> Result<String> {
    let text = fs::read_to_string(mutant)
        .with_context(|| format!("read {}", mutant.display()))?;
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("//! Told: ") {
        Some(words) if !words.is_empty() => Ok(words.trim_end_matches('.').to_owned()),
        _ => bail!("{} does not begin with `//! Told: …`", mutant.display()),
    }
}

fn example(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("find this test")?;
    let folder = test
        .parent()
        .and_then(Path::parent)
        .context("find the target folder")?;
    let program = folder.join("examples").join(name);
    ensure!(
        program.exists(),
        "{} is not built: cargo build --examples",
        program.display()
    );
    Ok(program)
}

/// `cargo test --test NAME` builds no examples: what lies there may be of another day, and
/// prove what the sources no longer say.
fn newer_than_sources(program: &Path, folder: &Path) -> Result<()> {
    let time = |path: &Path| {
        let file = fs::metadata(path).and_then(|file| file.modified());
        file.with_context(|| format!("look at {}", path.display()))
    };
    let built = time(program)?;
    for shelf in [folder.to_owned(), folder.join("mutants")] {
        for entry in fs::read_dir(&shelf).context("list the sources")? {
            let path = entry.context("list the sources")?.path();
            let source = path.extension().is_some_and(|end| end == "rs");
            ensure!(
                !source || time(&path)? <= built,
                "{} is newer than its program: cargo build --examples",
                path.display()
            );
        }
    }
    Ok(())
}

fn attempt(program: &Path, which: &str) -> Result<(i32, String)> {
    let scratch = crate::bench::scratch()?;
    let output = Command::new(program)
        .arg(which)
        .current_dir(scratch.path())
        // As in a trial: what it leaves among the temporary files goes with its folder.
        .env("TMPDIR", scratch.path())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("run {}", program.display()))?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status.code().unwrap_or(-1), told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_older_than_its_sources_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (program, source) = (folder.path().join("p"), folder.path().join("s.rs"));
        fs::create_dir(folder.path().join("mutants")).unwrap();
        fs::write(&program, "").unwrap();
        fs::write(&source, "").unwrap();
        let day = std::time::Duration::from_secs(86_400);
        let now = std::time::SystemTime::now();
        let built = |when| {
            let file = fs::File::options().write(true).open(&program).unwrap();
            file.set_modified(when).unwrap();
        };
        built(now + day);
        newer_than_sources(&program, folder.path()).unwrap();
        built(now - day);
        let told = newer_than_sources(&program, folder.path()).unwrap_err();
        assert!(
            told.to_string().contains("cargo build --examples"),
            "{told}"
        );
    }
}
