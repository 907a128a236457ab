//! What the doctor says: a line a chapter, and the book's paragraphs of needs.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use nix::unistd::geteuid;

use super::needs::{Chapter, Need};
use super::probes::{PROBES, Probe};
use crate::diagnosis;

/// What a chapter can do on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it.
    Works,
    /// All but some parts: which, why, and what to type.
    Partly(Vec<(String, String, String)>),
    /// Nothing: why, and what to type.
    Not(String, String),
}

/// Tries what the chapters need, each probe once, and judges chapter by chapter.
///
/// `attempt` tries one probe; it is [`Probe::try_apart`] but in tests.
pub fn examine(
    chapters: &[Chapter],
    attempt: impl Fn(&Probe) -> Result<()>,
) -> Vec<(Chapter, Verdict)> {
    let mut tried: BTreeMap<&str, Option<(String, String)>> = BTreeMap::new();
    for need in chapters.iter().flat_map(|chapter| &chapter.needs) {
        if let Some(probe) = PROBES.iter().find(|probe| probe.name == need.probe) {
            tried
                .entry(probe.name)
                .or_insert_with(|| refusal(probe, &attempt));
        }
    }
    let missing = |need: &Need| tried.get(need.probe.as_str()).cloned().flatten();
    chapters
        .iter()
        .map(|chapter| (chapter.clone(), judge(chapter, &missing)))
        .collect()
}

fn refusal(
    probe: &Probe,
    attempt: &dyn Fn(&Probe) -> Result<()>,
) -> Option<(String, String)> {
    let error = attempt(probe).err()?;
    let remedy = diagnosis::hint(&error).unwrap_or(probe.remedy).to_owned();
    Some((format!("{}: {error:#}", probe.what), remedy))
}

fn judge(
    chapter: &Chapter,
    missing: &dyn Fn(&Need) -> Option<(String, String)>,
) -> Verdict {
    let mut parts = Vec::new();
    for need in &chapter.needs {
        match missing(need) {
            Some((why, remedy)) if need.is_vital() => return Verdict::Not(why, remedy),
            Some((why, remedy)) => parts.push((need.purpose.clone(), why, remedy)),
            None => {}
        }
    }
    if parts.is_empty() {
        Verdict::Works
    } else {
        Verdict::Partly(parts)
    }
}

/// The verdicts as text, a chapter a line, with what to type below.
#[must_use]
pub fn table(verdicts: &[(Chapter, Verdict)]) -> String {
    let sudo = if geteuid().is_root() {
        "works"
    } else {
        "works without sudo"
    };
    let mut text = String::new();
    for (chapter, verdict) in verdicts {
        let head = format!("{} {:<12}", chapter.package, chapter.title);
        match verdict {
            Verdict::Works => {
                let _ = writeln!(text, "{head} {sudo}");
            }
            Verdict::Partly(parts) => {
                let _ = writeln!(text, "{head} {sudo}, but for:");
                for (part, why, remedy) in parts {
                    let _ = writeln!(text, "       {part}: needs {why}");
                    let _ = writeln!(text, "       type: {remedy}");
                }
            }
            Verdict::Not(why, remedy) => {
                let _ = writeln!(text, "{head} does not work: needs {why}");
                let _ = writeln!(text, "       type: {remedy}");
            }
        }
    }
    text
}

/// A chapter's needs as the book prints them.
#[must_use]
pub fn paragraph(chapter: &Chapter) -> String {
    if chapter.needs.is_empty() {
        return format!("`{}` needs nothing but Linux.\n", chapter.package);
    }
    let mut text = format!("`cargo run -p {}` needs:\n\n", chapter.package);
    for need in &chapter.needs {
        let Some(probe) = PROBES.iter().find(|probe| probe.name == need.probe) else {
            continue;
        };
        let _ = match need.is_vital() {
            true => writeln!(text, "- {}; without it: `{}`", probe.what, probe.remedy),
            false => writeln!(
                text,
                "- for {}: {}; without it: `{}`",
                need.purpose, probe.what, probe.remedy
            ),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(needs: &[(&str, &str)]) -> Chapter {
        let need = |(probe, purpose): &(&str, &str)| Need {
            probe: (*probe).to_owned(),
            purpose: (*purpose).to_owned(),
        };
        Chapter {
            package: "ch99".into(),
            title: "test".into(),
            needs: needs.iter().map(need).collect(),
        }
    }

    fn without(refused: &'static str) -> impl Fn(&Probe) -> Result<()> {
        move |probe| match probe.name == refused {
            true => Err(anyhow::anyhow!("refused")),
            false => Ok(()),
        }
    }

    #[test]
    fn a_vital_need_decides_and_another_takes_away_its_part() {
        let chapters = [chapter(&[
            ("user-namespace", "all"),
            ("overlay", "the union"),
        ])];
        let judged = |refused| examine(&chapters, without(refused)).remove(0).1;
        assert_eq!(judged("nothing"), Verdict::Works);
        assert!(matches!(judged("user-namespace"), Verdict::Not(..)));
        assert!(
            matches!(judged("overlay"), Verdict::Partly(parts) if parts[0].0 == "the union")
        );
    }

    #[test]
    fn what_to_type_is_told() {
        let chapters = [chapter(&[("overlay", "all")])];
        let text = table(&examine(&chapters, without("overlay")));
        assert!(
            text.contains("does not work: needs an overlay mount: refused"),
            "{text}"
        );
        assert!(text.contains("type: sudo modprobe overlay"), "{text}");
        assert!(paragraph(&chapters[0]).contains("sudo modprobe overlay"));
    }
}
