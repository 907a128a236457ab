//! Tar archives, read from a stream member by member.
//!
//! Headers in the formats of V7, POSIX (ustar and pax) and GNU, with their ways to say
//! long names, large numbers, attributes and sparse files (pax(1), GNU tar's manual,
//! "Basic Tar Format"). A member is data here; what becomes of it is for `unpack` to
//! say. Memory stays flat whatever a header claims.

mod numbers;
mod pax;
mod sparse;

use std::io::{self, Read};

use anyhow::{Context, Result, bail, ensure};
use tar::Header;

use numbers::number;
use pax::Pax;
pub(crate) use sparse::Piece;

const BLOCK: usize = 512;
/// The longest extended header or long name that is taken into memory.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    HardLink,
    SymLink,
    CharDevice,
    BlockDevice,
    Dir,
    Fifo,
}

/// A member of an archive, without its data.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) path: Vec<u8>,
    /// Where a link leads.
    pub(crate) link: Vec<u8>,
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Seconds since 1970, and nanoseconds.
    pub(crate) modified: (i64, u32),
    /// Major and minor number of a device.
    pub(crate) device: (u32, u32),
    pub(crate) attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// The length of the file.
    pub(crate) size: u64,
    /// Of a sparse file: what parts of it the data are.
    pub(crate) pieces: Option<Vec<Piece>>,
}

/// An archive being read. Between two calls of [`next`](Self::next) it reads as the
/// data of the member.
pub(crate) struct Tarball<R> {
    source: R,
    /// Bytes of the member's data that were not read yet.
    left: u64,
    /// Bytes that fill its last block.
    padding: u64,
}

impl<R: Read> Tarball<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            left: 0,
            padding: 0,
        }
    }

    /// The stream after the archive's end.
    pub(crate) fn into_rest(self) -> R {
        self.source
    }

    /// The next member; `None` at the end.
    ///
    /// # Errors
    /// The archive is damaged, cut off, or of a kind that is not known.
    pub(crate) fn next(&mut self) -> Result<Option<Member>> {
        let mut pax = Pax::default();
        let (mut name, mut link) = (None, None);
        loop {
            self.skip()?;
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            let size = number(&header.as_old().size).context("read the size")?;
            let size = u64::try_from(size).context("the archive has a negative size")?;
            match header.as_old().linkflag[0] {
                b'x' => pax = Pax::parse(&self.extension(size)?)?,
                // Global headers say nothing that a layer needs.
                b'g' => drop(self.extension(size)?),
                b'L' => name = Some(until_nul(self.extension(size)?)),
                b'K' => link = Some(until_nul(self.extension(size)?)),
                _ => {
                    let mut member = member(&header, &pax)?;
                    member.path = pax.path().or(name).unwrap_or(member.path);
                    member.link = pax.link().or(link).unwrap_or(member.link);
                    self.begin(&header, &pax, size, &mut member)
                        .with_context(|| {
                            format!("entry {:?}", String::from_utf8_lossy(&member.path))
                        })?;
                    return Ok(Some(member));
                }
            }
        }
    }

    /// Finds out how long the member's data are, and of what parts.
    fn begin(
        &mut self,
        header: &Header,
        pax: &Pax,
        size: u64,
        member: &mut Member,
    ) -> Result<()> {
        if member.kind != Kind::File {
            return Ok(());
        }
        self.enclose(pax.size()?.unwrap_or(size))?;
        member.size = self.left;
        if header.as_old().linkflag[0] == b'S' {
            let gnu = header
                .as_gnu()
                .context("a sparse file without GNU's header")?;
            let (pieces, size) = sparse::of_gnu(gnu, &mut self.source)?;
            (member.pieces, member.size) = (Some(pieces), size);
        } else if let Some((map, size)) = pax.sparse()? {
            let pieces = match map {
                Some(pieces) => pieces,
                None => sparse::of_data(&mut *self)?,
            };
            (member.pieces, member.size) = (Some(pieces), size);
        }
        match &member.pieces {
            Some(pieces) => sparse::check(pieces, member.size, self.left),
            None => Ok(()),
        }
    }

    /// The next header block, checked; `None` at the end of the archive.
    fn header(&mut self) -> Result<Option<Header>> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        if !read_block(&mut self.source, block)? || block.iter().all(|b| *b == 0) {
            return Ok(None);
        }
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        let own: u32 = block[148..156].iter().map(|byte| u32::from(*byte)).sum();
        // The checksum counts itself as spaces.
        let sum = i64::from(sum - own + 8 * u32::from(b' '));
        let said = number(&block[148..156]).context("read the checksum")?;
        ensure!(said == sum, "invalid tar header: its checksum is wrong");
        Ok(Some(header))
    }

    /// The data of a header that only describes the next one.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>> {
        ensure!(
            size <= LONGEST_EXTENSION,
            "an extended tar header of {size} bytes is too long"
        );
        self.enclose(size)?;
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)
            .context("read an extended tar header")?;
        Ok(bytes)
    }

    fn enclose(&mut self, size: u64) -> Result<()> {
        let blocks = size.checked_next_multiple_of(BLOCK as u64);
        self.padding = blocks.context("a size beyond all sizes")? - size;
        self.left = size;
        Ok(())
    }

    /// Passes over what is left of the member.
    fn skip(&mut self) -> Result<()> {
        let length = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut (&mut self.source).take(length), &mut io::sink())
            .context("read the archive")?;
        ensure!(skipped == length, "unexpected end of the archive");
        Ok(())
    }
}

impl<R: Read> Read for Tarball<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let length = self.source.read(&mut buffer[..most])?;
        if length == 0 {
            let text = "unexpected end of the archive";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        self.left -= length as u64;
        Ok(length)
    }
}

/// What a header says, before extensions.
fn member(header: &Header, pax: &Pax) -> Result<Member> {
    let old = header.as_old();
    let path = header.path_bytes().into_owned();
    let kind = match old.linkflag[0] {
        // V7 has no kind for folders.
        b'\0' | b'0' if path.ends_with(b"/") => Kind::Dir,
        b'\0' | b'0' | b'7' | b'S' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::SymLink,
        b'3' => Kind::CharDevice,
        b'4' => Kind::BlockDevice,
        b'5' => Kind::Dir,
        b'6' => Kind::Fifo,
        other => bail!(
            "entry {:?} is of the unknown kind {:?}",
            String::from_utf8_lossy(&path),
            char::from(other)
        ),
    };
    let id = |raw: &[u8], said: Option<i64>| {
        let id = said.map_or_else(|| number(raw), Ok)?;
        // The last id means "leave it" to chown(2).
        let id = u32::try_from(id).ok().filter(|id| *id != u32::MAX);
        id.context("an owner out of range")
    };
    let bits = number(&old.mode)?.unsigned_abs() & 0o7777;
    let device = match (header.device_major(), header.device_minor()) {
        (Ok(Some(major)), Ok(Some(minor))) => (major, minor),
        _ => (0, 0),
    };
    Ok(Member {
        link: header.link_name_bytes().unwrap_or_default().into_owned(),
        kind,
        mode: u32::try_from(bits).unwrap_or_default(),
        uid: id(&old.uid, pax.number("uid")?)?,
        gid: id(&old.gid, pax.number("gid")?)?,
        modified: pax.modified()?.unwrap_or((number(&old.mtime)?, 0)),
        device,
        attributes: pax.attributes(),
        size: 0,
        pieces: None,
        path,
    })
}

/// Fills a block; false at the end of the stream.
fn read_block(source: &mut impl Read, block: &mut [u8]) -> Result<bool> {
    let mut length = 0;
    while length < block.len() {
        match source.read(&mut block[length..]) {
            Ok(0) if length == 0 => return Ok(false),
            Ok(0) => bail!("unexpected end of the archive"),
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("read the archive"),
        }
    }
    Ok(true)
}

fn until_nul(mut name: Vec<u8>) -> Vec<u8> {
    if let Some(end) = name.iter().position(|byte| *byte == 0) {
        name.truncate(end);
    }
    name
}

#[cfg(test)]
mod tests;
