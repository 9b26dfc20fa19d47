//! What the tests share.

use event::{ClientId, EventId, Origin, SourceId, Timestamp, Transport};
use ingest::{Batch, Journal, JournalSettings};
use std::time::Duration;

/// Long enough that only a hang reaches it.
pub const LONG: Duration = Duration::from_secs(30);

pub fn origin() -> Origin {
    Origin { client: ClientId(1), source: SourceId(7), transport: Transport::Tcp, peer: None }
}

pub fn batch<T: AsRef<[u8]>>(payloads: impl IntoIterator<Item = T>) -> Batch {
    let mut batch = Batch::new();
    for payload in payloads {
        batch.push(&origin(), Timestamp(1), false, payload.as_ref());
    }
    batch
}

pub fn append<T: AsRef<[u8]>>(journal: &Journal, payloads: impl IntoIterator<Item = T>) -> EventId {
    journal.append_blocking(batch(payloads)).unwrap().wait().unwrap().first
}

/// Every payload from `from` to the durable end; asserts that the ids are dense.
pub fn payloads(journal: &Journal, from: EventId) -> Vec<Vec<u8>> {
    let mut reader = journal.reader(from);
    let mut payloads = Vec::new();
    while reader.position() < journal.durable() {
        let block = reader.next(LONG).unwrap().expect("there is more");
        for frame in block.frames() {
            assert_eq!(frame.id.0, from.0 + payloads.len() as u64, "ids are dense");
            payloads.push(frame.raw.to_vec());
        }
        assert_eq!(block.next().0, from.0 + payloads.len() as u64);
    }
    payloads
}

/// Segments of a few blocks, so that tests cross their borders.
pub fn small_segments() -> JournalSettings {
    JournalSettings { segment_bytes: 4096, retain_hours: 0, ..JournalSettings::default() }
}
