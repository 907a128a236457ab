//! Judges a search for programs, in folders made for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use workbench::bench;

/// What the reader writes.
pub(crate) type Attempt = fn(&str, &str) -> Option<PathBuf>;

pub(crate) fn check(find_program: Attempt) -> Result<(), String> {
    let scratch = bench::scratch().map_err(|error| error.to_string())?;
    furnish(scratch.path()).map_err(|error| error.to_string())?;
    let place = |name: &str| scratch.path().join(name);
    let path = ["empty", "first", "second"]
        .map(|folder| place(folder).display().to_string())
        .join(":");
    let text = |path: PathBuf| path.display().to_string();
    let cases = [
        (
            "tool".to_owned(),
            Some(place("first/tool")),
            "the first folder that has it wins",
        ),
        (
            "plain".to_owned(),
            Some(place("second/plain")),
            "a file without an execute bit is no program: look on",
        ),
        (
            "folder".to_owned(),
            Some(place("second/folder")),
            "a folder has execute bits, but is no program: look on",
        ),
        ("nosuch".to_owned(), None, "what is nowhere is not found"),
        (
            text(place("second/tool")),
            Some(place("second/tool")),
            "a name with a slash is a path, whatever PATH says",
        ),
        (
            "./tool".to_owned(),
            Some("./tool".into()),
            "a name with a slash is a path, also one that begins here",
        ),
        (
            text(place("first/plain")),
            None,
            "a path to something that cannot be executed is not found",
        ),
    ];
    std::env::set_current_dir(place("second")).map_err(|error| error.to_string())?;
    for (name, expected, why) in cases {
        let found = find_program(&name, &path);
        if found != expected {
            return Err(format!(
                "{why}\n  looked for: {name}\n  in PATH:    {path}\n  expected:   \
                 {expected:?}\n  came:       {found:?}"
            ));
        }
    }
    Ok(())
}

fn furnish(scratch: &Path) -> std::io::Result<()> {
    for folder in ["empty", "first", "second", "first/folder"] {
        fs::create_dir(scratch.join(folder))?;
    }
    for (file, mode) in [
        ("first/tool", 0o755),
        ("first/plain", 0o644),
        ("second/tool", 0o755),
        ("second/plain", 0o755),
        ("second/folder", 0o755),
    ] {
        let path = scratch.join(file);
        fs::write(&path, "")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}
