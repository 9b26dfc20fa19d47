//! Splits that go: their days are over, or their client leaves.
//!
//! A split whose events all lie below the durable position is deleted, which needs no room on disk. A replay could bring
//! back the events of any other one; so its durable manifest is replaced first, by one that names no segment and says
//! that everything so far has been seen to. Once the durable position has passed that, the directory goes too.

use super::IndexWriter;
use crate::IndexError;
use crate::find::DropWhen;
use crate::keeper;
use crate::manifest::{DURABLE, Manifest};
use crate::split::{self, SplitKey, SplitView};
use event::EventId;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// How much of a split is to go.
#[derive(Clone, Copy)]
pub(super) struct Ending {
    /// Events below this id; the segments that hold them hold no others.
    before: EventId,
    /// Whether some of them were in memory only and are gone already.
    unwritten: bool,
}

impl IndexWriter {
    /// Drops what is to be dropped, except what a checkpoint under way is about to write.
    pub(super) fn work_on_drops(&mut self) -> Result<(), IndexError> {
        let drops = std::mem::take(&mut *self.shared.drops.lock().unwrap_or_else(PoisonError::into_inner));
        for wanted in &drops {
            self.take_drop(wanted)?;
        }
        let free = |key: &SplitKey| !self.checkpointing.contains(key);
        let keys: Vec<SplitKey> = self.dropping.keys().copied().filter(free).collect();
        for key in &keys {
            if let Some(ending) = self.dropping.remove(key) {
                self.end_split(*key, ending)?;
            }
        }
        let deleted = self.delete_emptied()?;
        if deleted || !keys.is_empty() {
            self.shared.measure();
        }
        Ok(())
    }

    fn take_drop(&mut self, wanted: &DropWhen) -> Result<(), IndexError> {
        let in_memory: BTreeSet<SplitKey> = self.open.keys().copied().filter(|key| wanted(*key)).collect();
        self.open.retain(|key, _| !wanted(*key));
        let on_disk = self.shared.keys().into_iter().filter(|key| wanted(*key));
        for key in on_disk.chain(in_memory.iter().copied()) {
            let unwritten =
                in_memory.contains(&key) || self.dropping.get(&key).is_some_and(|one| one.unwritten);
            self.dropping.insert(key, Ending { before: self.next, unwritten });
        }
        for (key, path) in split::list_aside(&self.shared.root)? {
            if wanted(key) {
                split::delete(&path)?;
            }
        }
        self.shared.look_aside()
    }

    fn end_split(&mut self, key: SplitKey, ending: Ending) -> Result<(), IndexError> {
        let view = self.view(key);
        let (gone, kept): (Vec<_>, Vec<_>) =
            view.segments.into_iter().partition(|segment| segment.info.ids.1 < ending.before.0);
        let no_replay = !ending.unwritten
            && gone.iter().all(|segment| segment.durable && segment.info.ids.1 < self.durable.0);
        if no_replay && kept.is_empty() && self.is_idle(key) {
            return self.delete_split(key);
        }
        let path = key.path(&self.shared.root);
        let position = view.durable_position.max(ending.before.0);
        let durable = kept.iter().filter(|segment| segment.durable).map(|segment| segment.info.clone());
        Manifest::new(EventId(position), durable.collect()).write(&path.join(DURABLE), true)?;
        keeper::sync_parents(&path)?;
        self.publish(key, SplitView { durable_position: position, segments: kept })?;
        self.retired.retain(|(_, split, id)| {
            if *split == key {
                crate::segment::delete(&path, id);
            }
            *split != key
        });
        for segment in gone {
            self.shared.forget(key, &segment.info.id);
            crate::segment::delete(&path, &segment.info.id);
        }
        self.emptied.insert(key);
        Ok(())
    }

    /// Deletes the splits that are empty and that no replay reaches; whether there was one.
    fn delete_emptied(&mut self) -> Result<bool, IndexError> {
        let mut any = false;
        for key in self.emptied.clone() {
            let view = self.view(key);
            if !view.segments.is_empty() {
                self.emptied.remove(&key);
            } else if view.durable_position <= self.durable.0 && self.is_idle(key) {
                self.delete_split(key)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// Whether nobody is about to write to a split.
    fn is_idle(&self, key: SplitKey) -> bool {
        !self.open.contains_key(&key) && !self.checkpointing.contains(&key) && self.merging != Some(key)
    }

    fn delete_split(&mut self, key: SplitKey) -> Result<(), IndexError> {
        self.shared.withdraw(key);
        self.changed.remove(&key);
        self.to_merge.remove(&key);
        self.emptied.remove(&key);
        self.failed_merges.remove(&key);
        self.retired.retain(|(_, split, _)| *split != key);
        let path = key.path(&self.shared.root);
        split::delete(&path)?;
        tracing::info!(client = %key.client, path = %path.display(), "a split was deleted");
        Ok(())
    }
}
