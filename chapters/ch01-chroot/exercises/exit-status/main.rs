//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/counts_the_core.rs"]
mod counts_the_core;
#[path = "mutants/ends_the_stopped.rs"]
mod ends_the_stopped;
#[path = "mutants/forgets_128.rs"]
mod forgets_128;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::exit_status as check::Attempt),
            ("solution", solution::exit_status),
            ("counts_the_core", counts_the_core::exit_status),
            ("ends_the_stopped", ends_the_stopped::exit_status),
            ("forgets_128", forgets_128::exit_status),
        ],
        check::check,
    )
}
