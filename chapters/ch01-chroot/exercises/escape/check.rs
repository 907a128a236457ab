//! Judges an escape: is `/` the host's again?

use std::fs;
use std::io;

use chroot::root;
use workbench::{bench, user};

/// What the reader writes.
pub(crate) type Attempt = fn() -> io::Result<()>;

pub(crate) fn check(escape: Attempt) -> Result<(), String> {
    let world = bench::scratch().map_err(|error| error.to_string())?;
    let (jail, canary) = (world.path().join("jail"), world.path().join("canary"));
    fs::create_dir(&jail).map_err(|error| error.to_string())?;
    fs::write(&canary, "outside").map_err(|error| error.to_string())?;
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
    Err("you are still in the jail: `..` stops at the root of the process, so the working \
         folder must be outside of that root before you climb"
        .to_owned())
}
