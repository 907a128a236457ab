//! Told: a namespace with a path is joined, and not made.
//!
//! Made first, and then left for the other one.

use serde_json::Value;

use crate::check::Asked;

/// What `linux.namespaces` of this file asks for, or what is wrong with it.
pub(crate) fn read_namespaces(config: &Value) -> Result<Asked, String> {
    let (mut asked, mut seen) = (Asked::default(), Vec::new());
    for entry in config["linux"]["namespaces"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let kind = entry["type"].as_str().unwrap_or_default();
        let flag = flag(kind)?;
        if seen.contains(&flag) {
            return Err(format!("the type {kind} stands twice"));
        }
        seen.push(flag);
        asked.flags |= flag;
        match entry["path"].as_str() {
            None => {}
            Some(path) if path.starts_with('/') => {
                asked.joined.push((kind.to_owned(), path.to_owned()));
            }
            Some(path) => return Err(format!("the path {path} is relative")),
        }
    }
    Ok(asked)
}

fn flag(kind: &str) -> Result<i32, String> {
    Ok(match kind {
        "pid" => libc::CLONE_NEWPID,
        "network" => libc::CLONE_NEWNET,
        "mount" => libc::CLONE_NEWNS,
        "ipc" => libc::CLONE_NEWIPC,
        "uts" => libc::CLONE_NEWUTS,
        "user" => libc::CLONE_NEWUSER,
        "cgroup" => libc::CLONE_NEWCGROUP,
        "time" => libc::CLONE_NEWTIME,
        other => return Err(format!("there is no namespace of the type {other:?}")),
    })
}
