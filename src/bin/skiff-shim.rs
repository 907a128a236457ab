//! `skiff-shim`: the process that stays with a container, as a small program.
//!
//! Started by the daemon, never by hand; see chapter 10.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::process::ExitCode;

fn main() -> ExitCode {
    match shim::main(std::env::args_os().skip(1)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("skiff-shim: {error:#}");
            ExitCode::FAILURE
        }
    }
}
