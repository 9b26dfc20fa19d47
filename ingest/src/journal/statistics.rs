//! What the journal counts, and how it is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets of [`JournalStatistics::sync_buckets`], in microseconds; a last bucket has none.
pub const SYNC_BUCKETS_US: [u64; 11] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000];

/// The running counts; written by the writer thread, read by anybody.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub events: AtomicU64,
    pub payload_bytes: AtomicU64,
    pub written_bytes: AtomicU64,
    pub syncs: AtomicU64,
    pub sync_ns: AtomicU64,
    pub sync_max_ns: AtomicU64,
    sync_buckets: [AtomicU64; SYNC_BUCKETS_US.len() + 1],
    pub failures: AtomicU64,
    pub queued_bytes: AtomicU64,
    pub queued_batches: AtomicU64,
    pub disk_bytes: AtomicU64,
    pub segments: AtomicU64,
    /// One line for a person while writing fails; `None` while all is well.
    pub failing: Mutex<Option<String>>,
}

impl Counters {
    pub(super) fn synced(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = SYNC_BUCKETS_US.partition_point(|&bound| bound * 1_000 < nanos);
        self.sync_buckets[bucket].fetch_add(1, Relaxed);
        self.syncs.fetch_add(1, Relaxed);
        self.sync_ns.fetch_add(nanos, Relaxed);
        self.sync_max_ns.fetch_max(nanos, Relaxed);
    }

    pub(super) fn snapshot(&self) -> JournalStatistics {
        JournalStatistics {
            events: self.events.load(Relaxed),
            payload_bytes: self.payload_bytes.load(Relaxed),
            written_bytes: self.written_bytes.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            sync_time: Duration::from_nanos(self.sync_ns.load(Relaxed)),
            sync_time_max: Duration::from_nanos(self.sync_max_ns.load(Relaxed)),
            sync_buckets: std::array::from_fn(|i| self.sync_buckets[i].load(Relaxed)),
            failures: self.failures.load(Relaxed),
            queued_bytes: self.queued_bytes.load(Relaxed),
            queued_batches: self.queued_batches.load(Relaxed),
            disk_bytes: self.disk_bytes.load(Relaxed),
            segments: self.segments.load(Relaxed),
            failing: super::locked(&self.failing).clone(),
        }
    }
}

/// The journal's counts since it was opened, and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalStatistics {
    /// Records made durable.
    pub events: u64,
    /// Payload octets of these records.
    pub payload_bytes: u64,
    /// Bytes written for them, headers included.
    pub written_bytes: u64,
    /// Group commits: one write and one sync each.
    pub syncs: u64,
    /// Time spent in write and sync, in total.
    pub sync_time: Duration,
    /// The longest of them.
    pub sync_time_max: Duration,
    /// How many took at most each of [`SYNC_BUCKETS_US`], not cumulative; the last bucket is for the rest.
    pub sync_buckets: [u64; SYNC_BUCKETS_US.len() + 1],
    /// Attempts to write or sync that failed; each was tried again.
    pub failures: u64,
    /// Encoded bytes that wait for the disk.
    pub queued_bytes: u64,
    /// Batches that wait for the disk.
    pub queued_batches: u64,
    /// Size of all segments.
    pub disk_bytes: u64,
    /// Number of segments.
    pub segments: u64,
    /// Why nothing is being acknowledged, in one line; `None` while all is well.
    pub failing: Option<String>,
}
