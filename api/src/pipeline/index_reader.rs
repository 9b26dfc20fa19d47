//! Journal → index: parse, resolve the CI, add to the split of the event's client and day.

use super::{POLL_INTERVAL, Reader, ReaderHealth, Understand};
use crate::clock;
use anyhow::Context;
use bumpalo::Bump;
use index::{Index, IndexWriter};
use ingest::{Block, Journal};
use tokio_util::sync::CancellationToken;

/// The arena is emptied when it has grown to this, so that one block of huge events does not set the memory of the
/// process for good.
const ARENA_BYTES_MAX: usize = 1024 * 1024;

/// Follows the journal into the index.
pub struct IndexReader {
    /// What to read.
    pub journal: Journal,
    /// What to write.
    pub index: Index,
    /// How to understand it.
    pub understand: Understand,
}

impl Reader for IndexReader {
    const NAME: &'static str = "index-reader";
    const BEGINS_AGAIN: bool = false;

    fn follow(&mut self, stop: &CancellationToken, health: &ReaderHealth) -> anyhow::Result<()> {
        let mut writer = self.index.writer().context("opening the index for writing")?;
        let mut reader = self.journal.reader(writer.position());
        let mut arena = Bump::new();
        health.reached(writer.position(), writer.durable_position());
        while !stop.is_cancelled() {
            match reader.next(POLL_INTERVAL).context("reading the journal for the index")? {
                Some(block) => self.add(&block, &mut writer, &mut arena).context("indexing")?,
                None => self.understand.refresh(),
            }
            writer.commit_if_due(clock::now()).context("committing the index")?;
            // What was added is found only from the next commit on.
            let searchable = if writer.has_uncommitted() { health.position() } else { writer.position() };
            health.reached(searchable, writer.durable_position());
            if !writer.has_uncommitted() {
                health.recovered();
            }
        }
        writer.checkpoint().context("making the index durable before the stop")?;
        health.reached(writer.position(), writer.durable_position());
        Ok(())
    }
}

impl IndexReader {
    fn add(&mut self, block: &Block, writer: &mut IndexWriter, arena: &mut Bump) -> anyhow::Result<()> {
        self.understand.refresh();
        for frame in block.frames() {
            if arena.allocated_bytes() > ARENA_BYTES_MAX {
                arena.reset();
            }
            writer.add(&self.understand.event(&frame, arena))?;
        }
        arena.reset();
        Ok(())
    }
}
