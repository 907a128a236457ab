//! The lists of causes as the book prints them, on the page "When it says no".

use std::fmt::Write;

use nix::errno::Errno;

use super::{Diagnosis, Proof};

/// A [`Diagnosis`] without its probes: what all of them have in common.
pub trait Listed: Sync {
    /// The chapter, the call, and what it was to do.
    fn head(&self) -> (u8, &'static str, &'static str);
    /// The causes, in the order in which they are looked for.
    fn rows(&self) -> Vec<Row>;
}

/// A [`Cause`](super::Cause) without its probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The kernel's answer.
    pub errno: Errno,
    /// What it means.
    pub meaning: &'static str,
    /// How to look again.
    pub look: &'static str,
    /// What to do.
    pub hint: &'static str,
    /// How we know.
    pub proof: Proof,
}

impl<T: ?Sized + 'static> Listed for Diagnosis<T> {
    fn head(&self) -> (u8, &'static str, &'static str) {
        (self.chapter, self.call, self.purpose)
    }

    fn rows(&self) -> Vec<Row> {
        let row = |cause: &super::Cause<T>| Row {
            errno: cause.errno,
            meaning: cause.meaning,
            look: cause.look,
            hint: cause.hint,
            proof: cause.proof,
        };
        self.causes.iter().map(row).collect()
    }
}

/// A call's causes as a list in Markdown, errno by errno, between mdBook's anchors; the
/// anchor has the call's name.
#[must_use]
pub fn markdown(list: &dyn Listed) -> String {
    let (chapter, call, purpose) = list.head();
    let mut text = format!("<!-- ANCHOR: {call} -->\n");
    let _ = writeln!(text, "**`{call}`**, to {purpose} (chapter {chapter}):\n");
    let rows = list.rows();
    let mut seen: Vec<Errno> = Vec::new();
    for first in &rows {
        if seen.contains(&first.errno) {
            continue;
        }
        seen.push(first.errno);
        let same = rows.iter().filter(|row| row.errno == first.errno);
        let _ = writeln!(text, "- `{:?}`, {}", first.errno, first.errno.desc());
        for row in same {
            text.push_str(&item(row));
        }
    }
    let _ = writeln!(text, "<!-- ANCHOR_END: {call} -->");
    text
}

fn item(row: &Row) -> String {
    let mut text = format!("  - **{}**", row.meaning);
    if let Proof::NotProvoked(needs) = row.proof {
        let _ = write!(text, " (not provoked here: it takes {needs})");
    }
    // As code, whatever it is: elsewhere mdBook makes one dash of two.
    let (look, hint) = (row.look, row.hint);
    let _ = writeln!(text, "\\\n    look: `{look}`\\\n    hint: `{hint}`");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Cause;

    static HATCH: Diagnosis<()> = Diagnosis {
        chapter: 7,
        call: "open_hatch",
        purpose: "open the hatch",
        causes: &[
            Cause {
                errno: Errno::EPERM,
                meaning: "It is locked.",
                probe: |()| true,
                look: "ls -l hatch",
                hint: "unlock it",
                proof: Proof::Test("a_locked_hatch"),
            },
            Cause {
                errno: Errno::ENOENT,
                meaning: "There is none.",
                probe: |()| true,
                look: "ls",
                hint: "cut one",
                proof: Proof::NotProvoked("a ship without hatches"),
            },
        ],
    };

    #[test]
    fn a_list_is_printed_errno_by_errno() {
        let text = markdown(&HATCH);
        assert!(text.starts_with("<!-- ANCHOR: open_hatch -->\n"), "{text}");
        assert!(
            text.ends_with("<!-- ANCHOR_END: open_hatch -->\n"),
            "{text}"
        );
        let locked = "- `EPERM`, Operation not permitted\n  - **It is locked.**\\\n    \
                      look: `ls -l hatch`\\\n    hint: `unlock it`\n";
        assert!(text.contains(locked), "{text}");
        let none =
            "**There is none.** (not provoked here: it takes a ship without hatches)";
        assert!(text.contains(none), "{text}");
    }
}
