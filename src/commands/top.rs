//! `top`: the processes of a container.

use anyhow::{Result, bail};
use engine::client::Client;

use crate::cli::container::Top;
use crate::output;

/// `skiff top`.
pub(super) async fn run(client: &Client, typed: &Top) -> Result<u8> {
    let [container, options @ ..] = typed.container_and_options.as_slice() else {
        bail!("a container is needed");
    };
    let options = (!options.is_empty()).then(|| options.join(" "));
    let top = client.top(container, options.as_deref()).await?;
    let mut text = top.titles.join("\t") + "\n";
    for process in &top.processes {
        text.push_str(&process.join("\t"));
        text.push('\n');
    }
    output::print(&output::table::align_wide(&text))?;
    Ok(0)
}
