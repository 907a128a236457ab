//! `ways`: the ways to a user namespace, tried under filters. `strict`: the other mode.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chroot::process::{self, Child, Exit, Forked, How};
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use privileges::seccomp::{self, Filter, Profile};
use privileges::{CapSet, no_new_privileges};
use workbench::{steps, user};

/// The profile that the page reads.
const LESSON: &str = include_str!("../data/lesson.json");

/// The filter of the lesson, for this machine.
pub(crate) fn lesson() -> Result<Filter> {
    let machine = seccomp::Machine::this(CapSet::container_default());
    Ok(Profile::parse(LESSON)?.resolve(&machine))
}

/// Prints what each way answers under each filter.
pub(crate) fn table() -> Result<ExitCode> {
    let docker = || seccomp::default_profile(&CapSet::container_default());
    println!(
        "{:<24}{:<28}clone3(CLONE_NEWUSER)",
        "", "unshare(CLONE_NEWUSER)"
    );
    for (name, filter) in [
        ("no filter", None),
        ("the lesson's filter", Some(lesson()?)),
        ("docker's filter", Some(docker())),
    ] {
        let program = filter.as_ref().map(seccomp::compile).transpose()?;
        let child = in_child(|| {
            if let Some(program) = &program {
                no_new_privileges()?;
                seccomp::install(program)?;
            }
            // The way that changes this very process comes last.
            let by_clone3 = clone3();
            let by_unshare = answer(unshare(CloneFlags::CLONE_NEWUSER).err());
            super::say(&format!("{name:<24}{by_unshare:<28}{by_clone3}\n"))
        })?;
        child.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A process that is born in a user namespace, and ends.
fn clone3() -> String {
    let how = How {
        namespaces: libc::CLONE_NEWUSER,
        ..How::default()
    };
    match process::fork(&how) {
        Ok(Forked::Child) => process::leave_after(|| Ok(0)),
        Ok(Forked::Parent(child)) => answer(child.wait().err().map(|_| Errno::ECHILD)),
        Err(error) => {
            let errno = error.chain().find_map(|cause| cause.downcast_ref());
            answer(Some(*errno.unwrap_or(&Errno::UnknownErrno)))
        }
    }
}

fn answer(error: Option<Errno>) -> String {
    error.map_or_else(|| "yes".to_owned(), |errno| format!("{errno:?}"))
}

/// Runs a process in strict mode: it writes, and then it asks for the time.
pub(crate) fn strict() -> Result<ExitCode> {
    let child = in_child(|| {
        seccomp::strict()?;
        super::say("in strict mode I can still write\n")?;
        let host = nix::unistd::gethostname().context("ask for the host's name")?;
        super::say(&format!("and I am on {}\n", host.display()))
    })?;
    match child.wait()? {
        Exit::Signal(number) => println!("it asked for the host's name: signal {number}"),
        Exit::Code(code) => bail!("strict mode held nobody: exit code {code}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a copy of this process, as root of a user namespace where it was nobody.
fn in_child(work: impl FnOnce() -> Result<()>) -> Result<Child> {
    user::borrow_root()?;
    match process::fork(&How::default())? {
        Forked::Parent(child) => Ok(child),
        Forked::Child => process::leave_after(|| {
            steps::role("init");
            work().map(|()| 0)
        }),
    }
}
