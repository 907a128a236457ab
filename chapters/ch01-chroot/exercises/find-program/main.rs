//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/joins_paths_too.rs"]
mod joins_paths_too;
mod solution;
mod starter;
#[path = "mutants/takes_folders.rs"]
mod takes_folders;
#[path = "mutants/takes_plain_files.rs"]
mod takes_plain_files;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::find_program as check::Attempt),
            ("solution", solution::find_program),
            ("joins_paths_too", joins_paths_too::find_program),
            ("takes_folders", takes_folders::find_program),
            ("takes_plain_files", takes_plain_files::find_program),
        ],
        check::check,
    )
}
