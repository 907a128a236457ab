//! Which device nodes a group may read, write and make (`Documentation/admin-guide/
//! cgroup-v1/devices.rst`).
//!
//! A list of rules, of which a later one corrects an earlier one. Version 1 takes them
//! one by one as lines of text; version 2 takes a program: see [`filter`](crate::filter).

/// What kind of node a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every node.
    Any,
    /// Block devices.
    Block,
    /// Character devices.
    Char,
}

/// What somebody wants to do with a node; a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Open for reading.
    pub read: bool,
    /// Open for writing.
    pub write: bool,
    /// Make with mknod(2).
    pub mknod: bool,
}

impl Access {
    /// Everything.
    pub const ALL: Self = Self {
        read: true,
        write: true,
        mknod: true,
    };
    /// Make only.
    pub const MKNOD: Self = Self {
        read: false,
        write: false,
        mknod: true,
    };

    /// The set as letters say it, like `rwm`; other letters mean nothing, and no
    /// letter at all means everything (as in the OCI specification).
    #[must_use]
    pub fn of(letters: &str) -> Self {
        if letters.is_empty() {
            return Self::ALL;
        }
        Self {
            read: letters.contains('r'),
            write: letters.contains('w'),
            mknod: letters.contains('m'),
        }
    }

    pub(crate) fn letters(self) -> String {
        let all = [('r', self.read), ('w', self.write), ('m', self.mknod)];
        all.iter().filter(|(_, is)| *is).map(|(c, _)| c).collect()
    }
}

/// One rule. A number that is `None` stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRule {
    /// Whether it gives or takes.
    pub allow: bool,
    /// The kind of node.
    pub kind: Kind,
    /// The driver's number.
    pub major: Option<u32>,
    /// The device's number at that driver.
    pub minor: Option<u32>,
    /// What it gives or takes.
    pub access: Access,
}

impl DeviceRule {
    /// The rule that takes everything: the first of a list.
    pub const NOTHING: Self = Self {
        allow: false,
        kind: Kind::Any,
        major: None,
        minor: None,
        access: Access::ALL,
    };
    /// The rule that gives everything: the list of a privileged container.
    pub const EVERYTHING: Self = Self {
        allow: true,
        ..Self::NOTHING
    };

    /// The rule that gives these character devices.
    #[must_use]
    pub const fn char(major: u32, minor: Option<u32>) -> Self {
        Self {
            allow: true,
            kind: Kind::Char,
            major: Some(major),
            minor,
            access: Access::ALL,
        }
    }
}

/// What every container may have, as runc gives it: make any node (it can be opened
/// only if another rule says so), and the nodes of the default `/dev`.
#[must_use]
pub fn defaults() -> Vec<DeviceRule> {
    let make = |kind| DeviceRule {
        allow: true,
        kind,
        access: Access::MKNOD,
        ..DeviceRule::NOTHING
    };
    let mut rules = vec![make(Kind::Char), make(Kind::Block)];
    // null, zero, full, random, urandom; tty, console, ptmx; the terminals of devpts.
    for (major, minor) in [
        (1, 3),
        (1, 5),
        (1, 7),
        (1, 8),
        (1, 9),
        (5, 0),
        (5, 1),
        (5, 2),
    ] {
        rules.push(DeviceRule::char(major, Some(minor)));
    }
    rules.push(DeviceRule::char(136, None));
    rules
}

/// The rule as a line for `devices.allow` and `devices.deny`, like `c 1:3 rwm`.
#[must_use]
pub fn line(rule: &DeviceRule) -> String {
    let kind = match rule.kind {
        // All kinds go with all numbers and all accesses, whatever else is said.
        Kind::Any => return "a".to_owned(),
        Kind::Block => 'b',
        Kind::Char => 'c',
    };
    let number = |n: Option<u32>| n.map_or("*".to_owned(), |n| n.to_string());
    let (major, minor) = (number(rule.major), number(rule.minor));
    format!("{kind} {major}:{minor} {}", rule.access.letters())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_lines_of_text() {
        assert_eq!(line(&DeviceRule::NOTHING), "a");
        assert_eq!(line(&DeviceRule::char(136, None)), "c 136:* rwm");
        assert_eq!(line(&defaults()[1]), "b *:* m");
    }

    #[test]
    fn letters_make_a_set() {
        assert_eq!(Access::of("mr").letters(), "rm");
        assert_eq!(Access::of(""), Access::ALL);
    }
}
