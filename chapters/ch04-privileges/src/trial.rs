//! What the bench shows: five calls, tried by four processes with fewer and fewer
//! privileges.

use std::process::ExitCode;

use anyhow::Result;
use chroot::process::{self, Forked, How};
use namespaces::{Namespace, Namespaces};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use nix::unistd::{chroot, sethostname};
use privileges::{CapSet, Capabilities, no_new_privileges, seccomp};
use workbench::{steps, user};

/// A call, and the capability that the kernel asks for.
type Call = (&'static str, fn() -> Result<(), Errno>);

/// The last one changes what the process is, so it is the last.
const CALLS: [Call; 5] = [
    ("sethostname", || sethostname("trial")),
    ("mount", || {
        mount(
            Some("none"),
            "/tmp",
            Some("tmpfs"),
            MsFlags::empty(),
            None::<&str>,
        )
    }),
    ("chroot", || chroot("/")),
    ("raw socket", ping),
    ("new user ns", || unshare(CloneFlags::CLONE_NEWUSER)),
];

/// What ping(8) opens.
fn ping() -> Result<(), Errno> {
    let (flags, icmp) = (SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp);
    socket(AddressFamily::Inet, SockType::Raw, flags, icmp).map(drop)
}

/// A process's name in the table, and what it gives away before it tries.
type Who = (&'static str, fn() -> Result<()>);

const PROCESSES: [Who; 4] = [
    ("root here", || Ok(())),
    ("docker's 14 capabilities", || {
        keep(CapSet::container_default())
    }),
    ("no capability", || keep(CapSet::EMPTY)),
    ("and docker's filter", || {
        keep(CapSet::EMPTY)?;
        let filter = seccomp::compile(&seccomp::default_profile(&CapSet::EMPTY))?;
        no_new_privileges()?;
        seccomp::install(&filter).map(drop)
    }),
];

fn keep(set: CapSet) -> Result<()> {
    let kept = Capabilities::of_root(set);
    kept.drop_bounding()?;
    kept.set_rest()
}

/// Prints the table: each process in namespaces of its own, so that nothing it does is
/// seen outside.
pub(crate) fn table() -> Result<ExitCode> {
    user::borrow_root()?;
    let namespaces: Namespaces = [Namespace::Mount, Namespace::Uts, Namespace::Net]
        .into_iter()
        .collect();
    let how = How {
        namespaces: namespaces.flags(),
        ..How::default()
    };
    print!("{:<26}", "");
    for (name, _) in CALLS {
        print!("{name:<15}");
    }
    println!();
    for (name, give_away) in PROCESSES {
        let child = match process::fork(&how)? {
            Forked::Parent(child) => child,
            Forked::Child => process::leave_after(|| {
                steps::role("init");
                let there = mounts::private().and_then(|()| give_away());
                say(
                    name,
                    &there.map_or_else(|error| format!("{error:#}"), |()| row()),
                )
            }),
        };
        child.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row() -> String {
    let answer = |(_, call): &Call| match call() {
        Ok(()) => "yes".to_owned(),
        Err(errno) => format!("{errno:?}"),
    };
    CALLS
        .iter()
        .map(|call| format!("{:<15}", answer(call)))
        .collect()
}

/// One line of the table.
fn say(name: &str, what: &str) -> Result<i32> {
    super::say(&format!("{name:<26}{}\n", what.trim_end()))?;
    Ok(0)
}
