//! Solution: who is it outside?

/// The id outside of the user `inside`, by the text of `/proc/PID/uid_map`.
pub(crate) fn who_outside(map: &str, inside: u32) -> Option<u32> {
    map.lines().find_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let (first, outside, count) = (next()?, next()?, next()?);
        let far = inside.checked_sub(first)?;
        (far < count).then(|| outside + far)
    })
}
