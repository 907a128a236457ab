//! What a `run` asks of the daemon: flags to the Engine API's create request.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use engine::api::container::{ContainerConfig, CreateRequest};
use engine::api::host::HostConfig;
use engine::api::{Filters, Words};
use serde_json::{Value, json};

use super::create::{Create, Place};
use super::values;

/// The streams that stay with the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    /// `run -d` leaves the container alone.
    pub(crate) detached: bool,
    /// Rows and columns of the terminal that the container's follows.
    pub(crate) size: Option<(u16, u16)>,
}

/// The request that creates the container.
///
/// # Errors
/// When a file that a flag names cannot be read, or a flag asks for what is not there.
pub(crate) fn create(typed: &Create, streams: Streams) -> Result<CreateRequest> {
    let mut host = host_config(typed)?;
    if let (true, Some((rows, columns))) = (typed.tty, streams.size) {
        host.console_size = vec![rows.into(), columns.into()];
    }
    Ok(CreateRequest {
        config: config(typed, streams.detached)?,
        host_config: host,
        ..CreateRequest::default()
    })
}

/// Flags of a list to the filters of a request.
pub(crate) fn filters(typed: &[(String, String)]) -> Filters {
    let mut filters = Filters::default();
    for (key, value) in typed {
        filters.add(key, value);
    }
    filters
}

/// The variables of files, then those of flags.
pub(crate) fn variables(
    files: &[std::path::PathBuf],
    flags: &[String],
) -> Result<Vec<String>> {
    let mut variables = Vec::new();
    for file in files {
        variables.extend(values::env_file(file)?);
    }
    variables.extend_from_slice(flags);
    Ok(variables)
}

fn config(typed: &Create, detached: bool) -> Result<ContainerConfig> {
    let process = &typed.process;
    let (image, command) = match typed.image_and_command.split_first() {
        Some((image, command)) if !image.is_empty() => (image, command),
        _ => bail!("invalid reference format"),
    };
    // Only those of `-v` that have no source; the others are binds.
    let anonymous = typed.place.volume.iter().filter(|v| !v.contains(':'));
    let volumes: BTreeMap<String, Value> = anonymous
        .map(|target| (target.clone(), json!({})))
        .collect();
    Ok(ContainerConfig {
        hostname: typed.place.hostname.clone().unwrap_or_default(),
        user: process.user.clone().unwrap_or_default(),
        attach_stdin: typed.interactive && !detached,
        attach_stdout: !detached,
        attach_stderr: !detached,
        tty: typed.tty,
        open_stdin: typed.interactive,
        stdin_once: typed.interactive && !detached,
        env: variables(&process.env_file, &process.env)?,
        cmd: (!command.is_empty()).then(|| Words(command.to_vec())),
        image: image.clone(),
        volumes: (!volumes.is_empty()).then_some(volumes),
        working_dir: process.workdir.clone().unwrap_or_default(),
        entrypoint: process
            .entrypoint
            .clone()
            .map(|program| Words(vec![program])),
        labels: process.label.iter().cloned().collect(),
        stop_signal: process.stop_signal.clone().unwrap_or_default(),
        stop_timeout: process.stop_timeout,
        ..ContainerConfig::default()
    })
}

fn host_config(typed: &Create) -> Result<HostConfig> {
    let rights = &typed.rights;
    let mut host = HostConfig {
        binds: binds(&typed.place),
        network_mode: typed.place.network.clone().unwrap_or("default".to_owned()),
        auto_remove: typed.rm,
        cap_add: rights.cap_add.clone(),
        cap_drop: rights.cap_drop.clone(),
        privileged: rights.privileged,
        readonly_rootfs: typed.place.read_only,
        tmpfs: typed.place.tmpfs.iter().cloned().collect(),
        mounts: typed.place.mount.clone(),
        runtime: rights.runtime.clone().unwrap_or_default(),
        memory: rights.memory.unwrap_or_default(),
        nano_cpus: rights.cpus.unwrap_or_default(),
        pids_limit: rights.pids_limit,
        init: typed.process.init.then_some(true),
        ..HostConfig::default()
    };
    if let Some(file) = &typed.cidfile {
        host.container_id_file = file.to_string_lossy().into_owned();
    }
    for option in &rights.security_opt {
        security(&mut host, option)?;
    }
    Ok(host)
}

fn binds(place: &Place) -> Option<Vec<String>> {
    let with_source = place.volume.iter().filter(|v| v.contains(':'));
    let binds: Vec<String> = with_source.cloned().collect();
    (!binds.is_empty()).then_some(binds)
}

/// One `--security-opt`; a seccomp profile travels as its text, since the daemon need
/// not see our files.
fn security(host: &mut HostConfig, option: &str) -> Result<()> {
    let (name, value) = match option.split_once(['=', ':']) {
        Some((name, value)) => (name, value),
        None if option == "no-new-privileges" => (option, ""),
        None => bail!("invalid --security-opt: {option:?}"),
    };
    if (name, value) == ("systempaths", "unconfined") {
        host.masked_paths = Some(Vec::new());
        host.readonly_paths = Some(Vec::new());
        return Ok(());
    }
    let sent = match (name, value) {
        ("seccomp", "unconfined" | "builtin" | "") => option.to_owned(),
        ("seccomp", file) => {
            let text = fs::read_to_string(file)
                .with_context(|| format!("opening seccomp profile ({file}) failed"))?;
            let profile: Value = serde_json::from_str(&text).with_context(|| {
                format!("compacting json for seccomp profile ({file}) failed")
            })?;
            format!("seccomp={profile}")
        }
        _ => option.to_owned(),
    };
    host.security_opt.push(sent);
    Ok(())
}

#[cfg(test)]
mod tests;
