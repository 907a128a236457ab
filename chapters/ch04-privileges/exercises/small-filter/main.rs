//! The proof of the exercise: starter, solution and mutants in one program.

#[path = "mutants/asks_for_the_flag_alone.rs"]
mod asks_for_the_flag_alone;
mod check;
#[path = "mutants/forgets_the_table.rs"]
mod forgets_the_table;
#[path = "mutants/jumps_too_far.rs"]
mod jumps_too_far;
#[path = "mutants/refuses_clone3.rs"]
mod refuses_clone3;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::small_filter as check::Attempt),
            ("solution", solution::small_filter),
            (
                "asks_for_the_flag_alone",
                asks_for_the_flag_alone::small_filter,
            ),
            ("forgets_the_table", forgets_the_table::small_filter),
            ("jumps_too_far", jumps_too_far::small_filter),
            ("refuses_clone3", refuses_clone3::small_filter),
        ],
        check::check,
    )
}
