//! The project's own text: which files there are, and a scanner that tells code from
//! comments and strings. Simple on purpose: it reads what rustfmt writes.

use std::fs;
use std::path::Path;

/// One file of the project.
pub(crate) struct Source {
    /// Its path below the top folder.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its text with comments and the insides of strings blanked, line for line.
    pub(crate) code: String,
    /// Whether it belongs to a program (`main.rs` and its modules, `src/`): what prints.
    pub(crate) program: bool,
}

impl Source {
    /// A file with this text: what the checks' own tests feed them.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            code: code(text),
            program: path.starts_with("src/") || path.ends_with("/src/main.rs"),
        }
    }

    /// The code without what only tests are: all from `#[cfg(test)] mod` on.
    pub(crate) fn product(&self) -> &str {
        let end = self
            .code
            .find("#[cfg(test)]\nmod ")
            .unwrap_or(self.code.len());
        &self.code[..end]
    }

    /// Lines of the product that hold `word` as a whole word: `path:line: text`.
    pub(crate) fn lines_with(&self, word: &str) -> Vec<String> {
        let lines = self.product().lines().enumerate();
        lines
            .filter(|(_, line)| has_word(line, word))
            .map(|(n, line)| format!("{}:{}: {}", self.path, n + 1, line.trim()))
            .collect()
    }
}

/// Whether `line` has `word` with no letter, digit or underscore at either side.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let goes_on = after.is_some_and(part) && word.ends_with(part);
        !(before.is_some_and(part) || goes_on)
    })
}

/// Whether a path in `line` begins with the library `name`: `name::x`, `use name;`, but
/// not `crate::name::x`.
pub(crate) fn has_root(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let imports = line.starts_with("use ") && !line.contains("::");
    let mut after = line;
    while let Some(at) = after.find(name) {
        let before = line[..line.len() - after.len() + at].chars().next_back();
        let inside = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        after = &after[at + name.len()..];
        let whole = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if !inside && whole && (after.starts_with("::") || imports) {
            return true;
        }
    }
    false
}

/// All files of the project that end in one of `ends`, sorted.
pub(crate) fn files(ends: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    walk(top, top, ends, &mut found);
    mark_programs(&mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Marks the modules of every `main.rs` as parts of that program.
fn mark_programs(files: &mut [Source]) {
    let mains = files
        .iter()
        .filter(|source| source.path.ends_with("/src/main.rs"));
    let mut owned = Vec::new();
    for main in mains {
        let dir = main.path.trim_end_matches("main.rs");
        let modules = main
            .code
            .lines()
            .filter_map(|line| line.strip_prefix("mod "));
        owned.extend(modules.map(|name| format!("{dir}{}", name.trim_end_matches(';'))));
    }
    for source in files {
        let stem = source.path.trim_end_matches(".rs");
        source.program |= owned
            .iter()
            .any(|name| stem == name || stem.starts_with(&format!("{name}/")));
    }
}

/// What lies at the top of the checkout and is not ignored by git or a dotfile.
pub(crate) fn top_names() -> Vec<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = fs::read_to_string(top.join(".gitignore")).unwrap_or_default();
    let entries = fs::read_dir(top).expect("the top folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| !name.starts_with('.'))
        .filter(|name| !ignored.lines().any(|line| line.trim_matches('/') == name))
        .collect()
}

fn walk(top: &Path, dir: &Path, ends: &[&str], found: &mut Vec<Source>) {
    for entry in fs::read_dir(dir)
        .expect("a folder of the project")
        .flatten()
    {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let inside = path
            .strip_prefix(top)
            .expect("below the top")
            .display()
            .to_string();
        let built = ["target", "exercises", "book/book"].contains(&inside.as_str());
        if path.is_dir()
            && !path.is_symlink()
            && !built
            && (!name.starts_with('.') || name == ".ci")
        {
            walk(top, &path, ends, found);
        } else if ends.iter().any(|end| name.ends_with(end))
            && let Ok(text) = fs::read_to_string(&path)
        {
            found.push(Source::new(&inside, &text));
        }
    }
}

/// `text` with comments and the insides of string and character literals blanked.
pub(crate) fn code(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, code.chars().next_back());
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
            code.extend(rest[..length].chars().map(blank));
            rest = &rest[length..];
        }
    }
    code
}

/// How many bytes of comment or literal `rest` begins with, after the character `before`.
fn skipped(rest: &str, before: Option<char>) -> usize {
    let until = |end: &str, from: usize| {
        rest[from..]
            .find(end)
            .map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return until("\n", 0).saturating_sub(1).max(2);
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let hashes = rest.chars().skip(1).take_while(|c| *c == '#').count();
    if rest.starts_with('r') && !in_word && rest[1 + hashes..].starts_with('"') {
        return until(&format!("\"{}", "#".repeat(hashes)), 2 + hashes);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    // 'a' and '\n' are characters; 'a without a second quote is a lifetime.
    let mut after = rest.chars().skip(1);
    let character = after.next() == Some('\\') || after.next() == Some('\'');
    if rest.starts_with('\'') && character {
        quoted(rest, '\'')
    } else {
        0
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn the_scanner_tells_code_from_the_rest() {
    let blanked = |text: &str| code(text).replace(' ', "");
    assert_eq!(blanked("a /* b */ c // d\ne"), "ac\ne");
    assert_eq!(blanked(r#"f("x \" // y", '"', 'z', "w")"#), "f(,,,)");
    assert_eq!(blanked(r###"g(r#"a "quoted" b"#, h)"###), "g(,h)");
    assert_eq!(blanked("fn f<'a>(x: &'a str) {}"), "fnf<'a>(x:&'astr){}");
    assert_eq!(
        code("a\n\"b\nc\"\nd").lines().count(),
        4,
        "lines keep their numbers"
    );
    assert_eq!(blanked("let c = '\\''; k"), "letc=;k");
}

#[test]
fn roots_are_where_paths_begin() {
    for line in [
        "use shim::client;",
        "use shim;",
        "f(shim::x)",
        "    use {overlay, shim};",
    ] {
        assert!(has_root(line, "shim"), "{line}");
    }
    for line in [
        "use crate::shim::x;",
        "tokio::shim::x",
        "shims::x",
        "let shim = 1;",
        "my_shim::x",
    ] {
        assert!(!has_root(line, "shim"), "{line}");
    }
}

#[test]
fn a_programs_modules_are_the_programs() {
    let paths = ["main", "demo", "demo/a", "lib", "demolition"];
    let mut files = paths.map(|name| {
        let text = if name == "main" {
            "mod demo;\nfn main() {}"
        } else {
            ""
        };
        Source::new(&format!("chapters/ch01-chroot/src/{name}.rs"), text)
    });
    mark_programs(&mut files);
    assert_eq!(
        files.map(|source| source.program),
        [true, true, true, false, false]
    );
}

#[test]
fn words_are_whole() {
    assert!(has_word("unsafe { x }", "unsafe") && has_word("nix::fork()", "fork("));
    assert!(!has_word("unsafe_code", "unsafe") && !has_word("reprintln!", "println!"));
    assert!(has_word("println!(\"\")", "println!"));
}
