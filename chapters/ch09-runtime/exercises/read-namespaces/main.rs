//! The proof of the exercise: starter, solution and mutants in one program.

#[path = "mutants/calls_it_net.rs"]
mod calls_it_net;
mod check;
#[path = "mutants/lets_the_last_win.rs"]
mod lets_the_last_win;
#[path = "mutants/makes_what_it_joins.rs"]
mod makes_what_it_joins;
#[path = "mutants/passes_over_the_unknown.rs"]
mod passes_over_the_unknown;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::read_namespaces as check::Attempt),
            ("solution", solution::read_namespaces),
            ("calls_it_net", calls_it_net::read_namespaces),
            ("lets_the_last_win", lets_the_last_win::read_namespaces),
            ("makes_what_it_joins", makes_what_it_joins::read_namespaces),
            (
                "passes_over_the_unknown",
                passes_over_the_unknown::read_namespaces,
            ),
        ],
        check::check,
    )
}
