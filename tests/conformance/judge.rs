//! Running a check with one runtime, and what was wrong.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::World;

use crate::OURS;
use crate::check::Check;
use crate::patch::merge;

/// One runtime in a world of its own.
pub(crate) struct Judge {
    world: World,
    runtime: String,
    bundle: PathBuf,
    example: Value,
}

/// What is run for a check. What a line of it needs is in its environment; a runtime that
/// hangs is stopped. Standard input is a pipe that has ended: a runtime that gives its
/// streams away to the container's user would give away the machine's `/dev/null`.
const SCRIPT: &str = r#"
export BUNDLE="$1" ID="$2" RUNTIME="$3 --root $HOME/state"
cd "$BUNDLE"
eval "$4" || exit 99
: | timeout -k 1 20 $RUNTIME run --bundle "$BUNDLE" "$ID"
code=$?
eval "$5"
$RUNTIME delete --force "$ID" 2>/dev/null
exit $code
"#;

impl Judge {
    /// Makes a world with a bundle for `runtime`.
    pub(crate) fn of(name: &str, runtime: &str) -> Self {
        let world = World::root(OURS);
        if name != "skiff-runtime" {
            // crun refuses trees of both versions at once.
            let hybrid = "! mountpoint -q /sys/fs/cgroup/unified || umount -l /sys/fs/cgroup/unified";
            let _ = world.run(&["sh", "-c", hybrid]).ok();
        }
        let bundle = world.folder("bundle");
        let shown = bundle.to_str().unwrap();
        let furnish = "mkdir -p rootfs/bin rootfs/etc rootfs/dev rootfs/proc rootfs/sys \
             rootfs/tmp && cp $(command -v busybox) rootfs/bin/busybox && \
             for name in $(busybox --list); do \
             [ -e rootfs/bin/$name ] || ln -s busybox rootfs/bin/$name; done";
        let line = format!("cd {shown} && {furnish}");
        let _ = world.run(&["sh", "-c", &line]).ok();
        let _ = world.skiff(&["spec", "--bundle", shown]).ok();
        let text = fs::read_to_string(bundle.join("config.json")).unwrap();
        let mut example: Value = serde_json::from_str(&text).unwrap();
        example["process"]["terminal"] = json!(false);
        Self {
            world,
            runtime: runtime.to_owned(),
            bundle,
            example,
        }
    }

    /// Whether this machine has what the check looks at.
    pub(crate) fn can_be_checked(&self, check: &Check) -> bool {
        check.only_if.is_empty()
            || self.world.run(&["sh", "-c", &check.only_if]).code == 0
    }

    /// Makes a container as the check says.
    ///
    /// # Errors
    /// What was wanted and what was seen, when they differ.
    pub(crate) fn judge(&self, check: &Check, number: usize) -> Result<(), String> {
        let id = format!("check-{number}");
        let bundle = self.bundle.to_str().unwrap();
        let mut spec = self.example.clone();
        spec["linux"]["cgroupsPath"] =
            json!(format!("/{}/{id}", self.world.cgroup_parent()));
        if let Some(line) = &check.inside {
            spec["process"]["args"] = json!(["sh", "-c", line]);
        }
        if !check.spec.is_null() {
            merge(&mut spec, &check.spec);
        }
        let text = spec.to_string().replace("$BUNDLE", bundle);
        fs::write(self.bundle.join("config.json"), text).unwrap();

        let words = ["sh", "-c", SCRIPT, "judge", bundle, &id, &self.runtime];
        let lines = [check.before.as_str(), check.after.as_str()];
        let out = self.world.run(&[&words[..], &lines].concat());
        let (code, wanted) = match &check.refused {
            None => (out.code == check.code, format!("code {}", check.code)),
            // Others have words of their own. Who reads ours must find the place.
            Some(named) => (
                out.code != 0
                    && !(99..=124).contains(&out.code)
                    && (self.runtime != OURS || out.stderr.contains(named)),
                format!("a refusal that names {named}"),
            ),
        };
        let seen = without_id(&out.stdout, &id);
        if code && seen == check.seen.trim() {
            return Ok(());
        }
        Err(format!(
            "{}\n  wanted {:?} and {wanted}\n  saw    {seen:?} and code {}\n  {}",
            check.field,
            check.seen.trim(),
            out.code,
            out.stderr.trim()
        ))
    }
}

/// The name of a container differs from check to check.
fn without_id(text: &str, id: &str) -> String {
    text.trim().replace(id, "ID")
}
