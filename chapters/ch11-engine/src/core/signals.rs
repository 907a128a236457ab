//! Signals by name and by number, as `kill -s` takes them (signal(7)).

/// The names in order of their numbers on x86 and arm; number 1 comes first.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
    "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];
/// Other names for the same.
const ALIASES: [(&str, i32); 3] = [("IOT", 6), ("CLD", 17), ("POLL", 29)];
/// The first and the last of the real-time signals that libc leaves to programs.
const REAL_TIME: (i32, i32) = (34, 64);

/// The number that a text means: `KILL`, `SIGKILL`, `sigkill`, `9`, `RTMIN+3`.
pub fn parse(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (1..=REAL_TIME.1).contains(&number).then_some(number);
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let named = NAMES.iter().zip(1..).find(|(known, _)| **known == name);
    let alias = ALIASES.iter().find(|(known, _)| *known == name);
    named
        .map(|(_, number)| number)
        .or(alias.map(|(_, number)| *number))
        .or_else(|| real_time(name))
}

fn real_time(name: &str) -> Option<i32> {
    let (base, offset) = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(offset), _) => (REAL_TIME.0, offset),
        (_, Some(offset)) => (REAL_TIME.1, offset),
        _ => return None,
    };
    let offset: i32 = if offset.is_empty() {
        0
    } else {
        offset.parse().ok()?
    };
    let number = base.checked_add(offset)?;
    (REAL_TIME.0..=REAL_TIME.1)
        .contains(&number)
        .then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_and_real_time_signals() {
        for (text, number) in [
            ("KILL", 9),
            ("SIGKILL", 9),
            ("sigterm", 15),
            ("9", 9),
            ("64", 64),
            ("SYS", 31),
            ("IOT", 6),
            ("RTMIN", 34),
            ("SIGRTMIN+3", 37),
            ("RTMAX-1", 63),
        ] {
            assert_eq!(parse(text), Some(number), "{text}");
        }
        for text in [
            "", "0", "65", "-1", "SIG", "FOO", "RTMIN-1", "RTMAX+1", "RTMINx",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
