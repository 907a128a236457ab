//! A container of the bench: all of it in one folder, made of the host's programs.

use std::fs::{self, Permissions};
use std::io::{Read, Write, copy, stdin, stdout};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result};
use chroot::toolbox;
use overlay::Stack;
use serde_json::{Value, json};
use shim::client::{self, Program, Shim};
use shim::frame::{Reader, Stream};
use shim::{Config, Exit, Folder, Ready, Streams, log};
use workbench::{steps, user};

use super::What;

/// A container, found again by its folder.
pub(crate) struct Container {
    pub(crate) shim: Shim,
    folder: Folder,
    config: Config,
}

/// Makes a bundle in `folder` and a shim for it, which makes the container.
pub(crate) fn create(folder: &Path, what: &What) -> Result<Container> {
    steps::role("daemon");
    fs::create_dir_all(folder).context("make the container's folder")?;
    let folder = fs::canonicalize(folder).context("find the container's folder")?;
    let here = |name: &str| folder.join(name);
    for name in ["bundle/rootfs", "layer", "runtime"] {
        fs::create_dir_all(here(name)).with_context(|| format!("make {name}"))?;
    }
    let cgroup = cgroup(&folder);
    user::borrow_root()?;
    toolbox::write(&toolbox::of_host()?, &here("layer"))?;
    let bundle = bundle(what, cgroup.as_deref()).to_string();
    fs::write(here("bundle/config.json"), bundle).context("write config.json")?;
    let config = Config {
        id: "bench".to_owned(),
        bundle: here("bundle"),
        rootfs: Some(Stack {
            lower: vec![here("layer")],
            upper: here("upper"),
            work: here("work"),
        }),
        runtime_root: here("runtime"),
        runtime: what.runtime.clone(),
        terminal: what.terminal,
        open_stdin: what.interactive,
        stdin_once: what.interactive,
        log: Some(here("log")),
        exit_file: here("exit.json"),
        cgroup,
    };
    let folder = Folder::new(&folder);
    let program = Program::at("/proc/self/exe");
    client::spawn(&program, &folder, &config, steps::sink())?;
    Container::find(folder.path())
}

/// What the container is, for the runtime.
fn bundle(what: &What, cgroup: Option<&str>) -> Value {
    let mut bundle = runtime::spec::example(true);
    bundle["linux"]["cgroupsPath"] = json!(cgroup);
    bundle["process"]["terminal"] = json!(what.terminal);
    bundle["process"]["args"] = json!(what.command);
    bundle["root"]["readonly"] = json!(false);
    bundle
}

/// Where the container is counted; an ordinary user has no such place.
fn cgroup(folder: &Path) -> Option<String> {
    let parent = std::env::var("SKIFF_CGROUP_PARENT").unwrap_or("skiff".to_owned());
    let name = folder.file_name()?.to_string_lossy();
    let root = runtime::state::caller_is_root();
    root.then(|| format!("/{parent}/{name}"))
}

impl Container {
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let folder = Folder::new(folder);
        Ok(Self {
            shim: Shim::new(folder.clone()),
            config: Config::load(&folder.config())?,
            folder,
        })
    }

    /// Who is whose parent.
    pub(crate) fn family(&self) -> Result<String> {
        let family = self.shim.family().context("nobody lives here")?;
        let Ready { pid, shim_pid, .. } = family;
        let parent = parent(shim_pid)?;
        let child = parent_is(pid, shim_pid)?;
        Ok(format!(
            "shim {shim_pid} lives on, a child of {parent}; container {pid} is its child: {child}"
        ))
    }

    /// Runs it to its end, attached from its beginning.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let stream = self.attach()?;
        let ended = self.shim.wait(None)?;
        self.shim.start()?;
        self.show(stream)?;
        Ok(code(&ended.exit()?))
    }

    /// What it writes from now on; it is given what is typed.
    pub(crate) fn attach(&self) -> Result<UnixStream> {
        let all = Streams {
            stdin: true,
            stdout: true,
            stderr: true,
        };
        let stream = self.shim.attach(None, all)?;
        let typed = stream.try_clone().context("share the stream")?;
        thread::spawn(move || type_in(typed));
        Ok(stream)
    }

    /// Shows what it writes, until it ends.
    pub(crate) fn show(&self, mut stream: UnixStream) -> Result<()> {
        if self.config.terminal {
            copy(&mut stream, &mut stdout()).context("show the terminal")?;
            return Ok(());
        }
        let (mut reader, mut buffer) = (Reader::default(), vec![0; 64 * 1024]);
        loop {
            let length = stream
                .read(&mut buffer)
                .context("read the container's output")?;
            if length == 0 {
                return Ok(());
            }
            let mut shown = Ok(());
            reader.read(&buffer[..length], |stream, bytes| {
                shown = match stream {
                    Stream::Stdout => stdout().write_all(bytes),
                    Stream::Stderr => std::io::stderr().write_all(bytes),
                };
            })?;
            shown.context("show the container's output")?;
        }
    }

    /// Shows its log.
    pub(crate) fn logs(&self) -> Result<()> {
        let path = self.config.log.as_deref().context("it has no log")?;
        let text = fs::read_to_string(path).context("read the log")?;
        for line in text.lines() {
            let entry: log::Entry = serde_json::from_str(line).context("read the log")?;
            match entry.stream.as_str() {
                "stdout" => stdout().write_all(entry.log.as_bytes())?,
                _ => std::io::stderr().write_all(entry.log.as_bytes())?,
            }
        }
        Ok(stdout().flush()?)
    }

    /// Waits for its end, or reads how it ended.
    pub(crate) fn wait(&self) -> Result<ExitCode> {
        let exit = self.shim.wait(None).and_then(client::Pending::exit);
        let exit = match exit {
            Err(client::Error::Gone) => {
                let text =
                    fs::read(&self.config.exit_file).context("read the exit file")?;
                serde_json::from_slice(&text)?
            }
            answer => answer?,
        };
        for problem in &exit.problems {
            eprintln!("ch10: {problem}");
        }
        Ok(code(&exit))
    }

    /// Sends one line, and shows the answer, and what comes after it.
    pub(crate) fn ask(&self, request: &str) -> Result<ExitCode> {
        let mut stream =
            UnixStream::connect(self.folder.socket()).context("find the shim")?;
        stream
            .write_all(format!("{request}\n").as_bytes())
            .context("ask the shim")?;
        copy(&mut stream, &mut stdout()).context("hear the shim")?;
        Ok(ExitCode::SUCCESS)
    }

    /// What the daemon does when it finds the shim dead.
    pub(crate) fn bury(&self) -> Result<ExitCode> {
        Ok(code(&client::bury(&self.folder, &self.config)?))
    }

    /// Opens the folder that overlayfs shuts, so that the whole can be removed.
    pub(crate) fn tidy(&self) {
        let work = self.folder.path().join("work/work");
        let _ = fs::set_permissions(work, Permissions::from_mode(0o700));
    }
}

fn code(exit: &Exit) -> ExitCode {
    ExitCode::from(u8::try_from(exit.code).unwrap_or(255))
}

/// Passes standard input on, and its end.
fn type_in(mut stream: UnixStream) {
    let _ = copy(&mut stdin(), &mut stream);
    let _ = stream.shutdown(Shutdown::Write);
}

/// The parent of a process, by name and pid.
fn parent(pid: i32) -> Result<String> {
    let parent = parent_of(pid)?;
    let name = fs::read_to_string(format!("/proc/{parent}/comm"))?;
    Ok(format!("{} {parent}", name.trim()))
}

fn parent_is(pid: i32, of: i32) -> Result<&'static str> {
    Ok(if parent_of(pid)? == of { "yes" } else { "no" })
}

/// Field 4 of proc_pid_stat(5).
fn parent_of(pid: i32) -> Result<i32> {
    let stat =
        fs::read_to_string(format!("/proc/{pid}/stat")).context("look at a process")?;
    let rest = stat.rsplit_once(')').context("understand a process")?.1;
    let parent = rest.split_whitespace().nth(1).context("find the parent")?;
    parent.parse().context("understand the parent")
}
