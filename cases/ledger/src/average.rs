//! The exact mean of up to three months (D7.6): a sum and a count, never a rounded quotient.

use rust_decimal::{Decimal, RoundingStrategy};

/// How many months the mean of a month looks back over, that month included (D7.4).
pub const AVERAGE_MONTHS_MAX: usize = 3;

/// The mean of one to three whole figures: bytes, or cases. Compared without dividing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Average {
    /// Of the figures. Negative when credits outweigh them.
    pub sum: i64,
    /// How many figures, 1 to 3.
    pub months: u8,
}

impl Average {
    /// Of the figures of month n, n−1 and n−2, newest first; with fewer months of service, of those. `None` without
    /// any. Figures after the third are not looked at.
    #[must_use]
    pub fn of(newest_first: &[i64]) -> Option<Average> {
        let figures = newest_first.get(..AVERAGE_MONTHS_MAX).unwrap_or(newest_first);
        if figures.is_empty() {
            return None;
        }
        let sum = figures.iter().fold(0_i64, |sum, figure| sum.saturating_add(*figure));
        Some(Average { sum, months: figures.len() as u8 })
    }

    /// Whether the mean is `limit` or more: exactly 10 GB is reached, one byte less over three months is not.
    #[must_use]
    pub fn reaches(self, limit: i64) -> bool {
        i128::from(self.sum) >= i128::from(limit) * i128::from(self.months)
    }

    /// Whether the mean is `bound` or less.
    #[must_use]
    pub fn is_at_most(self, bound: i64) -> bool {
        i128::from(self.sum) <= i128::from(bound) * i128::from(self.months)
    }

    /// The mean, cut towards zero after `decimals` places, for people to read; never for a comparison. Cutting keeps
    /// 9.999… below 10 on the page too.
    #[must_use]
    pub fn shown(self, decimals: u32) -> Decimal {
        let exact = Decimal::from(self.sum) / Decimal::from(self.months.max(1));
        let mut cut = exact.round_dp_with_strategy(decimals, RoundingStrategy::ToZero);
        cut.rescale(decimals);
        cut
    }

    /// The mean in GB (10⁹ bytes), cut after three decimals.
    #[must_use]
    pub fn shown_gb(self) -> Decimal {
        crate::money::shown_gb(crate::money::gigabytes(self.sum) / Decimal::from(self.months.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GB: i64 = 1_000_000_000;

    #[test]
    fn the_worked_example_of_the_notice() {
        // D7.4: service since August; 4, 13, 14 and 3 GB; 1, 2 and 5 cases.
        let volumes = [3 * GB, 14 * GB, 13 * GB, 4 * GB];
        let at = |skip: usize| Average::of(&volumes[skip..]).unwrap();
        assert_eq!(at(3).shown_gb().to_string(), "4.000");
        assert_eq!(at(2).shown_gb().to_string(), "8.500");
        assert_eq!(at(1).shown_gb().to_string(), "10.333");
        assert_eq!(
            [at(3), at(2), at(1), at(0)].map(|mean| mean.reaches(10 * GB)),
            [false, false, true, true]
        );
        let cases = Average::of(&[5, 2, 1]).unwrap();
        assert_eq!(cases.shown(2).to_string(), "2.66");
        assert!(!cases.reaches(3));
    }

    #[test]
    fn one_byte_short_is_short() {
        let short = Average::of(&[9_999_999_999; 3]).unwrap();
        assert!(!short.reaches(10 * GB));
        assert_eq!(short.shown_gb().to_string(), "9.999");
        assert!(Average::of(&[9_999_999_999, 9_999_999_999, 10_000_000_002]).unwrap().reaches(10 * GB));
        assert_eq!(Average::of(&[]), None);
    }

    proptest! {
        #[test]
        fn reaching_agrees_with_exact_fractions(figures in proptest::collection::vec(0_i64..1 << 40, 1..6), limit in 0_i64..1 << 40) {
            let mean = Average::of(&figures).unwrap();
            let counted = figures.len().min(3);
            let sum: i64 = figures[..counted].iter().sum();
            prop_assert_eq!(mean.reaches(limit), sum >= limit * counted as i64);
            prop_assert_eq!(mean.is_at_most(limit), sum <= limit * counted as i64);
            // What is shown never claims a limit that was not reached.
            prop_assert_eq!(mean.shown(0) >= Decimal::from(limit), mean.reaches(limit));
        }
    }
}
