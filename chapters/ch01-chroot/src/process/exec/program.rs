//! A file that was to be run, looked at again: what it is, and what it asks for.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};
use workbench::diagnosis::Scene;

use crate::toolbox::elf::{self, Elf};

/// A program that was to be run, by its name or path.
#[derive(Debug)]
pub struct Program(pub PathBuf);

/// The kernel reads no more than this of a file to see what it is (execve(2)).
const HEAD: u64 = 256;

/// `e_machine` of elf(5), by the names that uname(1) prints.
const MACHINES: [(u16, &str); 9] = [
    (3, "x86"),
    (8, "mips"),
    (20, "powerpc"),
    (21, "powerpc64"),
    (22, "s390x"),
    (40, "arm"),
    (62, "x86_64"),
    (183, "aarch64"),
    (243, "riscv64"),
];

impl Scene for Program {
    fn words(&self) -> Vec<(&'static str, String)> {
        let interpreter = self.interpreter().unwrap_or_default();
        let loader = self.missing_loader().unwrap_or_default();
        vec![
            ("PROGRAM", self.0.display().to_string()),
            ("INTERPRETER", interpreter),
            ("LOADER", loader),
            ("MACHINE", self.foreign_machine().unwrap_or_default()),
        ]
    }
}

impl Program {
    pub(super) fn mode(&self) -> u32 {
        fs::metadata(&self.0).map_or(0, |file| file.permissions().mode())
    }

    pub(super) fn is_mounted_noexec(&self) -> bool {
        let mount = statvfs(&self.0);
        mount.is_ok_and(|mount| mount.flags().contains(FsFlags::ST_NOEXEC))
    }

    /// The first line, as far as the kernel would read it.
    fn first_line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        if let Ok(file) = File::open(&self.0) {
            let mut head = BufReader::new(file.take(HEAD));
            // What cannot be read is not there to be looked at.
            let _ = head.read_until(b'\n', &mut line);
        }
        line.pop_if(|last| *last == b'\n');
        line
    }

    pub(super) fn is_script(&self) -> bool {
        self.first_line().starts_with(b"#!")
    }

    /// What the `#!` line asks for, without its argument.
    pub(super) fn interpreter(&self) -> Option<String> {
        let line = self.first_line();
        let asked = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
        // Blanks and tabs end a name; a carriage return is part of it.
        let mut words = asked.split([' ', '\t']).filter(|word| !word.is_empty());
        words.next().map(str::to_owned)
    }

    pub(super) fn has_interpreter(&self) -> bool {
        self.interpreter().is_some_and(|it| Path::new(&it).exists())
    }

    fn elf(&self) -> Option<Elf> {
        elf::read(File::open(&self.0).ok()?)
    }

    /// The loader that the program asks for, or the script's interpreter, if it is not
    /// there.
    pub(super) fn missing_loader(&self) -> Option<String> {
        let elf = match self.interpreter() {
            Some(interpreter) => Self(interpreter.into()).elf(),
            None => self.elf(),
        };
        let loader = elf?.interpreter?;
        (!Path::new(&loader).exists()).then_some(loader)
    }

    /// The processor that it was built for, if it is not this one.
    pub(super) fn foreign_machine(&self) -> Option<String> {
        let (_, _, number) = self.elf()?.machine;
        let known = MACHINES.iter().find(|(other, _)| *other == number);
        let name =
            known.map_or(format!("machine {number}"), |(_, name)| (*name).to_owned());
        (name != std::env::consts::ARCH).then_some(name)
    }

    /// Whether it begins with a line that people could have written.
    pub(super) fn is_text(&self) -> bool {
        let line = self.first_line();
        let plain = |text: &str| !text.contains(|c: char| c.is_control() && c != '\t');
        !line.is_empty() && str::from_utf8(line.trim_ascii_end()).is_ok_and(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(folder: &tempfile::TempDir, bytes: &[u8]) -> Program {
        let path = folder.path().join("program");
        fs::write(&path, bytes).unwrap();
        Program(path)
    }

    #[test]
    fn the_interpreter_is_the_first_word() {
        let folder = tempfile::tempdir().unwrap();
        let asked = |text: &str| program(&folder, text.as_bytes()).interpreter();
        assert_eq!(asked("#!/bin/sh -e\n").as_deref(), Some("/bin/sh"));
        assert_eq!(asked("#! \t/bin/sh").as_deref(), Some("/bin/sh"));
        assert_eq!(asked("#!/bin/sh\r\n:\n").as_deref(), Some("/bin/sh\r"));
        assert_eq!(asked("echo\n#!/bin/sh\n"), None);
        assert_eq!(asked(""), None);
    }

    #[test]
    fn a_text_is_what_people_write() {
        let folder = tempfile::tempdir().unwrap();
        let is_text = |bytes: &[u8]| program(&folder, bytes).is_text();
        assert!(is_text(b"echo hello\n\0"));
        assert!(is_text(b"echo hello\r\n"));
        for other in [&b""[..], b"\n", b"\x7fELF\x02\x01", b"\xff\xfe", b"a\0b"] {
            assert!(!is_text(other), "{other:?}");
        }
    }

    #[test]
    fn this_program_is_for_this_machine_and_has_its_loader() {
        let own = Program(std::env::current_exe().unwrap());
        assert_eq!(own.foreign_machine(), None);
        assert_eq!(own.missing_loader(), None);
        assert_eq!(own.interpreter(), None);
    }
}
