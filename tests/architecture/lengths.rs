//! How long files and functions may be: what must be read in parts wants to be parts.

use workbench::mine::derive;

use crate::source::{Source, has_word};

/// A file's lines, all of them.
const FILE: usize = 300;
/// A function's lines, from `fn` to the closing brace. (clippy, at the same number, does
/// not count comments and blank lines.)
const FUNCTION: usize = 60;
/// More stages of the reader's own container than the book has.
const STAGES: u8 = 20;

/// Files that are too long.
pub(crate) fn files(all: &[Source]) -> Vec<String> {
    let long = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > FILE).then(|| format!("{}: {lines} lines", source.path))
    };
    all.iter()
        .flat_map(as_read)
        .filter_map(|s| long(&s))
        .collect()
}

/// Functions that are too long.
pub(crate) fn functions(all: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in all.iter().flat_map(as_read) {
        let lines: Vec<&str> = source.code.lines().map(str::trim_end).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| begins(line)) {
            let length = length(&lines[at..]);
            if length > FUNCTION {
                let (path, line) = (&source.path, line.trim());
                found.push(format!("{path}:{}: {length} lines: {line}", at + 1));
            }
        }
    }
    found
}

/// What somebody has before their eyes. A source with stage marks is many programs in
/// one: a reader sees one stage of it at a time.
fn as_read(source: &Source) -> Vec<Source> {
    if !source.path.ends_with(".rs") {
        return Vec::new();
    }
    let stages = (1..STAGES).map(|stage| (stage, derive(&source.text, stage)));
    let has_marks = source.path.ends_with("/mine/reference.rs");
    let stages = stages.filter(|_| has_marks).map(|(stage, text)| {
        let text = text.expect("a source with good marks");
        Source::new(&format!("{} at stage {stage}", source.path), &text)
    });
    let stages: Vec<_> = stages.collect();
    match has_marks {
        true => stages,
        false => vec![Source::new(&source.path, &source.text)],
    }
}

/// Whether a function begins on this line of code.
fn begins(line: &str) -> bool {
    let before = line.split("fn ").next().unwrap_or_default();
    let modifiers = ["pub", "const", "async", "unsafe", "extern"];
    let plain = |word: &str| word.starts_with("pub(") || modifiers.contains(&word);
    has_word(line, "fn ") && before.split_whitespace().all(plain)
}

/// How many lines the function has that begins on the first of `lines`; none without a
/// body. rustfmt puts the closing brace below the beginning of the first line.
fn length(lines: &[&str]) -> usize {
    let first = lines[0];
    let indent = &first[..first.len() - first.trim_start().len()];
    let end = format!("{indent}}}");
    for (at, line) in lines.iter().enumerate() {
        let one_line = at == 0 && line.ends_with('}');
        if one_line || *line == end {
            return at + 1;
        }
        if line.ends_with(';') && !lines[..=at].iter().any(|line| line.contains('{')) {
            return 0;
        }
    }
    lines.len()
}

#[test]
fn a_file_of_more_lines_is_found() {
    let text = |lines: usize| [Source::new("src/a.rs", &"//! x\n".repeat(lines))];
    assert_eq!((files(&text(300)).len(), files(&text(301)).len()), (0, 1));
}

#[test]
fn a_function_of_more_lines_is_found() {
    let function = |head: &str, lines: usize| {
        let body = "        let x = \"}\";\n".repeat(lines - 2);
        let text = format!("impl A {{\n    {head} {{\n{body}    }}\n\n    fn b();\n}}\n");
        functions(&[Source::new("src/a.rs", &text)])
    };
    for head in ["fn a()", "pub(crate) const fn a()", "async unsafe fn a()"] {
        assert_eq!(function(head, 60), [""; 0]);
        assert_eq!(
            function(head, 61),
            [format!("src/a.rs:2: 61 lines: {head} {{")]
        );
    }
    assert_eq!(function("static F: fn () =", 61), [""; 0]);
}

#[test]
fn a_source_of_many_stages_is_measured_stage_by_stage() {
    let stage = |lines: usize| {
        let only =
            |n| format!("// only stage {n} {{\n{}// }}\n", "//! x\n".repeat(lines));
        let text = format!("{}{}", only(1), only(2));
        files(&[Source::new(
            "chapters/ch00-workbench/mine/reference.rs",
            &text,
        )])
    };
    assert_eq!((stage(300).len(), stage(301).len()), (0, 2));
}
