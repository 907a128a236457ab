//! Told: before the first id of a line there is nobody.
//!
//! Only the end of the line was looked at.

/// The id outside of the user `inside`, by the text of `/proc/PID/uid_map`.
pub(crate) fn who_outside(map: &str, inside: u32) -> Option<u32> {
    map.lines().find_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let (first, outside, count) = (next()?, next()?, next()?);
        let far = inside.wrapping_sub(first);
        (inside < first + count).then(|| outside.wrapping_add(far))
    })
}
