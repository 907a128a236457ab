//! Interfaces, as messages have them (`<linux/if_link.h>`).

use crate::netlink::{Attributes, number};

/// An interface that is to be found, made or changed, or was found: `struct ifinfomsg`
/// and attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its number; 0 where its name says which one is meant.
    pub(crate) index: u32,
    /// Whether it is, or is to be made, up. No request here takes an interface down.
    pub(crate) up: bool,
    /// What else there is to say (`IFLA_…`).
    pub(crate) attributes: Attributes,
}

impl Link {
    /// The link of a name.
    pub(crate) fn named(name: &str) -> Self {
        Self::default().with(|all| all.text(libc::IFLA_IFNAME, name))
    }

    /// The same, and up.
    pub(crate) fn up(self) -> Self {
        Self { up: true, ..self }
    }

    /// The same, with more attributes.
    pub(crate) fn with(self, more: impl FnOnce(Attributes) -> Attributes) -> Self {
        Self {
            attributes: more(self.attributes),
            ..self
        }
    }

    /// As the body of a message.
    pub(crate) fn body(&self) -> Vec<u8> {
        let flags = if self.up { libc::IFF_UP } else { 0 };
        [
            // The family, a byte of padding, and the type of the hardware: any.
            &[0; 4],
            self.index.to_ne_bytes().as_slice(),
            // The flags, and which of them are meant.
            &flags.to_ne_bytes(),
            &flags.to_ne_bytes(),
            self.attributes.sent(),
        ]
        .concat()
    }

    /// From the body of a message.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        Some(Self {
            index: number(body, 4)?,
            up: number(body, 8)? & libc::IFF_UP.cast_unsigned() != 0,
            attributes: Attributes::received(body.get(16..)?),
        })
    }

    /// What kind of interface it is, like `bridge`, if it is not plain hardware.
    pub(crate) fn kind(&self) -> Option<String> {
        let info = Attributes::received(self.attributes.get(libc::IFLA_LINKINFO)?);
        info.get(libc::IFLA_INFO_KIND).map(text)
    }

    /// What it is called.
    pub(crate) fn name(&self) -> Option<String> {
        self.attributes.get(libc::IFLA_IFNAME).map(text)
    }
}

/// Words as the kernel gives them: it ends them with a zero.
fn text(value: &[u8]) -> String {
    let value = value.strip_suffix(b"\0").unwrap_or(value);
    String::from_utf8_lossy(value).into_owned()
}
