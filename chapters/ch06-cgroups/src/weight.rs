//! Weights of version 1 as weights of version 2.

/// `cpu.shares` (2 to 262144, usually 1024) as a `cpu.weight` (1 to 10000, usually
/// 100): the curve through the least, the usual and the greatest value of both.
pub(crate) fn of_shares(shares: u64) -> u64 {
    match shares {
        ..=2 => 1,
        262_144.. => 10_000,
        _ => {
            let l = f64::from(u32::try_from(shares).unwrap_or(u32::MAX)).log2();
            let exponent = (l * l + 125.0 * l) / 612.0 - 7.0 / 34.0;
            10_f64.powf(exponent).ceil() as u64
        }
    }
}

/// `blkio.weight` (10 to 1000) as an `io.weight` (1 to 10000), in a straight line.
pub(crate) fn of_blkio(weight: u16) -> u64 {
    1 + (u64::from(weight.clamp(10, 1000)) - 10) * 9999 / 990
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_weights_meet_at_the_ends_and_in_the_middle() {
        let shares = [2, 1024, 262_144].map(of_shares);
        assert_eq!(shares, [1, 100, 10_000]);
        assert_eq!([10, 1000].map(of_blkio), [1, 10_000]);
    }

    proptest! {
        #[test]
        fn more_shares_never_weigh_less(a in 0_u64..300_000, b in 0_u64..300_000) {
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(of_shares(less) <= of_shares(more));
            prop_assert!((1..=10_000).contains(&of_shares(a)));
        }
    }
}
