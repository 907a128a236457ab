//! The reader's desk: `exercises/` at the top of the checkout, with copies to write in.
//!
//! Git ignores it and the workspace excludes it: solving an exercise changes nothing
//! that is tracked. It is a package of its own, whose manifest is generated here, with
//! the workspace's lock file beside it, so that it builds without a network.

mod lack;
mod manifest;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::catalog::Exercise;
use super::judge::{FAILED, PASSED};
use super::trial::{self, Limits, Outcome};

/// A desk, and the checkout that it belongs to.
#[derive(Debug)]
pub struct Desk {
    top: PathBuf,
    folder: PathBuf,
}

/// What came of a build.
#[derive(Debug, PartialEq, Eq)]
pub enum Built {
    /// A program, here.
    Program(PathBuf),
    /// The compiler's words.
    Refused(String),
}

/// What came of a check.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passed.
    Passed,
    /// It does not compile; the compiler's words.
    DoesNotCompile(String),
    /// It does something else than it should; what.
    Wrong(String),
}

impl Desk {
    /// The desk of the checkout at `top`.
    ///
    /// # Errors
    /// When it cannot be made, as in a checkout that is read-only.
    pub fn of(top: &Path) -> Result<Self> {
        let top = top.canonicalize().context("find the top of the checkout")?;
        let folder = top.join("exercises");
        let checks = folder.join(".checks");
        fs::create_dir_all(&checks).map_err(lack::on_writing(&checks))?;
        Ok(Self { top, folder })
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The reader's copy of an exercise; made from the starter if there is none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn copy(&self, exercise: &Exercise) -> Result<PathBuf> {
        let path = self.path(exercise);
        if !path.exists() {
            self.reset(exercise)?;
        }
        Ok(path)
    }

    /// Puts the starter where the reader's copy is; a copy is kept beside it, as `.old`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn reset(&self, exercise: &Exercise) -> Result<()> {
        let path = self.path(exercise);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(lack::on_writing(folder))?;
        }
        if path.exists() {
            let old = path.with_extension("rs.old");
            fs::rename(&path, &old).map_err(lack::on_writing(&old))?;
        }
        fs::copy(exercise.folder.join("starter.rs"), &path)
            .map(drop)
            .map_err(lack::on_writing(&path))
    }

    fn path(&self, exercise: &Exercise) -> PathBuf {
        self.folder
            .join(&exercise.chapter)
            .join(format!("{}.rs", exercise.name))
    }

    /// Builds the reader's copy with its check, and runs it within limits.
    ///
    /// # Errors
    /// When cargo cannot be run, or the desk cannot be written to.
    pub fn check(&self, exercise: &Exercise, all: &[Exercise]) -> Result<Verdict> {
        let program = match self.build(&bin(exercise), all)? {
            Built::Program(program) => program,
            Built::Refused(words) => return Ok(Verdict::DoesNotCompile(words)),
        };
        let scratch = crate::bench::scratch()?;
        Ok(judged(trial::run(
            &program,
            &["attempt"],
            scratch.path(),
            Limits::default(),
        )?))
    }

    /// Builds one binary of the desk, without a network.
    ///
    /// # Errors
    /// When cargo cannot be run, or the desk cannot be written to.
    pub fn build(&self, bin: &str, all: &[Exercise]) -> Result<Built> {
        for one in all {
            self.copy(one)?;
            let check = self.main_of(one);
            fs::write(&check, main(one)).map_err(lack::on_writing(&check))?;
        }
        self.write_manifest(all)?;
        let target = self.top.join("target/exercises");
        let built =
            Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
                .args(["build", "--quiet", "--offline", "--bin", bin])
                .arg("--manifest-path")
                .arg(self.folder.join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&target)
                .output()
                .context("run cargo")?;
        if built.status.success() {
            return Ok(Built::Program(target.join("debug").join(bin)));
        }
        let words = String::from_utf8_lossy(&built.stderr).into_owned();
        match lack::of_the_machine(&words) {
            Some(lack) => bail!("{lack}\n\n{}", words.trim_end()),
            None => Ok(Built::Refused(words)),
        }
    }

    fn main_of(&self, exercise: &Exercise) -> PathBuf {
        self.folder
            .join(".checks")
            .join(format!("{}.rs", bin(exercise)))
    }

    fn write_manifest(&self, all: &[Exercise]) -> Result<()> {
        let root = fs::read_to_string(self.top.join("Cargo.toml"))
            .context("read the workspace's Cargo.toml")?;
        let mine = self.folder.join("mine/main.rs").exists();
        let lock = fs::read(self.top.join("Cargo.lock"))
            .context("read the workspace's Cargo.lock")?;
        let mut hash = DefaultHasher::new();
        lock.hash(&mut hash);
        // With another lock file the manifest is another too, and both are written.
        let text = format!(
            "# Cargo.lock {:016x}\n{}",
            hash.finish(),
            manifest::manifest(&root, all, mine)?
        );
        let path = self.folder.join("Cargo.toml");
        // Untouched when nothing changed, so that cargo sees nothing to do.
        if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            fs::write(&path, text).map_err(lack::on_writing(&path))?;
            let copy = self.folder.join("Cargo.lock");
            fs::write(&copy, lock).map_err(lack::on_writing(&copy))?;
        }
        Ok(())
    }
}

/// What an outcome means.
pub(super) fn judged(outcome: Outcome) -> Verdict {
    let wrong = match outcome {
        Outcome::Ended(code, _) if code == i32::from(PASSED) => return Verdict::Passed,
        Outcome::Ended(code, told) if code == i32::from(FAILED) => {
            told.trim_end().to_owned()
        }
        Outcome::Ended(code, told) => {
            format!(
                "your code ended the check with exit code {code}\n{}",
                told.trim_end()
            )
        }
        Outcome::Killed(how, told) => format!("{how}\n{}", told.trim_end()),
        Outcome::TooLong(limit) => format!(
            "it was still running after {} seconds and was stopped: does it loop, or \
             wait for something that never comes?",
            limit.as_secs()
        ),
        Outcome::TooMany(limit) => format!(
            "it had {limit} processes at once and was stopped: does it fork in a loop?"
        ),
        Outcome::TooLoud(limit) => {
            format!("it printed more than {} KiB and was stopped", limit / 1024)
        }
    };
    Verdict::Wrong(wrong)
}

fn bin(exercise: &Exercise) -> String {
    format!("{}-{}", exercise.chapter, exercise.name)
}

/// The function that an attempt at this exercise has.
#[must_use]
pub fn function(exercise: &Exercise) -> String {
    exercise.name.replace('-', "_")
}

/// The program that judges the reader's copy.
fn main(exercise: &Exercise) -> String {
    let check = exercise.folder.join("check.rs");
    format!(
        "#[path = {:?}]\nmod attempt;\n#[path = {check:?}]\nmod check;\n\n\
         fn main() -> std::process::ExitCode {{\n    \
         workbench::exercise::judge(&[(\"attempt\", attempt::{} as check::Attempt)], \
         check::check)\n}}\n",
        format!("../{}/{}.rs", exercise.chapter, exercise.name),
        function(exercise),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    pub(super) fn example() -> Exercise {
        Exercise {
            chapter: "ch01".into(),
            name: "get-out".into(),
            folder: "/x/exercises/get-out".into(),
            title: String::new(),
            task: String::new(),
            hints: vec![],
        }
    }

    #[test]
    fn the_function_is_named_after_the_exercise() {
        assert!(main(&example()).contains("attempt::get_out as check::Attempt"));
    }

    #[test]
    fn who_begins_anew_keeps_what_there_was() {
        let top = tempfile::tempdir().unwrap();
        let exercise = Exercise {
            folder: top.path().to_owned(),
            ..example()
        };
        fs::write(top.path().join("starter.rs"), "// TODO").unwrap();
        let desk = Desk::of(top.path()).unwrap();
        let copy = desk.copy(&exercise).unwrap();
        fs::write(&copy, "mine").unwrap();
        assert_eq!(desk.copy(&exercise).unwrap(), copy);
        desk.reset(&exercise).unwrap();
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!(text(&copy), "// TODO");
        assert_eq!(text(&copy.with_extension("rs.old")), "mine");
    }

    #[test]
    fn what_was_stopped_is_explained() {
        let wrong = |outcome| match judged(outcome) {
            Verdict::Wrong(words) => words,
            other => panic!("{other:?}"),
        };
        assert!(wrong(Outcome::TooLong(Duration::from_secs(10))).contains("10 seconds"));
        assert!(wrong(Outcome::TooMany(64)).contains("64 processes at once"));
        assert!(wrong(Outcome::TooLoud(65_536)).contains("64 KiB"));
        assert!(wrong(Outcome::Ended(3, "x\n".into())).contains("exit code 3"));
        assert!(wrong(Outcome::Ended(0, String::new())).contains("exit code 0"));
        let passed = Outcome::Ended(i32::from(PASSED), String::new());
        assert_eq!(judged(passed), Verdict::Passed);
    }
}
