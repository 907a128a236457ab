//! Pax extended headers: lines `length key=value` that overrule the next header.

use anyhow::{Context, Result, ensure};

use super::sparse::{MOST_PIECES, Piece};

const ATTRIBUTE: &[u8] = b"SCHILY.xattr.";

/// The records of one extended header, in their order.
#[derive(Debug, Default)]
pub(super) struct Pax(Vec<(Vec<u8>, Vec<u8>)>);

impl Pax {
    /// Reads the records. A value may hold any byte, so only lengths divide them.
    pub(super) fn parse(mut bytes: &[u8]) -> Result<Self> {
        let mut records = Vec::new();
        while !bytes.is_empty() && bytes[0] != 0 {
            let space = bytes.iter().take(20).position(|byte| *byte == b' ');
            let space = space.context("a pax record without a length")?;
            let length = std::str::from_utf8(&bytes[..space]).ok();
            let length: usize = length
                .and_then(|text| text.parse().ok())
                .context("a pax record whose length is no number")?;
            ensure!(
                length > space + 1 && length <= bytes.len() && bytes[length - 1] == b'\n',
                "a pax record with a wrong length"
            );
            let record = &bytes[space + 1..length - 1];
            let equals = record.iter().position(|byte| *byte == b'=');
            let equals = equals.context("a pax record without a value")?;
            records.push((record[..equals].to_vec(), record[equals + 1..].to_vec()));
            bytes = &bytes[length..];
        }
        Ok(Self(records))
    }

    /// The last value of a key; an empty one takes the record back.
    fn get(&self, key: &str) -> Option<&[u8]> {
        let mut records = self.0.iter().rev();
        let (_, value) = records.find(|(known, _)| known == key.as_bytes())?;
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn path(&self) -> Option<Vec<u8>> {
        let sparse = self.get("GNU.sparse.name");
        sparse.or_else(|| self.get("path")).map(<[u8]>::to_vec)
    }

    pub(super) fn link(&self) -> Option<Vec<u8>> {
        self.get("linkpath").map(<[u8]>::to_vec)
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<i64>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(value).ok();
        let number = text.and_then(|text| text.parse().ok());
        number
            .map(Some)
            .with_context(|| format!("the pax record {key} is no number"))
    }

    pub(super) fn size(&self) -> Result<Option<u64>> {
        let size = self.number("size")?.map(u64::try_from);
        size.transpose().context("the pax record size is negative")
    }

    /// The time of change: decimal seconds, perhaps negative, perhaps with a fraction.
    pub(super) fn modified(&self) -> Result<Option<(i64, u32)>> {
        let Some(value) = self.get("mtime") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(value).context("read the pax record mtime")?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let seconds: i64 = whole.parse().context("read the pax record mtime")?;
        let digits: String = fraction
            .chars()
            .chain("000000000".chars())
            .take(9)
            .collect();
        let nanos: u32 = digits.parse().context("read the pax record mtime")?;
        Ok(Some(match (whole.starts_with('-'), nanos) {
            (true, 1..) => (seconds - 1, 1_000_000_000 - nanos),
            _ => (seconds, nanos),
        }))
    }

    /// The extended attributes.
    pub(super) fn attributes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let named = self.0.iter().filter_map(|(key, value)| {
            Some((key.strip_prefix(ATTRIBUTE)?.to_vec(), value.clone()))
        });
        named.collect()
    }

    /// Of a sparse file: the parts, unless they stand before the data (version 1.0),
    /// and the length of the file.
    pub(super) fn sparse(&self) -> Result<Option<(Option<Vec<Piece>>, u64)>> {
        let size = match self.number("GNU.sparse.realsize")? {
            Some(size) => Some(size),
            None => self.number("GNU.sparse.size")?,
        };
        let Some(size) = size else {
            return Ok(None);
        };
        let size = u64::try_from(size).context("a sparse file of negative size")?;
        if self.number("GNU.sparse.major")?.unwrap_or(0) > 0 {
            return Ok(Some((None, size)));
        }
        let numbers: Vec<u64> = match self.get("GNU.sparse.map") {
            Some(map) => std::str::from_utf8(map)
                .context("read the map of a sparse file")?
                .split(',')
                .map(str::parse)
                .collect::<Result<_, _>>()
                .context("read the map of a sparse file")?,
            None => self.pairs()?,
        };
        ensure!(
            numbers.len().is_multiple_of(2),
            "the map of a sparse file is cut off"
        );
        ensure!(
            numbers.len() / 2 <= MOST_PIECES,
            "a sparse file of too many parts"
        );
        let pieces = numbers.chunks(2).map(|pair| Piece {
            offset: pair[0],
            length: pair[1],
        });
        Ok(Some((Some(pieces.collect()), size)))
    }

    /// Version 0.0: a record for each number.
    fn pairs(&self) -> Result<Vec<u64>> {
        let keys: [&[u8]; 2] = [b"GNU.sparse.offset", b"GNU.sparse.numbytes"];
        let values = self
            .0
            .iter()
            .filter(|(key, _)| keys.contains(&key.as_slice()));
        values
            .map(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok())
            .collect::<Option<_>>()
            .context("read the map of a sparse file")
    }
}
