//! Judges whether a namespace outlived its only process.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::process::{Child, Command};

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{gethostname, sethostname};
use workbench::user;

/// What the reader writes.
pub(crate) type Attempt = fn(u32, &dyn Fn()) -> io::Result<()>;

pub(crate) fn check(outlive: Attempt) -> Result<(), String> {
    user::borrow_root().map_err(|error| format!("{error:#}"))?;
    let (process, wanted) =
        alone().map_err(|error| format!("start a process in a namespace: {error}"))?;
    let (pid, process) = (process.id(), RefCell::new(process));
    let answer = outlive(pid, &|| end(&mut process.borrow_mut()));
    let ended = matches!(process.borrow_mut().try_wait(), Ok(Some(_)));
    end(&mut process.borrow_mut());
    if let Err(error) = answer {
        let late = error.kind() == io::ErrorKind::NotFound;
        let why = if late {
            "\nthe path is gone with the process: open it before"
        } else {
            ""
        };
        return Err(format!("outlive() returned an error: {error}{why}"));
    }
    if !ended {
        return Err("the process still runs: call end()".to_owned());
    }
    match here()? {
        now if now == wanted => Ok(()),
        _ => Err(
            "you are not in the namespace of the process: open its file, end it, and go \
                  in with setns(2)"
                .to_owned(),
        ),
    }
}

/// A process that is alone in a UTS namespace, and the name by which that is known: its
/// number would not do, since the next namespace may get it.
fn alone() -> io::Result<(Child, OsString)> {
    // One to come back to: the machine's own lets only the machine's root in.
    unshare(CloneFlags::CLONE_NEWUTS)?;
    let ours = File::open("/proc/self/ns/uts")?;
    unshare(CloneFlags::CLONE_NEWUTS)?;
    let wanted = OsString::from(format!("harbour-{}", std::process::id()));
    sethostname(&wanted)?;
    let process = Command::new("sleep").arg("30").spawn()?;
    setns(&ours, CloneFlags::CLONE_NEWUTS)?;
    Ok((process, wanted))
}

fn here() -> Result<OsString, String> {
    gethostname().map_err(|error| error.to_string())
}

/// Ends the process, if it has not ended.
fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}
