//! Journal → index: parse, resolve the CI, add to the split of the event's client and day.

use super::{POLL_INTERVAL, Reader, ReaderHealth, Understand};
use crate::clock;
use anyhow::Context;
use bumpalo::Bump;
use index::{Index, IndexWriter};
use ingest::{Block, Journal, ReadError};
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

    fn follow(&mut self, stop: &CancellationToken, health: &ReaderHealth) -> anyhow::Result<()> {
        let mut writer = self.index.writer().context("opening the index for writing")?;
        let mut reader = self.journal.reader(writer.position());
        let mut arena = Bump::new();
        health.reached(writer.position(), writer.durable_position());
        while !stop.is_cancelled() {
            match reader.next(POLL_INTERVAL) {
                Ok(Some(block)) => self.add(&block, &mut writer, &mut arena).context("indexing")?,
                Ok(None) => self.understand.refresh(),
                // An index that was lost, or restored from an old backup: what the journal no longer has cannot be
                // indexed, what it still has can.
                Err(ReadError::Released { wanted, oldest }) => {
                    tracing::error!(
                        "events {wanted} to {oldest} (without the last) are in neither index nor journal any more: they \
                         cannot be searched unless the index is restored from a later backup"
                    );
                    reader = self.journal.reader(oldest);
                }
                Err(error) => return Err(error).context("reading the journal for the index"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing;
    use event::{EventId, Scope};
    use index::{IndexSettings, SearchRequest};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    #[tokio::test]
    async fn an_index_that_was_lost_is_made_again_of_what_the_journal_still_has() {
        let (running, folder) = testing::running().await;
        let journal = testing::journal_of_five(&folder.path().join("other-journal"));
        journal.release(EventId(2)).expect("a disk");
        assert_eq!(journal.oldest(), EventId(2));
        let names = running.registry.fields();
        let index = Index::open(&folder.path().join("other-index"), IndexSettings::default(), names);
        let index = index.expect("an index");
        let understand = Understand::new(Arc::clone(&running.registry));
        let reader = IndexReader { journal, index: index.clone(), understand };
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let health = Arc::new(ReaderHealth::default());
        let thread = super::super::spawn(reader, stop.clone(), ended, Arc::clone(&health)).expect("a thread");
        let deadline = Instant::now() + Duration::from_secs(30);
        while health.position() < EventId(5) {
            assert!(Instant::now() < deadline, "at {}: {:?}", health.position(), health.trouble());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
        thread.join().expect("no panic");
        let page = index.search(&Scope::every_client(), &SearchRequest::new("line")).expect("a page");
        let mut found: Vec<u64> = page.hits.iter().map(|hit| hit.id.0).collect();
        found.sort_unstable();
        assert_eq!(found, [2, 3, 4]);
        assert_eq!(health.failures(), 0);
    }
}
