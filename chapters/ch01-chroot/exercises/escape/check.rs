//! Judges an escape: is `/` the host's again?

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chroot::root;
use workbench::{bench, user};

/// What the reader writes.
pub(crate) type Attempt = fn() -> io::Result<()>;

pub(crate) fn check(escape: Attempt) -> Result<(), String> {
    let world = bench::scratch().map_err(|error| error.to_string())?;
    let (jail, canary) = (world.path().join("jail"), world.path().join("canary"));
    fs::create_dir(&jail).map_err(|error| error.to_string())?;
    fs::write(&canary, "outside").map_err(|error| error.to_string())?;
    // The folders on the way from the jail to the top, told by what they are: names do not
    // mean the same afterwards.
    let way: Vec<_> = world
        .path()
        .ancestors()
        .filter_map(|folder| Some((identity(folder)?, folder.to_owned())))
        .collect();
    user::borrow_root().map_err(|error| format!("{error:#}"))?;
    root::enter(&jail).map_err(|error| format!("{error:#}"))?;

    let answer = escape();

    let outside = fs::read_to_string(&canary).is_ok_and(|text| text == "outside");
    if outside {
        // Out again: the scratch folder can be removed by its own path.
        return Ok(());
    }
    if let Err(error) = answer {
        return Err(format!("escape() returned an error: {error}"));
    }
    let relative = canary.strip_prefix("/").unwrap_or(&canary);
    if fs::read_to_string(relative).is_ok_and(|text| text == "outside") {
        return Err(
            "you stand in the host's root, but / still means the jail: one call \
                    is missing that makes the place where you stand your root"
                .to_owned(),
        );
    }
    if let Some(folder) = halfway(&way) {
        return Err(format!(
            "you are out of the jail and stand in {}, but not at the top: go up by `..` \
             more often (there `..` leads to itself, so too often does no harm)",
            folder.display()
        ));
    }
    Err("you are still in the jail: `..` stops at the root of the process, so the working \
         folder must be outside of that root before you climb"
        .to_owned())
}

/// Where on the way up an escape has stopped, if it is there.
fn halfway(way: &[((u64, u64), PathBuf)]) -> Option<&Path> {
    let here = identity(Path::new("."))?;
    let stop = way.iter().find(|(folder, _)| *folder == here)?;
    Some(&stop.1)
}

/// What a folder is, whatever its name.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    let folder = fs::metadata(folder).ok()?;
    Some((folder.dev(), folder.ino()))
}
