//! The process of `exec`: the container's own, but for what was typed; or a file's.

use anyhow::{Context, Result, ensure};
use runtime::state;
use serde_json::{Value, json};

use crate::flags::Join;

/// The process that is asked for, as `config.json` would have it.
pub(crate) fn asked(join: &Join, root: &std::path::Path) -> Result<Value> {
    if let Some(path) = &join.process {
        let text = runtime::spec::read(path)?;
        return serde_json::from_slice(&text)
            .with_context(|| format!("parse {}", path.display()));
    }
    ensure!(!join.args.is_empty(), "exec args cannot be empty");
    let path = state(root, &join.id)?.bundle.join("config.json");
    let text = runtime::spec::read(&path)?;
    let mut config: Value = serde_json::from_slice(&text)?;
    let process = config.get_mut("process").map(Value::take);
    let mut process =
        process.with_context(|| format!("{}: no process", path.display()))?;
    change(&mut process, join)?;
    Ok(process)
}

fn change(process: &mut Value, join: &Join) -> Result<()> {
    ensure!(process.is_object(), "config.json: process is no object");
    for field in ["user", "capabilities"] {
        let part = process.get(field).unwrap_or(&Value::Null);
        let is_fit = part.is_object() || part.is_null();
        ensure!(is_fit, "config.json: process.{field} is no object");
    }
    process["args"] = json!(join.args);
    process["terminal"] = json!(join.tty);
    if let Some(cwd) = &join.cwd {
        process["cwd"] = json!(cwd);
    }
    if let Some(user) = &join.user {
        let (uid, gid) = user.split_once(':').unwrap_or((user, "0"));
        let number = |text: &str| {
            text.parse::<u32>()
                .with_context(|| format!("parse {user:?} as uid[:gid]"))
        };
        process["user"]["uid"] = json!(number(uid)?);
        if user.contains(':') {
            process["user"]["gid"] = json!(number(gid)?);
        }
    }
    add(
        &mut process["user"]["additionalGids"],
        &join.additional_gids,
    );
    add(&mut process["env"], &join.env);
    for set in ["bounding", "effective", "permitted"] {
        if !join.cap.is_empty() {
            add(&mut process["capabilities"][set], &join.cap);
        }
    }
    if join.no_new_privs {
        process["noNewPrivileges"] = json!(true);
    }
    Ok(())
}

/// Adds to a list that may not be there.
fn add<T: serde::Serialize>(list: &mut Value, more: &[T]) {
    if more.is_empty() {
        return;
    }
    if !list.is_array() {
        *list = json!([]);
    }
    if let Some(list) = list.as_array_mut() {
        list.extend(more.iter().map(|one| json!(one)));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::flags::{Cli, Verb};

    #[test]
    fn flags_change_the_containers_own_process() {
        let line = "skiff-runtime exec -t --cwd /tmp -e A=1 -u 5:6 -g 7 -c CAP_KILL web sh -c -l";
        let Verb::Exec(join) = Cli::try_parse_from(line.split(' ')).unwrap().verb else {
            panic!("exec");
        };
        let mut process = json!({
            "args": ["before"], "env": ["B=2"], "cwd": "/",
            "user": { "uid": 0, "gid": 0 },
            "capabilities": { "bounding": ["CAP_CHOWN"] },
        });
        change(&mut process, &join).unwrap();
        let changed = json!({
            "args": ["sh", "-c", "-l"], "env": ["B=2", "A=1"], "cwd": "/tmp",
            "user": { "uid": 5, "gid": 6, "additionalGids": [7] },
            "capabilities": {
                "bounding": ["CAP_CHOWN", "CAP_KILL"],
                "effective": ["CAP_KILL"],
                "permitted": ["CAP_KILL"],
            },
            "terminal": true,
        });
        assert_eq!(process, changed);
        for odd in [
            json!("x"),
            json!([]),
            json!({ "user": "root" }),
            json!({ "capabilities": [] }),
        ] {
            let error = change(&mut odd.clone(), &join).unwrap_err();
            assert!(
                error.to_string().ends_with("is no object"),
                "{odd}: {error}"
            );
        }
    }
}
