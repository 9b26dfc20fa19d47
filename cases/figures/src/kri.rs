//! Key Risk Indicators (D8): definitions as data, values as folds over facts, months frozen.
//!
//! [`compute`] is pure: facts in, values out, each with the rows behind it. [`facts`] reads what the database holds;
//! [`month_values`] gives a month as a scope may see it, [`freeze`] keeps it, [`trend`] looks back.

mod compute;
mod definition;
mod note;
mod read;
mod statistic;
mod stored;

pub use self::compute::{CaseFact, CiFact, Facts, KRI_ROWS_MAX, SourceFact, compute};
pub use self::definition::{Computation, Direction, KriDefinition, KriPack, Statistic, Threshold, Unit};
pub use self::note::KriNote;
pub use self::read::facts;
pub use self::statistic::{SPREAD_MIN, Spread};
pub use self::stored::{KriSettings, TREND_MONTHS_MAX, freeze, month_values, trend};

use event::{ClientId, Clients, ProviderId, Scope};
use ledger::Month;
use serde::{Deserialize, Serialize};

/// Whom a value is about (D8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Subject {
    /// Everybody, end-to-end.
    Total,
    /// A client, by number.
    Client(u32),
    /// A provider, by number.
    Provider(u32),
}

impl Subject {
    /// Whether a value about it may be shown: end-to-end to those who see every client, a client's own to that client,
    /// a provider's own to that provider.
    #[must_use]
    pub fn is_seen_by(self, scope: &Scope) -> bool {
        let every = matches!(scope.client_filter(), Clients::Every);
        match (self, scope.provider_filter()) {
            (Subject::Provider(id), Some(own)) => every && ProviderId(id) == own,
            (_, Some(_)) => false,
            (Subject::Client(id), None) => scope.allows(ClientId(id)),
            (Subject::Total | Subject::Provider(_), None) => every,
        }
    }
}

/// How a value stands against its thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Green,
    /// To be watched.
    Amber,
    /// A breach.
    Red,
}

/// A value of a KRI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KriValue {
    /// Which KRI.
    pub kri: String,
    /// By which version of its definition.
    pub version: u32,
    /// Of which month.
    pub month: Month,
    /// About whom.
    pub subject: Subject,
    /// Of which priority; none: of all together.
    pub priority: Option<u8>,
    /// On how many cases, CIs, sources or events it rests.
    pub n: i64,
    /// How many of them are what is counted; none for a spread of times.
    pub part: Option<i64>,
    /// The value in the definition's unit; none when `n` is too small, or nothing was there to measure.
    pub value: Option<f64>,
    /// The 90th percentile, for a spread of times.
    pub p90: Option<f64>,
    /// How it stands; none without a value.
    pub status: Option<Status>,
    /// Whether the month's values are frozen.
    pub frozen: bool,
    /// What it rests on, worst first.
    pub rows: Vec<KriRow>,
}

/// One thing that a value rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KriRow {
    /// `case`, `ci` or `source`.
    pub kind: String,
    /// The number of its row.
    pub id: i64,
    /// Its name for people.
    pub label: String,
    /// Whose it is, by number.
    pub client: u32,
    /// Its own figure in the definition's unit, or its number of counted events.
    pub figure: f64,
    /// Whether it is one of those counted (uncovered, silent, unparsed, over target).
    pub counted: bool,
    /// Why: a [`KriNote`] in English.
    pub note: String,
}
