//! The proof of the exercise: starter, solution and mutants in one program.

#[path = "mutants/believes_the_marks.rs"]
mod believes_the_marks;
#[path = "mutants/bounds_the_inherited.rs"]
mod bounds_the_inherited;
mod check;
#[path = "mutants/forgets_the_ambient.rs"]
mod forgets_the_ambient;
#[path = "mutants/keeps_the_ambient.rs"]
mod keeps_the_ambient;
#[path = "mutants/keeps_the_permitted.rs"]
mod keeps_the_permitted;
mod solution;
mod starter;

fn main() -> std::process::ExitCode {
    workbench::exercise::judge(
        &[
            ("starter", starter::over_exec as check::Attempt),
            ("solution", solution::over_exec),
            ("believes_the_marks", believes_the_marks::over_exec),
            ("bounds_the_inherited", bounds_the_inherited::over_exec),
            ("forgets_the_ambient", forgets_the_ambient::over_exec),
            ("keeps_the_ambient", keeps_the_ambient::over_exec),
            ("keeps_the_permitted", keeps_the_permitted::over_exec),
        ],
        check::check,
    )
}
