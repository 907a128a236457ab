//! A check: what `config.json` says, and what must be seen.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One field of the specification, and how one sees that it is acted on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// Its path in `config.json`, and which of its values.
    pub(crate) field: String,
    /// What it changes in the default specification (see [`crate::patch`]).
    #[serde(default)]
    pub(crate) spec: Value,
    /// A line for the shell inside the container.
    #[serde(default)]
    pub(crate) inside: Option<String>,
    /// A line for the shell outside, before the container.
    #[serde(default)]
    pub(crate) before: String,
    /// And one after it.
    #[serde(default)]
    pub(crate) after: String,
    /// What all three print.
    #[serde(default)]
    pub(crate) seen: String,
    /// The exit code of the runtime; for a refusal, any but 0.
    #[serde(default)]
    pub(crate) code: i32,
    /// If the runtime must refuse this: the field or the value that ours names then.
    #[serde(default)]
    pub(crate) refused: Option<String>,
    /// A line for the shell outside: without its success, this machine cannot check it.
    #[serde(default)]
    pub(crate) only_if: String,
    /// Other runtimes that are known not to do it, and why.
    #[serde(default)]
    pub(crate) except: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check: Vec<Check>,
}

/// The checks, by the chapter that teaches what they look at.
pub(crate) fn chapters() -> Vec<(&'static str, Vec<Check>)> {
    [
        ("ch01", include_str!("ch01.toml")),
        ("ch02", include_str!("ch02.toml")),
        ("ch03", include_str!("ch03.toml")),
        ("ch04", include_str!("ch04.toml")),
        ("ch06", include_str!("ch06.toml")),
        ("ch09", include_str!("ch09.toml")),
    ]
    .map(|(chapter, text)| {
        let file: File = toml::from_str(text)
            .unwrap_or_else(|wrong| panic!("{chapter}.toml: {wrong}"));
        (chapter, file.check)
    })
    .into()
}
