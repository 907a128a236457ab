//! Capabilities that nobody knows here, perhaps since their kernel is newer than we are.
//!
//! The specification wants a warning and no failure (config.md, "Linux Process"): a
//! container without a capability has less, not more.

use oci_spec::runtime::{Capability, Spec};
use serde_json::Value;

/// The specification without the capabilities that are unknown, and their names; `None`
/// when it has no such, or is wrong in another way.
pub(super) fn set_aside(config: &[u8]) -> Option<(Spec, Vec<String>)> {
    let mut config: Value = serde_json::from_slice(config).ok()?;
    let mut unknown = Vec::new();
    let sets = config
        .pointer_mut("/process/capabilities")?
        .as_object_mut()?;
    for set in sets.values_mut().filter_map(Value::as_array_mut) {
        set.retain(|name| {
            let known = serde_json::from_value::<Capability>(name.clone()).is_ok();
            if let (false, Some(name)) = (known, name.as_str()) {
                unknown.push(name.to_owned());
            }
            known || !name.is_string()
        });
    }
    unknown.sort();
    unknown.dedup();
    let spec = serde_json::from_value(config).ok()?;
    (!unknown.is_empty()).then_some((spec, unknown))
}
