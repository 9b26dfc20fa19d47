//! What can be set, with its unit and default.

/// When this much is searchable but would have to be replayed after a crash, a checkpoint starts early. In bytes of
/// segment files; bounds replay time and the space that is held twice.
pub const CHECKPOINT_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Settings of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSettings {
    /// Between adding an event and finding it lie at most this plus the time of one commit. Milliseconds, default 1000.
    pub commit_interval_ms: u64,
    /// At most this much is held in memory for events that are not yet in segment files; at the limit the biggest
    /// split is written out early. Bytes, default 128 MiB.
    pub memory_bytes_max: usize,
    /// At most this many splits have events in memory at once; one more and the one least recently written to is
    /// written out early. Default 64.
    pub open_splits_max: usize,
    /// How often what is searchable is also made safe against loss of power; a crash costs a replay of at most
    /// this much of the journal. Milliseconds, default 20 000.
    pub checkpoint_interval_ms: u64,
    /// This many segments of similar size in a split are merged into one. Default 8.
    pub merge_factor: usize,
    /// A segment of this many events is never merged again. Default 4 000 000.
    pub segment_events_max: u32,
    /// At most this many segments are kept open for searching; the least recently used is closed. Default 1024.
    pub open_segments_max: usize,
    /// A search that has taken this long looks at no further segment; its answer says so. Milliseconds, default 30 000.
    pub search_timeout_ms: u64,
}

impl Default for IndexSettings {
    fn default() -> IndexSettings {
        IndexSettings {
            commit_interval_ms: 1_000,
            memory_bytes_max: 128 * 1024 * 1024,
            open_splits_max: 64,
            checkpoint_interval_ms: 20_000,
            merge_factor: 8,
            segment_events_max: 4_000_000,
            open_segments_max: 1_024,
            search_timeout_ms: 30_000,
        }
    }
}
