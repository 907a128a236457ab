//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/forgets_the_group.rs"]
mod forgets_the_group;
#[path = "mutants/keeps_setgroups.rs"]
mod keeps_setgroups;
#[path = "mutants/maps_to_itself.rs"]
mod maps_to_itself;
#[path = "mutants/maps_too_many.rs"]
mod maps_too_many;
mod solution;
mod starter;
#[path = "mutants/swaps_the_columns.rs"]
mod swaps_the_columns;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::map_ids as check::Attempt),
            ("solution", solution::map_ids),
            ("forgets_the_group", forgets_the_group::map_ids),
            ("keeps_setgroups", keeps_setgroups::map_ids),
            ("maps_to_itself", maps_to_itself::map_ids),
            ("maps_too_many", maps_too_many::map_ids),
            ("swaps_the_columns", swaps_the_columns::map_ids),
        ],
        check::check,
    )
}
