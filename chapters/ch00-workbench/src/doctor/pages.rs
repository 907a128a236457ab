//! The needs as the book prints them: a paragraph a chapter, and the tables of the page
//! on compatibility. All of it is made from `needs.toml` and the list of probes.

use std::fmt::Write;

use super::needs::{Chapter, Need};
use super::probes::{PROBES, Probe};

/// A chapter's paragraph.
#[must_use]
pub fn paragraph(chapter: &Chapter) -> String {
    let what = |need: &Need| {
        let probe = PROBES.iter().find(|probe| probe.name == need.probe);
        probe.map_or("", |probe| probe.what)
    };
    let (vital, parts): (Vec<_>, Vec<_>) =
        chapter.needs.iter().partition(|need| need.is_vital());
    let mut text = format!("`cargo run -p {}` needs Linux", chapter.package);
    for (n, need) in vital.iter().enumerate() {
        let joint = if n + 1 == vital.len() { ", and " } else { ", " };
        let _ = write!(text, "{joint}{}", what(need));
    }
    text.push_str(".\n");
    for same in parts.chunk_by(|one, other| one.purpose == other.purpose) {
        let things: Vec<_> = same.iter().map(|need| what(need)).collect();
        let _ = writeln!(text, "For {}: {}.", same[0].purpose, things.join("; "));
    }
    text.push_str(
        "`cargo doctor` looks whether your machine has all that, and says what to type if\n\
         it has not. ([Compatibility](compatibility.md))\n",
    );
    text
}

/// The table need × chapter: ● where the whole chapter hangs on it, ○ where a part does.
#[must_use]
pub fn matrix(chapters: &[Chapter]) -> String {
    let mut text = "| needs |".to_owned();
    for chapter in chapters {
        let _ = write!(text, " {} |", chapter.package.trim_start_matches("ch"));
    }
    let _ = write!(text, "\n|---|{}\n", ":-:|".repeat(chapters.len()));
    for probe in PROBES {
        let _ = write!(text, "| `{}` |", probe.name);
        for chapter in chapters {
            let need = chapter.needs.iter().find(|need| need.probe == probe.name);
            let _ = match need {
                Some(need) if need.is_vital() => write!(text, " ● |"),
                Some(_) => write!(text, " ○ |"),
                None => write!(text, "   |"),
            };
        }
        text.push('\n');
    }
    text
}

/// What each need is, what to type without it, and where it was seen to be met:
/// `verified` says that of a probe.
#[must_use]
pub fn remedies(verified: impl Fn(&Probe) -> String) -> String {
    let mut text =
        "| need | if you lack it, type | verified |\n|---|---|---|\n".to_owned();
    for probe in PROBES {
        let _ = writeln!(
            text,
            "| `{}`: {} | `{}` ({}) | {} |",
            probe.name,
            probe.what,
            probe.remedy,
            probe.note,
            verified(probe)
        );
    }
    text
}
