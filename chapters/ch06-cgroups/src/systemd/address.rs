//! Where systemd is to be spoken to (D-Bus specification, "Server Addresses").

use std::ffi::OsString;
use std::fmt::{Display, Formatter};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use workbench::user::in_user_namespace;

/// A socket that somebody may listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Socket {
    /// A file.
    Path(PathBuf),
    /// A name of the network namespace's own (unix(7), "abstract").
    Abstract(OsString),
}

/// A socket, and who is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) socket: Socket,
    /// A bus, where one has to say hello; or systemd itself.
    pub(crate) is_bus: bool,
}

impl Address {
    fn file(path: impl Into<PathBuf>, is_bus: bool) -> Self {
        let socket = Socket::Path(path.into());
        Self { socket, is_bus }
    }

    /// Whether there is somebody to be spoken to, as far as can be seen.
    pub(crate) fn is_there(&self) -> bool {
        match &self.socket {
            Socket::Path(path) => path.exists(),
            Socket::Abstract(_) => true,
        }
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match &self.socket {
            Socket::Path(path) => path.display().fmt(f),
            Socket::Abstract(name) => write!(f, "@{}", name.display()),
        }
    }
}

/// What the addresses depend on.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// `DBUS_SYSTEM_BUS_ADDRESS`.
    pub(crate) system: Option<OsString>,
    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub(crate) session: Option<OsString>,
    /// `XDG_RUNTIME_DIR`.
    pub(crate) folder: Option<OsString>,
    /// Whether the caller is not root, or has made itself root by a user namespace. (A
    /// machine of containers is in one too, with a systemd of its own: there nobody has
    /// another name. So runc tells the two apart.)
    pub(crate) rootless: bool,
}

impl Surroundings {
    pub(crate) fn of_caller() -> Self {
        let word = |name| std::env::var_os(name).filter(|word| !word.is_empty());
        Self {
            system: word("DBUS_SYSTEM_BUS_ADDRESS"),
            session: word("DBUS_SESSION_BUS_ADDRESS"),
            folder: word("XDG_RUNTIME_DIR"),
            rootless: !geteuid().is_root()
                || in_user_namespace() && word("USER").is_some_and(|name| name != "root"),
        }
    }

    /// In the order in which they are tried: the bus, then systemd's own socket.
    // ANCHOR: addresses
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let said = |word: &Option<OsString>| word.as_ref().map(parse);
        if !self.rootless {
            let usual = || vec![Address::file("/run/dbus/system_bus_socket", true)];
            let mut all = said(&self.system).unwrap_or_else(usual);
            all.push(Address::file("/run/systemd/private", false));
            return all;
        }
        let folder = self.folder.as_ref().map(Path::new);
        let usual = || folder.map(|folder| Address::file(folder.join("bus"), true));
        let mut all =
            said(&self.session).unwrap_or_else(|| usual().into_iter().collect());
        let own = folder.map(|folder| folder.join("systemd/private"));
        all.extend(own.map(|path| Address::file(path, false)));
        all
    }
    // ANCHOR_END: addresses
}

/// The unix sockets in a list such as `unix:path=/run/user/7/bus,guid=0;tcp:port=1`.
fn parse(list: &OsString) -> Vec<Address> {
    let list = list.to_string_lossy();
    let socket = |address: &str| {
        let mut pairs = address.strip_prefix("unix:")?.split(',');
        pairs.find_map(|pair| match pair.split_once('=')? {
            ("path", path) => Some(Socket::Path(unescaped(path).into())),
            ("abstract", name) => Some(Socket::Abstract(unescaped(name))),
            _ => None,
        })
    };
    let sockets = list.split(';').filter_map(socket);
    let bus = |socket| Address {
        socket,
        is_bus: true,
    };
    sockets.map(bus).collect()
}

/// Undoes the escapes of values, `%` and two digits.
fn unescaped(value: &str) -> OsString {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(surroundings: &Surroundings) -> Vec<String> {
        let all = surroundings.addresses();
        let shown =
            |one: &Address| format!("{one}{}", if one.is_bus { " bus" } else { "" });
        all.iter().map(shown).collect()
    }

    #[test]
    fn root_speaks_to_the_system() {
        let mut root = Surroundings {
            session: Some("unix:path=/theirs".into()),
            folder: Some("/run/user/0".into()),
            ..Surroundings::default()
        };
        let own = "/run/systemd/private";
        assert_eq!(shown(&root), ["/run/dbus/system_bus_socket bus", own]);
        root.system = Some("tcp:host=a;unix:guid=1,path=/b%20c".into());
        assert_eq!(shown(&root), ["/b c bus", own]);
    }

    #[test]
    fn others_speak_to_their_own() {
        let mut user = Surroundings {
            system: Some("unix:path=/the-systems".into()),
            folder: Some("/run/user/7".into()),
            rootless: true,
            ..Surroundings::default()
        };
        let own = "/run/user/7/systemd/private";
        assert_eq!(shown(&user), ["/run/user/7/bus bus", own]);
        user.session = Some("unix:abstract=/tmp/dbus-x,guid=1".into());
        assert_eq!(shown(&user), ["@/tmp/dbus-x bus", own]);
        let nobody = Surroundings {
            rootless: true,
            ..Surroundings::default()
        };
        assert!(shown(&nobody).is_empty());
    }
}
