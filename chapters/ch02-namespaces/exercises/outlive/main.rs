//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/makes_a_new_one.rs"]
mod makes_a_new_one;
#[path = "mutants/opens_its_own.rs"]
mod opens_its_own;
#[path = "mutants/opens_too_late.rs"]
mod opens_too_late;
mod solution;
#[path = "mutants/spares_the_process.rs"]
mod spares_the_process;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::outlive as check::Attempt),
            ("solution", solution::outlive),
            ("makes_a_new_one", makes_a_new_one::outlive),
            ("opens_its_own", opens_its_own::outlive),
            ("opens_too_late", opens_too_late::outlive),
            ("spares_the_process", spares_the_process::outlive),
        ],
        check::check,
    )
}
