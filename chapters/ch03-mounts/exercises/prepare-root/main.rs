//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/covers_it.rs"]
mod covers_it;
#[path = "mutants/forgets_what_is_below.rs"]
mod forgets_what_is_below;
#[path = "mutants/only_binds.rs"]
mod only_binds;
#[path = "mutants/only_makes_private.rs"]
mod only_makes_private;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::prepare_root as check::Attempt),
            ("solution", solution::prepare_root),
            ("covers_it", covers_it::prepare_root),
            ("forgets_what_is_below", forgets_what_is_below::prepare_root),
            ("only_binds", only_binds::prepare_root),
            ("only_makes_private", only_makes_private::prepare_root),
        ],
        check::check,
    )
}
