//! What a runtime is told to do: our own by a call, another by its command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cgroups::Cgroup;
use chroot::process;
use oci_spec::runtime as oci;
use serde_json::Value;

use crate::config::Config;

/// One thing that a runtime does for the shim.
#[derive(Debug)]
pub(crate) enum Order<'a> {
    /// Make the container, up to its start.
    Create {
        /// Whether it asks for a terminal.
        terminal: bool,
    },
    /// Let it go.
    Start,
    /// Run another process in it.
    Exec {
        /// The process, as `config.json` would have it.
        process: &'a Value,
        /// Whether it asks for a terminal.
        terminal: bool,
    },
    /// Freeze it, or thaw it.
    Freeze(bool),
    /// Send all its processes a signal.
    SignalAll(i32),
    /// Take away what is left of it.
    Delete,
}

/// The files through which a runtime answers one order; they go when this goes.
#[derive(Debug)]
pub(crate) struct Papers {
    /// Where it writes the pid of what it started.
    pub(crate) pid: PathBuf,
    /// The socket to which it sends the master of a terminal.
    pub(crate) console: PathBuf,
    /// Where a runtime of other make complains.
    pub(crate) log: PathBuf,
    /// Where such a one reads the process to execute.
    pub(crate) process: PathBuf,
}

impl Papers {
    /// Papers in `folder`, distinguished by `number`.
    pub(crate) fn new(folder: &Path, number: u64) -> Self {
        let file = |name: &str| folder.join(format!("{name}.{number}"));
        Self {
            pid: file("pid"),
            console: file("console"),
            log: file("log"),
            process: file("process"),
        }
    }
}

impl Drop for Papers {
    fn drop(&mut self) {
        for path in [&self.pid, &self.console, &self.log, &self.process] {
            let _ = fs::remove_file(path);
        }
    }
}

/// Has our own runtime do it, in this process.
// ANCHOR: obey
pub(crate) fn obey(config: &Config, order: &Order<'_>, papers: &Papers) -> Result<()> {
    let (root, id) = (config.runtime_root.as_path(), config.id.as_str());
    match order {
        Order::Create { terminal } => runtime::create(&runtime::Create {
            id,
            root,
            bundle: &config.bundle,
            console_socket: terminal.then_some(papers.console.as_path()),
            pid_file: Some(&papers.pid),
            preserve_fds: 0,
            no_pivot: false,
            no_new_keyring: false,
            systemd: false,
            sibling: true,
            at_once: false,
            // The engine names what there is.
            warn: |_| (),
        })
        .map(drop),
        Order::Start => runtime::start(root, id),
        Order::Exec { process, terminal } => {
            let process: oci::Process = serde_json::from_value((*process).clone())
                .context("understand the process to execute")?;
            runtime::exec(&runtime::Exec {
                id,
                root,
                process: &process,
                console_socket: terminal.then_some(papers.console.as_path()),
                pid_file: Some(&papers.pid),
                preserve_fds: 0,
                sibling: true,
                cgroup: "",
                ignore_paused: false,
            })
            .map(drop)
        }
        Order::Freeze(frozen) => cgroup(config)?.freeze(*frozen),
        Order::SignalAll(signal) => runtime::kill(root, id, *signal, true),
        Order::Delete => delete(config),
    }
}
// ANCHOR_END: obey

/// Has our own runtime take the container away. What its poststop hooks got wrong is the
/// error then: it is gone all the same, and somebody should know.
pub(crate) fn delete(config: &Config) -> Result<()> {
    let warnings = runtime::delete(&config.runtime_root, &config.id, true)?;
    let told: Vec<_> = warnings.iter().map(|one| format!("{one:#}")).collect();
    ensure!(told.is_empty(), "{}", told.join("; "));
    Ok(())
}

fn cgroup(config: &Config) -> Result<Cgroup> {
    match &config.cgroup {
        Some(path) => Cgroup::open(path),
        None => bail!("the container has no cgroup to be frozen in"),
    }
}

/// Becomes `runtime`, a program with runc's command line, to have it done.
pub(crate) fn delegate(
    runtime: &Path,
    config: &Config,
    order: &Order<'_>,
    papers: &Papers,
) -> Result<()> {
    if let Order::Exec { process, .. } = order {
        let text = serde_json::to_vec(process).context("write the process")?;
        workbench::files::write_atomic(&papers.process, &text, false)?;
    }
    let mut words = vec![runtime.to_string_lossy().into_owned()];
    words.extend(command(config, order, papers));
    Err(process::exec(
        runtime,
        &process::strings(&words)?,
        &process::environment(),
    ))
}

/// An order as the words that runc, crun and youki all understand.
fn command(config: &Config, order: &Order<'_>, papers: &Papers) -> Vec<String> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let mut words = vec!["--root".to_owned(), path(&config.runtime_root)];
    words.extend(["--log".to_owned(), path(&papers.log)]);
    words.extend(["--log-format", "json"].map(str::to_owned));
    let mut add =
        |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    let pid = path(&papers.pid);
    let console = path(&papers.console);
    let console: &[&str] = match order {
        Order::Create { terminal: true } | Order::Exec { terminal: true, .. } => {
            &["--console-socket", &console]
        }
        _ => &[],
    };
    match order {
        Order::Create { .. } => {
            add(&[
                "create",
                "--bundle",
                &path(&config.bundle),
                "--pid-file",
                &pid,
            ]);
            add(console);
        }
        Order::Start => add(&["start"]),
        Order::Exec { .. } => {
            add(&["exec", "--detach", "--process", &path(&papers.process)]);
            add(&["--pid-file", &pid]);
            add(console);
        }
        Order::Freeze(true) => add(&["pause"]),
        Order::Freeze(false) => add(&["resume"]),
        Order::SignalAll(_) => add(&["kill", "--all"]),
        Order::Delete => add(&["delete", "--force"]),
    }
    add(&[&config.id]);
    if let Order::SignalAll(signal) = order {
        add(&[&signal.to_string()]);
    }
    words
}

/// The last complaint in a runtime's log, of the form `{"level":"error","msg":"…"}`.
pub(crate) fn complaint(log: &str) -> Option<String> {
    log.lines().rev().find_map(|line| {
        let entry: Value = serde_json::from_str(line).ok()?;
        entry["msg"].as_str().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = r#"{"id":"web","bundle":"/b","runtime_root":"/r","exit_file":"/e"}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn orders_are_told_as_runc_s_command_line() {
        let papers = Papers::new(Path::new("/f"), 3);
        let told = |order: &Order<'_>| command(&config(), order, &papers).join(" ");
        let global = "--root /r --log /f/log.3 --log-format json";
        assert_eq!(
            told(&Order::Create { terminal: true }),
            format!(
                "{global} create --bundle /b --pid-file /f/pid.3 \
                 --console-socket /f/console.3 web"
            )
        );
        let process = serde_json::json!({});
        let exec = Order::Exec {
            process: &process,
            terminal: false,
        };
        assert_eq!(
            told(&exec),
            format!(
                "{global} exec --detach --process /f/process.3 --pid-file /f/pid.3 web"
            )
        );
        assert_eq!(
            told(&Order::SignalAll(15)),
            format!("{global} kill --all web 15")
        );
    }

    #[test]
    fn a_runtime_s_last_word_is_found_in_its_log() {
        let log = "{\"msg\":\"warned\",\"level\":\"warning\"}\n\
                   {\"msg\":\"executable file `x` not found\",\"level\":\"error\"}\n";
        assert_eq!(
            complaint(log).as_deref(),
            Some("executable file `x` not found")
        );
        assert_eq!(complaint("plain"), None);
    }
}
