//! What the book prints and a test makes: compared, or with `SKIFF_BLESS=1` written anew.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A part of the book that is made from data: compares `text` with
/// `book/src/generated/NAME`, or writes that file anew.
///
/// # Panics
/// When what the book prints is not `text`.
#[track_caller]
pub fn generated(name: &str, text: &str) {
    let path = book().join("generated").join(name);
    if is_blessing() {
        fs::create_dir_all(book().join("generated")).expect("the book's folder");
        fs::write(&path, text).expect("write a part of the book");
        return;
    }
    let printed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        printed == text,
        "{} is not what the data say (`just bless` writes it anew); the first \
         difference: {}",
        path.display(),
        first_difference(&printed, text)
    );
}

/// The text of the book.
pub(crate) fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src")
}

/// Whether what the book prints is written anew (`just bless`) and not compared.
pub(crate) fn is_blessing() -> bool {
    env::var("SKIFF_BLESS").is_ok_and(|word| word == "1")
}

/// Where two texts begin to differ.
pub(crate) fn first_difference(printed: &str, seen: &str) -> String {
    let (mut old, mut new) = (printed.lines(), seen.lines());
    for number in 1.. {
        let pair = (old.next(), new.next());
        if pair.0 != pair.1 {
            let line = |text: Option<&str>| text.unwrap_or("(the end)").to_owned();
            let (old, new) = (line(pair.0), line(pair.1));
            return format!(
                "line {number}\n  printed: {old}\n  seen:    {new}\n\n{seen}"
            );
        }
        if pair == (None, None) {
            break;
        }
    }
    "blanks".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert!(
            first_difference("a\nb\n", "a\nc\n").starts_with("line 2\n  printed: b\n")
        );
        assert!(first_difference("a\n", "a\nc\n").contains("(the end)"));
        assert_eq!(first_difference("a\n", "a"), "blanks");
    }
}
