//! The one clock of this crate: how long things took, for telemetry. Times of events come from outside.

use std::time::Instant;

/// Starts a stopwatch.
pub(crate) fn start() -> Instant {
    Instant::now()
}
