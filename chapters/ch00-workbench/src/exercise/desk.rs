//! The reader's desk: `exercises/` at the top of the checkout, with copies to write in.
//!
//! Git ignores it and the workspace excludes it: solving an exercise changes nothing
//! that is tracked. It is a package of its own, whose manifest is generated here, with
//! the workspace's lock file beside it, so that it builds without a network.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::catalog::Exercise;
use super::trial::{self, Limits, Outcome};

/// A desk, and the checkout that it belongs to.
#[derive(Debug)]
pub struct Desk {
    top: PathBuf,
    folder: PathBuf,
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

/// Crates that an attempt may use, beside the chapters'.
const LENT: [&str; 3] = ["anyhow", "libc", "nix"];

impl Desk {
    /// The desk of the checkout at `top`.
    ///
    /// # Errors
    /// When it cannot be made, as in a checkout that is read-only.
    pub fn of(top: &Path) -> Result<Self> {
        let top = top.canonicalize().context("find the top of the checkout")?;
        let folder = top.join("exercises");
        fs::create_dir_all(folder.join(".checks")).with_context(|| {
            format!("make {}: is the checkout read-only?", folder.display())
        })?;
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

    /// Puts the starter where the reader's copy is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn reset(&self, exercise: &Exercise) -> Result<()> {
        let path = self.path(exercise);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("make {}", folder.display()))?;
        }
        fs::copy(exercise.folder.join("starter.rs"), &path)
            .map(drop)
            .with_context(|| format!("write {}", path.display()))
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
        for one in all {
            self.copy(one)?;
            fs::write(self.main_of(one), main(one))
                .with_context(|| format!("write the check of {}", one.id()))?;
        }
        self.write_manifest(all)?;
        let target = self.top.join("target/exercises");
        let built =
            Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
                .args(["build", "--quiet", "--offline", "--bin", &bin(exercise)])
                .arg("--manifest-path")
                .arg(self.folder.join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&target)
                .output()
                .context("run cargo")?;
        if !built.status.success() {
            let words = String::from_utf8_lossy(&built.stderr).into_owned();
            return Ok(Verdict::DoesNotCompile(words));
        }
        let scratch = crate::bench::scratch()?;
        let program = target.join("debug").join(bin(exercise));
        Ok(judged(trial::run(
            &program,
            &["attempt"],
            scratch.path(),
            Limits::default(),
        )?))
    }

    fn main_of(&self, exercise: &Exercise) -> PathBuf {
        self.folder
            .join(".checks")
            .join(format!("{}.rs", bin(exercise)))
    }

    fn write_manifest(&self, all: &[Exercise]) -> Result<()> {
        let root = fs::read_to_string(self.top.join("Cargo.toml"))
            .context("read the workspace's Cargo.toml")?;
        let text = manifest(&root, all)?;
        let path = self.folder.join("Cargo.toml");
        // Untouched when nothing changed, so that cargo sees nothing to do.
        if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            fs::write(&path, text)
                .with_context(|| format!("write {}", path.display()))?;
            let lock = self.folder.join("Cargo.lock");
            fs::copy(self.top.join("Cargo.lock"), &lock)
                .with_context(|| format!("write {}", lock.display()))?;
        }
        Ok(())
    }
}

/// What an outcome means.
pub(super) fn judged(outcome: Outcome) -> Verdict {
    let wrong = match outcome {
        Outcome::Ended(0, _) => return Verdict::Passed,
        Outcome::Ended(42, told) => told.trim_end().to_owned(),
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

#[derive(Deserialize)]
struct Root {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    dependencies: BTreeMap<String, toml::Value>,
}

/// The desk's manifest: a binary an exercise, the chapters by path, and what is lent.
fn manifest(root: &str, all: &[Exercise]) -> Result<String> {
    let root: Root = toml::from_str(root).context("read the workspace's Cargo.toml")?;
    let mut text = String::from(
        "# Generated by `cargo exercise`.\n[package]\nname = \"exercises\"\n\
         version = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n\n[dependencies]\n",
    );
    for (name, value) in &root.workspace.dependencies {
        let path = value.get("path").and_then(toml::Value::as_str);
        match (path, value.get("package").and_then(toml::Value::as_str)) {
            (Some(path), Some(package)) if lent(package, all) => {
                let _ = writeln!(
                    text,
                    "{name} = {{ package = {package:?}, path = \"../{path}\" }}"
                );
            }
            _ if LENT.contains(&name.as_str()) => {
                let _ = writeln!(text, "{name} = {value}");
            }
            _ => {}
        }
    }
    for exercise in all {
        let name = bin(exercise);
        let _ = write!(
            text,
            "\n[[bin]]\nname = {name:?}\npath = \".checks/{name}.rs\"\ntest = false\n"
        );
    }
    Ok(text)
}

/// The workbench, and the chapters that have exercises: what they are about.
fn lent(package: &str, all: &[Exercise]) -> bool {
    package == "ch00" || all.iter().any(|exercise| exercise.chapter == package)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn example() -> Exercise {
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
    fn the_manifest_lends_the_chapter_and_a_few_crates() {
        let root = "[workspace.dependencies]\n\
                    workbench = { package = 'ch00', path = 'chapters/ch00-workbench' }\n\
                    chroot = { package = 'ch01', path = 'chapters/ch01-chroot' }\n\
                    network = { package = 'ch05', path = 'chapters/ch05-network' }\n\
                    libc = '0.2'\nserde = '1'\n";
        let text = manifest(root, &[example()]).unwrap();
        for line in [
            "chroot = { package = \"ch01\", path = \"../chapters/ch01-chroot\" }",
            "libc = \"0.2\"",
            "name = \"ch01-get-out\"",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("network") && !text.contains("serde"));
    }

    #[test]
    fn the_function_is_named_after_the_exercise() {
        assert!(main(&example()).contains("attempt::get_out as check::Attempt"));
    }

    #[test]
    fn what_was_stopped_is_explained() {
        let wrong = |outcome| match judged(outcome) {
            Verdict::Wrong(words) => words,
            other => panic!("{other:?}"),
        };
        assert!(wrong(Outcome::TooLong(Duration::from_secs(10))).contains("10 seconds"));
        assert!(wrong(Outcome::TooLoud(65_536)).contains("64 KiB"));
        assert!(wrong(Outcome::Ended(3, "x\n".into())).contains("exit code 3"));
        assert_eq!(judged(Outcome::Ended(0, String::new())), Verdict::Passed);
    }
}
