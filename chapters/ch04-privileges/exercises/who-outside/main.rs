//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/counts_one_too_many.rs"]
mod counts_one_too_many;
#[path = "mutants/forgets_the_beginning.rs"]
mod forgets_the_beginning;
#[path = "mutants/forgets_who_is_before.rs"]
mod forgets_who_is_before;
#[path = "mutants/reads_the_first_line.rs"]
mod reads_the_first_line;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::who_outside as check::Attempt),
            ("solution", solution::who_outside),
            ("counts_one_too_many", counts_one_too_many::who_outside),
            ("forgets_the_beginning", forgets_the_beginning::who_outside),
            ("forgets_who_is_before", forgets_who_is_before::who_outside),
            ("reads_the_first_line", reads_the_first_line::who_outside),
        ],
        check::check,
    )
}
