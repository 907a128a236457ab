//! `inspect`: all that the daemon knows of something, as it wrote it.

use anyhow::{Context, Result, anyhow, bail};
use engine::client::Client;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::done;
use crate::cli::system::Inspect;
use crate::output;
use crate::output::template::Template;

/// `skiff inspect`, of one `kind` of objects or of whatever has the name.
pub(super) async fn run(
    client: &Client,
    typed: &Inspect,
    kind: Option<&str>,
) -> Result<u8> {
    let kind = typed
        .r#type
        .as_deref()
        .filter(|kind| !kind.is_empty())
        .or(kind);
    let template = match typed.format.as_deref() {
        None | Some("") => None,
        Some("json") => Some(Template::parse("{{json .}}")?),
        Some(format) => Some(Template::parse(format).context("template parsing error")?),
    };
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for name in &typed.names {
        match document(client, name, kind).await? {
            None => errors.push(anyhow!("No such {}: {name}", kind.unwrap_or("object"))),
            Some(text) => {
                let document: Value =
                    serde_json::from_str(&text).context("read the daemon's answer")?;
                found.push(document);
            }
        }
    }
    match template {
        Some(template) => {
            for document in &found {
                let text = template.execute(document);
                output::line(&text.context("template parsing error: template")?)?;
            }
        }
        None => output::line(&indented(&found)?)?,
    }
    done(errors)
}

async fn document(
    client: &Client,
    name: &str,
    kind: Option<&str>,
) -> Result<Option<String>> {
    match kind {
        Some("container") => client.container_document(name).await,
        Some("image") => client.image_document(name).await,
        Some(other) => {
            bail!("unknown type: {other:?}: must be one of \"container\", \"image\"")
        }
        None => match client.container_document(name).await? {
            Some(document) => Ok(Some(document)),
            None => client.image_document(name).await,
        },
    }
}

/// Four spaces a level, as docker's client indents.
fn indented(documents: &[Value]) -> Result<String> {
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let mut writer = Serializer::with_formatter(&mut text, formatter);
    documents.serialize(&mut writer).context("write JSON")?;
    String::from_utf8(text).context("write JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_keeps_its_order_and_has_four_spaces() {
        let document = serde_json::from_str(r#"{"Id":"1","Args":[],"A":{"B":[1]}}"#);
        assert_eq!(
            indented(&[document.unwrap()]).unwrap(),
            "[\n    {\n        \"Id\": \"1\",\n        \"Args\": [],\n        \"A\": {\n            \"B\": [\n                1\n            ]\n        }\n    }\n]"
        );
        assert_eq!(indented(&[]).unwrap(), "[]");
    }
}
