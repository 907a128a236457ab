//! The proof of the exercise: starter, solution and mutants in one program.

#[path = "mutants/asks_for_defaults.rs"]
mod asks_for_defaults;
#[path = "mutants/binds_one.rs"]
mod binds_one;
mod check;
#[path = "mutants/drops_the_rest.rs"]
mod drops_the_rest;
#[path = "mutants/never_takes_away.rs"]
mod never_takes_away;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::read_options as check::Attempt),
            ("solution", solution::read_options),
            ("asks_for_defaults", asks_for_defaults::read_options),
            ("binds_one", binds_one::read_options),
            ("drops_the_rest", drops_the_rest::read_options),
            ("never_takes_away", never_takes_away::read_options),
        ],
        check::check,
    )
}
