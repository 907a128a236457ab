//! Judges the opening of files in a tree full of links.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::Path;

use workbench::bench;

/// What the reader writes.
pub(crate) type Attempt = fn(&Path, &str) -> io::Result<File>;

/// A path, and what must be read there; `None` where nothing may be found.
type Case = (&'static str, Option<&'static str>, &'static str);

const CASES: [Case; 6] = [
    (
        "/etc/name",
        Some("inside"),
        "a plain path leads to its file",
    ),
    (
        "/out",
        None,
        "a link to a file outside leads nowhere: in the tree there is no such file",
    ),
    (
        "/dev/name",
        Some("inside"),
        "a link to /etc means the tree's own /etc",
    ),
    (
        "/up/etc/name",
        Some("inside"),
        "`..` ends at the top of the tree, in links too",
    ),
    (
        "/../../../etc/name",
        Some("inside"),
        "`..` ends at the top of the tree",
    ),
    ("/etc/nosuch", None, "what is not there is not found"),
];

pub(crate) fn check(open_inside: Attempt) -> Result<(), String> {
    let scratch = bench::scratch().map_err(|error| error.to_string())?;
    let tree = scratch.path().join("tree");
    furnish(scratch.path(), &tree).map_err(|error| error.to_string())?;
    for (path, expected, why) in CASES {
        let mut text = String::new();
        let answer = open_inside(&tree, path)
            .and_then(|mut file| file.read_to_string(&mut text))
            .map(|_| text.as_str());
        let why = match (&answer, expected) {
            (Ok(text), Some(wanted)) if *text == wanted => continue,
            (Err(_), None) => continue,
            (Ok(text), _) if *text != "inside" => {
                format!("you have opened a file outside of the tree: {why}")
            }
            _ => why.to_owned(),
        };
        return Err(format!("{why}\n  path: {path}\n  came: {answer:?}"));
    }
    Ok(())
}

fn furnish(world: &Path, tree: &Path) -> io::Result<()> {
    let outside = world.join("etc");
    for folder in [&outside, &tree.join("etc")] {
        fs::create_dir_all(folder)?;
    }
    fs::write(outside.join("name"), "outside")?;
    fs::write(tree.join("etc/name"), "inside")?;
    // On the host this is a folder without a file `name`.
    symlink("/etc", tree.join("dev"))?;
    symlink("..", tree.join("up"))?;
    symlink(outside.join("name"), tree.join("out"))
}
