//! The bench of chapter 7: a root of several layers, and what a process did to it.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Child};
use chroot::toolbox;
use clap::{Args, Parser, Subcommand};
use namespaces::{Launch, Namespace, launch};
use overlay::{Kind, Stack, Union};
use workbench::bench::{self, Explain};
use workbench::user;

/// Chapter 7, overlay: layers laid upon each other, of which one can be written.
///
/// Without a verb it runs a script that changes, removes and adds files, and shows what
/// became of them.
#[derive(Parser)]
#[command(name = "ch07")]
struct Cli {
    /// Show each system call: as a tree, as JSON lines (=json), as a figure (=svg:FILE).
    #[arg(long, global = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "tree")]
    explain: Option<Explain>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Run a program on top of the host's programs, and list what it changed.
    Run(Asked),
}

#[derive(Args, Default)]
struct Asked {
    /// Lay this folder on top of the host's programs; given again, below the first.
    #[arg(long)]
    lower: Vec<PathBuf>,
    /// Keep the changes in this folder.
    #[arg(long)]
    upper: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch07", cli.explain, || match cli.verb {
        None => run(&Asked {
            command: SHOW.map(str::to_owned).into(),
            ..Asked::default()
        }),
        Some(Verb::Run(asked)) => run(&asked),
    })
}

const SHOW: [&str; 3] = [
    "sh",
    "-c",
    "echo \"the upper layer says: $(cat /etc/motd)\"
     echo 'and a line of mine' >>/etc/motd
     rm /etc/goodbye
     mkdir /srv; echo new >/srv/file
     echo \"now it says: $(cat /etc/motd)\"",
];

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn run(asked: &Asked) -> Result<ExitCode> {
    let command = &asked.command;
    let scratch = bench::scratch()?;
    let stack = layers(scratch.path(), asked)?;
    let root = scratch.path().join("root");
    fs::create_dir(&root).context("make the folder of the root")?;
    let borrowed = !nix::unistd::geteuid().is_root();
    user::borrow_root()?;
    let plan = if borrowed {
        mounts::usual_for_one_id()
    } else {
        mounts::usual()
    };
    let args = process::strings(command)?;
    let env = process::strings(&[format!("PATH={PATH}"), "HOME=/".to_owned()])?;
    let what = Launch {
        namespaces: [Namespace::Mount, Namespace::Pid, Namespace::Ipc]
            .into_iter()
            .collect(),
        role: "init",
        ..Launch::default()
    };
    let child = launch(&what, &mut |_: &Child| Ok(()), |helm| {
        // The union is this mount namespace's own: nothing is left of it afterwards.
        mounts::private()?;
        if let Union::Copy { refusal: Some(why) } = overlay::mount(&stack, &root)? {
            eprint!("{}", bench::told("ch07: the layers are copied", &why));
        }
        mounts::furnish(&root, &plan, false)?;
        let program = process::find(&command[0], PATH)?;
        helm.executing()?;
        Err(process::exec(&program, &args, &env))
    })?;
    let exit = child.wait().context("wait for the program")?;
    show(&stack)?;
    Ok(ExitCode::from(u8::try_from(exit.status()).unwrap_or(255)))
}

/// The host's programs, and on top of them the folders asked for, or one of two files.
fn layers(folder: &Path, asked: &Asked) -> Result<Stack> {
    let (programs, files) = (folder.join("programs"), folder.join("files"));
    toolbox::write(&toolbox::of_host()?, &programs)?;
    let mut lower = asked.lower.clone();
    if lower.is_empty() {
        fs::create_dir_all(files.join("etc")).context("make a layer")?;
        fs::write(files.join("etc/motd"), "hello\n").context("fill a layer")?;
        fs::write(files.join("etc/goodbye"), "bye\n").context("fill a layer")?;
        lower.push(files);
    }
    lower.push(programs);
    // The workshop must lie on the same file system as the upper folder.
    let (upper, work) = match &asked.upper {
        Some(upper) => (upper.clone(), upper.with_extension("work")),
        None => (folder.join("upper"), folder.join("work")),
    };
    Ok(Stack { lower, upper, work })
}

fn show(stack: &Stack) -> Result<()> {
    println!("what changed, read from the upper folder:");
    for change in overlay::changes(stack)? {
        let path = change.path.display();
        match change.kind {
            Kind::Added => println!("  A {path}"),
            Kind::Modified => println!("  C {path}  (copied up)"),
            Kind::Deleted => println!("  D {path}  (a whiteout: a device 0:0)"),
        }
    }
    if let Ok(text) = fs::read_to_string(stack.lower[0].join("etc/motd")) {
        println!("the layer below still says: {}", text.trim_end());
    }
    Ok(())
}
