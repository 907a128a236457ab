//! The table of mounts, as `/proc/self/mountinfo` tells it (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use workbench::files::kernel_bytes;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The mount's number.
    pub id: u32,
    /// The number of the mount on which it is mounted.
    pub parent: u32,
    /// The folder of the file system that is the top of this mount.
    pub root: PathBuf,
    /// Where it is mounted, below the reader's root.
    pub target: PathBuf,
    /// Options of this mount: `rw,nosuid`.
    pub options: String,
    /// Peer groups: `shared:1`, `master:2`, `unbindable`; empty if private.
    pub peers: Vec<String>,
    /// The file system's type.
    pub fstype: String,
    /// What was mounted, or a word in its place.
    pub source: String,
    /// Options of the file system: `rw,size=64k`, `rw,cpu,cpuacct`.
    pub data: String,
}

/// The whole table, in the kernel's order: later mounts hide earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(pub Vec<Entry>);

/// Reads the mounts that this process sees.
///
/// # Errors
/// If procfs is not mounted on `/proc`.
pub fn read() -> Result<Table> {
    let text =
        kernel_bytes("/proc/self/mountinfo").context("read /proc/self/mountinfo")?;
    Ok(parse(&text))
}

/// Reads a table from its text; a line that is not whole is left out.
#[must_use]
pub fn parse(text: &[u8]) -> Table {
    Table(
        text.split(|byte| *byte == b'\n')
            .filter_map(entry)
            .collect(),
    )
}

/// The mount in which `path` lies: of several at one place the last, which hides the
/// others.
pub(crate) fn of(path: &Path) -> Option<Entry> {
    let table = read().ok()?;
    let top = table.containing(path).ok()?;
    table.0.into_iter().rfind(|entry| entry.target == top)
}

impl Table {
    /// The top of the mount in which `path` lies.
    ///
    /// # Errors
    /// If `path` does not exist.
    pub fn containing(&self, path: &Path) -> Result<PathBuf> {
        let path =
            fs::canonicalize(path).with_context(|| format!("find {}", path.display()))?;
        let targets = self.0.iter().map(|entry| entry.target.as_path());
        let top = targets
            .filter(|target| path.starts_with(target))
            .max_by_key(|target| target.components().count());
        Ok(top.unwrap_or(Path::new("/")).to_owned())
    }
}

fn entry(line: &[u8]) -> Option<Entry> {
    let mut fields = line.split(|byte| *byte == b' ');
    let mut number = || text(fields.next()?).parse().ok();
    let (id, parent) = (number()?, number()?);
    let root = path(fields.nth(1)?);
    let target = path(fields.next()?);
    let options = text(fields.next()?);
    let peers = fields
        .by_ref()
        .take_while(|field| *field != b"-")
        .map(text)
        .collect();
    Some(Entry {
        id,
        parent,
        root,
        target,
        options,
        peers,
        fstype: text(fields.next()?),
        source: text(fields.next()?),
        data: text(fields.next()?),
    })
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(&unescaped(field)).into_owned()
}

fn path(field: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescaped(field)))
}

/// Undoes the kernel's `\040` for blanks, tabs, newlines and backslashes.
fn unescaped(field: &[u8]) -> Vec<u8> {
    if !field.contains(&b'\\') {
        return field.to_vec();
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let octal = after.first_chunk::<3>().filter(|digits| {
            *first == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit))
        });
        if let Some([a, b, c]) = octal {
            let value = u32::from(a & 7) << 6 | u32::from(b & 7) << 3 | u32::from(c & 7);
            bytes.push(u8::try_from(value).unwrap_or(b'?'));
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whole() {
        let line = b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 \
                     - ext3 /dev/root rw,errors=continue\nbroken line\n";
        let table = parse(line);
        assert_eq!(table.0.len(), 1);
        let entry = &table.0[0];
        assert_eq!((entry.id, entry.parent), (36, 35));
        assert_eq!(entry.root, Path::new("/mnt1"));
        assert_eq!(entry.target, Path::new("/mnt 2"));
        assert_eq!(entry.peers, ["master:1", "shared:7"]);
        assert_eq!(
            (entry.fstype.as_str(), entry.source.as_str()),
            ("ext3", "/dev/root")
        );
        assert_eq!(entry.data, "rw,errors=continue");
    }

    #[test]
    fn a_backslash_that_escapes_nothing_stays() {
        assert_eq!(unescaped(br"a\09\134x\0"), br"a\09\x\0");
    }

    #[test]
    fn the_innermost_mount_contains_a_path() {
        let table =
            parse(b"1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /usr rw - a b c\n");
        assert_eq!(
            table.containing(Path::new("/usr")).unwrap(),
            Path::new("/usr")
        );
        assert_eq!(
            table.containing(Path::new("/proc")).unwrap(),
            Path::new("/")
        );
    }
}
