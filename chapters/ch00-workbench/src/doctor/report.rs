//! What the doctor says: a line a chapter, then what is missing and what to type.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;

use super::needs::{Chapter, Need};
use super::probes::{PROBES, Probe};
use crate::diagnosis;

/// The chapters of a reader's first commands: the first bench, and the engine.
const FIRST: [&str; 3] = ["ch00", "ch01", "ch11"];

/// Probes for what root has nearly everywhere, and others hardly anywhere.
const OF_ROOT: [&str; 2] = ["cgroups", "root"];

/// What a machine can do of the book.
#[derive(Debug)]
pub struct Report {
    /// Each chapter, and what works of it.
    pub verdicts: Vec<(Chapter, Verdict)>,
    /// What is missing, by the names of the probes.
    pub missing: BTreeMap<&'static str, Refusal>,
}

/// What a chapter can do on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of it.
    Works,
    /// All but some parts: each with the probe that failed.
    Partly(Vec<(String, String)>),
    /// Nothing, because of this probe.
    Not(String),
}

/// A need that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was needed.
    pub what: &'static str,
    /// What the kernel said.
    pub why: String,
    /// What to do about it, in one or two lines.
    pub advice: Vec<String>,
}

/// Tries what the chapters need, each probe once, and judges chapter by chapter.
///
/// `attempt` tries one probe; it is [`Probe::try_apart`] but in tests.
pub fn examine(chapters: &[Chapter], attempt: impl Fn(&Probe) -> Result<()>) -> Report {
    let needed = |probe: &&Probe| {
        let mut needs = chapters.iter().flat_map(|chapter| &chapter.needs);
        needs.any(|need| need.probe == probe.name)
    };
    let missing: BTreeMap<_, _> = PROBES
        .iter()
        .filter(needed)
        .filter_map(|probe| Some((probe.name, refusal(probe, &attempt)?)))
        .collect();
    let judged = |chapter: &Chapter| (chapter.clone(), judge(chapter, &missing));
    Report {
        verdicts: chapters.iter().map(judged).collect(),
        missing,
    }
}

fn refusal(probe: &Probe, attempt: &dyn Fn(&Probe) -> Result<()>) -> Option<Refusal> {
    let error = attempt(probe).err()?;
    let advice = match diagnosis::hint(&error) {
        // The true cause is known: what might have been one need not be told.
        Some(hint) => vec![format!("hint: {hint}")],
        None => vec![
            format!("type: {}", probe.remedy),
            format!("({})", probe.note),
        ],
    };
    Some(Refusal {
        what: probe.what,
        why: format!("{error:#}"),
        advice,
    })
}

fn judge(chapter: &Chapter, missing: &BTreeMap<&'static str, Refusal>) -> Verdict {
    let is_missing = |need: &&Need| missing.contains_key(need.probe.as_str());
    let lacks: Vec<&Need> = chapter.needs.iter().filter(is_missing).collect();
    if let Some(need) = lacks.iter().find(|need| need.is_vital()) {
        return Verdict::Not(need.probe.clone());
    }
    let parts = lacks
        .iter()
        .map(|need| (need.purpose.clone(), need.probe.clone()));
    match lacks.is_empty() {
        true => Verdict::Works,
        false => Verdict::Partly(parts.collect()),
    }
}

impl Report {
    /// Whether a reader can begin: the chapters of the first commands work, if not in all
    /// their parts. What a later chapter lacks is told, and stands in nobody's way.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let fails = |(chapter, verdict): &(Chapter, Verdict)| {
            FIRST.contains(&chapter.package.as_str())
                && matches!(verdict, Verdict::Not(_))
        };
        !self.verdicts.iter().any(fails)
    }

    /// The report as text. `root` is whether root asked.
    #[must_use]
    pub fn text(&self, root: bool) -> String {
        let works = if root { "works" } else { "works without sudo" };
        let mut text = String::new();
        for (chapter, verdict) in &self.verdicts {
            let head = format!("{} {:<11}", chapter.package, chapter.title);
            let _ = match verdict {
                Verdict::Works => writeln!(text, "{head} {works}"),
                Verdict::Not(probe) if !root && OF_ROOT.contains(&probe.as_str()) => {
                    writeln!(text, "{head} does not work without sudo: needs [{probe}]")
                }
                Verdict::Not(probe) => {
                    writeln!(text, "{head} does not work: needs [{probe}]")
                }
                Verdict::Partly(parts) => {
                    let parts: Vec<_> = parts
                        .iter()
                        .map(|(part, probe)| format!("{part} [{probe}]"))
                        .collect();
                    writeln!(text, "{head} {works}; but not {}", parts.join(", "))
                }
            };
        }
        for (probe, refusal) in &self.missing {
            let _ = writeln!(text, "\n[{probe}] {}: {}", refusal.what, refusal.why);
            for line in &refusal.advice {
                let _ = writeln!(text, "    {line}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(needs: &[(&str, &str)]) -> Chapter {
        named("ch99", needs)
    }

    fn named(package: &str, needs: &[(&str, &str)]) -> Chapter {
        let need = |(probe, purpose): &(&str, &str)| Need {
            probe: (*probe).to_owned(),
            purpose: (*purpose).to_owned(),
        };
        Chapter {
            package: package.into(),
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
        let needs = [("user-namespace", "all"), ("overlay", "the union")];
        let chapters = [chapter(&needs)];
        let judged = |refused| examine(&chapters, without(refused)).verdicts.remove(0).1;
        assert_eq!(judged("nothing"), Verdict::Works);
        assert_eq!(
            judged("user-namespace"),
            Verdict::Not("user-namespace".into())
        );
        let union = ("the union".to_owned(), "overlay".to_owned());
        assert_eq!(judged("overlay"), Verdict::Partly(vec![union]));
    }

    #[test]
    fn what_is_missing_is_told_once_with_what_to_type() {
        let chapters = [
            chapter(&[("overlay", "all")]),
            chapter(&[("overlay", "all")]),
        ];
        let report = examine(&chapters, without("overlay"));
        let text = report.text(false);
        assert_eq!(text.matches("does not work: needs [overlay]").count(), 2);
        assert_eq!(
            text.matches("[overlay] an overlay mount: refused\n")
                .count(),
            1
        );
        assert!(text.contains("    type: sudo modprobe overlay\n"), "{text}");
    }

    #[test]
    fn who_can_begin_is_well() {
        let well = |package, refused| {
            let needs = [("user-namespace", "all"), ("overlay", "the union")];
            examine(&[named(package, &needs)], without(refused)).is_well()
        };
        assert!(!well("ch01", "user-namespace") && !well("ch11", "user-namespace"));
        assert!(well("ch01", "overlay") && well("ch06", "user-namespace"));
    }

    #[test]
    fn what_is_roots_is_not_said_to_be_broken() {
        let report = examine(&[chapter(&[("cgroups", "all")])], without("cgroups"));
        let told = "does not work without sudo: needs [cgroups]\n";
        assert!(report.text(false).contains(told));
        assert!(
            report
                .text(true)
                .contains("does not work: needs [cgroups]\n")
        );
    }

    #[test]
    fn the_true_cause_takes_the_place_of_what_to_type() {
        let attempt = |_: &Probe| {
            Err(diagnosis::with_hint(
                anyhow::anyhow!("EPERM"),
                "the knob is 0",
            ))
        };
        let report = examine(&[chapter(&[("user-namespace", "all")])], attempt);
        let text = report.text(true);
        assert!(text.contains("    hint: the knob is 0\n"), "{text}");
        assert!(!text.contains("type:"), "{text}");
    }
}
