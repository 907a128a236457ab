//! As much of the command line's grammar as what was typed needs.
//!
//! To describe all verbs with all that they take costs half a millisecond: a twentieth of
//! a `run`, and of a `state` a third. So the verb is looked for among the words, and if
//! it is one of those that callers use for every container, only that one is described.
//! Whatever cannot be understood so is read again with the whole grammar, which then
//! understands it, or has the words for what is wrong, and for `--help`.

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches, Parser};

use crate::flags::{Cli, Common, Delete, Join, Kill, Make, Named, Run, VERSION};

/// What a verb takes.
type Takes = fn(Command) -> Command;

const USUAL: [(&str, Takes); 7] = [
    ("create", Make::augment_args),
    ("delete", Delete::augment_args),
    ("exec", Join::augment_args),
    ("kill", Kill::augment_args),
    ("run", Run::augment_args),
    ("start", Named::augment_args),
    ("state", Named::augment_args),
];

/// What was typed; does not come back from what is wrong, nor from `--help`.
pub(crate) fn parse() -> Cli {
    by_the_verb(std::env::args_os().collect()).unwrap_or_else(Cli::parse)
}

fn by_the_verb(words: Vec<OsString>) -> Option<Cli> {
    let usual = |word| USUAL.iter().find(|(verb, _)| word == verb);
    let (verb, takes) = words.iter().skip(1).find_map(usual)?;
    let program = Command::new("skiff-runtime")
        .version(VERSION)
        .disable_version_flag(true)
        .disable_help_subcommand(true);
    let grammar = Common::augment_args(program).subcommand(takes(Command::new(*verb)));
    let matches = grammar.try_get_matches_from(words).ok()?;
    Cli::from_arg_matches(&matches).ok()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn what_is_understood_at_once_is_what_the_whole_grammar_says() {
        for line in [
            "r run x",
            "r --root /a --log=/l --log-format json run -b /b --pid-file p -d x",
            "r create x --bundle /b --console-socket=s --systemd-cgroup --preserve-fds 3",
            "r exec --pid-file p -u 1:2 --tty -e A=1 --env B=2 x sh -c -h --root /y",
            "r exec x run create --root",
            "r kill -a x 9",
            "r kill x",
            "r delete --force x --root /r",
            "r state x",
            "r --debug --rootless=true start x",
        ] {
            let whole = Cli::try_parse_from(words(line)).expect(line);
            let part = by_the_verb(words(line)).expect(line);
            assert_eq!(format!("{part:?}"), format!("{whole:?}"), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_at_once_is_left_to_the_whole_grammar() {
        for line in [
            "r",
            "r --version",
            "r run --help",
            "r exec x -h",
            "r run",
            "r run x y",
            "r --root run create x",
            "r list",
            "r help run",
            "r kill --odd x",
        ] {
            assert!(by_the_verb(words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn each_usual_verb_takes_what_it_takes() {
        let whole = Cli::command();
        let names = |command: &Command| {
            let names = command.get_arguments().map(|arg| arg.get_id().to_string());
            names.collect::<Vec<_>>()
        };
        for (verb, takes) in USUAL {
            let here = takes(Command::new(verb));
            let there = whole.find_subcommand(verb).unwrap();
            assert_eq!(names(&here), names(there), "{verb}");
        }
    }
}
