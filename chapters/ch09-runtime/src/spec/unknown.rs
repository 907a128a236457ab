//! Capabilities that nobody knows here, perhaps since their kernel is newer than we are.
//!
//! The specification wants a warning and no failure (config.md, "Linux Process"): a
//! container without a capability has less, not more.

use anyhow::{Context, Result};
use oci_spec::runtime::{Capability, Process, Spec};
use serde_json::Value;

/// The specification without the capabilities that are unknown, and their names; `None`
/// when it has no such, or is wrong in another way.
pub(super) fn set_aside(config: &[u8]) -> Option<(Spec, Vec<String>)> {
    let mut config: Value = serde_json::from_slice(config).ok()?;
    let unknown = take(config.get_mut("process")?);
    if unknown.is_empty() {
        return None;
    }
    let spec = serde_json::from_value(config).ok()?;
    Some((spec, unknown))
}

/// The process that `exec` is asked for, without them.
///
/// # Errors
/// When it is no process.
pub fn process(mut asked: Value, warn: fn(&str)) -> Result<Process> {
    tell(&take(&mut asked), warn);
    serde_json::from_value(asked).context("understand the process to execute")
}

/// Tells of what is left out.
pub(super) fn tell(unknown: &[String], warn: fn(&str)) {
    if !unknown.is_empty() {
        let names = unknown.join(" ");
        warn(&format!("ignoring unknown capabilities: [{names}]"));
    }
}

/// Takes them out of a process's sets.
fn take(process: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let sets = process.get_mut("capabilities");
    let sets = sets.and_then(Value::as_object_mut).into_iter();
    for set in sets.flat_map(|all| all.values_mut()) {
        let Value::Array(set) = set else { continue };
        set.retain(|name| {
            let is_odd = serde_json::from_value::<Capability>(name.clone()).is_err();
            // What is no text is another mistake, and stays to be found.
            let name = name.as_str().filter(|_| is_odd);
            unknown.extend(name.map(str::to_owned));
            name.is_none()
        });
    }
    unknown.sort();
    unknown.dedup();
    unknown
}
