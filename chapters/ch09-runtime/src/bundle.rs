//! The bundles of the bench: a root of the host's programs, and a `config.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chroot::process::Exit;
use chroot::toolbox;
use clap::Args;
use nix::unistd::geteuid;
use runtime::Create;
use serde_json::{Value, json};
use workbench::bench::{self, Scratch};

#[derive(Args)]
pub(crate) struct Run {
    /// The folder that becomes the root (by default: the host's programs).
    #[arg(long)]
    root: Option<PathBuf>,
    /// FIELD=VALUE: another value in config.json, as in process.cwd=/tmp or
    /// linux.maskedPaths=[].
    #[arg(long)]
    set: Vec<String>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

impl Run {
    /// Runs it, and tells how it ended.
    pub(crate) fn run(&self) -> Result<Exit> {
        let mut config = config(&self.command);
        for word in &self.set {
            set(&mut config, word)?;
        }
        let made = match &self.root {
            None => Made::new(&config)?,
            Some(root) => {
                let root = root.canonicalize().context("find the root")?;
                config["root"]["path"] = json!(root);
                Made::empty(&config)?
            }
        };
        run_bundle(&made.bundle())
    }
}

/// A bundle that goes when this is dropped, and a folder for states.
pub(crate) struct Made(Scratch);

impl Made {
    /// With the host's programs.
    pub(crate) fn new(config: &Value) -> Result<Self> {
        let made = Self::empty(config)?;
        let rootfs = made.bundle().join("rootfs");
        fs::create_dir(&rootfs).context("make the root filesystem's folder")?;
        toolbox::write(&toolbox::of_host()?, &rootfs)?;
        Ok(made)
    }

    fn empty(config: &Value) -> Result<Self> {
        let made = Self(bench::scratch()?);
        fs::create_dir(made.bundle()).context("make the bundle's folder")?;
        fs::write(made.bundle().join("config.json"), config.to_string())
            .context("write config.json")?;
        Ok(made)
    }

    /// Its folder.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.0.path().join("bundle")
    }

    /// The folder of the states.
    pub(crate) fn states(&self) -> PathBuf {
        self.0.path().join("states")
    }
}

/// The first config.json of an ordinary user's container, with another command and a
/// network of its own.
pub(crate) fn config(command: &[String]) -> Value {
    let mut config = runtime::spec::example(true);
    config["process"]["terminal"] = json!(false);
    config["process"]["args"] = json!(command);
    if let Some(kinds) = config["linux"]["namespaces"].as_array_mut() {
        kinds.push(json!({ "type": "network" }));
    }
    config
}

/// Puts a value where `word` says; what is no JSON is a text.
fn set(config: &mut Value, word: &str) -> Result<()> {
    let (field, value) = word.split_once('=').context("--set wants FIELD=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
    let (above, name) = field.rsplit_once('.').unwrap_or(("", field));
    let above: String = above
        .split('.')
        .filter(|part| !part.is_empty())
        .map(|part| format!("/{part}"))
        .collect();
    let place = config.pointer_mut(&above).and_then(Value::as_object_mut);
    let place = place.with_context(|| format!("config.json has no place for {field}"))?;
    place.insert(name.to_owned(), value);
    Ok(())
}

/// What `run` and `life` make of a bundle.
pub(crate) fn wanted<'a>(id: &'a str, states: &'a Path, bundle: &'a Path) -> Create<'a> {
    Create {
        id,
        root: states,
        bundle,
        console_socket: None,
        pid_file: None,
        preserve_fds: 0,
        no_pivot: false,
        no_new_keyring: false,
        systemd: false,
        sibling: false,
        at_once: true,
        warn: |warning| eprintln!("ch09: warning: {warning}"),
    }
}

/// Runs the bundle in `folder` from its beginning to its end.
pub(crate) fn run_bundle(folder: &Path) -> Result<Exit> {
    let states = bench::scratch()?;
    let (exit, _) = runtime::run(&wanted(&name(), states.path(), folder), false)?;
    Ok(exit)
}

/// The container's name. Root's container has a control group of that name, and two
/// benches may run at once.
pub(crate) fn name() -> String {
    match geteuid().is_root() {
        true => format!("bench-{}", std::process::id()),
        false => "bench".to_owned(),
    }
}
