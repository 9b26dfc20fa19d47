//! How the journal of a data directory behaves.

use super::error::OpenError;
use crate::limits;

/// Sizes and retention; [`JournalSettings::default`] suits one machine with a disk of some tens of GB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalSettings {
    /// One commit takes queued batches until it has this many bytes. Default 4 MiB.
    pub block_bytes_target: usize,
    /// A segment is closed once it is this long, in bytes. Default 128 MiB.
    pub segment_bytes: u64,
    /// Encoded bytes that may wait for the disk; beyond it appenders wait. Default 64 MiB.
    pub queue_bytes_max: usize,
    /// Batches that may wait for the disk; beyond it appenders wait. Default 8192.
    pub queue_batches_max: usize,
    /// How long a segment is kept after every reader has passed it, in hours. Default 24.
    pub retain_hours: u32,
    /// Above this size, in bytes, the journal drops segments that every reader has passed whatever their age.
    /// Segments that a reader still needs are never dropped. Default 20 GB.
    pub retain_bytes: u64,
}

impl Default for JournalSettings {
    fn default() -> JournalSettings {
        JournalSettings {
            block_bytes_target: limits::BLOCK_BYTES_TARGET,
            segment_bytes: limits::SEGMENT_BYTES,
            queue_bytes_max: limits::QUEUE_BYTES_MAX,
            queue_batches_max: limits::QUEUE_BATCHES_MAX,
            retain_hours: 24,
            retain_bytes: 20_000_000_000,
        }
    }
}

impl JournalSettings {
    pub(super) fn check(&self) -> Result<(), OpenError> {
        let block_max = (limits::BLOCK_BYTES_MAX - 2 * limits::BATCH_BYTES_MAX) as u64;
        within("block_bytes_target", self.block_bytes_target as u64, 1, block_max)?;
        within("segment_bytes", self.segment_bytes, 1, 1 << 40)?;
        within("queue_bytes_max", self.queue_bytes_max as u64, 1, u64::from(u32::MAX))?;
        within("queue_batches_max", self.queue_batches_max as u64, 1, 1 << 24)
    }
}

fn within(name: &'static str, value: u64, min: u64, max: u64) -> Result<(), OpenError> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(OpenError::Setting { name, value, min, max }) }
}
