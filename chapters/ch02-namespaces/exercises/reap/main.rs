//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/forgets_signals.rs"]
mod forgets_signals;
mod solution;
mod starter;
#[path = "mutants/takes_the_first.rs"]
mod takes_the_first;
#[path = "mutants/waits_for_all.rs"]
mod waits_for_all;
#[path = "mutants/waits_for_one.rs"]
mod waits_for_one;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::reap as check::Attempt),
            ("solution", solution::reap),
            ("forgets_signals", forgets_signals::reap),
            ("takes_the_first", takes_the_first::reap),
            ("waits_for_all", waits_for_all::reap),
            ("waits_for_one", waits_for_one::reap),
        ],
        check::check,
    )
}
