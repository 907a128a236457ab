//! Names of containers: which are allowed, and one for who has none.

use super::Refusal;

const LEFT: [&str; 24] = [
    "able", "bold", "brisk", "calm", "clever", "deft", "eager", "fair", "gentle", "keen",
    "kind", "lively", "lucid", "merry", "nimble", "plucky", "quick", "quiet", "steady",
    "sunny", "tidy", "true", "warm", "wise",
];
/// Small craft: a skiff's kin.
const RIGHT: [&str; 24] = [
    "barge", "bark", "canoe", "catboat", "coble", "coracle", "cutter", "dhow", "dinghy",
    "dory", "gig", "kayak", "ketch", "lugger", "pinnace", "pram", "proa", "punt", "raft",
    "sampan", "scull", "sloop", "wherry", "yawl",
];

/// Refuses what docker's grammar refuses, but for one letter alone, which is a good
/// name in a workshop: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`.
///
/// # Errors
/// Docker's sentence.
pub fn check(name: &str) -> Result<(), Refusal> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let good = match name.as_bytes() {
        [first, rest @ ..] if rest.len() < 255 => {
            first.is_ascii_alphanumeric() && rest.iter().all(|byte| inner(*byte))
        }
        _ => false,
    };
    if good {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
    )))
}

/// A name that people can say, made of a number; from the 577th on it carries it.
pub fn generated(number: u64) -> String {
    let (left, right) = (LEFT.len() as u64, RIGHT.len() as u64);
    let pick = |list: &[&'static str], number: u64| {
        list.get(usize::try_from(number).unwrap_or(0))
            .copied()
            .unwrap_or("boat")
    };
    let pair = format!(
        "{}_{}",
        pick(&LEFT, number % left),
        pick(&RIGHT, number / left % right)
    );
    match number / (left * right) {
        0 => pair,
        round => format!("{pair}{round}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_names() {
        for name in ["a", "ab", "a.b", "A-1", "0_", &"x".repeat(255)] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "-a",
            ".a",
            "../x",
            "a/b",
            "a b",
            "ä1",
            "aé",
            &"x".repeat(5000),
        ] {
            let refusal = check(name).unwrap_err();
            assert!(
                refusal.message.starts_with("Invalid container name ("),
                "{name}"
            );
        }
    }

    #[test]
    fn generated_names_are_allowed_and_differ() {
        let names: std::collections::BTreeSet<_> = (0..2000).map(generated).collect();
        assert_eq!(names.len(), 2000);
        assert!(names.iter().all(|name| check(name).is_ok()));
    }
}
