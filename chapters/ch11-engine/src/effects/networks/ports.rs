//! Published ports: which port of the host leads to which of the container's.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};

use anyhow::{Context, Result, bail};
use network::{Protocol, Publish};

use crate::api::host::PortBinding;
use crate::core::{Container, Refusal};

/// The ports that a container publishes, each on a port of the host that is free.
pub(super) fn published(
    container: &Container,
    address: Ipv4Addr,
    taken: &BTreeMap<String, Vec<Publish>>,
) -> Result<Vec<Publish>> {
    let mut published: Vec<Publish> = Vec::new();
    let all = container.host.publish_all_ports;
    let exposed = container.config.exposed_ports.keys().filter(|_| all);
    let any = vec![PortBinding::default()];
    let exposed = exposed.map(|port| (port, &any));
    let asked = container.host.port_bindings.iter();
    let asked = asked.filter_map(|(port, bindings)| Some((port, bindings.as_ref()?)));
    for (port, bindings) in asked.chain(exposed) {
        let (private, protocol) = parse_port(port)?;
        for binding in bindings {
            let host_ip = match binding.host_ip.as_str() {
                "" | "::" => Ipv4Addr::UNSPECIFIED,
                text => text
                    .parse()
                    .with_context(|| format!("host address {text:?}"))?,
            };
            let wanted = match binding.host_port.as_str() {
                "" => 0,
                text => text.parse().map_err(|_| {
                    Refusal::bad(format!("invalid port specification: {text:?}"))
                })?,
            };
            let others: Vec<&Publish> =
                taken.values().flatten().chain(&published).collect();
            let host_port = claim(SocketAddrV4::new(host_ip, wanted), protocol, &others)?;
            let to = SocketAddrV4::new(address, private);
            published.push(Publish {
                host_ip,
                host_port,
                protocol,
                to,
            });
        }
    }
    Ok(published)
}

/// Finds out whether nobody has the port: no container of ours, no process of the
/// host's. Port 0 asks for any.
pub(super) fn claim(
    wanted: SocketAddrV4,
    protocol: Protocol,
    others: &[&Publish],
) -> Result<u16> {
    let overlaps = |one: Ipv4Addr, other: Ipv4Addr| {
        one == other || one.is_unspecified() || other.is_unspecified()
    };
    let clash = others.iter().any(|other| {
        other.protocol == protocol
            && other.host_port == wanted.port()
            && overlaps(other.host_ip, *wanted.ip())
    });
    if clash {
        return Err(Refusal::from(anyhow::anyhow!(
            "Bind for {wanted} failed: port is already allocated"
        ))
        .into());
    }
    let bound = match protocol {
        Protocol::Tcp => TcpListener::bind(wanted).and_then(|bound| bound.local_addr()),
        Protocol::Udp => UdpSocket::bind(wanted).and_then(|bound| bound.local_addr()),
    };
    let address = bound.with_context(|| {
        format!(
            "failed to bind host port {wanted}/{}: port is already allocated",
            protocol.name()
        )
    })?;
    Ok(address.port())
}

/// `80/tcp`, `53/udp`, `80`.
pub(super) fn parse_port(text: &str) -> Result<(u16, Protocol)> {
    let (port, word) = text.split_once('/').unwrap_or((text, "tcp"));
    let port = port
        .parse()
        .with_context(|| format!("invalid port {text:?}"))?;
    Ok((port, protocol(word)?))
}

pub(super) fn protocol(word: &str) -> Result<Protocol> {
    match word {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        other => bail!("protocol {other:?} is not supported"),
    }
}

#[cfg(test)]
mod tests;
