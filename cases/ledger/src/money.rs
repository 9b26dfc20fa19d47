//! Money and volume for people: decimal, never floating point (D7.10).

use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Bytes in a GB of the contract (D7.1).
pub const GB_BYTES: i64 = 1_000_000_000;

/// Exact GB of a count of bytes, with all nine decimals.
#[must_use]
pub fn gigabytes(bytes: i64) -> Decimal {
    Decimal::from_i128_with_scale(i128::from(bytes), 9)
}

/// An amount in whole cents: half a cent goes away from zero, as invoices of the field do. Called once per line,
/// so that the lines add up to the total that stands below them.
#[must_use]
pub fn cents(amount: Decimal) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded
}

/// GB for people: three decimals, cut, so that what is shown never claims a GB that was not there.
#[must_use]
pub fn shown_gb(volume: Decimal) -> Decimal {
    let mut cut = volume.round_dp_with_strategy(3, RoundingStrategy::ToZero);
    cut.rescale(3);
    cut
}

/// Reads a decimal out of a text and out of nothing else: a number of TOML or JSON has been a floating-point one by the
/// time that it arrives here.
pub(crate) fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not an amount such as \"12.50\"")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_a_cent_goes_away_from_zero() {
        let of = |text: &str| cents(text.parse().unwrap()).to_string();
        assert_eq!(
            [of("50.69"), of("0.005"), of("-0.005"), of("3"), of("0.0049")],
            ["50.69", "0.01", "-0.01", "3.00", "0.00"]
        );
        assert_eq!(gigabytes(37_400_000_000).normalize().to_string(), "37.4");
    }

    proptest! {
        #[test]
        fn gigabytes_lose_no_byte(bytes in proptest::num::i64::ANY) {
            prop_assert_eq!(gigabytes(bytes) * Decimal::from(GB_BYTES), Decimal::from(bytes));
        }
    }
}
