//! The writer: events in, in the order of the journal; searchable soon; durable a little later.

mod drops;

use self::drops::Ending;
use crate::document::DocumentBuilder;
use crate::error::io_error;
use crate::find::{Shared, WriterPlace};
use crate::keeper::{self, CheckpointDone, CheckpointJob, MergeDone, MergeJob, Replaced, Worker};
use crate::manifest::LIVE;
use crate::segment::{self, Engine, NewSegment};
use crate::split::{SplitKey, SplitView, ViewSegment};
use crate::telemetry::{add, set};
use crate::{CHECKPOINT_BYTES_MAX, IndexError, clock, merge};
use event::{Event, EventId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

/// A split's memory is measured every so many events: measuring is a walk over its buffers.
const MEASURE_EVERY_EVENTS: u32 = 64;

/// First hash table of a split that is seldom written to, and of one that had more than [`BUSY_EVENTS`] in its last
/// segment: growing a table later costs a rehash.
const QUIET_TABLE_BYTES: usize = 1024 * 1024;
const BUSY_TABLE_BYTES: usize = 12 * 1024 * 1024;
const BUSY_EVENTS: u32 = 2_000;

/// How long [`IndexWriter::checkpoint`] waits in one go before it looks again.
const WAIT: Duration = Duration::from_millis(50);

/// Adds events to the index. Owned by one thread.
///
/// An event becomes searchable at the next commit and durable at the next checkpoint; both happen within
/// [`commit_if_due`](IndexWriter::commit_if_due), which is to be called often, also when nothing comes in. After a crash,
/// [`position`](IndexWriter::position) is where to start again; what is in the index already is skipped, so every event is there exactly once.
pub struct IndexWriter {
    shared: Arc<Shared>,
    documents: DocumentBuilder,
    /// Every event below it was added.
    next: EventId,
    /// Everything below it is durable in every split.
    durable: EventId,
    open: HashMap<SplitKey, OpenSplit>,
    /// Counts uses of open splits, to find the least recent.
    uses: u64,
    committed: Option<Timestamp>,
    checkpointed: Option<Timestamp>,
    checkpoints: Worker<CheckpointJob, CheckpointDone>,
    merges: Worker<MergeJob, MergeDone>,
    /// Checkpoints begun and ended so far.
    round: u64,
    round_done: u64,
    /// Splits that changed since their last durable manifest.
    changed: BTreeSet<SplitKey>,
    /// Splits that may have segments to merge.
    to_merge: BTreeSet<SplitKey>,
    /// Merged segments that a durable manifest may still name, with the last round that may.
    retired: Vec<(u64, SplitKey, String)>,
    /// Bytes of segments that are not durable.
    fresh_bytes: u64,
    /// A segment or live manifest could not be written, so events are missing: nothing may be committed or called
    /// durable any more.
    lost: bool,
    /// Splits in the checkpoint under way.
    checkpointing: BTreeSet<SplitKey>,
    /// The split whose segments are being merged.
    merging: Option<SplitKey>,
    failed_merges: BTreeMap<SplitKey, Retry>,
    /// Splits that are to go.
    dropping: BTreeMap<SplitKey, Ending>,
    /// Splits without segments, to be deleted once no replay reaches back to them.
    emptied: BTreeSet<SplitKey>,
    /// Last, so that it is given back after the threads have ended.
    _place: WriterPlace,
}

/// When segments that could not be merged are tried again: a full disk passes, a damaged segment does not.
#[derive(Clone, Copy)]
struct Retry {
    /// At this checkpoint.
    round: u64,
    /// So many after the last attempt; doubled with each.
    wait_rounds: u64,
}

struct OpenSplit {
    segment: NewSegment,
    memory_bytes: usize,
    used: u64,
    /// Events below it are in the split already.
    durable: u64,
}

impl IndexWriter {
    /// What is waiting to be dropped is dropped first: that makes room on a full disk.
    pub(crate) fn start(
        shared: Arc<Shared>,
        start: EventId,
        place: WriterPlace,
    ) -> Result<IndexWriter, IndexError> {
        let keys: BTreeSet<SplitKey> = shared.keys().into_iter().collect();
        set(&shared.telemetry.position_searchable, start.0);
        let mut writer = IndexWriter {
            documents: DocumentBuilder::new(shared.fields),
            next: start,
            durable: start,
            open: HashMap::new(),
            uses: 0,
            committed: None,
            checkpointed: None,
            checkpoints: Worker::start("index-keeper", keeper::checkpoint)?,
            merges: Worker::start("index-merge", keeper::merge_segments)?,
            round: 0,
            round_done: 0,
            changed: BTreeSet::new(),
            to_merge: keys.clone(),
            retired: Vec::new(),
            fresh_bytes: 0,
            lost: false,
            checkpointing: BTreeSet::new(),
            merging: None,
            failed_merges: BTreeMap::new(),
            dropping: BTreeMap::new(),
            emptied: keys,
            shared,
            _place: place,
        };
        writer.work_on_drops()?;
        Ok(writer)
    }

    /// The id of the next event to add: at the start, from where the journal must be replayed.
    #[must_use]
    pub fn position(&self) -> EventId {
        self.next
    }

    /// Events below this id survive anything; the journal may let go of them.
    #[must_use]
    pub fn durable_position(&self) -> EventId {
        self.durable
    }

    /// Whether something that was added is not searchable yet.
    #[must_use]
    pub fn has_uncommitted(&self) -> bool {
        !self.open.is_empty()
    }

    /// Adds an event. One that is in the index already is skipped.
    ///
    /// # Errors
    /// When its id is below [`position`](Self::position), or a segment cannot be written; after the latter the writer
    /// is of no more use, and the index is to be opened again.
    pub fn add(&mut self, event: &Event<'_>) -> Result<(), IndexError> {
        self.is_whole()?;
        if event.id < self.next {
            let last = EventId(self.next.0.saturating_sub(1));
            return Err(IndexError::OutOfOrder { last, got: event.id });
        }
        let key = SplitKey { client: event.origin.client, day: event.received.day() };
        self.uses += 1;
        if !self.open.contains_key(&key) {
            let durable = self.shared.view(key).map_or(0, |view| view.durable_position);
            if event.id.0 < durable {
                self.next = event.id.next();
                add(&self.shared.telemetry.events_skipped, 1);
                return Ok(());
            }
            self.make_room()?;
            let opened = self.open_split(key, durable);
            self.lost |= opened.is_err();
            self.open.insert(key, opened?);
        }
        let split = self.open.get_mut(&key).expect("inserted above when it was not there");
        if event.id.0 >= split.durable {
            let document = self.documents.build(event, &self.shared.names);
            let added = split.segment.add(event, document);
            self.lost |= added.is_err();
            added?;
            split.used = self.uses;
            add(&self.shared.telemetry.events_indexed, 1);
        }
        self.next = event.id.next();
        let measure = split.segment.events().is_multiple_of(MEASURE_EVERY_EVENTS);
        if measure {
            split.memory_bytes = split.segment.memory_bytes();
            self.limit_memory()?;
        }
        Ok(())
    }

    /// Commits when [`commit_interval_ms`](crate::IndexSettings::commit_interval_ms) has passed since the last time and
    /// there is something to commit; also takes over what the background threads have done and gives them more to do.
    /// Returns whether there was a commit.
    ///
    /// # Errors
    /// When a segment or manifest cannot be written.
    pub fn commit_if_due(&mut self, now: Timestamp) -> Result<bool, IndexError> {
        // Before anything is written: it makes room.
        self.work_on_drops()?;
        let due =
            !self.open.is_empty() && is_due(self.committed, now, self.shared.settings.commit_interval_ms);
        if due {
            self.commit()?;
            self.committed = Some(now);
        }
        self.take_results()?;
        self.give_work(now)?;
        Ok(due)
    }

    /// Makes everything added so far searchable.
    ///
    /// # Errors
    /// When a segment or manifest cannot be written.
    pub fn commit(&mut self) -> Result<(), IndexError> {
        self.is_whole()?;
        let started = clock::start();
        let keys: Vec<SplitKey> = self.open.keys().copied().collect();
        for key in keys {
            self.write_out(key)?;
        }
        let telemetry = &self.shared.telemetry;
        set(&telemetry.memory_bytes, 0);
        set(&telemetry.position_searchable, self.next.0);
        let us = started.elapsed().as_micros() as u64;
        add(&telemetry.commits, 1);
        add(&telemetry.commit_us, us);
        set(&telemetry.commit_last_us, us);
        self.shared.measure();
        Ok(())
    }

    /// Makes everything added so far searchable and durable, and waits for it: at an orderly end.
    ///
    /// # Errors
    /// When it cannot be written; then a restart replays the journal from [`durable_position`](Self::durable_position).
    pub fn checkpoint(&mut self) -> Result<(), IndexError> {
        self.commit()?;
        while self.checkpoints.is_busy() {
            if let Some(done) = self.checkpoints.wait(WAIT)? {
                self.take_checkpoint(done)?;
            }
        }
        self.begin_checkpoint();
        while self.checkpoints.is_busy() {
            if let Some(mut done) = self.checkpoints.wait(WAIT)? {
                let failed = done.failed.take();
                let position = done.position;
                self.take_checkpoint(done)?;
                return match failed {
                    Some(error) => Err(error),
                    None => {
                        self.set_durable(position);
                        Ok(())
                    }
                };
            }
        }
        Err(IndexError::WorkerGone)
    }

    fn is_whole(&self) -> Result<(), IndexError> {
        if self.lost { Err(IndexError::EventsLost { durable: self.durable }) } else { Ok(()) }
    }

    /// Makes room for one more open split.
    fn make_room(&mut self) -> Result<(), IndexError> {
        if self.open.len() < self.shared.settings.open_splits_max.max(1) {
            return Ok(());
        }
        let oldest = self.open.iter().min_by_key(|(_, split)| split.used).map(|(key, _)| *key);
        oldest.map_or(Ok(()), |key| self.write_out(key))
    }

    fn open_split(&self, key: SplitKey, durable: u64) -> Result<OpenSplit, IndexError> {
        let path = key.path(&self.shared.root);
        fs::create_dir_all(&path).map_err(io_error("create", &path))?;
        let last = self.shared.view(key).and_then(|view| view.segments.last().map(|last| last.info.events));
        let busy = last.is_some_and(|events| events > BUSY_EVENTS);
        let table_bytes = if busy { BUSY_TABLE_BYTES } else { QUIET_TABLE_BYTES };
        let segment = Engine::open(&path, false)?.start(table_bytes)?;
        Ok(OpenSplit { memory_bytes: segment.memory_bytes(), segment, used: self.uses, durable })
    }

    /// Writes the biggest splits out until the memory limit is kept.
    fn limit_memory(&mut self) -> Result<(), IndexError> {
        loop {
            let memory_bytes: usize = self.open.values().map(|split| split.memory_bytes).sum();
            set(&self.shared.telemetry.memory_bytes, memory_bytes as u64);
            if memory_bytes <= self.shared.settings.memory_bytes_max {
                return Ok(());
            }
            let biggest = self.open.iter().max_by_key(|(_, split)| split.memory_bytes).map(|(key, _)| *key);
            match biggest {
                Some(key) => self.write_out(key)?,
                None => return Ok(()),
            }
        }
    }

    /// Turns a split's events in memory into a segment that can be searched.
    fn write_out(&mut self, key: SplitKey) -> Result<(), IndexError> {
        let Some(split) = self.open.remove(&key) else { return Ok(()) };
        if split.segment.events() == 0 {
            return Ok(());
        }
        let finished = split.segment.finish();
        self.lost |= finished.is_err();
        let info = finished?;
        self.fresh_bytes += info.bytes;
        let mut view = self.view(key);
        view.segments.push(ViewSegment { info, durable: false });
        self.publish(key, view)
    }

    fn view(&self, key: SplitKey) -> SplitView {
        self.shared.view(key).map_or_else(SplitView::default, |view| SplitView::clone(&view))
    }

    fn publish(&mut self, key: SplitKey, view: SplitView) -> Result<(), IndexError> {
        self.show(key, view)?;
        self.changed.insert(key);
        Ok(())
    }

    /// From now on the split is searched like this.
    fn show(&mut self, key: SplitKey, view: SplitView) -> Result<(), IndexError> {
        let written = view.live_manifest().write(&key.path(&self.shared.root).join(LIVE), false);
        self.lost |= written.is_err();
        written?;
        self.shared.publish(key, view);
        Ok(())
    }

    fn take_results(&mut self) -> Result<(), IndexError> {
        if let Some(done) = self.checkpoints.poll()? {
            let (position, complete) = (done.position, done.failed.is_none());
            self.take_checkpoint(done)?;
            if complete {
                self.set_durable(position);
            }
        }
        if let Some(done) = self.merges.poll()? {
            self.take_merge(done)?;
        }
        Ok(())
    }

    fn set_durable(&mut self, position: EventId) {
        self.durable = self.durable.max(position);
        set(&self.shared.telemetry.position_durable, self.durable.0);
    }

    fn take_checkpoint(&mut self, done: CheckpointDone) -> Result<(), IndexError> {
        self.round_done = done.round;
        self.checkpointing.clear();
        let telemetry = &self.shared.telemetry;
        match &done.failed {
            None => add(&telemetry.checkpoints, 1),
            Some(error) => {
                add(&telemetry.checkpoint_failures, 1);
                tracing::error!(%error, "a checkpoint of the index failed; the journal keeps the events");
            }
        }
        self.changed.extend(done.undone);
        for Replaced { key, segments, by } in done.replaced {
            let Some(view) = self.shared.view(key) else { continue };
            let mut view = view.replacing(&segments, by.clone());
            view.durable_position = view.durable_position.max(done.position.0);
            if let Some(split) = self.open.get_mut(&key) {
                split.durable = split.durable.max(done.position.0);
            }
            // Not `publish`: this change is in the durable manifest already.
            self.show(key, view)?;
            for id in segments.iter().filter(|id| by.as_ref().is_none_or(|by| by.id != **id)) {
                self.shared.forget(key, id);
                segment::delete(&key.path(&self.shared.root), id);
            }
            self.to_merge.insert(key);
        }
        self.delete_retired(done.failed.is_none());
        self.recount_fresh();
        Ok(())
    }

    /// Deletes what no durable manifest names any more.
    fn delete_retired(&mut self, complete: bool) {
        if !complete {
            return;
        }
        let (round, root) = (self.round_done, self.shared.root.clone());
        self.retired.retain(|(last_round, key, id)| {
            let named = *last_round >= round;
            if !named {
                segment::delete(&key.path(&root), id);
            }
            named
        });
    }

    /// Splits that got fresh segments while the checkpoint ran are up for the next one.
    fn recount_fresh(&mut self) {
        self.fresh_bytes = 0;
        for key in self.shared.keys() {
            let Some(view) = self.shared.view(key) else { continue };
            let fresh: u64 = view.segments.iter().filter(|one| !one.durable).map(|one| one.info.bytes).sum();
            self.fresh_bytes += fresh;
            if fresh > 0 {
                self.changed.insert(key);
            }
        }
    }

    fn take_merge(&mut self, done: MergeDone) -> Result<(), IndexError> {
        self.merging = None;
        let info = match done.result {
            Ok(info) => info,
            Err(error) => {
                add(&self.shared.telemetry.merge_failures, 1);
                tracing::error!(client = %done.key.client, %error, "segments could not be merged");
                self.merge_later(done.key);
                return Ok(());
            }
        };
        add(&self.shared.telemetry.merges, 1);
        self.failed_merges.remove(&done.key);
        let view = self.view(done.key);
        if !done.segments.iter().all(|id| view.has(id)) {
            // They were dropped meanwhile.
            segment::delete(&done.key.path(&self.shared.root), &info.id);
            return Ok(());
        }
        self.publish(done.key, view.replacing(&done.segments, Some(info)))?;
        for id in done.segments {
            self.shared.forget(done.key, &id);
            self.retired.push((self.round, done.key, id));
        }
        self.to_merge.insert(done.key);
        Ok(())
    }

    fn merge_later(&mut self, key: SplitKey) {
        let wait_rounds = self.failed_merges.get(&key).map_or(1, |last| last.wait_rounds.saturating_mul(2));
        let round = self.round.saturating_add(wait_rounds);
        self.failed_merges.insert(key, Retry { round, wait_rounds });
        self.to_merge.insert(key);
    }

    fn give_work(&mut self, now: Timestamp) -> Result<(), IndexError> {
        self.is_whole()?;
        self.work_on_drops()?;
        let behind = self.durable < self.next || !self.changed.is_empty();
        let due = is_due(self.checkpointed, now, self.shared.settings.checkpoint_interval_ms);
        if !self.checkpoints.is_busy() && behind && (due || self.fresh_bytes > CHECKPOINT_BYTES_MAX) {
            self.commit_open()?;
            self.begin_checkpoint();
            self.checkpointed = Some(now);
        }
        self.begin_merge();
        Ok(())
    }

    fn commit_open(&mut self) -> Result<(), IndexError> {
        if self.open.is_empty() { Ok(()) } else { self.commit() }
    }

    /// Everything must be committed, and no checkpoint under way.
    fn begin_checkpoint(&mut self) {
        self.round += 1;
        let views = std::mem::take(&mut self.changed).into_iter();
        let splits: Vec<_> =
            views.filter_map(|key| Some((key, SplitView::clone(&*self.shared.view(key)?)))).collect();
        self.checkpointing = splits.iter().map(|(key, _)| *key).collect();
        let root = self.shared.root.clone();
        self.checkpoints.submit(CheckpointJob { round: self.round, root, position: self.next, splits });
    }

    fn begin_merge(&mut self) {
        while !self.merges.is_busy() {
            let waits = |key: &SplitKey| self.failed_merges.get(key).is_some_and(|at| self.round < at.round);
            let Some(key) = self.to_merge.iter().find(|key| !waits(key)).copied() else { return };
            self.to_merge.remove(&key);
            let Some(view) = self.shared.view(key) else { continue };
            if let Some(segments) = merge::candidates(&view, &self.shared.settings) {
                self.merges.submit(MergeJob { key, path: key.path(&self.shared.root), segments });
                self.merging = Some(key);
            }
        }
    }
}

impl Drop for IndexWriter {
    fn drop(&mut self) {
        if !self.open.is_empty() {
            tracing::debug!("the index writer ends with events in memory; the journal has them");
        }
    }
}

fn is_due(last: Option<Timestamp>, now: Timestamp, interval_ms: u64) -> bool {
    // A clock that was set back must not stop commits until it has caught up.
    last.is_none_or(|last| now < last || (now.0 - last.0) as u64 >= interval_ms.saturating_mul(1_000_000))
}
