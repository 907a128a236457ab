//! Numbers in tar headers: octal digits, or base 256 where they do not suffice.

use anyhow::{Context, Result};

/// A numeric field; one without digits is zero.
pub(super) fn number(raw: &[u8]) -> Result<i64> {
    match raw.first() {
        Some(first) if first & 0x80 != 0 => base_256(raw),
        _ => octal(raw),
    }
}

fn octal(raw: &[u8]) -> Result<i64> {
    let digits = raw.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(digits).context("a number that is not text")?;
    match text.trim() {
        "" => Ok(0),
        text => i64::from_str_radix(text, 8)
            .with_context(|| format!("{text:?} is not an octal number")),
    }
}

/// Two's complement, the highest byte first; its topmost bit only marks the form.
fn base_256(raw: &[u8]) -> Result<i64> {
    let negative = raw[0] & 0x40 != 0;
    let mut value: i128 = if negative { -1 } else { 0 };
    for (at, byte) in raw.iter().enumerate() {
        let byte = if at == 0 && !negative {
            byte & 0x7f
        } else {
            *byte
        };
        value = value << 8 | i128::from(byte);
    }
    i64::try_from(value).context("a number beyond 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        assert_eq!(number(b"0000644\0").unwrap(), 0o644);
        assert_eq!(number(b"    755 ").unwrap(), 0o755);
        assert_eq!(number(b"\0\0\0\0\0\0\0\0").unwrap(), 0);
        assert_eq!(number(b"\x80\0\0\0\0\0\0\0\0\0\x01\x02").unwrap(), 258);
        assert_eq!(number(&[0xff; 12]).unwrap(), -1);
        assert!(number(&[0x9f; 12]).is_err());
        assert!(number(b"0000888\0").is_err());
        assert_eq!(number(b"-1\0").unwrap(), -1);
    }
}
