//! Transcripts: what the book prints is what a test saw.
//!
//! A [`Transcript`] says what a reader types. The test types it into one shell of a
//! [`World`], masks what differs from run to run, and compares with
//! `book/src/transcripts/NAME.console`. With `SKIFF_BLESS=1` it writes that file instead
//! (`just bless`). What is shown must be our own programs' output, or that of what every
//! shell has built in: it may not depend on the distribution.

mod figure;
mod machine;
mod masks;
mod sections;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::printed::{book, first_difference, is_blessing};
use crate::{Need, World, needs};
use masks::Masks;
use sections::sectioned;

/// A piece of a session at a terminal that the book prints.
#[derive(Debug)]
pub struct Transcript<'a> {
    /// The name of its file.
    pub name: &'a str,
    /// Who types.
    pub reader: Reader,
    /// What it needs beside a world for that reader.
    pub needs: &'a [Need],
    /// What is done before the session that is shown.
    pub before: &'a [&'a str],
    /// The lines that are typed, into one shell.
    pub typed: &'a [&'a str],
    /// Whether anchors are set where another process begins to tell its steps, and in
    /// there where another chapter's steps begin, so that a page can show them piece by
    /// piece: `shim`, `shim-ch07`, `init`, `shim-2`. Steps that repeat are counted, and
    /// on another kind of machine the comparison is skipped.
    pub sections: bool,
    /// Whether its steps are drawn as well: `book/src/figures/NAME-steps.svg`.
    pub figure: bool,
}

/// Who types a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// An ordinary user: what the book shows wherever that is enough.
    Ordinary,
    /// Root; the lines say `sudo` where a reader must.
    Root,
}

/// What a reader's shell knows: our programs by the names that the book gives them,
/// and how to echo a line as a terminal would, leaving `$?` as it was.
const SHELL: &str = r#"
cargo() {
    program=skiff
    # The aliases of .cargo/config.toml.
    case $1 in
        doctor | exercise) set -- -p ch00 -- "$@" ;;
    esac
    while [ $# -gt 0 ]; do
        case $1 in
            -p) program=$2; shift 2 ;;
            --) shift; break ;;
            *) shift ;;
        esac
    done
    "$PROGRAMS/$program" "$@"
}
skiff() { "$PROGRAMS/skiff" "$@"; }
sudo() { "$@"; }
typed() { status=$?; printf '%s\n' "$1"; return $status; }
exec 2>&1
"#;

impl Transcript<'_> {
    /// An ordinary user, who needs nothing and has typed nothing yet.
    pub const ORDINARY: Self = Self {
        name: "",
        reader: Reader::Ordinary,
        needs: &[],
        before: &[],
        typed: &[],
        sections: false,
        figure: false,
    };

    /// Root.
    pub const ROOT: Self = Self {
        reader: Reader::Root,
        ..Self::ORDINARY
    };

    /// Types the transcript and compares, or writes it anew. `program` is any of our
    /// programs; the others lie beside it.
    ///
    /// # Panics
    /// When what the book prints is not what is seen.
    #[track_caller]
    pub fn check(&self, program: &str) {
        let mut all = vec![match self.reader {
            Reader::Root => Need::Root,
            Reader::Ordinary => Need::UserNamespace,
        }];
        all.extend(self.needs);
        if !needs(&all) {
            return;
        }
        let path = folder().join(format!("{}.console", self.name));
        if is_blessing() {
            let seen = self.see(program);
            fs::create_dir_all(folder()).expect("the book's folder");
            fs::write(&path, &seen).expect("write the transcript");
            if self.figure {
                fs::write(self.figure_path(), figure::drawn(&seen))
                    .expect("write the figure");
            }
            return;
        }
        let printed = fs::read_to_string(&path).unwrap_or_default();
        if self.figure {
            let figure = fs::read_to_string(self.figure_path()).unwrap_or_default();
            assert!(
                figure == figure::drawn(&printed),
                "{} is not drawn from the transcript (`just bless` draws it anew)",
                self.figure_path().display()
            );
        }
        if machine::is_another(&printed) {
            // Through the descriptor: the print macros are captured by the harness.
            let text =
                format!("{} ... skipped: was seen on another machine\n", self.name);
            let _ = std::io::stderr().write_all(text.as_bytes());
            return;
        }
        let seen = self.see(program);
        assert!(
            printed == seen,
            "{} is not what is seen (`just bless` writes it anew); the first difference: {}",
            path.display(),
            first_difference(&printed, &seen)
        );
    }

    fn figure_path(&self) -> PathBuf {
        folder().join(format!("../figures/{}-steps.svg", self.name))
    }

    /// What stands on the terminal, masked.
    fn see(&self, program: &str) -> String {
        let world = match self.reader {
            Reader::Root => World::root(program),
            Reader::Ordinary => World::ordinary(program),
        };
        let out = world.run(&["sh", "-c", &self.script(world.skiff_path())]);
        assert!(out.stderr.is_empty(), "the shell said something: {out}");
        let text = Masks::of(&world).mask(&out.stdout);
        let text = trimmed(&text);
        if self.sections {
            format!("{}\n{}", machine::this(), sectioned(&text))
        } else {
            text
        }
    }

    fn script(&self, program: &Path) -> String {
        let programs = program.parent().expect("a program lies in a folder");
        let mut script = format!("PROGRAMS={}\n{SHELL}", programs.display());
        for line in self.before {
            let _ = writeln!(script, "{line}");
        }
        script.push_str("true\n");
        for line in self.typed {
            // A command of several lines as it is typed: whoever copies it copies no prompt.
            let shown = format!("$ {line}");
            let _ = writeln!(script, "typed {}\n{line}", quoted(&shown));
        }
        script
    }
}

/// Where the book keeps its transcripts.
fn folder() -> PathBuf {
    book().join("transcripts")
}

/// A word for the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Without blanks at the ends of lines: no reader sees them, editors remove them.
fn trimmed(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(reader: Reader, before: &[&str], typed: &[&str]) -> String {
        let transcript = Transcript {
            name: "none",
            reader,
            before,
            typed,
            ..Transcript::ORDINARY
        };
        transcript.see("/bin/true")
    }

    #[test]
    fn a_session_is_shown_as_on_a_terminal() {
        if !needs(&[Need::UserNamespace]) {
            return;
        }
        let typed = [
            "(exit 7)",
            "echo $? $word",
            "for n in 1 2; do\n  echo \"it's $n\"\ndone",
        ];
        let text = seen(Reader::Ordinary, &["word=told"], &typed);
        let session = "$ (exit 7)\n$ echo $? $word\n7 told\n\
                       $ for n in 1 2; do\n  echo \"it's $n\"\ndone\nit's 1\nit's 2\n";
        assert_eq!(text, session);
    }

    #[test]
    fn programs_have_the_names_that_readers_type() {
        if !needs(&[Need::UserNamespace]) {
            return;
        }
        // `true` and `false` lie in one folder everywhere.
        let typed = [
            "cargo run -q -p true && echo yes",
            "cargo run -q -p false -- -x; echo $?",
        ];
        let text = seen(Reader::Ordinary, &[], &typed);
        assert!(text.contains("yes\n") && text.ends_with("\n1\n"), "{text}");
    }
}
