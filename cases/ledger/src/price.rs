//! Price lists: data with validity dates (D7.10), read from TOML and checked once.
//!
//! A list is valid for whole months, so no month ever has two prices. Lists of one [`PriceBook`] may leave gaps (a
//! month without prices is an error when it is billed) and may not overlap.

use crate::average::Average;
use crate::decision::{AboveHighestBand, Decisions, FractionalAverage};
use crate::money::GB_BYTES;
use crate::month::Month;
use rust_decimal::Decimal;
use serde::Deserialize;

/// The lists of the demonstration organisation, which ship with the binary.
const SHIPPED: [&str; 2] = [include_str!("../prices/2026-a.toml"), include_str!("../prices/2026-b.toml")];

/// The most bands a list may have; more is refused.
pub const BANDS_MAX: usize = 64;

/// What is wrong with a price list, or with billing by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// Not TOML, or not of the shape of a price list.
    #[error("price list {file}: not readable")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What the reader said.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Readable, and wrong.
    #[error("price list {version}: {reason}")]
    Invalid {
        /// The list.
        version: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two lists claim the same month.
    #[error("price lists {first} and {second} both hold for {month}")]
    Overlap {
        /// The list that begins first.
        first: String,
        /// The other.
        second: String,
        /// The first month that both claim.
        month: Month,
    },
    /// No list holds for a month that is to be billed.
    #[error("no price list holds for {0}: add one before billing it")]
    NoList(Month),
}

/// Price lists in order of validity.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// Sorted by `valid_from`; no two overlap.
    lists: Vec<PriceList>,
}

impl PriceBook {
    /// The lists that ship with the binary.
    ///
    /// # Panics
    /// Never: a test reads the same texts.
    #[must_use]
    pub fn shipped() -> PriceBook {
        let texts = SHIPPED.map(|text| ("shipped", text));
        PriceBook::read(texts).expect("the shipped lists are read by a test")
    }

    /// Reads lists from (file name, TOML text).
    ///
    /// # Errors
    /// [`PriceError::Unreadable`], [`PriceError::Invalid`] or [`PriceError::Overlap`].
    pub fn read<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<PriceBook, PriceError> {
        let mut lists = Vec::new();
        for (file, text) in texts {
            lists.push(PriceList::read(file, text)?);
        }
        lists.sort_by_key(|list| list.valid_from);
        for pair in lists.windows(2) {
            refuse_overlap(&pair[0], &pair[1])?;
        }
        Ok(PriceBook { lists })
    }

    /// The list that holds for a month.
    ///
    /// # Errors
    /// [`PriceError::NoList`].
    pub fn list(&self, month: Month) -> Result<&PriceList, PriceError> {
        self.lists.iter().find(|list| list.holds_for(month)).ok_or(PriceError::NoList(month))
    }

    /// What counts in a month: the decisions of its list, and in a month before the first list those of the first. Nothing is
    /// priced in such a month, but it may be part of an average.
    ///
    /// # Errors
    /// [`PriceError::NoList`].
    pub fn decisions(&self, month: Month) -> Result<&Decisions, PriceError> {
        let first = self.lists.first().filter(|first| month < first.valid_from);
        first.map_or_else(|| self.list(month), Ok).map(|list| &list.decisions)
    }

    /// All lists, oldest first.
    #[must_use]
    pub fn lists(&self) -> &[PriceList] {
        &self.lists
    }
}

fn refuse_overlap(first: &PriceList, second: &PriceList) -> Result<(), PriceError> {
    if first.holds_for(second.valid_from) {
        return Err(PriceError::Overlap {
            first: first.version.clone(),
            second: second.version.clone(),
            month: second.valid_from,
        });
    }
    Ok(())
}

/// The prices of a run of whole months, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// Its name on every line that was priced by it.
    pub version: String,
    /// ISO 4217.
    pub currency: String,
    /// The first month that it holds for.
    pub valid_from: Month,
    /// The last month; none: until another follows.
    pub valid_to: Option<Month>,
    /// The standard subscription (D7.3).
    pub standard: StandardPrice,
    /// The enterprise subscription (D7.5).
    pub enterprise: EnterprisePrice,
    /// The decisions where the contract is silent (D7.6); the defaults when left out.
    #[serde(default)]
    pub decisions: Decisions,
}

/// The standard subscription: one fixed fee below two limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardPrice {
    /// The fee for a month; goes to the Bestuur (D7.7).
    #[serde(deserialize_with = "crate::money::from_text")]
    pub flat_fee_month: Decimal,
    /// Average volume at which the client is told, and the volume that enterprise gets free, in GB.
    pub volume_gb: i64,
    /// Average cases at which the client is told.
    pub cases: i64,
}

impl StandardPrice {
    /// [`StandardPrice::volume_gb`] in bytes.
    #[must_use]
    pub fn volume_bytes(&self) -> i64 {
        self.volume_gb.saturating_mul(GB_BYTES)
    }
}

/// The enterprise subscription: GB one to one, cases by band.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterprisePrice {
    /// The vendor's price for a processed GB in this period.
    #[serde(deserialize_with = "crate::money::from_text")]
    pub processed_gb: Decimal,
    /// The vendor's price for a stored GB; zero: nothing is charged for it.
    #[serde(deserialize_with = "crate::money::from_text")]
    pub stored_gb: Decimal,
    /// By rising upper bound.
    pub bands: Vec<Band>,
}

/// A band of average cases a month.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The highest average inside it.
    pub upto: i64,
    /// Its price for a month.
    #[serde(deserialize_with = "crate::money::from_text")]
    pub month: Decimal,
}

impl PriceList {
    /// Reads and checks one list.
    ///
    /// # Errors
    /// [`PriceError::Unreadable`] or [`PriceError::Invalid`].
    pub fn read(file: &str, text: &str) -> Result<PriceList, PriceError> {
        let list: PriceList = toml::from_str(text)
            .map_err(|source| PriceError::Unreadable { file: file.to_owned(), source: Box::new(source) })?;
        match list.fault() {
            Some(reason) => Err(PriceError::Invalid { version: list.version, reason }),
            None => Ok(list),
        }
    }

    /// Whether the list is the one for `month`.
    #[must_use]
    pub fn holds_for(&self, month: Month) -> bool {
        self.valid_from <= month && self.valid_to.is_none_or(|last| month <= last)
    }

    /// The band of an average, as (lowest, band): with the default decision the first whose upper bound is not below
    /// it. `None`: above the highest, which a person must price.
    #[must_use]
    pub fn band(&self, cases: Average) -> Option<(i64, &Band)> {
        let bands = &self.enterprise.bands;
        let inside = |band: &&Band| match self.decisions.fractional_average {
            FractionalAverage::NextBand => cases.is_at_most(band.upto),
            // A fraction above a whole bound still belongs to it: compare with the bound after.
            FractionalAverage::RoundedDown => !cases.reaches(band.upto.saturating_add(1)),
        };
        let found = bands.iter().position(|band| inside(&band));
        let index = match (found, self.decisions.above_highest_band) {
            (Some(index), _) => index,
            (None, AboveHighestBand::HighestBand) => bands.len() - 1,
            (None, AboveHighestBand::Refuse) => return None,
        };
        let lowest = index.checked_sub(1).map_or(0, |below| bands[below].upto + 1);
        Some((lowest, &bands[index]))
    }

    fn fault(&self) -> Option<String> {
        let bands = &self.enterprise.bands;
        let prices = [self.standard.flat_fee_month, self.enterprise.processed_gb, self.enterprise.stored_gb];
        let negative = |price: &Decimal| price.is_sign_negative() && !price.is_zero();
        if self.valid_to.is_some_and(|last| last < self.valid_from) {
            Some(format!("ends before it begins ({})", self.valid_from))
        } else if bands.is_empty() || bands.len() > BANDS_MAX {
            Some(format!("has {} bands, 1 to {BANDS_MAX} are allowed", bands.len()))
        } else if bands.windows(2).any(|pair| pair[1].upto <= pair[0].upto) || bands[0].upto < 0 {
            Some("its bands do not rise".to_owned())
        } else if prices.iter().chain(bands.iter().map(|band| &band.month)).any(negative) {
            Some("has a negative price".to_owned())
        } else if self.standard.volume_gb < 0 || self.standard.cases < 0 {
            Some("has a negative limit".to_owned())
        } else if self.currency.len() != 3 {
            Some(format!("`{}` is not a currency code", self.currency))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn october() -> PriceList {
        PriceBook::shipped().list("2026-10".parse().unwrap()).unwrap().clone()
    }

    fn band_of(sum: i64, months: u8) -> Option<String> {
        let list = october();
        list.band(Average { sum, months }).map(|(lowest, band)| format!("{lowest}–{}", band.upto))
    }

    #[test]
    fn bands_are_those_of_the_contract() {
        // D7.5 and D7.6: 24 + 26 + 26 cases are 25.33…
        assert_eq!(band_of(76, 3).as_deref(), Some("26–50"));
        assert_eq!(band_of(75, 3).as_deref(), Some("0–25"));
        assert_eq!(band_of(0, 1).as_deref(), Some("0–25"));
        assert_eq!(band_of(200, 1).as_deref(), Some("176–200"));
        assert_eq!(band_of(601, 3), None);
    }

    #[test]
    fn the_decisions_can_be_taken_otherwise() {
        let mut list = october();
        list.decisions.fractional_average = FractionalAverage::RoundedDown;
        assert_eq!(list.band(Average { sum: 76, months: 3 }).unwrap().1.upto, 25);
        assert_eq!(list.band(Average { sum: 78, months: 3 }).unwrap().1.upto, 50);
        list.decisions.above_highest_band = AboveHighestBand::HighestBand;
        assert_eq!(list.band(Average { sum: 999, months: 1 }).unwrap().1.upto, 200);
    }

    #[test]
    fn october_uses_the_list_from_october() {
        let book = PriceBook::shipped();
        assert_eq!(book.list("2026-09".parse().unwrap()).unwrap().version, "2026-a");
        assert_eq!(book.list("2026-10".parse().unwrap()).unwrap().version, "2026-b");
        assert!(matches!(book.list("2024-12".parse().unwrap()), Err(PriceError::NoList(_))));
    }

    #[test]
    fn a_wrong_list_is_refused_with_its_reason() {
        let good = SHIPPED[1];
        let refused = |from: &str, to: &str| {
            PriceList::read("x.toml", &good.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert_eq!(refused("upto = 50", "upto = 25"), "price list 2026-b: its bands do not rise");
        assert_eq!(refused("\"190.00\"", "\"-190.00\""), "price list 2026-b: has a negative price");
        assert_eq!(refused("currency", "curency"), "price list x.toml: not readable");
        assert_eq!(refused("\"190.00\"", "190.0"), "price list x.toml: not readable");
        assert_eq!(refused("\"next-band\"", "\"guess\""), "price list x.toml: not readable");
        let twice = PriceBook::read([("a", good), ("b", &good.replacen("2026-10", "2026-12", 1))]);
        let said = twice.unwrap_err().to_string();
        assert_eq!(said, "price lists 2026-b and 2026-b both hold for 2026-12");
    }

    proptest! {
        #[test]
        fn every_average_up_to_200_has_one_band(sum in 0_i64..=600, months in 1_u8..=3) {
            let list = october();
            let mean = Average { sum, months };
            match list.band(mean) {
                Some((lowest, band)) => {
                    prop_assert!(mean.is_at_most(band.upto));
                    // Above the band below: no other band could hold it.
                    prop_assert!(lowest == 0 || !mean.is_at_most(lowest - 1));
                }
                None => prop_assert!(!mean.is_at_most(200)),
            }
        }
    }
}
