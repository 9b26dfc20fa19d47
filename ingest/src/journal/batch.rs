//! Frames on their way to the journal.

use super::format::encode_record;
use crate::limits::BATCH_BYTES_MAX;
use event::{Origin, Timestamp};

/// Frames in order of receipt, already in the form in which they will lie on disk: a frame's bytes are copied once,
/// from the receive buffer to here, and once more into the block.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: u32,
    payload_bytes: u64,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Batch {
        Batch::default()
    }

    /// An empty batch with room for this many encoded bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Batch {
        Batch { bytes: Vec::with_capacity(bytes), ..Batch::default() }
    }

    /// Appends one frame. Above [`crate::limits::RECORD_BYTES_MAX`] it is cut and marked as truncated.
    pub fn push(&mut self, origin: &Origin, received: Timestamp, truncated: bool, raw: &[u8]) {
        encode_record(&mut self.bytes, origin, received, truncated, raw);
        self.records += 1;
        self.payload_bytes += raw.len() as u64;
    }

    /// How many frames it holds.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.records
    }

    /// Payload octets as received: what metering counts (D7.1).
    #[must_use]
    pub fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Whether it is time to append it and start another ([`BATCH_BYTES_MAX`]).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES_MAX
    }

    /// Its size on disk.
    pub(crate) fn encoded_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn encoded(&self) -> &[u8] {
        &self.bytes
    }
}
