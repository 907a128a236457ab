//! `process`: what runs, as whom, and what it may do.

use std::path::Path;

use anyhow::{Result, bail};
use privileges::CapSet;
use serde_json::{Value, json};

use super::users;
use crate::core::merge::merge_env;
use crate::core::security::{SecurityOption, capability_name};
use crate::core::{Container, Refusal};
use crate::effects::machine::Machine;

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The process of a container, or of an exec that was dressed up as one. Its user is
/// looked up in `layers`, the topmost first.
///
/// # Errors
/// A user whom the image does not know.
pub(in crate::effects) fn process(
    container: &Container,
    machine: &Machine,
    layers: &[&Path],
) -> Result<Value> {
    let (config, host) = (&container.config, &container.host);
    let user = users::find(&config.user, &host.group_add, layers)?;
    let may = capabilities(container)?.names();
    // What is not root gets nothing by exec, unless it was asked for by name; docker
    // leaves the inheritable set empty since CVE-2022-24769.
    let held: &[String] = if user.uid == 0 { &may } else { &[] };
    let working_dir = match config.working_dir.as_str() {
        "" => "/",
        folder => folder,
    };
    let mut process = json!({
        "terminal": config.tty,
        "user": { "uid": user.uid, "gid": user.gid, "additionalGids": user.groups },
        "args": container.command(),
        "env": env(container),
        "cwd": working_dir,
        "capabilities": { "bounding": may, "effective": held, "permitted": held },
        "rlimits": rlimits(container),
        "noNewPrivileges": no_new_privileges(container)?,
    });
    if host.oom_score_adj != 0 && machine.is_root {
        process["oomScoreAdj"] = json!(host.oom_score_adj);
    }
    if let ([height, width], true) = (host.console_size.as_slice(), config.tty)
        && *height > 0
        && *width > 0
    {
        process["consoleSize"] = json!({ "height": height, "width": width });
    }
    Ok(process)
}

/// The bounding set: docker's fourteen, what is added, less what is dropped.
///
/// # Errors
/// A name that no capability has.
pub(super) fn capabilities(container: &Container) -> Result<CapSet> {
    let host = &container.host;
    if host.privileged {
        return Ok(CapSet::available());
    }
    let named = |list: &[String], what: &str| -> Result<CapSet> {
        let mut set = CapSet::EMPTY;
        for name in list.iter().map(|name| capability_name(name)) {
            set = set.with(match (name.as_str(), CapSet::named(&name)) {
                ("ALL", _) => CapSet::available(),
                (_, Some(one)) => one,
                (_, None) => {
                    let text = format!("invalid {what}: unknown capability: {name:?}");
                    bail!(Refusal::bad(text));
                }
            });
        }
        Ok(set)
    };
    let (added, dropped) = (
        named(&host.cap_add, "CapAdd")?,
        named(&host.cap_drop, "CapDrop")?,
    );
    let drops_all = host
        .cap_drop
        .iter()
        .any(|name| capability_name(name) == "ALL");
    let adds_all = host
        .cap_add
        .iter()
        .any(|name| capability_name(name) == "ALL");
    // `--cap-drop ALL --cap-add X` means X; `--cap-add ALL --cap-drop X` all but X.
    Ok(match (adds_all, drops_all) {
        (_, true) => added,
        (true, false) => added.without(dropped),
        (false, false) => CapSet::container_default().without(dropped).with(added),
    })
}

fn env(container: &Container) -> Vec<String> {
    let config = &container.config;
    let mut defaults = vec![PATH.to_owned(), format!("HOSTNAME={}", config.hostname)];
    if config.tty {
        defaults.push("TERM=xterm".to_owned());
    }
    merge_env(defaults, &config.env)
}

fn rlimits(container: &Container) -> Vec<Value> {
    let limit = |ulimit: &crate::api::host::Ulimit| {
        // A negative one is RLIM_INFINITY: the same bits without a sign.
        let number = |number: i64| number.cast_unsigned();
        json!({
            "type": format!("RLIMIT_{}", ulimit.name.to_ascii_uppercase()),
            "hard": number(ulimit.hard),
            "soft": number(ulimit.soft),
        })
    };
    container.host.ulimits.iter().map(limit).collect()
}

fn no_new_privileges(container: &Container) -> Result<bool> {
    let mut on = false;
    for option in &container.host.security_opt {
        if let SecurityOption::NoNewPrivileges(wanted) = SecurityOption::parse(option)? {
            on = wanted;
        }
    }
    Ok(on)
}
