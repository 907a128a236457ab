//! Exercise: read the namespaces of a config.json.

use serde_json::Value;

use crate::check::Asked;

/// What `linux.namespaces` of this file asks for, or what is wrong with it.
pub(crate) fn read_namespaces(config: &Value) -> Result<Asked, String> {
    let mut asked = Asked::default();
    for entry in config["linux"]["namespaces"]
        .as_array()
        .into_iter()
        .flatten()
    {
        // TODO: more types, paths, and what cannot be meant.
        if entry["type"] == "pid" {
            asked.flags |= libc::CLONE_NEWPID;
        }
    }
    Ok(asked)
}
