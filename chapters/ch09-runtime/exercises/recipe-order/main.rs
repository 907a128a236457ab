//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/drops_first.rs"]
mod drops_first;
#[path = "mutants/enters_as_root.rs"]
mod enters_as_root;
#[path = "mutants/finds_late.rs"]
mod finds_late;
#[path = "mutants/masks_early.rs"]
mod masks_early;
#[path = "mutants/pivots_first.rs"]
mod pivots_first;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::recipe_order as check::Attempt),
            ("solution", solution::recipe_order),
            ("drops_first", drops_first::recipe_order),
            ("enters_as_root", enters_as_root::recipe_order),
            ("finds_late", finds_late::recipe_order),
            ("masks_early", masks_early::recipe_order),
            ("pivots_first", pivots_first::recipe_order),
        ],
        check::check,
    )
}
