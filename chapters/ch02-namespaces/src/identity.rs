//! The host name and the domain name of a UTS namespace (uts_namespaces(7)).

use anyhow::{Context, Result, ensure};
use nix::unistd::sethostname;
use workbench::steps;

/// Names this UTS namespace.
///
/// # Errors
/// When the name is longer than 64 bytes, or the namespace is not ours to name.
pub fn set_host_name(name: &str) -> Result<()> {
    let why = "the name that uname(2) tells in here; the host keeps its own";
    steps::step(2, format_args!("sethostname({name:?})"), why, || {
        sethostname(name)
    })
    .with_context(|| format!("set the host name {name:?}"))
}

/// Sets the domain name (NIS, not DNS) of this UTS namespace.
///
/// # Errors
/// As for [`set_host_name`].
pub fn set_domain_name(name: &str) -> Result<()> {
    // The file would take what fits, and say nothing of the rest.
    ensure!(
        name.len() <= 64,
        "the domain name {name:?} is longer than 64 bytes"
    );
    let why = "the NIS domain, which uname(2) tells beside the host name";
    steps::step(2, format_args!("setdomainname({name:?})"), why, || {
        std::fs::write("/proc/sys/kernel/domainname", name)
    })
    .with_context(|| format!("set the domain name {name:?}"))
}
