//! What is gathered besides programs: folders, accounts, terminals, and what the loader
//! and the C library open by themselves.

use std::path::{Path, PathBuf};

use super::Gatherer;
use crate::toolbox::{Kind, files, loader};

impl Gatherer<'_> {
    /// Enters what is needed besides programs.
    pub(super) fn surroundings(&mut self) {
        for (path, mode) in files::FOLDERS {
            let path = PathBuf::from(path);
            if !matches!(self.entries.get(&path), Some(Kind::Link { .. })) {
                self.entries.insert(path, Kind::Dir { mode: *mode });
            }
        }
        for (path, kind) in files::texts() {
            self.entries.insert(path.into(), kind);
        }
        for folder in files::TERMINFO {
            for terminal in files::TERMINALS {
                let path = Path::new(folder).join(&terminal[..1]).join(terminal);
                self.take_file(&path);
            }
        }
        // What tells the loader where to look, so that it looks there too.
        self.take_file(Path::new("/etc/ld.so.cache"));
        self.libraries_opened_later();
        let entries: Vec<_> = self.entries.keys().cloned().collect();
        for path in entries {
            let name = path.to_string_lossy();
            if let Some(loader) = loader::musl_name(&name) {
                self.take_file(&loader::musl_path_file(loader));
            }
        }
    }

    fn libraries_opened_later(&mut self) {
        let Some(shell) = self.host.program(Path::new("/bin/sh")) else {
            return;
        };
        let Some(elf) = self.loader.elf(&shell.end) else {
            return;
        };
        let user = (shell.end.as_path(), &elf);
        for name in files::OPENED_LATER {
            let library = self.loader.find(name, user, user);
            let needs = library.and_then(|library| {
                let elf = self.loader.elf(&library.end)?;
                self.needs(library, &elf).ok()
            });
            for walk in needs.into_iter().flatten() {
                self.enter(walk);
            }
        }
    }

    fn take_file(&mut self, path: &Path) {
        if let Some(walk) = self.host.walk(path) {
            self.enter(walk);
        }
    }
}
