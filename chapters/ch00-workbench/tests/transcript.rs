//! What the page of this chapter prints.

use std::fs;
use std::path::Path;

use support::{Need, Transcript};

const BENCH: &str = env!("CARGO_BIN_EXE_ch00");

#[test]
fn what_the_bench_shows() {
    Transcript {
        name: "ch00",
        typed: &["cargo run -q -p ch00 -- --explain"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

/// The reader of the book's first command has a checkout and a target folder of their
/// own, no mdBook, and, like every world, no way to other machines.
#[test]
fn what_the_doctor_says() {
    let mut lines = vec!["cd".to_owned()];
    lines.extend(checkout());
    lines.push(
        "mkdir -p target/debug && cp \"$PROGRAMS/ch00\" target/debug/
         PROGRAMS=$HOME/target/debug PATH=/nowhere
         export CARGO_MANIFEST_DIR=\"$HOME/skiff/chapters/ch00-workbench\" PATH"
            .to_owned(),
    );
    let before: Vec<&str> = lines.iter().map(String::as_str).collect();
    Transcript {
        name: "doctor",
        needs: &[Need::Overlay, Need::NetNamespace],
        before: &before,
        typed: &["cargo doctor"],
        ..Transcript::ORDINARY
    }
    .check(BENCH);
}

/// Lines for the shell that write what the chapters need into a folder `skiff`.
fn checkout() -> Vec<String> {
    let chapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = fs::read_dir(chapters).expect("the chapters").flatten();
    folders
        .filter_map(|folder| {
            let needs = fs::read_to_string(folder.path().join("needs.toml")).ok()?;
            let name = folder.file_name().into_string().expect("a name");
            Some(format!(
                "mkdir -p skiff/chapters/{name}
cat > skiff/chapters/{name}/needs.toml <<'END'
{needs}
END"
            ))
        })
        .collect()
}
