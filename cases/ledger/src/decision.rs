//! The decisions that had to be taken where the contract is silent (D7.6): each one named setting of a price list,
//! so that the government's side can take it otherwise without a change of code.

use serde::{Deserialize, Serialize};

/// All of them; the defaults are those of D7.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decisions {
    /// Which band takes an average with a fraction.
    pub fractional_average: FractionalAverage,
    /// What an average above the highest band costs.
    pub above_highest_band: AboveHighestBand,
    /// What the price of a band buys.
    pub band_price: BandPrice,
    /// Which volume is charged.
    pub volume_charged: VolumeCharged,
    /// A case merged into another.
    pub merged_case: Counting,
    /// A case registered by mistake and withdrawn.
    pub withdrawn_case: Counting,
    /// A registered false positive that a rule of the common catalogue caused, by the SOC lead's decision.
    pub false_positive_of_common_rule: FalsePositive,
    /// Whether enterprise pays the flat fee of the standard subscription as well.
    pub enterprise_flat_fee: EnterpriseFlatFee,
}

/// Which band takes 25.33 cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FractionalAverage {
    /// The first whose upper bound is not below it: 26–50.
    #[default]
    NextBand,
    /// That of its whole part: 0–25.
    RoundedDown,
}

/// What more than 200 cases a month on average cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AboveHighestBand {
    /// A person must price it; the month cannot be closed before.
    #[default]
    Refuse,
    /// The price of the highest band.
    HighestBand,
}

/// What the price of a band buys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BandPrice {
    /// The month, whatever the number of cases inside the band.
    #[default]
    Month,
    /// One case; the month costs the price times the cases registered in it.
    Case,
}

/// Which volume is charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeCharged {
    /// That of the month itself.
    #[default]
    Month,
    /// The 3-month average.
    Average,
}

/// Whether a kind of case is one of the cases that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counting {
    /// It is not.
    #[default]
    NotCounted,
    /// It is.
    Counted,
}

/// What becomes of a false positive that a rule of the common catalogue caused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FalsePositive {
    /// Counted, and taken back by a credit line.
    #[default]
    Credited,
    /// Counted like any other.
    Counted,
}

/// Whether enterprise pays the flat fee as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnterpriseFlatFee {
    /// No: D7.5 names two parts, and this is neither.
    #[default]
    None,
    /// Yes, to the Bestuur: the included volume is then what it buys.
    Charged,
}
