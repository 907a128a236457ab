//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/climbs_too_little.rs"]
mod climbs_too_little;
#[path = "mutants/enters_the_hole.rs"]
mod enters_the_hole;
#[path = "mutants/keeps_the_root.rs"]
mod keeps_the_root;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::escape as check::Attempt),
            ("solution", solution::escape),
            ("climbs_too_little", climbs_too_little::escape),
            ("enters_the_hole", enters_the_hole::escape),
            ("keeps_the_root", keeps_the_root::escape),
        ],
        check::check,
    )
}
