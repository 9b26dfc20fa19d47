//! `GET /api/v1/clients/{client}/events`: what is asked and answered. The command `sperwer search` prints the same answer.

use event::{Scope, Timestamp};
use index::{Counts, Cursor, Histogram, Index, SearchError, SearchRequest, auto_interval, parse_time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use utoipa::{IntoParams, ToSchema};

/// Events on a page when nothing else is asked for.
pub const LIMIT_DEFAULT: usize = 100;
/// Values of a count when nothing else is asked for.
pub const TOP_DEFAULT: usize = 20;
/// Most bars of a histogram whose interval is left to us.
pub const BARS_MAX: u64 = 100;

const DAY_MS: u64 = 86_400_000;

/// The parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
pub struct EventsQuery {
    /// What to look for, in the query language; empty for every event.
    pub q: String,
    /// Only events at or after this time (RFC 3339, or a date).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Only events before this time (RFC 3339, or a date).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Most events on a page; 0 for the total only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Count by the values of this field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_by: Option<String>,
    /// The most frequent so many values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<usize>,
    /// A histogram over event time: `auto`, or the width of a bar in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventsAnswer {
    /// How many events match in all.
    pub total: u64,
    /// This page, newest first; each a flat object with dotted names.
    pub events: Vec<Value>,
    /// Asks for the next page, as `after`; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// When counting was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsAnswer>,
    /// When a histogram was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<HistogramAnswer>,
    /// What was not searched because it is damaged or there was no time left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_searched: Vec<String>,
}

/// The values of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountsAnswer {
    /// The field.
    pub field: String,
    /// The most frequent values first.
    pub top: Vec<CountAnswer>,
    /// How many different values there are.
    pub distinct: u64,
    /// Events that have the field.
    pub events_with: u64,
}

/// One value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountAnswer {
    /// The value in lower case.
    pub value: String,
    /// Events that have it.
    pub events: u64,
}

/// Events over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistogramAnswer {
    /// Width of a bar in milliseconds.
    pub interval_ms: u64,
    /// Bars with events, in order of time.
    pub bars: Vec<BarAnswer>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BarAnswer {
    /// Its start, RFC 3339.
    pub start: String,
    /// Events in it.
    pub events: u64,
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// A parameter that cannot be read.
    #[error("{parameter}: '{value}' is not {wanted}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// As given.
        value: String,
        /// What would do.
        wanted: &'static str,
    },
    /// The query or the index.
    #[error(transparent)]
    Search(#[from] SearchError),
}

impl AnswerError {
    /// The parameter that the caller must mend; `None` when it is our fault.
    #[must_use]
    pub fn parameter(&self) -> Option<&'static str> {
        match self {
            AnswerError::Parameter { parameter, .. } => Some(parameter),
            AnswerError::Search(SearchError::Cursor(_)) => Some("after"),
            AnswerError::Search(SearchError::NotCounted { .. }) => Some("count_by"),
            AnswerError::Search(error) => error.is_callers().then_some("q"),
        }
    }
}

/// Answers a query. Blocks; async callers use a blocking thread.
///
/// # Errors
/// When a parameter or the query is wrong, or the index fails.
pub fn answer(index: &Index, scope: &Scope, query: &EventsQuery) -> Result<EventsAnswer, AnswerError> {
    let request = request(query)?;
    let page = index.search(scope, &request)?;
    let mut not_searched = page.not_searched;
    let mut note = |more: Vec<String>| {
        for what in more {
            if !not_searched.contains(&what) {
                not_searched.push(what);
            }
        }
    };
    let counts = match &query.count_by {
        None => None,
        Some(field) => {
            let counts = index.count_by(scope, &request, field, query.top.unwrap_or(TOP_DEFAULT))?;
            note(counts.not_searched.clone());
            Some(counts_answer(field, counts))
        }
    };
    let histogram = match &query.histogram {
        None => None,
        Some(interval) => {
            let interval_ms = interval_ms(index, scope, &request, interval)?;
            let histogram = index.histogram(scope, &request, interval_ms)?;
            note(histogram.not_searched.clone());
            Some(histogram_answer(&histogram))
        }
    };
    Ok(EventsAnswer {
        total: page.total,
        events: page.hits.iter().map(|hit| serde_json::to_value(hit).unwrap_or(Value::Null)).collect(),
        next: page.next.map(|next| next.to_string()),
        counts,
        histogram,
        not_searched,
    })
}

fn request(query: &EventsQuery) -> Result<SearchRequest, AnswerError> {
    Ok(SearchRequest {
        query: query.q.clone(),
        from: query.from.as_deref().map(|from| time("from", from)).transpose()?,
        to: query.to.as_deref().map(|to| time("to", to)).transpose()?,
        limit: query.limit.unwrap_or(LIMIT_DEFAULT),
        after: query.after.as_deref().map(str::parse::<Cursor>).transpose()?,
    })
}

fn time(parameter: &'static str, text: &str) -> Result<Timestamp, AnswerError> {
    let wanted = "a date or time like 2026-11-22 or 2026-11-22T10:05:07Z";
    let bad = || AnswerError::Parameter { parameter, value: text.to_owned(), wanted };
    parse_time(text).map(|(start, _)| start).ok_or_else(bad)
}

fn counts_answer(field: &str, counts: Counts) -> CountsAnswer {
    let top = counts.top.into_iter().map(|count| CountAnswer { value: count.value, events: count.events });
    CountsAnswer {
        field: field.to_owned(),
        top: top.collect(),
        distinct: counts.distinct,
        events_with: counts.events_with,
    }
}

fn interval_ms(
    index: &Index,
    scope: &Scope,
    request: &SearchRequest,
    interval: &str,
) -> Result<u64, AnswerError> {
    match interval.parse::<u64>() {
        Ok(interval_ms) if interval_ms > 0 => Ok(interval_ms),
        _ if interval == "auto" => {
            let (from, to) = match (request.from, request.to) {
                (Some(from), Some(to)) => (from, to),
                (from, to) => {
                    let (first, last) = span(index, scope, request)?;
                    (from.unwrap_or(first), to.unwrap_or(Timestamp(last.0.saturating_add(1))))
                }
            };
            Ok(auto_interval(from, to, BARS_MAX))
        }
        _ => {
            let wanted = "'auto' or a number of milliseconds";
            let value = interval.to_owned();
            Err(AnswerError::Parameter { parameter: "histogram", value, wanted })
        }
    }
}

/// From when to when there are events; for a provider, to a day, as only the events themselves tell.
fn span(
    index: &Index,
    scope: &Scope,
    request: &SearchRequest,
) -> Result<(Timestamp, Timestamp), SearchError> {
    if let Some(span) = index.span(scope)? {
        return Ok(span);
    }
    let days = index.histogram(scope, request, DAY_MS)?;
    let ends = days.buckets.first().zip(days.buckets.last());
    let wide =
        |start: Timestamp| Timestamp::from_millis(start.millis().saturating_add(days.interval_ms as i64));
    Ok(ends.map(|(first, last)| (first.start, wide(last.start))).unwrap_or_default())
}

fn histogram_answer(histogram: &Histogram) -> HistogramAnswer {
    let bar = |bar: &index::Bucket| BarAnswer { start: bar.start.to_string(), events: bar.events };
    HistogramAnswer { interval_ms: histogram.interval_ms, bars: histogram.buckets.iter().map(bar).collect() }
}
