//! Questions and answers.

use crate::{Hit, SearchError};
use event::{EventId, Timestamp};
use std::fmt;
use std::str::FromStr;

/// At most this many hits on one page; the next page has a cursor.
pub const LIMIT_MAX: usize = 10_000;
/// The events of one page are at most this many bytes together, or one event.
pub const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// At most this many values from one `count_by`.
pub const COUNT_BY_TOP_MAX: usize = 10_000;
/// At most this many bars in one histogram.
pub const HISTOGRAM_BUCKETS_MAX: u64 = 10_000;
/// At most this many events in one `get_many`.
pub const GET_MANY_MAX: usize = 1_000;

/// Which events, how many, from where on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// In the query language (`docs/search.md`); empty means every event.
    pub query: String,
    /// Only events with an event time at or after this.
    pub from: Option<Timestamp>,
    /// Only events with an event time before this.
    pub to: Option<Timestamp>,
    /// Hits on a page, at most [`LIMIT_MAX`]; zero asks for the total only. Default 100.
    pub limit: usize,
    /// The page after the one that gave this cursor.
    pub after: Option<Cursor>,
}

impl SearchRequest {
    /// The newest 100 events of all time that match.
    #[must_use]
    pub fn new(query: &str) -> SearchRequest {
        SearchRequest { query: query.to_owned(), from: None, to: None, limit: 100, after: None }
    }
}

/// A place between two hits in the order newest first. As text: `time.id`, both decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Event time of the last hit of the page before.
    pub time: Timestamp,
    /// Its id; ties in time are ordered by it, highest first.
    pub id: EventId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.time.0, self.id)
    }
}

impl FromStr for Cursor {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Cursor, SearchError> {
        let parts = text.split_once('.').and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)));
        let (time, id) = parts.ok_or_else(|| SearchError::Cursor(text.to_owned()))?;
        Ok(Cursor { time: Timestamp(time), id: EventId(id) })
    }
}

/// One page of hits.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchPage {
    /// Newest first by event time, then by id.
    pub hits: Vec<Hit>,
    /// How many events match in all, on every page.
    pub total: u64,
    /// Asks for the next page, when there is one.
    pub next: Option<Cursor>,
    /// What was not searched because it is damaged or there was no time left, one line each; empty when all is well.
    pub not_searched: Vec<String>,
}

/// Events that were asked for by their ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// Those that were found, in the order of their ids.
    pub hits: Vec<Hit>,
    /// As [`SearchPage::not_searched`].
    pub not_searched: Vec<String>,
}

/// One value of a field and how many events have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The value in lower case, as the index compares it.
    pub value: String,
    /// Events with this value.
    pub events: u64,
}

/// The values of a field among the matching events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// The most frequent first, ties by value.
    pub top: Vec<Count>,
    /// How many different values there are.
    pub distinct: u64,
    /// Matching events that have the field at all.
    pub events_with: u64,
    /// Matching events.
    pub total: u64,
    /// As [`SearchPage::not_searched`].
    pub not_searched: Vec<String>,
}

/// Events in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its start, a multiple of the interval since 1970-01-01T00:00:00Z.
    pub start: Timestamp,
    /// Events in it.
    pub events: u64,
}

/// Matching events over event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Width of a bucket in milliseconds; wider than was asked for when [`HISTOGRAM_BUCKETS_MAX`] would be passed.
    pub interval_ms: u64,
    /// In order of time; intervals without events are left out.
    pub buckets: Vec<Bucket>,
    /// Matching events.
    pub total: u64,
    /// As [`SearchPage::not_searched`].
    pub not_searched: Vec<String>,
}

/// The intervals that people read easily, in milliseconds.
const ROUND_INTERVALS_MS: [u64; 17] = [
    1_000,
    5_000,
    10_000,
    30_000,
    60_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
    2_592_000_000,
];

/// A round interval in milliseconds with which `[from, to)` gives at most `bars` bars.
#[must_use]
pub fn auto_interval(from: Timestamp, to: Timestamp, bars: u64) -> u64 {
    let span_ms = to.millis().saturating_sub(from.millis()).max(0) as u64;
    let least = span_ms.div_ceil(bars.max(1)).max(1);
    let round = ROUND_INTERVALS_MS.iter().copied().find(|interval| *interval >= least);
    round.unwrap_or_else(|| least.next_multiple_of(86_400_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_round_and_few() {
        let hour = Timestamp::from_secs(3_600);
        assert_eq!(auto_interval(Timestamp(0), hour, 60), 60_000);
        assert_eq!(auto_interval(Timestamp(0), hour, 59), 300_000);
        assert_eq!(auto_interval(hour, Timestamp(0), 60), 1_000);
        let bars = 100;
        let interval = auto_interval(Timestamp(i64::MIN), Timestamp(i64::MAX), bars);
        assert!((i64::MAX / 500_000) as u64 / interval <= bars);
    }

    #[test]
    fn cursors_go_there_and_back() {
        let cursor = Cursor { time: Timestamp(-5), id: EventId(7) };
        assert_eq!(cursor.to_string().parse::<Cursor>().expect("own text"), cursor);
        assert!("x.1".parse::<Cursor>().is_err());
        assert!("12".parse::<Cursor>().is_err());
    }
}
