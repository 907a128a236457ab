//! Judges the translation of an id: at the edges of lines, and far from them.

/// What the reader writes.
pub(crate) type Attempt = fn(&str, u32) -> Option<u32>;

const ONE: &str = "         0       1000          1\n";
const LENT: &str = "         0       1000          1\n         1     100000      65536\n";
const HOST: &str = "         0          0 4294967295\n";
const HIGH: &str = "4294967000     500000        295\n";

/// Why, the map, who, and who that is outside.
type Case = (&'static str, &'static str, u32, Option<u32>);

const CASES: [Case; 11] = [
    (
        "root is the user who made the namespace",
        ONE,
        0,
        Some(1000),
    ),
    ("an id without a line is nobody", ONE, 1, None),
    (
        "the first id of a line is the first outside",
        LENT,
        1,
        Some(100_000),
    ),
    (
        "an id is as far from the line's beginning inside as outside",
        LENT,
        33,
        Some(100_032),
    ),
    (
        "the last id of a line belongs to it",
        LENT,
        65_536,
        Some(165_535),
    ),
    (
        "behind the last id of a line there is nobody",
        LENT,
        65_537,
        None,
    ),
    ("later lines do not hide the first", LENT, 0, Some(1000)),
    (
        "on the host everybody is themselves",
        HOST,
        1000,
        Some(1000),
    ),
    (
        "the number -1 is nobody, even on the host",
        HOST,
        u32::MAX,
        None,
    ),
    (
        "a line may end where the numbers end",
        HIGH,
        4_294_967_294,
        Some(500_294),
    ),
    (
        "before the first id of a line there is nobody",
        HIGH,
        0,
        None,
    ),
];

pub(crate) fn check(who_outside: Attempt) -> Result<(), String> {
    for (why, map, inside, expected) in CASES {
        let came = who_outside(map, inside);
        if came != expected {
            return Err(format!(
                "{why}\n  map:      {}\n  inside:   {inside}\n  expected: {expected:?}\n  \
                 came:     {came:?}",
                map.trim_end().replace('\n', "\n            ")
            ));
        }
    }
    Ok(())
}
