//! The verbs that look: at capabilities, at ids, at a filter.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use nix::unistd::{User, getegid, geteuid};
use privileges::seccomp::{self, Call};
use privileges::{CapSet, Capabilities, IdMap};

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

/// Lists a seccomp program, or of it what is executed for one call.
pub(crate) fn filter(asked: &crate::Filter) -> Result<ExitCode> {
    let capabilities = CapSet::container_default().with(set(&asked.cap_add)?);
    let filter = match &asked.profile {
        None if asked.lesson => crate::ways::lesson()?,
        None => seccomp::default_profile(&capabilities),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("read {}", path.display()))?;
            seccomp::Profile::parse(&text)?.resolve(&seccomp::Machine::this(capabilities))
        }
    };
    let program = seccomp::compile(&filter)?.instructions;
    let Some((name, values)) = asked.call.split_first() else {
        print!("{}", seccomp::listing(&program));
        return Ok(ExitCode::SUCCESS);
    };
    let values: Vec<u64> = values
        .iter()
        .map(|value| number(value))
        .collect::<Result<_>>()?;
    let call = Call::named(name, &values)
        .with_context(|| format!("this machine has no system call {name}"))?;
    println!("{name} is {:#x} of the table {:#x}", call.number, call.arch);
    print!("{}", seccomp::walked(&program, &call));
    Ok(ExitCode::SUCCESS)
}

/// Reads a number, in hexadecimal after `0x`.
fn number(text: &str) -> Result<u64> {
    let read = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    read.with_context(|| format!("read the number {text:?}"))
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
