//! `exec`: which capabilities a process has before it executes a program, and which after.

use std::process::ExitCode;

use anyhow::Result;
use chroot::process::{self, Child};
use namespaces::{Launch, Namespace, launch};
use nix::unistd::{getegid, geteuid};
use privileges::{CapSet, Capabilities, IdMap, no_new_privileges, write_id_maps};

/// A process's name in the table, who it is, and what it does before it executes.
type Who = (&'static str, u32, fn() -> Result<()>);

/// Each begins with all capabilities, as the first process of a user namespace does.
// ANCHOR: PROCESSES
const PROCESSES: [Who; 7] = [
    ("root", 0, || Ok(())),
    ("root, gave up all it has", 0, || hold(|_| {})),
    ("root, the bounding set too", 0, || {
        Capabilities::default().drop_bounding()?;
        hold(|_| {})
    }),
    ("root, no_new_privs", 0, || {
        hold(|_| {})?;
        no_new_privileges()
    }),
    ("user 1000", 1000, || Ok(())),
    ("user 1000, inheritable", 1000, || {
        hold(|sets| {
            (sets.permitted, sets.effective) = (sets.bounding, sets.bounding);
            sets.inheritable = sets.bounding;
        })
    }),
    ("user 1000, ambient", 1000, || {
        hold(|sets| {
            let (port_80, _) = CapSet::parse(&["NET_BIND_SERVICE"]);
            (sets.permitted, sets.effective) = (port_80, port_80);
            (sets.inheritable, sets.ambient) = (port_80, port_80);
        })
    }),
];
// ANCHOR_END: PROCESSES

/// Sets all sets but the bounding one to nothing, save for what `keep` puts there.
fn hold(keep: fn(&mut Capabilities)) -> Result<()> {
    let mut sets = Capabilities {
        bounding: Capabilities::current()?.bounding,
        ..Capabilities::default()
    };
    keep(&mut sets);
    sets.set_rest()
}

/// Prints the table; each process executes this program, which prints what it has then.
pub(crate) fn table() -> Result<ExitCode> {
    println!("{:<28}{:<20}after", "effective", "before");
    for (name, uid, give_away) in PROCESSES {
        row(name, uid, give_away)?.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, uid: u32, give_away: fn() -> Result<()>) -> Result<Child> {
    let what = Launch {
        namespaces: [Namespace::User].into_iter().collect(),
        role: "init",
        ..Launch::default()
    };
    let one = |outside| {
        [IdMap {
            inside: uid,
            outside,
            count: 1,
        }]
    };
    let (own, group) = (one(geteuid().as_raw()), one(getegid().as_raw()));
    let mut give_ids = |child: &Child| write_id_maps(child.pid, &own, &group);
    let args = process::strings(&["ch04".to_owned(), "effective".to_owned()])?;
    launch(&what, &mut give_ids, |helm| {
        give_away()?;
        let before = brief(Capabilities::current()?.effective);
        super::say(&format!("{name:<28}{before:<20}"))?;
        helm.executing()?;
        Err(process::exec("/proc/self/exe".as_ref(), &args, &[]))
    })
}

/// The end of a row: what this process has, now that it has been executed.
pub(crate) fn effective() -> Result<ExitCode> {
    println!("{}", brief(Capabilities::current()?.effective));
    Ok(ExitCode::SUCCESS)
}

fn brief(set: CapSet) -> String {
    match set {
        CapSet::EMPTY => "none".to_owned(),
        all if all == CapSet::known() => "all".to_owned(),
        some => some.to_string().replace("CAP_", ""),
    }
}
