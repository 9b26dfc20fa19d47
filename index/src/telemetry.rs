//! What the index did and how it stands, as plain counters; `api` publishes them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters and gauges, updated by the writer; reading never waits.
#[derive(Debug, Default)]
pub struct Telemetry {
    pub(crate) events_indexed: AtomicU64,
    pub(crate) events_skipped: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) commit_us: AtomicU64,
    pub(crate) commit_last_us: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) checkpoint_failures: AtomicU64,
    pub(crate) merges: AtomicU64,
    pub(crate) merge_failures: AtomicU64,
    pub(crate) position_searchable: AtomicU64,
    pub(crate) position_durable: AtomicU64,
    pub(crate) memory_bytes: AtomicU64,
    pub(crate) splits: AtomicU64,
    pub(crate) segments: AtomicU64,
    pub(crate) disk_bytes: AtomicU64,
}

/// [`Telemetry`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TelemetryFigures {
    /// Events added since the start.
    pub events_indexed: u64,
    /// Events that came again after a restart and were there already.
    pub events_skipped: u64,
    /// Searchable commits.
    pub commits: u64,
    /// Time spent in them, microseconds.
    pub commit_us: u64,
    /// Time of the last one, microseconds.
    pub commit_last_us: u64,
    /// Checkpoints that made everything durable.
    pub checkpoints: u64,
    /// Checkpoints that failed (disk full, …); the journal keeps what they would have freed.
    pub checkpoint_failures: u64,
    /// Merges of segments.
    pub merges: u64,
    /// Merges that failed; their segments stay as they are.
    pub merge_failures: u64,
    /// Events below this id can be searched; the lag is the journal's durable position minus this.
    pub position_searchable: u64,
    /// Events below this id need no replay.
    pub position_durable: u64,
    /// Memory of events that are not yet in segment files, bytes.
    pub memory_bytes: u64,
    /// Splits.
    pub splits: u64,
    /// Segments in all splits.
    pub segments: u64,
    /// Size of all segments, bytes.
    pub disk_bytes: u64,
}

impl Telemetry {
    /// All figures now.
    #[must_use]
    pub fn figures(&self) -> TelemetryFigures {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TelemetryFigures {
            events_indexed: get(&self.events_indexed),
            events_skipped: get(&self.events_skipped),
            commits: get(&self.commits),
            commit_us: get(&self.commit_us),
            commit_last_us: get(&self.commit_last_us),
            checkpoints: get(&self.checkpoints),
            checkpoint_failures: get(&self.checkpoint_failures),
            merges: get(&self.merges),
            merge_failures: get(&self.merge_failures),
            position_searchable: get(&self.position_searchable),
            position_durable: get(&self.position_durable),
            memory_bytes: get(&self.memory_bytes),
            splits: get(&self.splits),
            segments: get(&self.segments),
            disk_bytes: get(&self.disk_bytes),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

pub(crate) fn set(gauge: &AtomicU64, value: u64) {
    gauge.store(value, Ordering::Relaxed);
}
