//! `spread`: two mount namespaces, and which of them sees what the other mounts.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chroot::process::{Child, leave_after};
use mounts::table::Table;
use mounts::{Mount, Propagation, Root};
use namespaces::launch::Crew;
use namespaces::{Launch, Namespace, Namespaces, launch};
use nix::mount::{MntFlags, umount2};
use nix::sched::{CloneFlags, unshare};
use workbench::{bench, user};

/// Tries it: the outer namespace shares a mount, the inner one gives its copy this
/// propagation, and each mounts something on it.
pub(crate) fn spread(inner: Propagation) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    let folder = fs::canonicalize(scratch.path()).context("find the folder")?;
    user::borrow_root()?;
    // Nothing of this experiment is for the machine's own namespace.
    unshare(CloneFlags::CLONE_NEWNS).context("make the outer mount namespace")?;
    mounts::private()?;
    mount(&folder, "/sea", &["shared"])?;
    let sea = folder.join("sea");
    for name in ["inside", "outside"] {
        fs::create_dir(sea.join(name)).context("make a place for a mount")?;
    }
    let answer = try_both(&sea, inner);
    umount2(&sea, MntFlags::MNT_DETACH).context("unmount the shared folder")?;
    answer.map(|()| ExitCode::SUCCESS)
}

// ANCHOR: try_both
fn try_both(sea: &Path, inner: Propagation) -> Result<()> {
    let plan = Launch {
        namespaces: Namespaces::NONE.with(Namespace::Mount),
        role: "inner",
        ..Launch::default()
    };
    let mut outer = Outer(sea.to_owned());
    let child = launch(&plan, &mut outer, |helm| {
        mounts::set_propagation(sea, inner)?;
        mount(sea, "/inside", &[])?;
        helm.ask("look, and mount", None)?;
        helm.ask(seen(&sea.join("outside"))?, None)?;
        helm.ready()?;
        leave_after(|| Ok(0))
    })?;
    child.wait().map(drop)
}

// ANCHOR_END: try_both

// ANCHOR: Outer
/// The outer namespace's part: it looks and mounts when the inner one has done so.
struct Outer(PathBuf);

impl Crew for Outer {
    fn prepare(&mut self, _: &Child) -> Result<()> {
        Ok(())
    }

    fn answer(&mut self, ask: &str, _: Option<OwnedFd>) -> Result<()> {
        match ask {
            "look, and mount" => {
                let seen = seen(&self.0.join("inside"))?;
                println!("mounted in the inner namespace: the outer one {seen}");
                mount(&self.0, "/outside", &[])
            }
            SEES | SEES_NOT => {
                println!("mounted in the outer namespace: the inner one {ask}");
                Ok(())
            }
            other => bail!("nobody knows how to {other}"),
        }
    }
}
// ANCHOR_END: Outer

const SEES: &str = "sees it";
const SEES_NOT: &str = "does not";

/// Whether this process sees a mount at `place`.
fn seen(place: &Path) -> Result<&'static str> {
    let table = mounts::table::read()?;
    let there = table.0.iter().any(|mount| mount.target == place);
    Ok(if there { SEES } else { SEES_NOT })
}

/// An empty tmpfs on a folder below `top`.
fn mount(top: &Path, target: &str, words: &[&str]) -> Result<()> {
    let plan = Mount {
        target: target.into(),
        fstype: Some("tmpfs".to_owned()),
        options: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Mount::default()
    };
    mounts::apply(&Root::open(top)?, &[plan], &Table::default())
}
