//! What the tests share.

use event::{ClientId, EventId, Origin, SourceId, Timestamp, Transport};
use ingest::{Batch, Disk, Journal, JournalSettings, SegmentFile, Storage};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
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

/// What fails, `u32::MAX` times or as often as set.
#[derive(Default)]
pub struct Faults {
    pub open: AtomicU32,
    pub write: AtomicU32,
    pub sync: AtomicU32,
}

/// A disk that refuses now and then.
#[derive(Clone, Default)]
pub struct Faulty(pub Arc<Faults>);

struct FaultyFile(Box<dyn SegmentFile>, Arc<Faults>);

fn fails(times: &AtomicU32) -> io::Result<()> {
    match times.fetch_update(SeqCst, SeqCst, |times| times.checked_sub(1)) {
        Ok(_) => Err(io::Error::from(io::ErrorKind::StorageFull)),
        Err(_) => Ok(()),
    }
}

impl Storage for Faulty {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        fails(&self.0.open)?;
        Ok(Box::new(FaultyFile(Disk.open(path)?, self.0.clone())))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        Disk.sync_directory(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }
}

impl SegmentFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = fails(&self.1.write) {
            // A full disk takes a part.
            self.0.write_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        self.0.write_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        fails(&self.1.sync)?;
        self.0.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
}
