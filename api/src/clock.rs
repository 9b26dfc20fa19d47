//! The one place where this crate reads the clock.
#![allow(clippy::disallowed_methods)]

use chrono::{DateTime, Utc};
use event::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in nanoseconds since the epoch; zero before 1970.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Now, as a date and time of day in UTC.
#[must_use]
pub fn now_utc() -> DateTime<Utc> {
    Utc::now()
}
