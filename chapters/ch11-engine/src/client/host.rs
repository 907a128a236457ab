//! The address of an Engine API: `unix://PATH` or `tcp://HOST[:PORT]`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A host name and a port, without encryption.
    Tcp(String),
}

impl FromStr for Host {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => {
                Ok(Self::Unix(PathBuf::from(path)))
            }
            Some(("tcp", address)) if !address.is_empty() => {
                let address = address.trim_end_matches('/');
                // A colon within brackets is the address's, not the port's.
                let has_port = address
                    .rsplit_once(':')
                    .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
                Ok(Self::Tcp(match has_port {
                    true => address.to_owned(),
                    false => format!("{address}:2375"),
                }))
            }
            _ => bail!("host {text:?} is neither unix:///PATH nor tcp://HOST:PORT"),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(to, "unix://{}", path.display()),
            Self::Tcp(address) => write!(to, "tcp://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_paths_or_ports() {
        for (text, shown) in [
            ("unix:///run/x.sock", "unix:///run/x.sock"),
            ("tcp://localhost", "tcp://localhost:2375"),
            ("tcp://[::1]:99", "tcp://[::1]:99"),
            ("tcp://h:1/", "tcp://h:1"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), shown);
        }
        for wrong in ["", "/run/x.sock", "unix://x", "ssh://h", "tcp://"] {
            assert!(wrong.parse::<Host>().is_err(), "{wrong}");
        }
    }
}
