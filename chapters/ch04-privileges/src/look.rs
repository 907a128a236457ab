//! The verbs that look: at capabilities, at ids, at a filter.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use nix::unistd::{User, getegid, geteuid};
use privileges::{CapSet, Capabilities, IdMap, seccomp};

/// Shows the capabilities of this process.
pub(crate) fn show() -> Result<ExitCode> {
    let Capabilities {
        bounding,
        effective,
        inheritable,
        permitted,
        ambient,
    } = Capabilities::current()?;
    let sets = [bounding, permitted, effective, inheritable, ambient];
    for (name, set) in [
        "bounding",
        "permitted",
        "effective",
        "inheritable",
        "ambient",
    ]
    .iter()
    .zip(sets)
    {
        println!("{name:<12} {:016x} {set}", set.0);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the ids that this user may have.
pub(crate) fn ids() -> Result<ExitCode> {
    let (uids, gids) = mine()?;
    for (what, maps) in [("uid", uids), ("gid", gids)] {
        for IdMap {
            inside,
            outside,
            count,
        } in maps
        {
            println!(
                "{what} {inside} in a namespace is {outside} here, {count} in a row"
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists a seccomp program.
pub(crate) fn filter(profile: Option<&Path>, cap_add: &[String]) -> Result<ExitCode> {
    let capabilities = CapSet::container_default().with(set(cap_add)?);
    let filter = match profile {
        None => seccomp::default_profile(&capabilities),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("read {}", path.display()))?;
            seccomp::Profile::parse(&text)?.resolve(&seccomp::Machine::this(capabilities))
        }
    };
    print!(
        "{}",
        seccomp::listing(&seccomp::compile(&filter)?.instructions)
    );
    Ok(ExitCode::SUCCESS)
}

/// All ids that this user may have.
pub(crate) fn mine() -> Result<(Vec<IdMap>, Vec<IdMap>)> {
    let user = User::from_uid(geteuid()).context("look up this user")?;
    let name = user.map(|user| user.name).unwrap_or_default();
    Ok(privileges::subordinate_ids(
        &name,
        geteuid().as_raw(),
        getegid().as_raw(),
    ))
}

/// The set of these names, all of which the kernel must know.
pub(crate) fn set(names: &[String]) -> Result<CapSet> {
    let (set, unknown) = CapSet::parse(names);
    ensure!(
        unknown.is_empty(),
        "this kernel knows no capability {}",
        unknown.join(", ")
    );
    Ok(set)
}
