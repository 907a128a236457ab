//! The log: what the container wrote, line by line, in docker's json-file format.
//!
//! ```text
//! {"log":"hello\n","stream":"stdout","time":"2026-11-21T02:21:36.123456789Z"}
//! ```
//!
//! A line is recorded when it is complete, longer than [`lines::LONGEST`], or the last
//! one. What is not UTF-8 becomes U+FFFD, as JSON has no other way; clients who are
//! attached get the bytes as they are.

pub mod lines;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::frame::Stream;
use lines::Lines;

/// A recorded line, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The text, with its newline if the line ends here.
    pub log: String,
    /// `stdout` or `stderr`; a terminal is all `stdout`.
    pub stream: String,
    /// When it was complete.
    pub time: Timestamp,
}

/// A container's log, open for writing.
#[derive(Debug)]
pub struct Log {
    file: Option<File>,
    out: Lines,
    err: Lines,
    lost: u64,
}

impl Log {
    /// Opens the log to append to it; without a path nothing is recorded.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let open = |path: &Path| {
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o640)
                .open(path)
                .with_context(|| format!("open the log {}", path.display()))
        };
        Ok(Self {
            file: path.map(open).transpose()?,
            out: Lines::default(),
            err: Lines::default(),
            lost: 0,
        })
    }

    /// Records the lines that `bytes` complete.
    ///
    /// A container does not stop for a full disk: then lines are lost, and counted.
    pub fn add(&mut self, stream: Stream, bytes: &[u8]) {
        if self.file.is_none() {
            return;
        }
        let (now, mut text) = (Timestamp::now(), Vec::new());
        let mut count = 0;
        self.lines(stream).add(bytes, |line| {
            count += 1;
            append(&mut text, stream, line, now);
        });
        self.write(&text, count);
    }

    /// Records what is left of a stream that has ended without a newline.
    pub fn end(&mut self, stream: Stream) {
        let (now, mut text) = (Timestamp::now(), Vec::new());
        let mut count = 0;
        self.lines(stream).end(|line| {
            count += 1;
            append(&mut text, stream, line, now);
        });
        self.write(&text, count);
    }

    /// How many lines could not be written.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn lines(&mut self, stream: Stream) -> &mut Lines {
        match stream {
            Stream::Stdout => &mut self.out,
            Stream::Stderr => &mut self.err,
        }
    }

    /// All lines in one write(2): with `O_APPEND` they land together, and a reader who
    /// follows the file sees few half lines.
    fn write(&mut self, text: &[u8], lines: u64) {
        if let Some(file) = &mut self.file
            && !text.is_empty()
            && file.write_all(text).is_err()
        {
            self.lost += lines;
        }
    }
}

fn append(text: &mut Vec<u8>, stream: Stream, line: &[u8], time: Timestamp) {
    let entry = Entry {
        log: String::from_utf8_lossy(line).into_owned(),
        stream: stream.name().to_owned(),
        time,
    };
    if serde_json::to_writer(&mut *text, &entry).is_ok() {
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(path: &Path) -> Vec<Entry> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn lines_are_recorded_whole_and_the_last_one_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::open(Some(&path)).unwrap();
        log.add(Stream::Stdout, b"one\ntw");
        log.add(Stream::Stderr, b"oops\n");
        log.add(Stream::Stdout, b"o");
        assert_eq!(entries(&path).len(), 2);
        log.end(Stream::Stdout);
        log.end(Stream::Stderr);
        let told: Vec<_> = entries(&path)
            .into_iter()
            .map(|entry| (entry.stream, entry.log))
            .collect();
        let expected = [("stdout", "one\n"), ("stderr", "oops\n"), ("stdout", "two")];
        assert_eq!(told, expected.map(|(s, l)| (s.to_owned(), l.to_owned())));
    }

    #[test]
    fn a_full_disk_loses_lines_and_counts_them() {
        let mut log = Log::open(Some(Path::new("/dev/full"))).unwrap();
        log.add(Stream::Stdout, b"one\ntwo\n");
        assert_eq!(log.lost(), 2);
    }
}
