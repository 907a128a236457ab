//! `info`: what the daemon runs on, and with how much.

use anyhow::{Context, Result};
use engine::api::system::Info;
use engine::client::Client;

use crate::cli::system::Info as Typed;
use crate::output;
use crate::output::quantity::memory;
use crate::output::template::Template;

/// `skiff info`.
pub(super) async fn run(client: &Client, typed: &Typed) -> Result<u8> {
    let info = client.info().await?;
    let Some(format) = typed.format.as_deref().filter(|format| !format.is_empty()) else {
        output::print(&text(&info))?;
        return Ok(0);
    };
    let document = serde_json::to_value(&info).context("read the daemon's answer")?;
    let format = if format == "json" {
        "{{json .}}"
    } else {
        format
    };
    let template = Template::parse(format).context("template parsing error")?;
    output::line(&template.execute(&document)?)?;
    Ok(0)
}

fn text(info: &Info) -> String {
    let mut lines = vec![
        "Client:".to_owned(),
        format!(" Version:    {}", env!("CARGO_PKG_VERSION")),
        String::new(),
        "Server:".to_owned(),
        format!(" Containers: {}", info.containers),
        format!("  Running: {}", info.containers_running),
        format!("  Paused: {}", info.containers_paused),
        format!("  Stopped: {}", info.containers_stopped),
        format!(" Images: {}", info.images),
        format!(" Server Version: {}", info.server_version),
        format!(" Storage Driver: {}", info.driver),
    ];
    lines.extend(
        info.driver_status
            .iter()
            .map(|(name, is)| format!("  {name}: {is}")),
    );
    let runtimes: Vec<_> = info.runtimes.keys().cloned().collect();
    lines.extend([
        format!(" Logging Driver: {}", info.logging_driver),
        format!(" Cgroup Driver: {}", info.cgroup_driver),
        format!(" Cgroup Version: {}", info.cgroup_version),
        format!(" Runtimes: {}", runtimes.join(" ")),
        format!(" Default Runtime: {}", info.default_runtime),
    ]);
    if !info.security_options.is_empty() {
        lines.push(" Security Options:".to_owned());
        lines.extend(info.security_options.iter().map(|one| format!("  {one}")));
    }
    lines.extend([
        format!(" Kernel Version: {}", info.kernel_version),
        format!(" Operating System: {}", info.operating_system),
        format!(" OSType: {}", info.os_type),
        format!(" Architecture: {}", info.architecture),
        format!(" CPUs: {}", info.n_cpu),
        format!(" Total Memory: {}", memory(info.mem_total.unsigned_abs())),
        format!(" Name: {}", info.name),
        format!(" ID: {}", info.id),
        format!(" Root Dir: {}", info.docker_root_dir),
    ]);
    lines.extend(info.warnings.iter().cloned());
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scripts_look_for_is_there() {
        let info = Info {
            containers: 3,
            mem_total: 512 << 20,
            driver: "overlay2".into(),
            driver_status: vec![("userxattr".into(), "false".into())],
            ..Info::default()
        };
        let text = text(&info);
        for line in [
            " Containers: 3\n",
            " Storage Driver: overlay2\n  userxattr: false\n",
            " Total Memory: 512MiB\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
