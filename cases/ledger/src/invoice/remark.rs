//! What the ledger says about a line by itself. Stored and printed as an English sentence, and read back from it, so
//! that a page can say the same in its reader's language, also about lines that were frozen long ago.

use crate::month::Month;
use rust_decimal::Decimal;
use std::fmt;

/// A note or question of a line, or the reason of a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// The volume that is charged, in GB, and what of it the subscription includes.
    Volume {
        /// Of the month, or the mean.
        volume: Decimal,
        /// Whether it is the mean.
        averaged: bool,
        /// What is deducted.
        included: Decimal,
    },
    /// The band that the mean number of cases lies in.
    Band {
        /// The mean, with two decimals.
        average: Decimal,
        /// The lowest number of cases of the band.
        lowest: i64,
        /// The highest.
        upto: i64,
    },
    /// The mean lies above all bands, so a person prices or priced the line.
    AboveBands {
        /// The mean, with two decimals.
        average: Decimal,
        /// The end of the highest band.
        highest: i64,
        /// Who priced it, and why so.
        priced: Option<(String, String)>,
    },
    /// A case of a closed month counts other than it did then.
    Recounted {
        /// The case.
        number: String,
        /// Whether it counts now.
        counts: bool,
        /// The closed month.
        month: Month,
    },
    /// Bytes of a closed month that were metered after its close.
    MeteredLate {
        /// How many.
        bytes: i64,
        /// The closed month.
        month: Month,
    },
    /// What a person wrote, and everything else.
    Said(String),
}

const OF_MONTH: &str = " GB of the month, ";
const ON_AVERAGE: &str = " GB on average, ";
const INCLUDED: &str = " GB included";
const BAND: &str = " cases on average, band ";
const ABOVE: &str = " cases on average lie above the highest band, ";
const PRICED_BY: &str = "; priced by ";
const COUNTS: &str = " counts after all in ";
const COUNTS_NOT: &str = " no longer counts in ";
const RECEIVED: &str = " bytes received in ";
const LATE: &str = " were metered after its close";

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Volume { volume, averaged, included } => {
                write!(f, "{volume}{}{included}{INCLUDED}", if *averaged { ON_AVERAGE } else { OF_MONTH })
            }
            Remark::Band { average, lowest, upto } => write!(f, "{average}{BAND}{lowest}–{upto}"),
            Remark::AboveBands { average, highest, priced } => {
                write!(f, "{average}{ABOVE}{highest}")?;
                priced.iter().try_for_each(|(by, reason)| write!(f, "{PRICED_BY}{by}: {reason}"))
            }
            Remark::Recounted { number, counts, month } => {
                write!(f, "{number}{}{month}", if *counts { COUNTS } else { COUNTS_NOT })
            }
            Remark::MeteredLate { bytes, month } => write!(f, "{bytes}{RECEIVED}{month}{LATE}"),
            Remark::Said(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Remark {
    fn from(text: &str) -> Remark {
        let readers = [volume, band, above_bands, recounted, metered_late];
        readers.iter().find_map(|read| read(text)).unwrap_or_else(|| Remark::Said(text.to_owned()))
    }
}

fn volume(text: &str) -> Option<Remark> {
    let text = text.strip_suffix(INCLUDED)?;
    let (averaged, (volume, included)) = match text.split_once(OF_MONTH) {
        Some(parts) => (false, parts),
        None => (true, text.split_once(ON_AVERAGE)?),
    };
    Some(Remark::Volume { volume: volume.parse().ok()?, averaged, included: included.parse().ok()? })
}

fn band(text: &str) -> Option<Remark> {
    let (average, band) = text.split_once(BAND)?;
    let (lowest, upto) = band.split_once('–')?;
    Some(Remark::Band {
        average: average.parse().ok()?,
        lowest: lowest.parse().ok()?,
        upto: upto.parse().ok()?,
    })
}

fn above_bands(text: &str) -> Option<Remark> {
    let (average, rest) = text.split_once(ABOVE)?;
    let (highest, priced) = match rest.split_once(PRICED_BY) {
        Some((highest, priced)) => (highest, Some(priced.split_once(": ")?)),
        None => (rest, None),
    };
    let priced = priced.map(|(by, reason)| (by.to_owned(), reason.to_owned()));
    Some(Remark::AboveBands { average: average.parse().ok()?, highest: highest.parse().ok()?, priced })
}

fn recounted(text: &str) -> Option<Remark> {
    let (counts, (number, month)) = match text.split_once(COUNTS) {
        Some(parts) => (true, parts),
        None => (false, text.split_once(COUNTS_NOT)?),
    };
    Some(Remark::Recounted { number: number.to_owned(), counts, month: month.parse().ok()? })
}

fn metered_late(text: &str) -> Option<Remark> {
    let (bytes, month) = text.strip_suffix(LATE)?.split_once(RECEIVED)?;
    Some(Remark::MeteredLate { bytes: bytes.parse().ok()?, month: month.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let month: Month = "2026-10".parse().unwrap();
        let two = Decimal::new(2533, 2);
        let priced = Some(("mia".to_owned(), "bestuur, punt 3: akkoord".to_owned()));
        for remark in [
            Remark::Volume { volume: Decimal::new(37_400, 3), averaged: false, included: Decimal::TEN },
            Remark::Volume { volume: Decimal::new(37_400, 3), averaged: true, included: Decimal::TEN },
            Remark::Band { average: two, lowest: 26, upto: 50 },
            Remark::AboveBands { average: two, highest: 200, priced: None },
            Remark::AboveBands { average: two, highest: 200, priced },
            Remark::Recounted { number: "SC-2026-000001".to_owned(), counts: true, month },
            Remark::Recounted { number: "SC-2026-000001".to_owned(), counts: false, month },
            Remark::MeteredLate { bytes: -12, month },
            Remark::Said("geteld door het vorige platform".to_owned()),
        ] {
            assert_eq!(Remark::from(remark.to_string().as_str()), remark);
        }
    }
}
