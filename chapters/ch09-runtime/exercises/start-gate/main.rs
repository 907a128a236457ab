//! The proof of the exercise: starter, solution and mutants in one program.

mod check;
#[path = "mutants/does_not_listen.rs"]
mod does_not_listen;
#[path = "mutants/opens_the_report_late.rs"]
mod opens_the_report_late;
mod solution;
mod starter;
#[path = "mutants/takes_all_for_success.rs"]
mod takes_all_for_success;
#[path = "mutants/waits_for_nobody.rs"]
mod waits_for_nobody;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::start_gate as check::Attempt),
            ("solution", solution::start_gate),
            ("does_not_listen", does_not_listen::start_gate),
            ("opens_the_report_late", opens_the_report_late::start_gate),
            ("takes_all_for_success", takes_all_for_success::start_gate),
            ("waits_for_nobody", waits_for_nobody::start_gate),
        ],
        check::check,
    )
}
