//! `hooks`: a hook at each of the six moments, and what each of them finds.

use std::fs;

use anyhow::{Context, Result};
use runtime::Create;
use runtime::hooks::Moment;
use serde_json::{Value, json};

use crate::bundle::{Made, config, name, wanted};

/// What a hook does: it writes down its moment, what it was told, and where it is.
const SCRIPT: &str = r#"
IFS= read -r state
status=${state#*\"status\":\"} pid=${state#*\"pid\":}
if [ -e /seen ]; then root=container seen=/seen/list; else root=host seen=$2; fi
if [ "$pid" = "${pid#1,}" ]; then pid=host; else pid=1; fi
[ "${state#*\"pid\":0}" = "$state" ] || pid=0
case $(readlink /proc/self/ns/mnt) in "$3") mounts=host ;; *) mounts=container ;; esac
printf '%s %s %s %s %s\n' "$1" "${status%%\"*}" "$pid" "$mounts" "$root" >> "$seen"
[ "$1" != "$4" ] || { echo "I was asked to fail" >&2; exit 3; }
"#;

/// Runs a container with all hooks, and prints what they saw; `failing` fails.
pub(crate) fn table(failing: Option<&str>) -> Result<()> {
    let mut config = config(&["true".to_owned()]);
    let seen = workbench::bench::scratch()?;
    let list = seen.path().join("list");
    fs::write(&list, "").context("make the list")?;
    let mounts = config["mounts"]
        .as_array_mut()
        .context("config.json has mounts")?;
    mounts.push(json!({
        "destination": "/seen", "source": seen.path(), "options": ["bind", "rw"],
    }));
    let here = fs::read_link("/proc/self/ns/mnt").context("look at our namespace")?;
    let hooks: serde_json::Map<String, Value> = Moment::ALL
        .iter()
        .map(|moment| {
            let words = ["sh", "-c", SCRIPT, "sh", moment.name()].map(|word| json!(word));
            let more = [json!(list), json!(here), json!(failing.unwrap_or_default())];
            let args: Vec<Value> = words.into_iter().chain(more).collect();
            let env = ["PATH=/usr/bin:/bin"];
            let hook = json!({ "path": "/bin/sh", "args": args, "env": env });
            (moment.name().to_owned(), json!([hook]))
        })
        .collect();
    config["hooks"] = Value::Object(hooks);
    // The bind's target must be in the root, which is read-only.
    let made = Made::new(&config)?;
    fs::create_dir(made.bundle().join("rootfs/seen")).context("make a folder")?;
    let ended = through(&made);
    println!(
        "{:<17}{:<10}{:<7}{:<12}root",
        "moment", "status", "pid", "mounts"
    );
    for line in fs::read_to_string(&list)?.lines() {
        if let [moment, status, pid, mounts, root] =
            line.split(' ').collect::<Vec<_>>()[..]
        {
            println!("{moment:<17}{status:<10}{pid:<7}{mounts:<12}{root}");
        }
    }
    ended
}

/// Create, start and delete, each with its hooks.
fn through(made: &Made) -> Result<()> {
    let (states, bundle, id) = (made.states(), made.bundle(), name());
    let child = runtime::create(&Create {
        at_once: false,
        ..wanted(&id, &states, &bundle)
    })?;
    let ended = runtime::start(&states, &id).and_then(|()| child.wait().map(drop));
    // Whoever could not start it takes it away.
    let deleted = runtime::delete(&states, &id, true);
    if ended.is_err() {
        child.wait()?;
    }
    ended.and(deleted.map(drop))
}
