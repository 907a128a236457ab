//! Sparse files: which parts of a file an archive has, the rest being holes.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use tar::{GnuExtSparseHeader, GnuHeader, GnuSparseHeader};

use super::{numbers::number, read_block};

/// A file in more parts than this is refused: their list must fit into memory.
pub(super) const MOST_PIECES: usize = 1 << 16;

/// One part of a sparse file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// The old GNU form: parts in the header, then in blocks that follow it.
pub(super) fn of_gnu(
    header: &GnuHeader,
    source: &mut impl Read,
) -> Result<(Vec<Piece>, u64)> {
    let mut pieces = Vec::new();
    add(&mut pieces, &header.sparse)?;
    let mut more = header.isextended[0] == 1;
    while more {
        let mut block = GnuExtSparseHeader::new();
        ensure!(
            read_block(source, block.as_mut_bytes())?,
            "the map of a sparse file is cut off"
        );
        add(&mut pieces, &block.sparse)?;
        more = block.isextended[0] == 1;
    }
    let size = u64::try_from(number(&header.realsize)?).context("a negative size")?;
    Ok((pieces, size))
}

fn add(pieces: &mut Vec<Piece>, entries: &[GnuSparseHeader]) -> Result<()> {
    for entry in entries.iter().filter(|entry| entry.offset[0] != 0) {
        let field = |raw| u64::try_from(number(raw)?).context("a negative number");
        pieces.push(Piece {
            offset: field(&entry.offset)?,
            length: field(&entry.numbytes)?,
        });
    }
    ensure!(
        pieces.len() <= MOST_PIECES,
        "a sparse file of too many parts"
    );
    Ok(())
}

/// The pax form 1.0: the data begin with decimal lines, filled up to a block.
pub(super) fn of_data(data: &mut impl Read) -> Result<Vec<Piece>> {
    let mut lines = Lines {
        data,
        block: [0; 512],
        at: 512,
    };
    let count = usize::try_from(lines.number()?)?;
    ensure!(count <= MOST_PIECES, "a sparse file of too many parts");
    let mut pieces = Vec::new();
    for _ in 0..count {
        let (offset, length) = (lines.number()?, lines.number()?);
        pieces.push(Piece { offset, length });
    }
    Ok(pieces)
}

struct Lines<'a, R> {
    data: &'a mut R,
    block: [u8; 512],
    at: usize,
}

impl<R: Read> Lines<'_, R> {
    fn number(&mut self) -> Result<u64> {
        let mut value = 0u64;
        loop {
            if self.at == self.block.len() {
                let whole = read_block(self.data, &mut self.block)?;
                ensure!(whole, "the map of a sparse file is cut off");
                self.at = 0;
            }
            let byte = self.block[self.at];
            self.at += 1;
            match byte {
                b'\n' => return Ok(value),
                b'0'..=b'9' => {
                    let next = value.checked_mul(10);
                    let next = next.and_then(|v| v.checked_add(u64::from(byte - b'0')));
                    value = next.context("a number beyond 64 bits")?;
                }
                _ => bail!("the map of a sparse file has no numbers"),
            }
        }
    }
}

/// Checks that the parts are in order, within the file, and as long as the data.
pub(super) fn check(pieces: &[Piece], size: u64, data: u64) -> Result<()> {
    let (mut end, mut sum) = (0u64, 0u64);
    for piece in pieces {
        ensure!(piece.offset >= end, "the parts of a sparse file overlap");
        let next = piece.offset.checked_add(piece.length);
        end = next.context("a part beyond all sizes")?;
        sum += piece.length;
    }
    ensure!(end <= size, "a part of a sparse file lies beyond its end");
    ensure!(sum == data, "the parts of a sparse file are not its data");
    Ok(())
}
