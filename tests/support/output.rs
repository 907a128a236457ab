//! What a program did, and what a test expects of it.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// What a program did.
#[derive(Clone)]
pub struct Output {
    /// Its exit code, 128+n when signal n ended it.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    pub(crate) command: String,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
            command,
        } = self;
        write!(
            f,
            "{command}\n--- exit {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Output {
    /// This output, if the program ended with `code`.
    ///
    /// # Panics
    /// If it ended with another.
    #[track_caller]
    #[must_use = "use the output, or say `let _`"]
    pub fn expect(self, code: i32) -> Self {
        assert!(self.code == code, "expected exit {code}: {self}");
        self
    }

    /// The standard output of a program that must have ended with 0.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn ok(self) -> String {
        self.expect(0).stdout
    }

    /// Panics unless the program ended with `code` and said `text` on standard error.
    ///
    /// # Panics
    /// See above.
    #[track_caller]
    pub fn refused(self, code: i32, text: &str) {
        let out = self.expect(code);
        let said = out.stderr.to_lowercase().contains(&text.to_lowercase());
        assert!(said, "expected {text:?} on standard error: {out}");
    }

    /// Panics unless the program ended with 1, said `text` on standard error, and below
    /// it gave a hint that begins with `hint`.
    ///
    /// # Panics
    /// See above.
    #[track_caller]
    pub fn hinted(self, text: &str, hint: &str) {
        let said = format!("\nhint: {hint}");
        assert!(self.stderr.contains(&said), "expected {said:?}: {self}");
        self.refused(1, text);
    }
}

/// 128+n for a signal, as shells and docker have it.
pub(crate) fn code_of(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|n| 128 + n))
        .unwrap_or(-1)
}
