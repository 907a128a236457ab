//! The bench of chapter 5: a container on a bridge, a hello out of it, a port into it.
//!
//! Everything happens in a network namespace of the bench's own, which plays the host:
//! nothing of the real one is touched, and all of it ends with the bench.

#![expect(clippy::print_stdout, reason = "a program prints")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process::{self, Child};
use clap::{Parser, Subcommand};
use namespaces::{Launch, Namespace, Namespaces, join, launch};
use network::{Endpoint, Mac, Nat, Network, Pool, Protocol, Publish, Subnet};
use nix::sched::{CloneFlags, unshare};
use workbench::bench::{self, Explain};
use workbench::{steps, user};

const BRIDGE: &str = "skiff0";

/// Chapter 5, the network: two network namespaces and a cable between them.
#[derive(Parser)]
#[command(name = "ch05")]
struct Cli {
    /// Show each system call: as a tree, or as JSON lines (--explain=json).
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "tree")]
    explain: Option<Explain>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Run a program in a network namespace that is connected to a bridge.
    Run {
        /// The program and its arguments.
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
    },
    /// What the container does: answer at port 80, say hello to the host.
    #[command(hide = true)]
    Greet { host: SocketAddr },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch05", cli.explain, || match cli.verb {
        None => show(),
        Some(Verb::Run { command }) => {
            let (container, _) = connected(&mut play_host()?, &command)?;
            let status = container.wait()?.status();
            Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
        }
        Some(Verb::Greet { host }) => greet(host),
    })
}

fn show() -> Result<ExitCode> {
    let mut pool = play_host()?;
    let listener = TcpListener::bind((pool.gateway(), 0)).context("listen")?;
    let own = std::env::current_exe().context("find this program")?;
    let greet = [
        own.display().to_string(),
        "greet".into(),
        listener.local_addr()?.to_string(),
    ];
    let (container, address) = connected(&mut pool, &greet)?;
    println!("host:      {} on {BRIDGE}", pool.gateway());
    println!("container: {address} on eth0");
    let (stream, from) = listener.accept().context("wait for the container")?;
    println!("host:      {from} says {:?}", text(stream)?);
    publish(&pool, SocketAddrV4::new(address, 80))?;
    let stream = TcpStream::connect("127.0.0.1:8080").context("connect to port 8080")?;
    println!(
        "host:      port 8080 is published; it says {:?}",
        text(stream)?
    );
    container.wait()?;
    network::remove_nat()?;
    network::remove_bridge(BRIDGE)?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the namespace that plays the host, with a bridge in it.
fn play_host() -> Result<Pool> {
    user::borrow_root()?;
    let why = "the bench's own network plays the host; the real one is not touched";
    steps::step(2, format_args!("unshare(CLONE_NEWNET)"), why, || {
        unshare(CloneFlags::CLONE_NEWNET)
    })
    .context("make a network namespace")?;
    network::loopback_up()?;
    let pool = Pool::new(Subnet::around(Ipv4Addr::new(10, 88, 0, 0), 24), None)?;
    network::ensure_bridge(BRIDGE, pool.gateway(), pool.subnet().prefix)?;
    Ok(pool)
}

/// Starts a program in a namespace of its own, connected to the bridge.
fn connected(pool: &mut Pool, command: &[String]) -> Result<(Child, Ipv4Addr)> {
    let address = pool.lease("bench")?;
    let endpoint = Endpoint {
        host_name: "skiff-bench".into(),
        name_inside: "eth0".into(),
        address,
        prefix: pool.subnet().prefix,
        gateway: Some(pool.gateway()),
        mac: Mac::of(address),
    };
    let what = Launch {
        namespaces: Namespaces::NONE.with(Namespace::Net),
        role: "init",
        ..Launch::default()
    };
    let mut connect = |child: &Child| {
        let namespace = join::of_process(child.pid, Namespace::Net)?;
        network::attach(namespace.as_fd(), BRIDGE, &endpoint)
    };
    let container = launch(&what, &mut connect, |helm| {
        network::loopback_up()?;
        let path = std::env::var("PATH").unwrap_or_default();
        let program = process::find(&command[0], &path)?;
        let environment: Vec<_> = std::env::vars()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let environment = process::strings(&environment)?;
        let arguments = process::strings(command)?;
        helm.executing()?;
        Err(process::exec(Path::new(&program), &arguments, &environment))
    })?;
    Ok((container, address))
}

fn publish(pool: &Pool, to: SocketAddrV4) -> Result<()> {
    network::set_nat(&Nat {
        networks: vec![Network {
            bridge: BRIDGE.into(),
            subnet: pool.subnet(),
            internal: false,
        }],
        published: vec![Publish {
            host_ip: Ipv4Addr::UNSPECIFIED,
            host_port: 8080,
            protocol: Protocol::Tcp,
            to,
        }],
    })
}

fn greet(host: SocketAddr) -> Result<ExitCode> {
    // First the port, then the hello: who has heard it can connect.
    let listener = TcpListener::bind("0.0.0.0:80").context("listen at port 80")?;
    TcpStream::connect(host)
        .and_then(|mut stream| stream.write_all(b"hello, host"))
        .context("say hello")?;
    let (mut stream, from) = listener.accept().context("wait at port 80")?;
    write!(stream, "hello, {}", from.ip()).context("answer")?;
    Ok(ExitCode::SUCCESS)
}

fn text(mut stream: TcpStream) -> Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).context("read the hello")?;
    Ok(text)
}
