//! `just demo CHAPTER`: the transcripts of a chapter's pages, typed and run.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::printed::is_blessing;
use crate::{Need, needs, run};

/// Plays the demo of `chapter`, whose program is `program`. Each of `lines` is seen, in this
/// order.
///
/// # Panics
/// When the demo fails, or a line does not come.
#[track_caller]
pub fn demo(chapter: &str, program: &str, lines: &[&str]) {
    // What is being written cannot be played.
    if is_blessing() || !needs(&[Need::UserNamespace, Need::Tool("bash")]) {
        return;
    }
    // Some leave files where a reader has what was built.
    let place = tempfile::tempdir().expect("a place to type in");
    fs::create_dir(place.path().join("target")).expect("a folder in it");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo.sh");
    let mut demo = Command::new("bash");
    demo.arg(script)
        .arg(chapter)
        .env("SKIFF_PLACE", place.path());
    let programs = Path::new(program)
        .parent()
        .expect("a program lies in a folder");
    demo.env("SKIFF_PROGRAMS", programs);
    let shown = run(demo).ok();
    let mut rest = &shown[..];
    for line in lines {
        let place = rest.find(line);
        let place = place.unwrap_or_else(|| panic!("{line:?} in {shown}"));
        rest = &rest[place + line.len()..];
    }
}
