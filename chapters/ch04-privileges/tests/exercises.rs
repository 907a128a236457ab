//! The exercises of this chapter are exercises.

#[test]
fn starters_fail_solutions_pass_and_mutants_get_their_message() {
    let chapter = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let proven = workbench::exercise::proof::prove(chapter).unwrap_or_else(|wrong| {
        panic!("{wrong:#}");
    });
    assert!(
        proven >= 3,
        "chapter 4 has at least three exercises, not {proven}"
    );
}
