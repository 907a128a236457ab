//! `version`: who speaks, and who answers.

use anyhow::{Context, Result};
use engine::client::Client;
use serde_json::json;

use crate::cli::system::Version;
use crate::output;
use crate::output::template::Template;

/// `skiff version`.
pub(super) async fn run(client: &Client, typed: &Version) -> Result<u8> {
    let server = client.server_version().await?;
    let server = serde_json::to_value(server).context("read the daemon's version")?;
    let all = json!({
        "Client": {
            "Version": env!("CARGO_PKG_VERSION"),
            "ApiVersion": client.version(),
            "DefaultAPIVersion": engine::api::VERSION,
            "Build": *engine::BUILD_ID,
            "Os": std::env::consts::OS,
            "Arch": architecture(),
        },
        "Server": server,
    });
    let text = match typed.format.as_deref() {
        None | Some("") => Template::parse(LAYOUT)?.execute(&all)?,
        Some("json") => format!("{all}\n"),
        Some(format) => {
            let template = Template::parse(format).context("template parsing error")?;
            template.execute(&all)? + "\n"
        }
    };
    output::print(&text)?;
    Ok(0)
}

const LAYOUT: &str = "\
Client:
{{- with .Client}}
 Version:           {{.Version}}
 API version:       {{.ApiVersion}}
 Build:             {{.Build}}
 OS/Arch:           {{.Os}}/{{.Arch}}
{{- end}}

Server:
{{- with .Server}}
 Engine:
  Version:          {{.Version}}
  API version:      {{.ApiVersion}} (minimum version {{.MinAPIVersion}})
  OS/Arch:          {{.Os}}/{{.Arch}}
  Kernel:           {{.KernelVersion}}
{{- end}}
";

/// The processor, as Go names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_a_template_of_what_is_known() {
        let part = json!({
            "Version": "1", "ApiVersion": "1.51", "Build": "b", "Os": "linux",
            "Arch": "amd64", "MinAPIVersion": "1.24", "KernelVersion": "6",
        });
        let all = json!({"Client": part, "Server": part});
        let text = Template::parse(LAYOUT).unwrap().execute(&all).unwrap();
        assert!(text.starts_with("Client:\n Version:           1\n API version:"));
        assert!(text.contains("\n\nServer:\n Engine:\n  Version:          1\n"));
        assert!(text.ends_with("  Kernel:           6\n"));
    }
}
