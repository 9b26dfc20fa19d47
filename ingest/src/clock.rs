//! The crate's one clock. Everything else takes the time as an argument.

use event::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, by the machine's clock; a clock before 1970 reads as 1970.
#[allow(clippy::disallowed_methods, reason = "this is the one clock that the ban points to")]
pub(crate) fn now() -> Timestamp {
    timestamp(SystemTime::now())
}

/// A file system time as an instant, saturating at the ends of the range.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}
