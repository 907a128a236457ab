//! The shim's command line: three words, known only to the daemon.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{BUILD, run};

/// What the words after the program's name mean.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    /// Tell which sources this was built from.
    Build,
    /// Be a shim.
    Run { config: PathBuf, explain: bool },
}

/// Does what a program called `skiff-shim` is to do with the words after its name;
/// returns what it is to print. To be called while the process has one thread.
///
/// # Errors
/// Words that are none of its own; what [`run`] says (which has reported it already).
pub fn main(words: impl Iterator<Item = OsString>) -> Result<String> {
    match parse(words)? {
        Command::Build => Ok(format!("{BUILD}\n")),
        Command::Run { config, explain } => run(&config, explain).map(|()| String::new()),
    }
}

fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Command> {
    let (mut config, mut explain) = (None, false);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--build") => return Ok(Command::Build),
            Some("--explain") => explain = true,
            Some("--config") => config = words.next().map(PathBuf::from),
            _ => bail!("unknown argument {}", word.display()),
        }
    }
    match config {
        Some(config) => Ok(Command::Run { config, explain }),
        None => bail!("usage: skiff-shim --config FILE [--explain] | --build"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_knows_three_words() {
        let parsed = |words: &str| parse(words.split_whitespace().map(OsString::from));
        let config = PathBuf::from("/x");
        assert_eq!(
            parsed("--config /x --explain").unwrap(),
            Command::Run {
                config,
                explain: true
            }
        );
        assert_eq!(parsed("--build").unwrap(), Command::Build);
        for wrong in ["", "--config", "run", "--config /x more"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
