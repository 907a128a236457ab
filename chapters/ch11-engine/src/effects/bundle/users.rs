//! Who a user is, by the image's own passwd(5) and group(5).
//!
//! Both are the image's and therefore hostile: they are read by safe resolution below
//! a layer's root, up to a length, and every number is checked again (CVE-2024-40635).

use std::path::Path;

use anyhow::{Result, bail};
use mounts::Root;

use crate::core::Refusal;

/// Longer files are not read.
const LONGEST: u64 = 4 << 20;
const LARGEST: u32 = 2_147_483_647;

/// A user, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The other groups.
    pub(super) groups: Vec<u32>,
}

/// Finds `user` (`name`, `uid`, `user:group`; empty is root) in the files of `layers`,
/// the topmost first, with `more` groups.
pub(super) fn find(user: &str, more: &[String], layers: &[&Path]) -> Result<User> {
    let numbers = ["0", "", "0:0", "root"];
    let passwd = read(layers, Path::new("/etc/passwd"));
    let group = read(layers, Path::new("/etc/group"));
    if numbers.contains(&user) && more.is_empty() && passwd.is_empty() {
        return Ok(User::default());
    }
    resolve(user, more, &passwd, &group)
}

/// The same, from the files' text.
fn resolve(user: &str, more: &[String], passwd: &str, group: &str) -> Result<User> {
    let (name, group_name) = match user.split_once(':') {
        Some((name, group)) => (name, Some(group).filter(|group| !group.is_empty())),
        None => (user, None),
    };
    let name = if name.is_empty() { "0" } else { name };
    let entries = passwd.lines().filter_map(Entry::of_passwd);
    let number = number(name)?;
    let entry = match number {
        Some(uid) => entries.into_iter().find(|entry| entry.id == uid),
        None => entries.into_iter().find(|entry| entry.name == name),
    };
    let (uid, gid, known_as) = match (&entry, number) {
        (Some(entry), _) => (entry.id, entry.gid, entry.name),
        (None, Some(uid)) => (uid, 0, ""),
        (None, None) => bail!(Refusal::bad(format!(
            "unable to find user {name}: no matching entries in passwd file"
        ))),
    };
    let mut found = User {
        uid,
        gid,
        groups: Vec::new(),
    };
    match group_name {
        Some(wanted) => found.gid = find_group(wanted, group)?,
        None => found.groups = member_of(known_as, group),
    }
    for wanted in more {
        found.groups.push(find_group(wanted, group)?);
    }
    found.groups.retain(|gid| *gid != found.gid);
    found.groups.sort_unstable();
    found.groups.dedup();
    check(&found)?;
    Ok(found)
}

struct Entry<'a> {
    name: &'a str,
    id: u32,
    gid: u32,
}

impl<'a> Entry<'a> {
    /// `name:password:uid:gid:…`
    fn of_passwd(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let mut numbers = fields.skip(1).map(str::parse);
        Some(Self {
            name,
            id: numbers.next()?.ok()?,
            gid: numbers.next()?.ok()?,
        })
    }
}

fn find_group(wanted: &str, group: &str) -> Result<u32> {
    let by_name = group.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(wanted))
            .then(|| fields.nth(1)?.parse().ok())
            .flatten()
    });
    match (by_name, number(wanted)?) {
        (Some(gid), _) | (None, Some(gid)) => Ok(gid),
        (None, None) => bail!(Refusal::bad(format!(
            "unable to find group {wanted}: no matching entries in group file"
        ))),
    }
}

/// The groups whose members are listed to include `name`.
fn member_of(name: &str, group: &str) -> Vec<u32> {
    let gid = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let gid = fields.next()?.parse().ok()?;
        fields
            .next()?
            .split(',')
            .any(|member| member == name)
            .then_some(gid)
    };
    if name.is_empty() {
        Vec::new()
    } else {
        group.lines().filter_map(gid).collect()
    }
}

fn number(text: &str) -> Result<Option<u32>> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse::<u32>() {
        Ok(number) if number <= LARGEST => Ok(Some(number)),
        _ => bail!(out_of_range()),
    }
}

fn check(user: &User) -> Result<()> {
    let mut numbers = [user.uid, user.gid]
        .into_iter()
        .chain(user.groups.iter().copied());
    if numbers.any(|number| number > LARGEST) {
        bail!(out_of_range());
    }
    Ok(())
}

fn out_of_range() -> Refusal {
    Refusal::bad(format!("uids and gids must be in range 0-{LARGEST}"))
}

/// The file as the topmost layer that has it tells it; empty where none does.
///
/// A layer that hides it does so with a character device (a whiteout), which is no
/// regular file: it ends the search.
fn read(layers: &[&Path], path: &Path) -> String {
    for layer in layers {
        let Ok(root) = Root::open(layer) else {
            continue;
        };
        match root.read(path, LONGEST) {
            Ok(None) => {}
            found => {
                let bytes = found.ok().flatten().unwrap_or_default();
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1001::/home/ada:/bin/sh\n\
        broken\nbig:x:4294967295:1::/:\n::x:5:5\n";
    const GROUP: &str = "root:x:0:\nada:x:1001:\nwheel:x:10:ada,eve\naudio:x:29:eve\n";

    fn ids(user: &str, more: &[&str]) -> Result<(u32, u32, Vec<u32>), String> {
        let more: Vec<_> = more.iter().map(|name| (*name).to_owned()).collect();
        let found =
            resolve(user, &more, PASSWD, GROUP).map_err(|error| error.to_string())?;
        Ok((found.uid, found.gid, found.groups))
    }

    #[test]
    fn users_by_name_and_by_number() {
        for (user, uid, gid, groups) in [
            ("", 0, 0, vec![]),
            ("root", 0, 0, vec![]),
            ("ada", 1000, 1001, vec![10]),
            ("1000", 1000, 1001, vec![10]),
            ("1000:0", 1000, 0, vec![]),
            ("ada:wheel", 1000, 10, vec![]),
            ("4000", 4000, 0, vec![]),
            ("4000:4001", 4000, 4001, vec![]),
            (":29", 0, 29, vec![]),
        ] {
            assert_eq!(ids(user, &[]).unwrap(), (uid, gid, groups), "{user}");
        }
        assert_eq!(ids("ada", &["audio", "77"]).unwrap().2, [10, 29, 77]);
    }

    #[test]
    fn who_is_not_there_is_nobody() {
        assert!(
            ids("eve", &[])
                .unwrap_err()
                .contains("unable to find user eve")
        );
        assert!(
            ids("ada:nogroup", &[])
                .unwrap_err()
                .contains("unable to find group")
        );
        assert!(
            ids("ada", &["nogroup"])
                .unwrap_err()
                .contains("unable to find group")
        );
    }

    #[test]
    fn no_number_overflows() {
        for user in [
            "2147483648",
            "4294967296",
            "99999999999999999999",
            "0:2147483648",
        ] {
            assert!(
                ids(user, &[]).unwrap_err().contains("must be in range"),
                "{user}"
            );
        }
        assert!(ids("big", &[]).unwrap_err().contains("must be in range"));
        assert!(ids("-1", &[]).unwrap_err().contains("unable to find user"));
    }

    #[test]
    fn a_layer_that_hides_the_file_ends_the_search() {
        let layers = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [top, bottom] = [layers[0].path(), layers[1].path()];
        for layer in [top, bottom] {
            std::fs::create_dir(layer.join("etc")).unwrap();
        }
        std::fs::write(bottom.join("etc/passwd"), PASSWD).unwrap();
        assert_eq!(find("ada", &[], &[top, bottom]).unwrap().uid, 1000);
        // What is not a regular file: as a whiteout, which needs root to be made.
        std::fs::create_dir(top.join("etc/passwd")).unwrap();
        assert!(find("ada", &[], &[top, bottom]).is_err());
    }

    #[test]
    fn a_link_out_of_the_layer_stays_in_it() {
        let layer = tempfile::tempdir().unwrap();
        std::fs::create_dir(layer.path().join("etc")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", layer.path().join("etc/passwd"))
            .unwrap();
        assert!(find("daemon", &[], &[layer.path()]).is_err());
        assert_eq!(find("", &[], &[layer.path()]).unwrap(), User::default());
    }
}
