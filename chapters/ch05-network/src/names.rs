//! The two files by which a container finds others: hosts(5) and resolv.conf(5).
//!
//! Functions from text to text; whoever makes the container writes the files.

use std::net::IpAddr;

/// What a container that has no name server of its own asks: docker takes the same.
const PUBLIC: [&str; 2] = ["8.8.8.8", "8.8.4.4"];

/// What was asked for instead of the host's settings; what is empty is the host's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolver {
    /// Name servers.
    pub servers: Vec<IpAddr>,
    /// Domains that are tried with short names; `.` alone means none.
    pub search: Vec<String>,
    /// Options, like `ndots:2`.
    pub options: Vec<String>,
}

/// The resolv.conf of a container, from the host's.
///
/// A server at a loopback address is the host's own and not reachable from inside.
#[must_use]
pub fn resolv_conf(host: &str, wanted: &Resolver) -> String {
    let of_host = |word: &str| -> Vec<String> {
        let lines = host.lines().map(str::split_whitespace);
        let mut values = Vec::new();
        for mut words in lines {
            if words.next() == Some(word) {
                values.extend(words.map(str::to_owned));
            }
        }
        values
    };
    let choose = |wanted: &[String], word| match wanted {
        [] => of_host(word),
        wanted => wanted.to_vec(),
    };
    let asked: Vec<_> = wanted.servers.iter().map(IpAddr::to_string).collect();
    let mut servers = choose(&asked, "nameserver");
    if asked.is_empty() {
        servers.retain(|server| !is_loopback(server));
    }
    if servers.is_empty() {
        servers = PUBLIC.map(str::to_owned).to_vec();
    }
    let mut search = choose(&wanted.search, "search");
    search.retain(|domain| domain != ".");
    let options = choose(&wanted.options, "options");
    let mut text = String::new();
    for server in servers {
        text += &format!("nameserver {server}\n");
    }
    for (word, values) in [("search", search), ("options", options)] {
        if !values.is_empty() {
            text += &format!("{word} {}\n", values.join(" "));
        }
    }
    text
}

fn is_loopback(server: &str) -> bool {
    // An IPv6 address may carry a zone, which the parser does not take.
    let address = server.split('%').next().unwrap_or(server);
    address
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback())
}

/// The hosts file of a container: the usual names, then `entries` (address, names).
#[must_use]
pub fn hosts(entries: &[(IpAddr, Vec<String>)]) -> String {
    let mut text = String::from(
        "127.0.0.1\tlocalhost\n\
         ::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::\tip6-localnet\n\
         ff00::\tip6-mcastprefix\n\
         ff02::1\tip6-allnodes\n\
         ff02::2\tip6-allrouters\n",
    );
    for (address, names) in entries {
        text += &format!("{address}\t{}\n", names.join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "# by hand\nnameserver 127.0.0.53\nnameserver 10.0.0.2\n\
                        nameserver ::1\nsearch a.example b.example\noptions edns0\n";

    #[test]
    fn the_hosts_servers_are_taken_but_for_its_own() {
        assert_eq!(
            resolv_conf(HOST, &Resolver::default()),
            "nameserver 10.0.0.2\nsearch a.example b.example\noptions edns0\n"
        );
    }

    #[test]
    fn what_is_asked_for_wins() {
        let wanted = Resolver {
            servers: vec![IpAddr::from([127, 0, 0, 11])],
            search: vec![".".into()],
            options: vec!["ndots:0".into()],
        };
        assert_eq!(
            resolv_conf(HOST, &wanted),
            "nameserver 127.0.0.11\noptions ndots:0\n"
        );
    }

    #[test]
    fn without_any_server_there_are_public_ones() {
        let text = resolv_conf("nameserver 127.0.0.1\n", &Resolver::default());
        assert_eq!(text, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
    }

    #[test]
    fn a_container_knows_its_own_name() {
        let names = vec!["web".to_owned(), "web.example".to_owned()];
        let text = hosts(&[(IpAddr::from([172, 17, 0, 2]), names)]);
        assert!(text.starts_with("127.0.0.1\tlocalhost\n"), "{text}");
        assert!(text.ends_with("\n172.17.0.2\tweb web.example\n"), "{text}");
    }
}
