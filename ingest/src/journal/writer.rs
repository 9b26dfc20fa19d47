//! The one thread that writes: it takes what is queued as one block, writes and syncs it, then acknowledges.
//!
//! Cost per commit: one copy of the batches into the block (about 0.1 ms per MiB), one CRC32C in hardware, one write,
//! one `fdatasync` (milliseconds on a cloud disk). While it syncs the next block queues up, so the syncs per second
//! stay what the disk gives and the events per sync grow with the load.

use super::ack::Appended;
use super::batch::Batch;
use super::format::{BLOCK_HEADER_BYTES, BlockHeader};
use super::segment::{self, Segment};
use super::storage::{SegmentFile, Storage};
use super::{JournalSettings, Shared};
use crate::limits::WRITE_RETRY_INTERVAL;
use event::EventId;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

/// A batch in the queue. Its share of the queue's bytes is given back when it is dropped: once durable.
pub(super) struct Pending {
    pub batch: Batch,
    pub room: OwnedSemaphorePermit,
    pub ack: oneshot::Sender<Appended>,
}

pub(super) struct Writer {
    pub shared: Arc<Shared>,
    pub storage: Arc<dyn Storage>,
    pub settings: JournalSettings,
    pub queue: mpsc::Receiver<Pending>,
    /// The segment being written; `None` until the first block after a start or a rotation.
    pub file: Option<Box<dyn SegmentFile>>,
    /// Its first id and durable length.
    pub segment: Segment,
    /// The id of the next record, which is the durable position while no commit is under way.
    pub next: EventId,
    /// Of the last block, used again: fresh memory for each would cost a page fault per 4 KiB.
    pub buffer: Vec<u8>,
}

/// A block that is being gathered: header room, then the batches' bytes.
struct Block {
    bytes: Vec<u8>,
    records: u32,
    payload_bytes: u64,
    acks: Vec<(u32, oneshot::Sender<Appended>)>,
    room: Vec<OwnedSemaphorePermit>,
}

impl Writer {
    /// Runs until the queue is closed and empty, or until it is closed while the disk refuses.
    pub(super) fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let block = self.gather(first);
            if block.records == 0 {
                self.publish(block, self.next);
            } else if !self.commit(block) {
                return;
            }
        }
    }

    fn gather(&mut self, first: Pending) -> Block {
        let mut block = Block::new(std::mem::take(&mut self.buffer));
        block.push(first);
        while block.bytes.len() < self.settings.block_bytes_target
            && let Ok(pending) = self.queue.try_recv()
        {
            block.push(pending);
        }
        block
    }

    /// Makes the block durable, trying again for as long as the disk refuses; `false` when the journal was closed
    /// meanwhile: then nobody is told that the block is safe.
    fn commit(&mut self, mut block: Block) -> bool {
        let body = &block.bytes[BLOCK_HEADER_BYTES..];
        let header = BlockHeader::new(self.next, block.records, body);
        block.bytes[..BLOCK_HEADER_BYTES].copy_from_slice(&header.encode());
        if self.segment.bytes >= self.settings.segment_bytes {
            self.file = None;
            self.segment = Segment { first: self.next, bytes: 0 };
        }
        while let Err(error) = self.write(&block.bytes) {
            self.report(&error);
            if self.shared.closing.load(Acquire) {
                return false;
            }
            std::thread::park_timeout(WRITE_RETRY_INTERVAL);
        }
        self.publish(block, header.end());
        true
    }

    /// One attempt. The same bytes go to the same place each time, so a failed attempt leaves nothing behind.
    fn write(&mut self, block: &[u8]) -> io::Result<()> {
        let began = Instant::now();
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let path = segment::path(&self.shared.directory, self.segment.first);
                let file = self.storage.open(&path)?;
                self.storage.sync_directory(&self.shared.directory)?;
                none.insert(file)
            }
        };
        file.write_at(block, self.segment.bytes)?;
        file.sync()?;
        self.shared.counters.synced(began.elapsed());
        Ok(())
    }

    fn report(&self, error: &io::Error) {
        let counters = &self.shared.counters;
        counters.failures.fetch_add(1, Relaxed);
        let line = format!(
            "cannot write the journal in {}: {error}; nothing is acknowledged until it can",
            self.shared.directory.display()
        );
        let mut failing = super::locked(&counters.failing);
        if failing.is_none() {
            tracing::error!("{line}");
        }
        *failing = Some(line);
    }

    fn publish(&mut self, block: Block, end: EventId) {
        let counters = &self.shared.counters;
        let first = self.next;
        self.next = end;
        if block.records > 0 {
            self.segment.bytes += block.bytes.len() as u64;
            self.shared.publish(self.segment, end);
            counters.written_bytes.fetch_add(block.bytes.len() as u64, Relaxed);
        }
        counters.events.fetch_add(u64::from(block.records), Relaxed);
        counters.payload_bytes.fetch_add(block.payload_bytes, Relaxed);
        counters.queued_batches.fetch_sub(block.acks.len() as u64, Relaxed);
        counters.queued_bytes.fetch_sub((block.bytes.len() - BLOCK_HEADER_BYTES) as u64, Relaxed);
        if super::locked(&counters.failing).take().is_some() {
            tracing::info!("the journal in {} can be written again", self.shared.directory.display());
        }
        drop(block.room);
        acknowledge(first, block.acks);
        // A burst of large batches must not keep its memory for good.
        if block.bytes.capacity() <= 2 * self.settings.block_bytes_target {
            self.buffer = block.bytes;
        }
    }
}

fn acknowledge(mut first: EventId, acks: Vec<(u32, oneshot::Sender<Appended>)>) {
    for (records, ack) in acks {
        // Nobody waits for a syslog batch; that is not an error.
        let _ = ack.send(Appended { first, records });
        first = EventId(first.0 + u64::from(records));
    }
}

impl Block {
    fn new(mut bytes: Vec<u8>) -> Block {
        bytes.clear();
        bytes.resize(BLOCK_HEADER_BYTES, 0);
        Block { bytes, records: 0, payload_bytes: 0, acks: Vec::new(), room: Vec::new() }
    }

    fn push(&mut self, pending: Pending) {
        self.bytes.extend_from_slice(pending.batch.encoded());
        self.records += pending.batch.records();
        self.payload_bytes += pending.batch.payload_bytes();
        self.acks.push((pending.batch.records(), pending.ack));
        self.room.push(pending.room);
    }
}
