//! A container's output as it was kept: docker's json-file, one object a line.
//!
//! The shim writes, this reads; the two share nothing but the file. A reader takes
//! what is there and says so when there is no more for now; waiting is the server's.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;

/// Which lines are wanted, and how.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those of standard output.
    pub stdout: bool,
    /// Those of standard error.
    pub stderr: bool,
    /// None before.
    pub since: Option<Timestamp>,
    /// None after.
    pub until: Option<Timestamp>,
    /// Each with its time.
    pub timestamps: bool,
    /// Only so many, the last ones.
    pub tail: Option<usize>,
    /// Each under an 8-byte header that says of which stream it is.
    pub framed: bool,
}

/// A line of the file.
#[derive(Debug, Deserialize)]
struct Line {
    log: String,
    stream: String,
    time: Timestamp,
}

/// How much is read at a time, in bytes.
const PORTION: usize = 64 * 1024;

/// Reads a log from where it is wanted to its present end, and on from there.
#[derive(Debug)]
pub struct Reader {
    file: Option<BufReader<File>>,
    /// The beginning of a line whose rest is not written yet.
    begun: Vec<u8>,
    wanted: Wanted,
}

impl Reader {
    /// Opens a log; one that is not there has no lines.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path, wanted: Wanted) -> Result<Self> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            opened => {
                Some(opened.with_context(|| format!("open the log {}", path.display()))?)
            }
        };
        if let (Some(file), Some(lines)) = (&mut file, wanted.tail) {
            let start =
                tail_position(file, lines).context("find the log's last lines")?;
            file.seek(SeekFrom::Start(start))
                .context("seek in the log")?;
        }
        let file = file.map(|file| BufReader::with_capacity(16 * 1024, file));
        Ok(Self {
            file,
            begun: Vec::new(),
            wanted,
        })
    }

    /// The next lines, as a client gets them; empty when there are none for now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self) -> Result<Vec<u8>> {
        let mut portion = Vec::new();
        let Some(file) = &mut self.file else {
            return Ok(portion);
        };
        while portion.len() < PORTION {
            let read = file
                .read_until(b'\n', &mut self.begun)
                .context("read the log")?;
            if read == 0 || !self.begun.ends_with(b"\n") {
                break;
            }
            // A line that a crash broke is no reason to hide the others.
            if let Ok(line) = serde_json::from_slice::<Line>(&self.begun) {
                self.wanted.render(&line, &mut portion);
            }
            self.begun.clear();
        }
        Ok(portion)
    }
}

impl Wanted {
    fn render(&self, line: &Line, out: &mut Vec<u8>) {
        let is_error = line.stream == "stderr";
        let of_stream = if is_error { self.stderr } else { self.stdout };
        let in_time = self.since.is_none_or(|since| line.time >= since)
            && self.until.is_none_or(|until| line.time <= until);
        if !of_stream || !in_time {
            return;
        }
        let time = match self.timestamps {
            // Nine digits always, so that columns stay columns.
            true => format!("{:.9} ", line.time),
            false => String::new(),
        };
        if self.framed {
            let length = u32::try_from(time.len() + line.log.len()).unwrap_or(u32::MAX);
            out.extend([if is_error { 2 } else { 1 }, 0, 0, 0]);
            out.extend(length.to_be_bytes());
        }
        out.extend(time.as_bytes());
        out.extend(line.log.as_bytes());
    }
}

/// Where the last `lines` lines begin; looked for from the end.
fn tail_position(file: &mut (impl Read + Seek), lines: usize) -> std::io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    // The newline at the very end ends the last line; it does not begin another.
    let mut missing = lines.saturating_add(1);
    if lines == 0 {
        return Ok(end);
    }
    let mut block = vec![0; PORTION];
    while end > 0 {
        let length = end.min(PORTION as u64);
        let start = end - length;
        let length = usize::try_from(length).unwrap_or(PORTION);
        let part = block.get_mut(..length).unwrap_or_default();
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        for (index, byte) in part.iter().enumerate().rev() {
            if *byte == b'\n' {
                missing -= 1;
                if missing == 0 {
                    return Ok(start + index as u64 + 1);
                }
            }
        }
        end = start;
    }
    Ok(0)
}

/// A moment as clients write it: seconds since 1970 with or without a fraction, or
/// RFC 3339. Zero and nothing mean no moment.
///
/// # Errors
/// It is neither.
pub fn parse_moment(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() || text == "0" {
        return Ok(None);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Some(moment));
    }
    let wrong = || format!("invalid value for time: {text:?}");
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = seconds.parse().map_err(|_| wrong())?;
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let nanoseconds: i32 = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
    if seconds == 0 && nanoseconds == 0 {
        return Ok(None);
    }
    Timestamp::new(seconds, nanoseconds)
        .map(Some)
        .map_err(|_| wrong())
}

#[cfg(test)]
mod tests;
