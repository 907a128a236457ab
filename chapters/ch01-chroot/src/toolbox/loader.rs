//! Where the loader would find a library: ld.so(8) of glibc, and musl's, read by us.
//!
//! Asking `ldd` would run the program; its answer is a few lines of search rules.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::elf::{self, Elf, Machine};
use super::host::{Host, Walk};

/// The search for libraries in one file system.
pub(super) struct Loader<'a> {
    host: &'a Host<'a>,
    /// The folders of /etc/ld.so.conf, then those that are built into glibc's loader.
    glibc: Vec<PathBuf>,
    /// Headers of files that were read before, by their real path.
    known: RefCell<HashMap<PathBuf, Option<Elf>>>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(host: &'a Host<'a>) -> Self {
        let mut glibc = configured(host, Path::new("/etc/ld.so.conf"), 0);
        glibc.extend(built_in(host));
        Self {
            host,
            glibc,
            known: RefCell::default(),
        }
    }

    /// The headers of a file; `None` when it is not ELF.
    pub(super) fn elf(&self, file: &Path) -> Option<Elf> {
        let mut known = self.known.borrow_mut();
        known
            .entry(file.to_owned())
            .or_insert_with(|| self.host.open(file).and_then(elf::read))
            .clone()
    }

    /// Finds the library `name` for a `user` (program or library, by real path), which
    /// is part of the program `main`.
    pub(super) fn find(
        &self,
        name: &str,
        user: (&Path, &Elf),
        main: (&Path, &Elf),
    ) -> Option<Walk> {
        let machine = user.1.machine;
        if name.contains('/') {
            return self.library(Path::new(name), machine);
        }
        let mut folders = Vec::new();
        if user.1.runpath.is_empty() {
            folders.extend(expanded(&user.1.rpath, user.0));
            folders.extend(expanded(&main.1.rpath, main.0));
        }
        folders.extend(expanded(&user.1.runpath, user.0));
        match main.1.interpreter.as_deref().and_then(musl_name) {
            Some(loader) => folders.extend(self.musl(loader)),
            None => folders.extend(self.glibc.iter().cloned()),
        }
        let mut paths = folders.iter().map(|folder| folder.join(name));
        paths.find_map(|path| self.library(&path, machine))
    }

    /// Follows `path` if it ends at a library for that machine: the loader, too, passes
    /// over those of another.
    fn library(&self, path: &Path, machine: Machine) -> Option<Walk> {
        let walk = self.host.walk(path)?;
        self.host.mode(&walk.end)?;
        (self.elf(&walk.end)?.machine == machine).then_some(walk)
    }

    /// Musl's folders: its path file, or the built-in ones.
    fn musl(&self, loader: &str) -> Vec<PathBuf> {
        let list = self.host.text(&musl_path_file(loader));
        let list = list.as_deref().unwrap_or("/lib:/usr/local/lib:/usr/lib");
        let parts = list.split([':', '\n']).filter(|part| !part.is_empty());
        parts.map(PathBuf::from).collect()
    }
}

/// The name of musl's loader without its ending, as `ld-musl-x86_64`.
pub(super) fn musl_name(interpreter: &str) -> Option<&str> {
    let name = interpreter.rsplit('/').next()?;
    name.starts_with("ld-musl-")
        .then(|| name.split(".so").next())?
}

/// The file that tells musl's loader where to look.
pub(super) fn musl_path_file(loader: &str) -> PathBuf {
    PathBuf::from(format!("/etc/{loader}.path"))
}

/// Folders with `$ORIGIN` replaced by that of the file that names them.
fn expanded(folders: &[String], file: &Path) -> impl Iterator<Item = PathBuf> {
    let origin = file.parent().unwrap_or(Path::new("/"));
    let origin = origin.to_string_lossy().into_owned();
    folders.iter().map(move |folder| {
        let folder = folder.replace("${ORIGIN}", &origin);
        PathBuf::from(folder.replace("$ORIGIN", &origin))
    })
}

/// The folders that ldconfig(8) reads from a configuration file and what it includes.
fn configured(host: &Host<'_>, file: &Path, depth: u8) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let text = host.text(file).filter(|_| depth < 8).unwrap_or_default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(patterns) = line.strip_prefix("include ") {
            let here = file.parent().unwrap_or(Path::new("/"));
            for pattern in patterns.split_whitespace() {
                for file in matching(host, &here.join(pattern)) {
                    folders.extend(configured(host, &file, depth + 1));
                }
            }
        } else if line.starts_with('/') {
            folders.push(PathBuf::from(line));
        }
    }
    folders
}

/// The files that a pattern with at most one `*`, in its last part, stands for.
fn matching(host: &Host<'_>, pattern: &Path) -> Vec<PathBuf> {
    let name = pattern.file_name().map(|name| name.to_string_lossy());
    let Some((begin, end)) = name.as_deref().and_then(|name| name.split_once('*')) else {
        return vec![pattern.to_owned()];
    };
    let folder = pattern.parent().unwrap_or(Path::new("/"));
    let fits = |name: &str| {
        name.len() >= begin.len() + end.len()
            && name.starts_with(begin)
            && name.ends_with(end)
    };
    let names = host.list(folder).into_iter();
    names
        .filter(|name| name.to_str().is_some_and(fits))
        .map(|name| folder.join(name))
        .collect()
}

/// The folders that glibc's loader looks in without being told, on distributions with
/// one folder an architecture and on those without.
fn built_in(host: &Host<'_>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for parent in ["/lib", "/usr/lib"] {
        for name in host.list(Path::new(parent)) {
            if name
                .to_str()
                .is_some_and(|name| name.contains("-linux-gnu"))
            {
                folders.push(Path::new(parent).join(name));
            }
        }
    }
    let plain = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];
    folders.extend(plain.map(PathBuf::from));
    folders
}
