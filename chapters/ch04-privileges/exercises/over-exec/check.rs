//! Judges the rule of exec: case by case, as the kernel answers them.

use privileges::{CapSet, Capabilities};

/// The marks of a file, as setcap(8) sets them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// What the program gets, as far as the bounding set allows.
    pub(crate) permitted: CapSet,
    /// What it gets if the process has it in its inheritable set.
    pub(crate) inheritable: CapSet,
    /// Whether what it gets is effective at once.
    pub(crate) effective: bool,
}

/// What the reader writes.
pub(crate) type Attempt = fn(u32, Capabilities, Option<Marks>) -> Capabilities;

const NONE: CapSet = CapSet::EMPTY;
const CHOWN: CapSet = CapSet(1);
const KILL: CapSet = CapSet(1 << 5);
const BOTH: CapSet = CapSet(1 | 1 << 5);

/// Who executes what, and the permitted, effective and ambient sets that come of it.
type Case = (&'static str, u32, Capabilities, Option<Marks>, [CapSet; 3]);

pub(crate) fn check(over_exec: Attempt) -> Result<(), String> {
    for (why, uid, before, marks, [permitted, effective, ambient]) in cases() {
        let expected = Capabilities {
            permitted,
            effective,
            ambient,
            ..before
        };
        let came = over_exec(uid, before, marks);
        if came != expected {
            let marks = marks.map_or_else(|| "none".to_owned(), |m| format!("{m:?}"));
            return Err(format!(
                "{why}\n  user:     {uid}\n  before:   {before:?}\n  marks:    {marks}\n  \
                 expected: {expected:?}\n  came:     {came:?}"
            ));
        }
    }
    Ok(())
}

/// A process that has all that its bounding set allows.
fn with(bounding: CapSet) -> Capabilities {
    Capabilities::of_root(bounding)
}

fn marked(permitted: CapSet, inheritable: CapSet, effective: bool) -> Option<Marks> {
    Some(Marks {
        permitted,
        inheritable,
        effective,
    })
}

/// A process that has nothing, but may be given something.
fn poor() -> Capabilities {
    Capabilities {
        bounding: BOTH,
        ..Capabilities::default()
    }
}

/// A process that may hand on what is beyond its bounding set.
fn heir() -> Capabilities {
    Capabilities {
        inheritable: KILL,
        ..with(CHOWN)
    }
}

fn cases() -> Vec<Case> {
    let (all, poor, heir) = (with(BOTH), poor(), heir());
    vec![
        (
            "root gets the whole bounding set, whatever it had before",
            0,
            poor,
            None,
            [BOTH, BOTH, NONE],
        ),
        (
            "root keeps what is inheritable, even beyond the bounding set",
            0,
            heir,
            None,
            [BOTH, BOTH, NONE],
        ),
        (
            "a file without marks gives a user nothing, whatever was permitted before",
            1000,
            all,
            None,
            [NONE, NONE, NONE],
        ),
        (
            "of the inheritable set a program gets what its file is marked for",
            1000,
            heir,
            marked(NONE, BOTH, true),
            [KILL, KILL, NONE],
        ),
    ]
    .into_iter()
    .chain(of_marks())
    .chain(of_ambient())
    .collect()
}

fn of_marks() -> [Case; 3] {
    [
        (
            "a mark gives no more than the bounding set allows",
            1000,
            with(CHOWN),
            marked(BOTH, NONE, true),
            [CHOWN, CHOWN, NONE],
        ),
        (
            "a mark gives even what was not permitted before",
            1000,
            poor(),
            marked(KILL, NONE, true),
            [KILL, KILL, NONE],
        ),
        (
            "without its mark `effective` a program has to raise by itself what it has",
            1000,
            poor(),
            marked(KILL, NONE, false),
            [KILL, NONE, NONE],
        ),
    ]
}

fn of_ambient() -> [Case; 2] {
    let ambient = Capabilities {
        inheritable: KILL,
        ambient: KILL,
        ..with(BOTH)
    };
    [
        (
            "the ambient set passes to any program, and is effective there",
            1000,
            ambient,
            None,
            [KILL, KILL, KILL],
        ),
        (
            "a file with marks clears the ambient set",
            1000,
            ambient,
            marked(CHOWN, NONE, true),
            [CHOWN, CHOWN, NONE],
        ),
    ]
}
