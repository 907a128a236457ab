//! One source with marks, and each stage of it.
//!
//! ```text
//! // stage 2 {         what follows is there from stage 2 on
//! // }
//! // stage 1 to 2 {    what follows is there at stages 1 and 2, and not after them
//! // only stage 1 {    what follows is there at stage 1, and not after it
//! // }
//! ```
//!
//! Marks stand on lines of their own, around whole statements or items, and may be
//! nested.

use anyhow::{Context, Result, bail, ensure};

/// The program as it is at `stage`: what belongs to other stages is left out, and so are
/// the marks.
///
/// # Errors
/// When a mark is not closed, closes nothing, or is misspelt.
// ANCHOR: derive
pub fn derive(source: &str, stage: u8) -> Result<String> {
    let mut kept = String::new();
    // For each open mark, whether what it encloses belongs to this stage.
    let mut open = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let place = || format!("line {}: {line}", number + 1);
        match mark(line).with_context(place)? {
            Some(Mark::Open(first, last)) => open.push((first..=last).contains(&stage)),
            Some(Mark::Close) => drop(open.pop().with_context(place)?),
            None if open.iter().all(|belongs| *belongs) => {
                kept.push_str(line);
                kept.push('\n');
            }
            None => {}
        }
    }
    ensure!(open.is_empty(), "a mark is not closed");
    Ok(kept)
}
// ANCHOR_END: derive

/// What a line of marks says.
enum Mark {
    /// What follows belongs to these stages.
    Open(u8, u8),
    /// The innermost mark ends.
    Close,
}

fn mark(line: &str) -> Result<Option<Mark>> {
    let Some(words) = line.trim_start().strip_prefix("// ") else {
        return Ok(None);
    };
    let opens = words.ends_with('{');
    let words: Vec<_> = words.split_whitespace().collect();
    let number = |word: &str| word.parse().context("a stage is a number");
    Ok(match words[..] {
        ["}"] => Some(Mark::Close),
        ["stage", first, "{"] => Some(Mark::Open(number(first)?, u8::MAX)),
        ["stage", first, "to", last, "{"] => {
            Some(Mark::Open(number(first)?, number(last)?))
        }
        ["only", "stage", only, "{"] => Some(Mark::Open(number(only)?, number(only)?)),
        _ if opens => {
            bail!("none of `// stage N {{`, `// stage N to M {{`, `// only stage N {{`")
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "a\n    // only stage 1 {\nb\n    // }\n// stage 2 {\nc\n\
                          // stage 3 {\nd\n// }\n// a comment\n// }\n";

    #[test]
    fn a_stage_is_what_its_marks_let_in() {
        assert_eq!(derive(SOURCE, 1).unwrap(), "a\nb\n");
        assert_eq!(derive(SOURCE, 2).unwrap(), "a\nc\n// a comment\n");
        assert_eq!(derive(SOURCE, 3).unwrap(), "a\nc\nd\n// a comment\n");
    }

    #[test]
    fn a_mark_may_end_at_a_stage() {
        let source = "// stage 2 to 3 {\nb\n// }\nc\n";
        let at = |stage| derive(source, stage).unwrap();
        assert_eq!(
            [at(1), at(2), at(3), at(4)],
            ["c\n", "b\nc\n", "b\nc\n", "c\n"]
        );
    }

    #[test]
    fn marks_that_are_wrong_are_refused_with_their_line() {
        for (source, told) in [
            ("// stage 2 {\n", "not closed"),
            ("x\n// }\n", "line 2"),
            ("// stage two {\n// }\n", "a number"),
            ("// from stage 2 {\n// }\n", "none of"),
        ] {
            let error = derive(source, 1).unwrap_err();
            assert!(format!("{error:#}").contains(told), "{source}: {error:#}");
        }
    }
}
