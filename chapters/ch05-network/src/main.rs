//! The bench of chapter 5: a container on a bridge, a hello out of it, a port into it.

#![expect(clippy::print_stdout, reason = "a program prints")]

mod run;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::process::ExitCode;

use anyhow::{Context, Result};
use chroot::process;
use clap::{Parser, Subcommand};
use namespaces::{Namespace, Namespaces};
use network::{Nat, Network, Pool, Protocol, Publish};
use run::{BRIDGE, Run, connected, play_host, run};
use workbench::bench::{self, Explain};

/// Chapter 5, the network: a container on a bridge, without sudo.
#[derive(Parser)]
#[command(name = "ch05")]
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
    /// Run a program in a container that is connected to a bridge.
    Run(Run),
    /// What the container does: answer at port 80, say hello to the host.
    #[command(hide = true)]
    Greet { host: SocketAddr },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    bench::explained("ch05", cli.explain, || match cli.verb {
        None => show(),
        Some(Verb::Run(asked)) => run(&asked),
        Some(Verb::Greet { host }) => greet(host),
    })
}

fn show() -> Result<ExitCode> {
    let mut pool = play_host()?;
    let listener = TcpListener::bind((pool.gateway(), 0)).context("listen")?;
    let own = std::env::current_exe().context("find this program")?;
    let host = listener.local_addr()?.to_string();
    let args = process::strings(&["ch05", "greet", &host])?;
    let only_net = Namespaces::NONE.with(Namespace::Net);
    let (container, address) = connected(&mut pool, only_net, |helm| {
        network::loopback_up()?;
        helm.executing()?;
        Err(process::exec(&own, &args, &[]))
    })?;
    println!("host:      {} on {BRIDGE}", pool.gateway());
    println!("container: {address} on eth0");
    let (stream, from) = listener.accept().context("wait for the container")?;
    println!("host:      {from} says {:?}", text(stream)?);
    network::set_nat(&rules(&pool, SocketAddrV4::new(address, 80)))?;
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

/// The network, and port 8080 of the host leading to `to`.
fn rules(pool: &Pool, to: SocketAddrV4) -> Nat {
    Nat {
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
    }
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
