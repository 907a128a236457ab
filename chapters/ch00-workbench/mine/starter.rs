//! Your own container. It begins here, and every chapter lets it grow.
//!
//! ```text
//! mine run ROOT PROGRAM [ARGS…]
//! ```

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    // TODO: make ROOT the root, and become PROGRAM. std, nix, libc and anyhow are yours.
    eprintln!("mine: nobody has taught me yet what to do with {words:?}");
    ExitCode::FAILURE
}
