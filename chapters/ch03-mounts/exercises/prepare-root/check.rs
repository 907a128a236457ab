//! Judges the preparation for pivot_root(2), by calling it.

use std::fs::{self, File};
use std::path::Path;

use mounts::{Kind, Propagation, set_propagation};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, chroot, fchdir, pivot_root};
use workbench::{bench, user};

/// What the reader writes.
pub(crate) type Attempt = fn(&Path) -> nix::Result<()>;

pub(crate) fn check(prepare_root: Attempt) -> Result<(), String> {
    let scratch = bench::scratch().map_err(|error| error.to_string())?;
    let world = fs::canonicalize(scratch.path()).map_err(|error| error.to_string())?;
    let root = world.join("root");
    furnish(&world, &root).map_err(|error| format!("{error:#}"))?;
    let old = File::open("/").map_err(|error| error.to_string())?;

    let answer = prepare_root(&root);
    let told = match answer {
        Err(errno) => Err(format!("prepare_root() returned an error: {errno}")),
        Ok(()) => pivot(&root),
    };

    // Back, so that the folder can be removed by its path.
    let home = fchdir(&old)
        .and_then(|()| chroot("."))
        .and_then(|()| umount2(&world, MntFlags::MNT_DETACH));
    told.and(home.map_err(|errno| format!("clean up: {errno}")))
}

/// A mount namespace in which all is shared, as on most machines, but with nobody else.
fn furnish(world: &Path, root: &Path) -> anyhow::Result<()> {
    user::borrow_root()?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mounts::private()?;
    let none: Option<&str> = None;
    mount(Some("none"), world, Some("tmpfs"), MsFlags::empty(), none)?;
    let shared = Propagation {
        kind: Kind::Shared,
        ..Propagation::RPRIVATE
    };
    set_propagation(Path::new("/"), shared)?;
    fs::create_dir(root)?;
    fs::write(root.join("here"), "")?;
    Ok(())
}

fn pivot(root: &Path) -> Result<(), String> {
    let table = mounts::table::read().map_err(|error| format!("{error:#}"))?;
    chdir(root).map_err(|errno| format!("go to the folder: {errno}"))?;
    match pivot_root(".", ".") {
        Ok(()) if Path::new("/here").exists() => Ok(()),
        Ok(()) => Err("pivot_root has worked, but the files of the folder are not there \
                       any more: bind it, mount nothing on it"
            .to_owned()),
        Err(Errno::EINVAL | Errno::EBUSY)
            if !table.0.iter().any(|mount| mount.target == root) =>
        {
            Err("pivot_root refuses: the folder is not the top of a mount".to_owned())
        }
        Err(Errno::EINVAL) => {
            Err("pivot_root refuses: EINVAL, and the folder is a mount; it is shared, or its \
                 parent is"
                .to_owned())
        }
        Err(errno) => Err(format!("pivot_root refuses: {errno}")),
    }
}
