//! Median and 90th percentile, with their number: never a mean alone.

use serde::Serialize;

/// With fewer figures than this only their number is given: a percentile of three is an anecdote.
pub const SPREAD_MIN: usize = 5;

/// How figures are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How many.
    pub n: usize,
    /// The middle one; the mean of the two middle ones when their number is even.
    pub median: u64,
    /// The smallest that at least nine tenths do not exceed (nearest rank).
    pub p90: u64,
}

impl Spread {
    /// Of figures in any order; `None` with fewer than [`SPREAD_MIN`].
    #[must_use]
    pub fn of(figures: &[u64]) -> Option<Spread> {
        let n = figures.len();
        if n < SPREAD_MIN {
            return None;
        }
        let mut sorted = figures.to_vec();
        sorted.sort_unstable();
        let (below, above) = (sorted[(n - 1) / 2], sorted[n / 2]);
        let p90 = sorted[(n * 9).div_ceil(10) - 1];
        Some(Spread { n, median: below + (above - below) / 2, p90 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_figures_have_no_spread() {
        assert_eq!(Spread::of(&[1, 2, 3, 4]), None);
        assert_eq!(Spread::of(&[5, 1, 4, 2, 3]), Some(Spread { n: 5, median: 3, p90: 5 }));
        assert_eq!(Spread::of(&[10, 20, 30, 40, 50, 60]), Some(Spread { n: 6, median: 35, p90: 60 }));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(Spread::of(&hundred), Some(Spread { n: 100, median: 50, p90: 90 }));
    }

    proptest! {
        #[test]
        fn half_lie_below_and_nine_tenths(figures in proptest::collection::vec(0_u64..1 << 40, 5..200)) {
            let spread = Spread::of(&figures).unwrap();
            let at_most = |bound| figures.iter().filter(|figure| **figure <= bound).count();
            let at_least = |bound| figures.iter().filter(|figure| **figure >= bound).count();
            prop_assert!(at_most(spread.median) * 2 >= figures.len());
            prop_assert!(at_least(spread.median) * 2 >= figures.len());
            prop_assert!(at_most(spread.p90) * 10 >= figures.len() * 9);
            prop_assert!(figures.contains(&spread.p90));
        }
    }
}
