//! `run`: the chapters so far, and then this one.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Child};
use chroot::{escape, toolbox};
use clap::{Args, ValueEnum};
use mounts::{Mount, Root};
use namespaces::{Launch, Namespace, Namespaces, identity, launch};
use workbench::bench;
use workbench::user;

#[derive(Args, Default)]
pub(crate) struct Run {
    /// The folder that becomes the root (by default: the host's programs).
    #[arg(long)]
    root: Option<PathBuf>,
    /// Bind a file or folder of the host: SOURCE:TARGET[:OPTION,…].
    #[arg(short, long)]
    volume: Vec<String>,
    /// Mount an empty tmpfs: TARGET[:OPTION,…].
    #[arg(long)]
    tmpfs: Vec<String>,
    /// Set a kernel parameter of the new namespaces: NAME=VALUE.
    #[arg(long)]
    sysctl: Vec<String>,
    /// Make the root read-only.
    #[arg(long)]
    read_only: bool,
    /// First try to get out of it, as chapter 1 did.
    #[arg(long)]
    escape: Option<Escape>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

/// A way out of a chroot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Escape {
    /// By a second chroot, and up.
    Climb,
    /// By a folder of the host that was open before.
    Held,
}

impl Run {
    /// This command and no option.
    pub(crate) fn of(command: &[&str]) -> Self {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Self {
            command,
            ..Self::default()
        }
    }
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs the program, and ends as it ends.
pub(crate) fn run(asked: &Run) -> Result<ExitCode> {
    let scratch = bench::scratch()?;
    let folder = match &asked.root {
        Some(folder) => folder,
        None => {
            toolbox::write(&toolbox::of_host()?, scratch.path())?;
            scratch.path()
        }
    };
    let plan = plan(asked, nix::unistd::geteuid().is_root())?;
    user::borrow_root()?;
    let args = process::strings(&asked.command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    let what = Launch {
        namespaces: wanted(),
        role: "init",
        ..Launch::default()
    };
    let held = File::open("/").context("open the host's root")?;
    let mut nothing_to_prepare = |_: &Child| Ok(());
    let child = launch(&what, &mut nothing_to_prepare, |helm| {
        identity::set_host_name("chapter3")?;
        mounts::furnish_with(folder, &plan, asked.read_only, |root| {
            sysctls(root, asked)
        })?;
        match asked.escape {
            None => {}
            Some(Escape::Climb) => escape::climb()?,
            Some(Escape::Held) => escape::step_out(&held)?,
        }
        let program = process::find(&asked.command[0], PATH)?;
        helm.executing()?;
        Err(process::exec(&program, &args, &env))
    })?;
    Ok(ExitCode::from(
        u8::try_from(child.wait()?.status()).unwrap_or(255),
    ))
}

fn plan(asked: &Run, root: bool) -> Result<Vec<Mount>> {
    let mut plan = if root {
        mounts::usual()
    } else {
        mounts::usual_for_one_id()
    };
    let words = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
    for volume in &asked.volume {
        let mut parts = volume.splitn(3, ':');
        let source = parts.next().map(PathBuf::from);
        let target = parts
            .next()
            .context("a volume is SOURCE:TARGET[:OPTION,…]")?
            .into();
        let options = [
            vec!["rbind".to_owned()],
            parts.next().map(words).unwrap_or_default(),
        ];
        plan.push(Mount {
            source,
            target,
            options: options.concat(),
            ..Mount::default()
        });
    }
    for tmpfs in &asked.tmpfs {
        let (target, options) = tmpfs.split_once(':').unwrap_or((tmpfs, ""));
        plan.push(Mount {
            target: target.into(),
            fstype: Some("tmpfs".to_owned()),
            options: words(options),
            ..Mount::default()
        });
    }
    Ok(plan)
}

fn sysctls(root: &Root, asked: &Run) -> Result<()> {
    for setting in &asked.sysctl {
        let (name, value) = setting.split_once('=').context("a sysctl is NAME=VALUE")?;
        let file = PathBuf::from("sys").join(name.replace('.', "/"));
        mounts::write_proc(root, &file, value)?;
    }
    Ok(())
}

fn wanted() -> Namespaces {
    use Namespace::{Cgroup, Ipc, Mount, Pid, Uts};
    [Mount, Uts, Pid, Ipc, Cgroup].into_iter().collect()
}
