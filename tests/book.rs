//! The book, checked: mdBook renders a misspelt anchor or a missing file as nothing, and
//! says that all is well. Nothing in a page is typed that a program could have written.

#![expect(clippy::unwrap_used, reason = "what a test sets up, it may unwrap")]

#[path = "book/asked.rs"]
mod asked;
#[path = "book/found.rs"]
mod found;
#[path = "book/page.rs"]
mod page;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use asked::{OPEN, QUESTIONS};
use page::{Page, included, includes_of, pages, walk};

/// The longest listing of code: what fits on a page.
const LISTING: usize = 40;
/// The longest transcript: two pages of a terminal.
const TRANSCRIPT: usize = 100;

/// What a page that is in the making will show.
const AWAITED: [&str; 1] = ["generated/needs-ch01.md"];

#[track_caller]
fn none(what: &str, complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{what}:\n  {}",
        complaints.join("\n  ")
    );
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src")
}

#[test]
fn every_include_resolves_and_fits() {
    none("includes", &bad_includes(&src(), &pages(&src())));
}

#[test]
fn nothing_is_typed_into_a_page_that_a_program_wrote() {
    none("blocks", &typed_blocks(&pages(&src())));
}

#[test]
fn every_link_leads_somewhere() {
    none("links", &dead_links(&src(), &pages(&src())));
}

#[test]
fn the_summary_is_the_book() {
    let pages = pages(&src());
    assert!(pages.len() > 1, "there is a book in {}", src().display());
    none("SUMMARY.md", &not_in_summary(&pages));
}

#[test]
fn every_transcript_and_figure_is_shown() {
    let mut idle = unused(&src(), &pages(&src()));
    idle.retain(|path| !AWAITED.contains(&path.as_str()));
    none("nobody shows them", &idle);
}

#[test]
fn every_question_has_its_place() {
    let pages = pages(&src());
    let (wrong, open) = asked::answers(&pages, Path::new("you-asked.md"), QUESTIONS);
    none("you-asked.md", &wrong);
    assert!(
        open <= OPEN,
        "{open} questions are open: an answer was lost"
    );
    assert!(open == OPEN, "{open} questions are open: say so in OPEN");
}

#[test]
fn every_page_says_how_long_it_takes() {
    let pages = pages(&src());
    let silent: Vec<_> = pages
        .iter()
        .filter(|page| page.path != Path::new("SUMMARY.md") && !says_minutes(page))
        .map(|page| page.path.display().to_string())
        .collect();
    none("no \"About … minutes\" in", &silent);
}

/// Whether the page begins by saying how long it takes: `About 10 minutes`.
fn says_minutes(page: &Page) -> bool {
    let words: Vec<&str> = page.text.split_whitespace().take(80).collect();
    words.windows(3).any(|three| {
        three[0] == "About"
            && three[1].parse::<u8>().is_ok()
            && three[2].starts_with("minutes")
    })
}

/// Includes that mdBook would render as nothing, and listings that are too long.
fn bad_includes(src: &Path, pages: &[Page]) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in pages {
        for (n, what) in page.includes() {
            let complaint = match included(&src.join(&page.path), &what) {
                Err(reason) => reason,
                Ok((_, lines)) if lines.iter().all(|l| l.trim().is_empty()) => {
                    "is empty".into()
                }
                Ok((file, lines)) => {
                    let most = if file.extension().is_some_and(|e| e == "rs") {
                        LISTING
                    } else {
                        TRANSCRIPT
                    };
                    if lines.len() <= most {
                        continue;
                    }
                    format!("has {} lines, {most} fit", lines.len())
                }
            };
            wrong.push(format!("{}:{n}: {what}: {complaint}", page.path.display()));
        }
    }
    wrong
}

/// Blocks of any language but `text` (drawings) that are not includes.
fn typed_blocks(pages: &[Page]) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in pages {
        for block in page.blocks() {
            let place = format!("{}:{}", page.path.display(), block.line);
            let is_include = |line: &String| includes_of(line).count() == 1;
            let full: Vec<_> = block
                .lines
                .iter()
                .filter(|l| !l.trim().is_empty())
                .collect();
            if block.language.is_empty() {
                wrong.push(format!("{place}: a block without a language (say `text`)"));
            } else if block.language != "text"
                && !full.iter().all(|line| is_include(line))
            {
                wrong.push(format!(
                    "{place}: {} that is typed, not included",
                    block.language
                ));
            } else if full.is_empty() {
                wrong.push(format!("{place}: an empty block"));
            }
        }
    }
    wrong
}

/// Relative links to files or headings that are not there.
fn dead_links(src: &Path, pages: &[Page]) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in pages {
        for (n, target) in page.links() {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = page.path.parent().unwrap_or(Path::new(""));
            let leads = if path.is_empty() {
                page.path.clone()
            } else {
                plain(&folder.join(path))
            };
            let known = pages.iter().find(|other| other.path == leads);
            let there = path.is_empty() || src.join(&leads).is_file();
            let heading = anchor.is_empty()
                || known.is_some_and(|other| other.anchors().iter().any(|a| a == anchor));
            if !there || !heading {
                wrong.push(format!(
                    "{}:{n}: {target} leads nowhere",
                    page.path.display()
                ));
            }
        }
    }
    wrong
}

/// `a/../b` as `b`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// Pages that the summary does not list. (A listed page that is missing is a dead link.)
fn not_in_summary(pages: &[Page]) -> Vec<String> {
    let Some(summary) = pages
        .iter()
        .find(|page| page.path == Path::new("SUMMARY.md"))
    else {
        return vec!["there is none".into()];
    };
    let listed: BTreeSet<PathBuf> = summary
        .links()
        .iter()
        .map(|(_, target)| plain(Path::new(target)))
        .collect();
    let others = pages
        .iter()
        .filter(|page| page.path != Path::new("SUMMARY.md"));
    let strays = others.filter(|page| !listed.contains(&page.path));
    strays
        .map(|page| format!("{} is not in it", page.path.display()))
        .collect()
}

/// Transcripts and figures that no page includes or links.
fn unused(src: &Path, pages: &[Page]) -> Vec<String> {
    let mut shown = BTreeSet::new();
    for page in pages {
        let folder = page.path.parent().unwrap_or(Path::new(""));
        let includes = page.includes().into_iter().map(|(_, what)| what);
        let targets = includes.chain(page.links().into_iter().map(|(_, target)| target));
        shown.extend(
            targets
                .map(|t| plain(&folder.join(t.split([':', '#']).next().unwrap_or("")))),
        );
    }
    let mut wrong = Vec::new();
    for kind in ["transcripts", "figures", "generated"] {
        walk(&src.join(kind), &mut |path| {
            let path = path.strip_prefix(src).expect("below src");
            if !shown.contains(path) {
                wrong.push(path.display().to_string());
            }
        });
    }
    wrong
}
