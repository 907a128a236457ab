//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/checks_and_opens.rs"]
mod checks_and_opens;
#[path = "mutants/looks_at_the_text.rs"]
mod looks_at_the_text;
#[path = "mutants/refuses_links.rs"]
mod refuses_links;
mod solution;
mod starter;
#[path = "mutants/stays_beneath.rs"]
mod stays_beneath;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::open_inside as check::Attempt),
            ("solution", solution::open_inside),
            ("checks_and_opens", checks_and_opens::open_inside),
            ("looks_at_the_text", looks_at_the_text::open_inside),
            ("refuses_links", refuses_links::open_inside),
            ("stays_beneath", stays_beneath::open_inside),
        ],
        check::check,
    )
}
