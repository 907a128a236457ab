//! What was seen of a trial of `mine`, and what is told of a check that failed.

/// What came of running `mine` once.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How it ended.
    pub ended: Ended,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// How many processes it left running.
    pub left: usize,
    /// The namespaces that should have been the container's own, and were the host's.
    pub shared: Vec<String>,
    /// Whether there was something above its root, where nothing should be.
    pub above: bool,
    /// Of the lines of `/proc/PID/status` that were looked for: what stood there instead.
    pub other: Vec<String>,
}

/// How `mine` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code; 128+n if the signal n ended it.
    Code(i32),
    /// It had to be stopped after so many seconds.
    TooLong(u64),
    /// It had to be stopped after so many bytes.
    TooLoud(u64),
    /// It had to be stopped at so many processes.
    TooMany(usize),
}

/// A check that failed, as the reader is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number of its stage.
    pub stage: u8,
    /// What would hold if it had passed.
    pub title: String,
    /// What was run.
    pub run: String,
    /// What was expected, by lines.
    pub expected: Vec<String>,
    /// What came, by lines.
    pub came: Vec<String>,
    /// What to do about it.
    pub advice: String,
}
