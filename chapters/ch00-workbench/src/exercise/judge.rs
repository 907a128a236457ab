//! The main function of every check: which attempt to judge, and the verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Exit code of a check whose attempt passed: not 0, with which an attempt may end the
/// check before it has looked.
pub const PASSED: u8 = 43;
/// Exit code of a check whose attempt failed; what is wrong stands on standard output.
pub const FAILED: u8 = 42;

/// Judges the attempt that the first argument names (without one: the first), and ends
/// with [`PASSED`], or with what is wrong on standard output and [`FAILED`].
///
/// An attempt that panics fails with the words of its panic; so does one that is still
/// unwritten (`todo!()`).
pub fn judge<A: Copy>(
    attempts: &[(&str, A)],
    check: impl Fn(A) -> Result<(), String>,
) -> ExitCode {
    let wanted = std::env::args().nth(1);
    let attempt = match &wanted {
        None => attempts.first(),
        Some(name) => attempts.iter().find(|(attempt, _)| attempt == name),
    };
    let Some((_, attempt)) = attempt else {
        return tell(&format!("there is no attempt {wanted:?} here"));
    };
    let attempt = *attempt;
    match catch_unwind(AssertUnwindSafe(|| check(attempt))) {
        Ok(Ok(())) => ExitCode::from(PASSED),
        Ok(Err(wrong)) => tell(&wrong),
        Err(panic) => tell(&format!("it panicked: {}", words(panic.as_ref()))),
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("?")
}

fn tell(wrong: &str) -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{wrong}");
    ExitCode::from(FAILED)
}
