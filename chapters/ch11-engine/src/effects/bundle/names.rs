//! The three files that the engine lays over the image's: hostname, hosts, resolv.conf.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use network::names::{Resolver, hosts, resolv_conf};

use crate::core::{Container, Refusal};
use crate::effects::Engine;
use crate::effects::networks::Lease;

impl Engine {
    /// Writes the three files of a container that is about to start.
    pub(in crate::effects) fn write_names(
        &self,
        container: &Container,
        lease: Option<&Lease>,
    ) -> Result<()> {
        let folder = self.roots.container(&container.id);
        let of_host = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let shares = container.host.network_mode == "host";
        let extra = extra_hosts(container, lease.map(Lease::gateway))?;
        let known = match shares {
            true => of_host("/etc/hosts") + &lines(&extra),
            false => {
                let mut entries = extra;
                if let Some(lease) = lease {
                    entries.push((lease.address().into(), own_names(container)));
                }
                hosts(&entries)
            }
        };
        let resolver = Resolver {
            servers: addresses(&container.host.dns)?,
            search: container.host.dns_search.clone(),
            options: container.host.dns_options.clone(),
        };
        let asked = resolver != Resolver::default();
        let resolving = match (shares, asked) {
            (true, false) => of_host("/etc/resolv.conf"),
            _ => resolv_conf(&of_host("/etc/resolv.conf"), &resolver),
        };
        write(
            &folder,
            "hostname",
            &format!("{}\n", container.config.hostname),
        )?;
        write(&folder, "hosts", &known)?;
        write(&folder, "resolv.conf", &resolving)
    }
}

/// All may read them: the container's users are not the file's owner.
fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    // In place: a running container has the file itself mounted.
    fs::write(&path, text)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o644)))
        .with_context(|| format!("write {}", path.display()))
}

fn own_names(container: &Container) -> Vec<String> {
    let config = &container.config;
    match config.domainname.as_str() {
        "" => vec![config.hostname.clone()],
        domain => vec![
            format!("{0}.{domain}", config.hostname),
            config.hostname.clone(),
        ],
    }
}

fn extra_hosts(
    container: &Container,
    gateway: Option<Ipv4Addr>,
) -> Result<Vec<(IpAddr, Vec<String>)>> {
    let entry = |text: &String| {
        let (name, address) = text
            .split_once([':', '='])
            .with_context(|| format!("invalid extra host {text:?}"))?;
        let address = match (address, gateway) {
            ("host-gateway", Some(gateway)) => gateway.into(),
            ("host-gateway", None) => Ipv4Addr::LOCALHOST.into(),
            (text, _) => text.trim_matches(['[', ']']).parse().map_err(|_| {
                Refusal::bad(format!("invalid IP address in add-host: {text:?}"))
            })?,
        };
        Ok((address, vec![name.to_owned()]))
    };
    container.host.extra_hosts.iter().map(entry).collect()
}

fn lines(entries: &[(IpAddr, Vec<String>)]) -> String {
    let line = |(address, names): &(IpAddr, Vec<String>)| {
        format!("{address}\t{}\n", names.join(" "))
    };
    entries.iter().map(line).collect()
}

fn addresses(list: &[String]) -> Result<Vec<IpAddr>> {
    let read = |text: &String| {
        text.parse().map_err(|_| {
            Refusal::bad(format!("invalid DNS server address: {text}")).into()
        })
    };
    list.iter().map(read).collect()
}
