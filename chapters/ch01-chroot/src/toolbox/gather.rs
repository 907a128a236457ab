//! Gathering: each wanted program with all that it needs, or not at all.

mod surroundings;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::elf::Elf;
use super::host::{Host, Walk};
use super::loader::{self, Loader};
use super::programs::{self, WANTED};
use super::{Entry, Kind, Toolbox};

/// Collects the toolbox of the file system at `root`.
pub(super) fn gather(root: &Path, path_dirs: &[PathBuf]) -> Result<Toolbox> {
    let host = Host::new(root);
    let mut gatherer = Gatherer {
        host: &host,
        loader: Loader::new(&host),
        entries: BTreeMap::new(),
        whole: HashSet::new(),
    };
    gatherer.programs(path_dirs)?;
    gatherer.applets(path_dirs);
    gatherer.shell()?;
    gatherer.surroundings();
    let entries = gatherer.entries.into_iter();
    Ok(Toolbox {
        entries: entries.map(|(path, kind)| Entry { path, kind }).collect(),
        searched: path_dirs
            .iter()
            .map(|folder| host.outside(folder))
            .collect(),
    })
}

struct Gatherer<'a> {
    host: &'a Host<'a>,
    loader: Loader<'a>,
    /// By path without a leading slash: sorted, a folder comes before what it holds.
    entries: BTreeMap<PathBuf, Kind>,
    /// The files, by real path, that are in with all that they need.
    whole: HashSet<PathBuf>,
}

impl Gatherer<'_> {
    /// Takes in every wanted program; a shell that lacks something is an error.
    fn programs(&mut self, path_dirs: &[PathBuf]) -> Result<()> {
        let mut scripts = Vec::new();
        for name in WANTED {
            let Some((path, walk)) = self.find(name, path_dirs) else {
                continue;
            };
            if let Some(elf) = self.loader.elf(&walk.end) {
                match self.needs(walk, &elf) {
                    Ok(walks) => self.admit(&path, walks),
                    Err(error) if *name == "sh" => {
                        return Err(error.context("the shell sh cannot be taken along"));
                    }
                    Err(_) => {}
                }
            } else if let Some(script) = self.script(&walk.end) {
                scripts.push((path, walk, script));
            }
        }
        for (path, walk, interpreter) in scripts {
            // A script is worth its interpreter, and does not bring one along.
            let known = self.host.walk(&interpreter);
            if known.is_some_and(|known| self.whole.contains(&known.end)) {
                self.admit(&path, vec![walk]);
            }
        }
        Ok(())
    }

    fn find(&self, name: &str, path_dirs: &[PathBuf]) -> Option<(PathBuf, Walk)> {
        path_dirs.iter().find_map(|folder| {
            let path = folder.join(name);
            self.host.program(&path).map(|walk| (path, walk))
        })
    }

    // ANCHOR: needs
    /// The ways to a program, its loader and its libraries, and to theirs.
    fn needs(&self, program: Walk, elf: &Elf) -> Result<Vec<Walk>> {
        let main = program.end.clone();
        let mut walks = vec![program];
        let mut seen = HashSet::from([main.clone()]);
        if let Some(interpreter) = &elf.interpreter {
            let walk = self.host.program(Path::new(interpreter));
            walks.push(walk.with_context(|| format!("find the loader {interpreter}"))?);
        }
        let musl = elf.interpreter.as_deref().and_then(loader::musl_name);
        let mut ahead = vec![(main.clone(), elf.clone())];
        while let Some((user, its)) = ahead.pop() {
            if self.whole.contains(&user) && user != main {
                continue;
            }
            for name in &its.needed {
                let found = self.loader.find(name, (&user, &its), (&main, elf));
                let Some(walk) = found else {
                    if musl.is_some() && is_musl_itself(name) {
                        continue;
                    }
                    bail!("find the library {name} of {}", user.display());
                };
                let library = walk.end.clone();
                walks.push(walk);
                if seen.insert(library.clone()) {
                    let needs = self.loader.elf(&library);
                    ahead.push((library, needs.context("read a library")?));
                }
            }
        }
        Ok(walks)
    }
    // ANCHOR_END: needs

    /// Takes in a program that was found at `path`, with the ways to all its parts.
    fn admit(&mut self, path: &Path, walks: Vec<Walk>) {
        for walk in walks {
            self.whole.insert(walk.end.clone());
            self.enter(walk);
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        if !programs::is_standard(folder)
            && let Some(name) = path.file_name()
        {
            let link = Path::new("usr/bin").join(name);
            self.link(link, path);
        }
    }

    /// Enters a file, and the folders and links on the way to it.
    fn enter(&mut self, walk: Walk) {
        for folder in walk.folders {
            let folder = inside(&folder).to_owned();
            self.entries
                .entry(folder)
                .or_insert(Kind::Dir { mode: 0o755 });
        }
        for (link, to) in walk.links {
            self.entries
                .insert(inside(&link).to_owned(), Kind::Link { to });
        }
        if let Some(mode) = self.host.mode(&walk.end) {
            let from = self.host.outside(&walk.end);
            let mode = mode & 0o755 | 0o444;
            let kind = Kind::File { from, mode };
            self.entries.insert(inside(&walk.end).to_owned(), kind);
        }
    }

    fn link(&mut self, link: PathBuf, to: &Path) {
        let to = to.to_owned();
        for folder in link
            .ancestors()
            .skip(1)
            .filter(|f| !f.as_os_str().is_empty())
        {
            let folder = folder.to_owned();
            self.entries
                .entry(folder)
                .or_insert(Kind::Dir { mode: 0o755 });
        }
        self.entries.entry(link).or_insert(Kind::Link { to });
    }

    /// Links to busybox what nothing else provides. It cannot be asked (it may be for
    /// another machine), but it has the names of its applets as strings.
    fn applets(&mut self, path_dirs: &[PathBuf]) {
        let Some((path, walk)) = self.find("busybox", path_dirs) else {
            return;
        };
        let bytes = fs::read(self.host.outside(&walk.end)).unwrap_or_default();
        let words: HashSet<&[u8]> = bytes.split(|byte| *byte == 0).collect();
        let Some(folder) = path.parent().filter(|_| self.whole.contains(&walk.end))
        else {
            return;
        };
        // Through merged folders the link must lie where the folder really is.
        let folder = self.host.walk(folder).map(|walk| walk.end);
        let folder = folder.as_deref().map_or(Path::new("bin"), inside);
        let missing = WANTED
            .iter()
            .filter(|name| self.find(name, path_dirs).is_none());
        for name in missing
            .chain(programs::APPLETS)
            .copied()
            .collect::<Vec<_>>()
        {
            if words.contains(name.as_bytes()) {
                self.link(folder.join(name), Path::new("busybox"));
            }
        }
    }

    /// Makes sure of `/bin/sh`, which programs and scripts call by that name.
    fn shell(&mut self) -> Result<()> {
        if let Some(walk) = self.host.program(Path::new("/bin/sh"))
            && self.whole.contains(&walk.end)
        {
            self.enter(walk);
            return Ok(());
        }
        let shell = self.entries.keys().find(|path| path.ends_with("sh"));
        let shell = shell.map(|path| Path::new("/").join(path));
        let shell =
            shell.ok_or_else(|| anyhow!("there is no shell: sh is not on PATH"))?;
        match self.entries.get(Path::new("bin")) {
            Some(Kind::Link { .. }) => {}
            _ => self.link("bin/sh".into(), &shell),
        }
        Ok(())
    }

    /// The interpreter of a script: of `#!/usr/bin/env sh`, `sh`.
    fn script(&self, file: &Path) -> Option<PathBuf> {
        let mut start = Vec::new();
        self.host
            .open(file)?
            .take(256)
            .read_to_end(&mut start)
            .ok()?;
        let line = start
            .strip_prefix(b"#!")?
            .split(|byte| *byte == b'\n')
            .next()?;
        let line = String::from_utf8_lossy(line).into_owned();
        let mut words = line.split_whitespace();
        let interpreter = PathBuf::from(words.next()?);
        if !interpreter.ends_with("env") {
            return Some(interpreter);
        }
        let name = words.next()?;
        let entered = self.entries.keys().find(|path| path.ends_with(name))?;
        Some(Path::new("/").join(entered))
    }
}

/// Musl's loader is its C library too, and answers to these names.
fn is_musl_itself(name: &str) -> bool {
    name == "libc.so" || name.starts_with("libc.musl-")
}

fn inside(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}
