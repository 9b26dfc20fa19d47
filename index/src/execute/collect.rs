//! What is made of the matches of each segment: a page, counts, bars, single events.

use super::Part;
use crate::leaf::{self, each_term};
use crate::manifest::SegmentInfo;
use crate::plan::long_values;
use crate::request::{Cursor, HISTOGRAM_BUCKETS_MAX};
use crate::schema::ID;
use crate::token::NAME_END;
use crate::{COUNT_BY_DISTINCT_MAX, Hit, Index, IndexError, SearchError};
use event::{EventId, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use tantivy::{BitSet, DocId, SegmentReader, TantivyError};

/// Values too long to be terms are shown with this many letters in counts.
const LONG_VALUE_LETTERS: usize = 200;

/// Records of one page come from few blocks; those stay decompressed.
const CACHED_BLOCKS: usize = 8;

/// What is made of the matches of each segment.
pub(super) trait Collector {
    /// Whether the segment matters at all.
    fn wants(&self, _info: &SegmentInfo) -> bool {
        true
    }

    fn collect(&mut self, part: &Part<'_>) -> tantivy::Result<()>;
}

/// A match, before its record is read. Ordered by time, then id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) at: Cursor,
    pub(super) reader: usize,
    pub(super) doc: DocId,
}

/// Segments with matches whose records will be read.
#[derive(Default)]
pub(super) struct Readers(Vec<Arc<SegmentReader>>);

impl Readers {
    fn add(&mut self, reader: &Arc<SegmentReader>) -> usize {
        self.0.push(Arc::clone(reader));
        self.0.len() - 1
    }

    /// Reads the events, in this order, until they are this many bytes; the first one in any case.
    pub(super) fn hits(
        &self,
        found: &[Reverse<Found>],
        index: &Index,
        bytes_max: usize,
    ) -> Result<Vec<Hit>, SearchError> {
        let failed = |source: TantivyError| IndexError::Engine { path: index.shared.root.clone(), source };
        let mut stores = HashMap::new();
        let mut hits: Vec<Hit> = Vec::with_capacity(found.len());
        let mut bytes = 0usize;
        for Reverse(one) in found {
            let store = match stores.entry(one.reader) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => {
                    let store = self.0[one.reader].get_store_reader(CACHED_BLOCKS);
                    new.insert(store.map_err(TantivyError::from).map_err(failed)?)
                }
            };
            let hit = leaf::hit(store, index.shared.fields.record, one.doc).map_err(failed)?;
            bytes = bytes.saturating_add(hit.bytes());
            if bytes > bytes_max && !hits.is_empty() {
                break;
            }
            hits.push(hit);
        }
        Ok(hits)
    }
}

/// The newest matches before a cursor, and how many there are in all.
pub(super) struct Newest {
    wanted: usize,
    after: Option<Cursor>,
    /// At most `wanted`; the oldest on top.
    pub(super) found: BinaryHeap<Reverse<Found>>,
    pub(super) readers: Readers,
    pub(super) total: u64,
}

impl Newest {
    pub(super) fn new(wanted: usize, after: Option<Cursor>) -> Newest {
        Newest { wanted, after, found: BinaryHeap::new(), readers: Readers::default(), total: 0 }
    }

    /// Whether nothing of a segment can be among the newest.
    fn is_too_old(&self, info: &SegmentInfo) -> bool {
        let oldest = self.found.peek().filter(|_| self.found.len() >= self.wanted);
        self.wanted == 0 || oldest.is_some_and(|Reverse(oldest)| info.times.1 < oldest.at.time.0)
    }

    fn offer(&mut self, found: Found) {
        if self.after.is_some_and(|after| found.at >= after) {
            return;
        }
        if self.found.len() < self.wanted {
            self.found.push(Reverse(found));
        } else if let Some(mut oldest) = self.found.peek_mut()
            && found > oldest.0
        {
            *oldest = Reverse(found);
        }
    }
}

impl Collector for Newest {
    fn collect(&mut self, part: &Part<'_>) -> tantivy::Result<()> {
        if self.is_too_old(part.info) {
            self.total += part.count()?;
            return Ok(());
        }
        let ids = part.reader.fast_fields().u64(ID)?.first_or_default_col(0);
        let reader = self.readers.add(&part.reader);
        let mut total = 0;
        part.each(|doc, time| {
            total += 1;
            let full = self.found.len() >= self.wanted;
            if full && self.found.peek().is_some_and(|Reverse(oldest)| time < oldest.at.time.0) {
                return;
            }
            let at = Cursor { time: Timestamp(time), id: EventId(ids.get_val(doc)) };
            self.offer(Found { at, reader, doc });
        })?;
        self.total += total;
        Ok(())
    }
}

/// Counts by the values of a field.
pub(super) struct Counter<'a> {
    index: &'a Index,
    name: String,
    pub(super) by_value: HashMap<String, u64>,
    pub(super) events_with: u64,
    pub(super) total: u64,
}

impl Counter<'_> {
    pub(super) fn new(index: &Index, name: String) -> Counter<'_> {
        Counter { index, name, by_value: HashMap::new(), events_with: 0, total: 0 }
    }

    fn add(&mut self, value: &str, events: u64) {
        if let Some(count) = self.by_value.get_mut(value) {
            *count += events;
        } else if self.by_value.len() <= COUNT_BY_DISTINCT_MAX {
            // One more than the limit is kept, and found by whoever asked.
            self.by_value.insert(value.to_owned(), events);
        }
    }

    /// Values that are too long to be terms are read from the events.
    fn add_long(&mut self, part: &Part<'_>, matches: &BitSet, with: &mut BitSet) -> tantivy::Result<()> {
        let mark = format!("{NAME_END}{}", self.name);
        let fields = self.index.shared.fields;
        let mut docs = Vec::new();
        each_term(&part.reader, fields.values, &mark, "", |rest, postings| match rest {
            "" => postings(&mut |doc| docs.extend(matches.contains(doc).then_some(doc))),
            _ => Ok(()),
        })?;
        let store = part.reader.get_store_reader(CACHED_BLOCKS)?;
        for doc in docs {
            with.insert(doc);
            let hit = leaf::hit(&store, fields.record, doc)?;
            let values: Vec<String> = long_values(&hit, &self.name).collect();
            for value in values {
                let start: String = value.chars().take(LONG_VALUE_LETTERS).collect();
                self.add(&format!("{start}…"), 1);
            }
        }
        Ok(())
    }
}

impl Collector for Counter<'_> {
    fn collect(&mut self, part: &Part<'_>) -> tantivy::Result<()> {
        let matches = part.matches()?;
        self.total += matches.len() as u64;
        let mut with = BitSet::with_max_value(part.reader.max_doc());
        if self.name == "sperwer.client" {
            self.events_with += matches.len() as u64;
            self.add(&part.key.client.to_string(), matches.len() as u64);
            return Ok(());
        }
        let prefix = format!("{}{NAME_END}", self.name);
        each_term(&part.reader, self.index.shared.fields.values, &prefix, "", |value, postings| {
            let mut events = 0;
            postings(&mut |doc| {
                if matches.contains(doc) {
                    with.insert(doc);
                    events += 1;
                }
            })?;
            if events > 0 {
                self.add(value, events);
            }
            Ok(())
        })?;
        self.add_long(part, &matches, &mut with)?;
        self.events_with += with.len() as u64;
        Ok(())
    }
}

/// Counts by interval.
pub(super) struct Bars {
    pub(super) interval_ms: u64,
    /// By number of the interval since the epoch.
    pub(super) buckets: BTreeMap<i64, u64>,
    pub(super) total: u64,
}

impl Bars {
    /// Twice the width.
    pub(super) fn widen(&mut self) {
        self.interval_ms *= 2;
        let mut wider = BTreeMap::new();
        for (number, events) in std::mem::take(&mut self.buckets) {
            *wider.entry(number.div_euclid(2)).or_default() += events;
        }
        self.buckets = wider;
    }
}

impl Collector for Bars {
    fn collect(&mut self, part: &Part<'_>) -> tantivy::Result<()> {
        let nanos = (self.interval_ms * 1_000_000) as i64;
        let mut current = (i64::MIN, 0);
        let buckets = &mut self.buckets;
        let mut total = 0;
        part.each(|_, time| {
            total += 1;
            let number = time.div_euclid(nanos);
            if number != current.0 {
                if current.1 > 0 {
                    *buckets.entry(current.0).or_default() += current.1;
                }
                current = (number, 0);
            }
            current.1 += 1;
        })?;
        if current.1 > 0 {
            *buckets.entry(current.0).or_default() += current.1;
        }
        self.total += total;
        while self.buckets.len() as u64 > HISTOGRAM_BUCKETS_MAX {
            self.widen();
        }
        Ok(())
    }
}

/// Events by id.
pub(super) struct Getter {
    ids: BTreeSet<u64>,
    pub(super) found: BTreeMap<u64, Found>,
    pub(super) readers: Readers,
}

impl Getter {
    pub(super) fn new(ids: BTreeSet<u64>) -> Getter {
        Getter { ids, found: BTreeMap::new(), readers: Readers::default() }
    }
}

impl Collector for Getter {
    fn wants(&self, info: &SegmentInfo) -> bool {
        self.ids.range(info.ids.0..=info.ids.1).next().is_some()
    }

    fn collect(&mut self, part: &Part<'_>) -> tantivy::Result<()> {
        let column = part.reader.fast_fields().u64(ID)?;
        let mut docs = Vec::new();
        let mut found = Vec::new();
        for id in self.ids.range(part.info.ids.0..=part.info.ids.1) {
            docs.clear();
            column.get_docids_for_value_range(*id..=*id, 0..part.reader.max_doc(), &mut docs);
            found.extend(docs.first().map(|doc| (*id, *doc)));
        }
        found.sort_unstable_by_key(|(_, doc)| *doc);
        let reader = self.readers.add(&part.reader);
        // The plan is "every event", or those of the scope's provider.
        let mut scorer = part.weight.scorer(&part.reader, 1.0)?;
        for (id, doc) in found {
            if scorer.doc() < doc {
                scorer.seek(doc);
            }
            if scorer.doc() == doc {
                let at = Cursor { time: Timestamp(0), id: EventId(id) };
                self.found.insert(id, Found { at, reader, doc });
            }
        }
        Ok(())
    }
}
