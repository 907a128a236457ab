//! What an ELF file says it needs (elf(5)): its loader, its libraries, where to look.

use std::fs::File;

use object::Endianness;
use object::elf::{
    DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_STRTAB, FileHeader32, FileHeader64,
};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::read::{FileKind, ReadCache, ReadRef};

/// The kind of processor that a file is for: class, byte order, machine.
pub(crate) type Machine = (bool, bool, u16);

/// What a program or library asks of the loader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Elf {
    pub(crate) machine: Machine,
    /// The loader (`PT_INTERP`); a library or a static program has none.
    pub(crate) interpreter: Option<String>,
    /// The libraries, by name (`DT_NEEDED`).
    pub(crate) needed: Vec<String>,
    /// Where to look, for this file and what it needs (`DT_RPATH`).
    pub(crate) rpath: Vec<String>,
    /// Where to look, for this file alone (`DT_RUNPATH`).
    pub(crate) runpath: Vec<String>,
}

/// Reads the headers of a file; `None` when it is no ELF file, or a broken one.
pub(crate) fn read(file: File) -> Option<Elf> {
    let data = ReadCache::new(file);
    match FileKind::parse(&data).ok()? {
        FileKind::Elf64 => parse::<FileHeader64<Endianness>, _>(&data),
        FileKind::Elf32 => parse::<FileHeader32<Endianness>, _>(&data),
        _ => None,
    }
}

fn parse<'data, E, R>(data: R) -> Option<Elf>
where
    E: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = E::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, data).ok()?;
    let mut elf = Elf {
        machine: (
            header.is_class_64(),
            header.is_little_endian(),
            header.e_machine(endian).0,
        ),
        ..Elf::default()
    };
    for segment in segments {
        if let Some(interpreter) = segment.interpreter(endian, data).ok()? {
            elf.interpreter = Some(text(interpreter));
        }
        let Some(entries) = segment.dynamic(endian, data).ok()? else {
            continue;
        };
        let value = |tag| {
            entries
                .iter()
                .filter(move |entry| entry.tag(endian) == tag)
                .map(|entry| entry.val(endian))
        };
        let Some(strings) = value(DT_STRTAB).next() else {
            continue;
        };
        let string = |at: u64| string_at::<E, R>(segments, endian, data, strings + at);
        elf.needed = value(DT_NEEDED).filter_map(string).collect();
        let paths = |tag| value(tag).filter_map(string).flat_map(|list| split(&list));
        elf.rpath = paths(DT_RPATH).collect();
        elf.runpath = paths(DT_RUNPATH).collect();
    }
    Some(elf)
}

/// The string at an address of the loaded file: a dynamic section knows no offsets.
fn string_at<'data, E, R>(
    segments: &[E::ProgramHeader],
    endian: Endianness,
    data: R,
    address: u64,
) -> Option<String>
where
    E: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    segments.iter().find_map(|segment| {
        let start: u64 = segment.p_vaddr(endian).into();
        let length: u64 = segment.p_filesz(endian).into();
        let within = address.checked_sub(start).filter(|at| *at < length)?;
        let offset: u64 = segment.p_offset(endian).into();
        let begin = offset.checked_add(within)?;
        let end = offset.checked_add(length)?;
        data.read_bytes_at_until(begin..end, 0).ok().map(text)
    })
}

fn split(list: &str) -> Vec<String> {
    let parts = list.split(':').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end_matches('\0')
        .to_owned()
}
