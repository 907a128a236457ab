//! What is wrong with a command line, in docker's words.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A command line that leads to no verb.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Help or version was asked for: for standard output, status 0.
    Shown(String),
    /// Something is wrong: what, what to type, and the status.
    Wrong {
        what: String,
        hint: String,
        status: u8,
    },
}

/// Docker's status for a flag that it does not know or understand.
const BAD_FLAG: u8 = 125;
/// Docker's status for a missing or superfluous argument, and an unknown verb.
const BAD_ARGUMENTS: u8 = 1;

/// Translates clap's complaint.
pub(super) fn refused(error: &clap::Error, command: &Command) -> Refused {
    let told = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let verb = verb(error, command);
    let (what, status) = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingSubcommand => {
            return Refused::Shown(help(&error.to_string(), command));
        }
        ErrorKind::DisplayVersion => return Refused::Shown(error.to_string()),
        ErrorKind::InvalidSubcommand => (
            format!(
                "unknown command: {verb} {}",
                told(ContextKind::InvalidSubcommand)
            ),
            BAD_ARGUMENTS,
        ),
        ErrorKind::UnknownArgument => unknown(&told(ContextKind::InvalidArg), &verb),
        ErrorKind::MissingRequiredArgument | ErrorKind::TooFewValues => (
            format!("'{verb}' requires {}", needed(&verb, command)),
            BAD_ARGUMENTS,
        ),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let flag = told(ContextKind::InvalidArg);
            let flag = flag.split_whitespace().next().unwrap_or_default();
            let value = told(ContextKind::InvalidValue);
            // An empty value that the flag's own parser saw has a reason.
            if value.is_empty() && std::error::Error::source(error).is_none() {
                return wrong(&verb, format!("flag needs an argument: {flag}"), BAD_FLAG);
            }
            let why = std::error::Error::source(error);
            let why = why.map_or_else(|| possible(error), |why| format!(": {why}"));
            (
                format!("invalid argument {value:?} for {flag:?} flag{why}"),
                BAD_FLAG,
            )
        }
        _ => (first_line(error), BAD_FLAG),
    };
    wrong(&verb, what, status)
}

fn wrong(verb: &str, what: String, status: u8) -> Refused {
    Refused::Wrong {
        what,
        hint: format!("run '{verb} --help' for more information"),
        status,
    }
}

/// How many arguments a verb needs.
fn needed(verb: &str, command: &Command) -> String {
    let mut at = command;
    for word in verb.split(' ').skip(1) {
        at = at.find_subcommand(word).unwrap_or(at);
    }
    let range = |argument: &clap::Arg| argument.get_num_args().unwrap_or_default();
    let required = at.get_positionals().filter(|one| one.is_required_set());
    let count: usize = required.map(|one| range(one).min_values().max(1)).sum();
    let several = at.get_positionals().any(|one| range(one).max_values() > 1);
    let (least, plural) = (
        if several { "at least " } else { "" },
        if count == 1 { "" } else { "s" },
    );
    format!("{least}{count} argument{plural}")
}

fn unknown(word: &str, verb: &str) -> (String, u8) {
    match word.strip_prefix('-') {
        Some(rest) if rest.starts_with('-') => {
            (format!("unknown flag: {word}"), BAD_FLAG)
        }
        Some(rest) => {
            let letter: String = rest.chars().take(1).collect();
            (
                format!("unknown shorthand flag: '{letter}' in {word}"),
                BAD_FLAG,
            )
        }
        None => (
            format!("'{verb}' takes no argument {word:?}"),
            BAD_ARGUMENTS,
        ),
    }
}

fn possible(error: &clap::Error) -> String {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => {
            format!(": must be one of {}", values.join(", "))
        }
        _ => String::new(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

/// The help of the verb that `shown`, the help of the command that parses, is about.
fn help(shown: &str, command: &Command) -> String {
    let mut at = command.clone();
    // Gives the verbs their full names.
    at.build();
    let usage = shown.lines().find(|line| line.starts_with("Usage: "));
    for word in named(usage.unwrap_or_default(), command).iter().skip(1) {
        at = at.find_subcommand(word).cloned().unwrap_or(at);
    }
    at.render_help().to_string()
}

/// `skiff run`: the verb that the error is about, as its usage line begins.
fn verb(error: &clap::Error, command: &Command) -> String {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    named(&usage, command).join(" ")
}

/// The words at the beginning of a usage line that are `skiff` and its verbs.
fn named(usage: &str, command: &Command) -> Vec<String> {
    let words = usage.trim_start_matches("Usage: ").split_whitespace();
    let mut at = command;
    let mut names = vec!["skiff".to_owned()];
    for word in words.skip(1) {
        let Some(verb) = at.find_subcommand(word) else {
            break;
        };
        at = verb;
        names.push(word.to_owned());
    }
    names
}
