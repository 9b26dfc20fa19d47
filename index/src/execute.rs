//! Running a query over the segments of the splits in scope.

use crate::leaf::{self, each_term};
use crate::manifest::SegmentInfo;
use crate::plan::{Planner, long_values};
use crate::query::{self, Query};
use crate::request::{
    Bucket, COUNT_BY_TOP_MAX, Count, Counts, Cursor, GET_MANY_MAX, HISTOGRAM_BUCKETS_MAX, Histogram,
    LIMIT_MAX, SearchPage, SearchRequest,
};
use crate::schema::{ID, TIME};
use crate::split::{SplitKey, SplitView};
use crate::token::{NAME_END, fold};
use crate::{Hit, Index, IndexError, SearchError};
use event::{ClientId, EventId, Scope, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use tantivy::columnar::ColumnValues;
use tantivy::query::{EnableScoring, Query as _, Weight};
use tantivy::{BitSet, COLLECT_BLOCK_BUFFER_LEN, DocId, SegmentReader, TantivyError};

/// A field with more different values than this cannot be counted by; bounds the memory of one request.
pub const COUNT_BY_DISTINCT_MAX: usize = 500_000;

/// A search begins again this often when segments are replaced under it.
const ATTEMPTS_MAX: usize = 5;

/// Values too long to be terms are shown with this many letters in counts.
const LONG_VALUE_LETTERS: usize = 200;

/// Records of one page come from few blocks; those stay decompressed.
const CACHED_BLOCKS: usize = 8;

impl Index {
    /// One page of the events that match, newest first by event time.
    ///
    /// # Errors
    /// When the query cannot be understood or a limit is passed (the caller can mend both), or the index fails.
    pub fn search(&self, scope: &Scope, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        at_most("limit", request.limit, LIMIT_MAX)?;
        let wanted = request.limit + usize::from(request.limit > 0);
        let (newest, not_searched) = self.run(scope, request, || Newest::new(wanted, request.after))?;
        let mut found = newest.found.into_sorted_vec();
        let more = found.len() > request.limit;
        found.truncate(request.limit);
        let next = found.last().filter(|_| more).map(|Reverse(last)| last.at);
        let hits = newest.readers.hits(&found, self)?;
        Ok(SearchPage { hits, total: newest.total, next, not_searched })
    }

    /// How many matching events have each value of a field; the `top` most frequent. `limit` and `after` of the request
    /// do not matter.
    ///
    /// # Errors
    /// As [`search`](Self::search); also when the field has more than [`COUNT_BY_DISTINCT_MAX`] different values.
    pub fn count_by(
        &self,
        scope: &Scope,
        request: &SearchRequest,
        field: &str,
        top: usize,
    ) -> Result<Counts, SearchError> {
        at_most("top", top, COUNT_BY_TOP_MAX)?;
        let name = fold(field);
        let (counter, _) = self.run(scope, request, || Counter::new(self, name.clone()))?;
        at_most("the number of different values", counter.by_value.len(), COUNT_BY_DISTINCT_MAX)?;
        let distinct = counter.by_value.len() as u64;
        let mut all: Vec<Count> =
            counter.by_value.into_iter().map(|(value, events)| Count { value, events }).collect();
        all.sort_unstable_by(|a, b| b.events.cmp(&a.events).then_with(|| a.value.cmp(&b.value)));
        all.truncate(top);
        Ok(Counts { top: all, distinct, events_with: counter.events_with, total: counter.total })
    }

    /// Matching events per interval of event time. `limit` and `after` of the request do not matter;
    /// [`auto_interval`](crate::auto_interval) picks a readable interval.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn histogram(
        &self,
        scope: &Scope,
        request: &SearchRequest,
        interval_ms: u64,
    ) -> Result<Histogram, SearchError> {
        let interval_ms = interval_ms.clamp(1, i64::MAX as u64 / 1_000_000);
        let (mut bars, _) =
            self.run(scope, request, || Bars { interval_ms, buckets: BTreeMap::new(), total: 0 })?;
        while bars.buckets.len() as u64 > HISTOGRAM_BUCKETS_MAX {
            bars.widen();
        }
        let interval_ms = bars.interval_ms;
        let start = |number: i64| Timestamp::from_millis(number.saturating_mul(interval_ms as i64));
        let buckets =
            bars.buckets.into_iter().map(|(number, events)| Bucket { start: start(number), events });
        Ok(Histogram { interval_ms, buckets: buckets.collect(), total: bars.total })
    }

    /// The event with this id, if the scope may see it.
    ///
    /// # Errors
    /// When the index fails.
    pub fn get(&self, scope: &Scope, id: EventId) -> Result<Option<Hit>, SearchError> {
        Ok(self.get_many(scope, &[id])?.pop())
    }

    /// The events with these ids that the scope may see, in the order of their ids. At most [`GET_MANY_MAX`] ids.
    ///
    /// # Errors
    /// When there are too many ids, or the index fails.
    pub fn get_many(&self, scope: &Scope, ids: &[EventId]) -> Result<Vec<Hit>, SearchError> {
        at_most("the number of ids", ids.len(), GET_MANY_MAX)?;
        let ids: BTreeSet<u64> = ids.iter().map(|id| id.0).collect();
        let (getter, _) = self.run(scope, &SearchRequest::new(""), || Getter::new(ids.clone()))?;
        let found: Vec<Reverse<Found>> = getter.found.into_values().map(Reverse).collect();
        getter.readers.hits(&found, self)
    }

    /// The first and the last event time of what the scope may see; `None` when that is nothing.
    ///
    /// # Errors
    /// When the index fails.
    pub fn span(&self, scope: &Scope) -> Result<Option<(Timestamp, Timestamp)>, SearchError> {
        // Splits and segments know their times, but a provider sees parts of them only.
        let span = if scope.provider_filter().is_some() {
            self.run(scope, &SearchRequest::new(""), || Span(None))?.0.0
        } else {
            let (splits, _) = self.shared.snapshot(scope)?;
            let times =
                || splits.iter().flat_map(|(_, view)| view.segments.iter().map(|segment| segment.info.times));
            times().map(|times| times.0).min().zip(times().map(|times| times.1).max())
        };
        Ok(span.map(|(first, last)| (Timestamp(first), Timestamp(last))))
    }

    /// Runs a query over every segment that may have a match, newest segments first. What cannot be opened is reported
    /// and left out; when a segment was replaced meanwhile, all begins again.
    fn run<C: Collector>(
        &self,
        scope: &Scope,
        request: &SearchRequest,
        collector: impl Fn() -> C,
    ) -> Result<(C, Vec<String>), SearchError> {
        let query = query::parse(&request.query)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (splits, mut missing) = self.shared.snapshot(scope)?;
            let mut collector = collector();
            match self.run_once(scope, request, &query, &splits, &mut collector, &mut missing)? {
                Outcome::Replaced if attempt < ATTEMPTS_MAX => {}
                Outcome::Replaced | Outcome::Done => return Ok((collector, told(scope, missing))),
            }
        }
    }

    fn run_once<C: Collector>(
        &self,
        scope: &Scope,
        request: &SearchRequest,
        query: &Query,
        splits: &[(SplitKey, Arc<SplitView>)],
        collector: &mut C,
        missing: &mut Vec<String>,
    ) -> Result<Outcome, SearchError> {
        let range =
            Range { from: request.from.map_or(i64::MIN, |from| from.0), to: request.to.map(|to| to.0) };
        let mut segments: Vec<(SplitKey, &SegmentInfo)> = splits
            .iter()
            .flat_map(|(key, view)| view.segments.iter().map(|segment| (*key, &segment.info)))
            .filter(|(_, info)| range.meets(info.times) && collector.wants(info))
            .collect();
        segments.sort_unstable_by_key(|(_, info)| Reverse(info.times.1));
        let mut weights: HashMap<ClientId, Box<dyn Weight>> = HashMap::new();
        let mut broken = false;
        for (key, info) in segments {
            let weight = match weights.entry(key.client) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => new.insert(self.weight(scope, query, key)?),
            };
            let collected = self.shared.reader(key, info).and_then(|reader| {
                let part = Part { key, info, reader, weight: weight.as_ref(), range };
                collector
                    .collect(&part)
                    .map_err(|source| IndexError::Engine { path: key.path(&self.shared.root), source })
            });
            if let Err(error) = collected {
                broken = true;
                missing.push(format!(
                    "segment {} of {}: {error}",
                    info.id,
                    key.path(&self.shared.root).display()
                ));
            }
        }
        if broken && self.has_changed(scope, splits)? { Ok(Outcome::Replaced) } else { Ok(Outcome::Done) }
    }

    fn weight(&self, scope: &Scope, query: &Query, key: SplitKey) -> Result<Box<dyn Weight>, IndexError> {
        let planner = Planner { fields: self.shared.fields, names: &self.shared.names, client: key.client };
        let plan = planner.plan(query, scope.provider_filter());
        let scoring = EnableScoring::disabled_from_schema(&self.shared.schema);
        plan.weight(scoring)
            .map_err(|source| IndexError::Engine { path: key.path(&self.shared.root), source })
    }

    fn has_changed(&self, scope: &Scope, splits: &[(SplitKey, Arc<SplitView>)]) -> Result<bool, IndexError> {
        let (now, _) = self.shared.snapshot(scope)?;
        let ids = |splits: &[(SplitKey, Arc<SplitView>)]| -> BTreeSet<String> {
            splits.iter().flat_map(|(_, view)| view.segments.iter().map(|one| one.info.id.clone())).collect()
        };
        Ok(ids(&now) != ids(splits))
    }
}

/// What a scope may know of what was not searched. A provider sees a part of what the clients have, and whose splits and
/// how many of them are damaged is not its business; that its result may lack something is.
fn told(scope: &Scope, missing: Vec<String>) -> Vec<String> {
    if missing.is_empty() || scope.provider_filter().is_none() {
        return missing;
    }
    vec!["a part of the events could not be searched".to_owned()]
}

fn at_most(what: &'static str, got: usize, max: usize) -> Result<(), SearchError> {
    if got <= max { Ok(()) } else { Err(SearchError::TooMuch { what, got: got as u64, max: max as u64 }) }
}

enum Outcome {
    Done,
    Replaced,
}

/// Event times asked for, nanoseconds; `to` is outside.
#[derive(Clone, Copy)]
struct Range {
    from: i64,
    to: Option<i64>,
}

impl Range {
    fn has(&self, time: i64) -> bool {
        self.from <= time && self.to.is_none_or(|to| time < to)
    }

    fn meets(&self, times: (i64, i64)) -> bool {
        self.from <= times.1 && self.to.is_none_or(|to| times.0 < to)
    }
}

/// A segment with what to run on it.
struct Part<'a> {
    key: SplitKey,
    info: &'a SegmentInfo,
    reader: Arc<SegmentReader>,
    weight: &'a dyn Weight,
    range: Range,
}

impl Part<'_> {
    fn is_within_range(&self) -> bool {
        self.range.has(self.info.times.0) && self.range.has(self.info.times.1)
    }

    fn times(&self) -> tantivy::Result<Arc<dyn ColumnValues<i64>>> {
        Ok(self.reader.fast_fields().i64(TIME)?.first_or_default_col(0))
    }

    /// Calls `each` with every match and its event time.
    fn each(&self, mut each: impl FnMut(DocId, i64)) -> tantivy::Result<()> {
        let column = self.times()?;
        let mut times = [0i64; COLLECT_BLOCK_BUFFER_LEN];
        let all = self.is_within_range();
        self.weight.for_each_no_score(&self.reader, &mut |docs| {
            column.get_vals(docs, &mut times[..docs.len()]);
            for (doc, time) in docs.iter().zip(times) {
                if all || self.range.has(time) {
                    each(*doc, time);
                }
            }
        })
    }

    fn count(&self) -> tantivy::Result<u64> {
        if self.is_within_range() {
            return self.weight.count(&self.reader).map(u64::from);
        }
        let mut count = 0;
        self.each(|_, _| count += 1)?;
        Ok(count)
    }

    fn matches(&self) -> tantivy::Result<BitSet> {
        let mut docs = BitSet::with_max_value(self.reader.max_doc());
        self.each(|doc, _| {
            docs.insert(doc);
        })?;
        Ok(docs)
    }
}

/// What is made of the matches of each segment.
trait Collector {
    /// Whether the segment matters at all.
    fn wants(&self, _info: &SegmentInfo) -> bool {
        true
    }

    fn collect(&mut self, part: &Part<'_>) -> tantivy::Result<()>;
}

/// A match, before its record is read. Ordered by time, then id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    at: Cursor,
    reader: usize,
    doc: DocId,
}

/// Segments with matches whose records will be read.
#[derive(Default)]
struct Readers(Vec<Arc<SegmentReader>>);

impl Readers {
    fn add(&mut self, reader: &Arc<SegmentReader>) -> usize {
        self.0.push(Arc::clone(reader));
        self.0.len() - 1
    }

    fn hits(&self, found: &[Reverse<Found>], index: &Index) -> Result<Vec<Hit>, SearchError> {
        let failed = |source: TantivyError| IndexError::Engine { path: index.shared.root.clone(), source };
        let mut stores = HashMap::new();
        let mut hits = Vec::with_capacity(found.len());
        for Reverse(one) in found {
            let store = match stores.entry(one.reader) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => {
                    let store = self.0[one.reader].get_store_reader(CACHED_BLOCKS);
                    new.insert(store.map_err(TantivyError::from).map_err(failed)?)
                }
            };
            hits.push(leaf::hit(store, index.shared.fields.record, one.doc).map_err(failed)?);
        }
        Ok(hits)
    }
}

/// The newest matches before a cursor, and how many there are in all.
struct Newest {
    wanted: usize,
    after: Option<Cursor>,
    /// At most `wanted`; the oldest on top.
    found: BinaryHeap<Reverse<Found>>,
    readers: Readers,
    total: u64,
}

impl Newest {
    fn new(wanted: usize, after: Option<Cursor>) -> Newest {
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
struct Counter<'a> {
    index: &'a Index,
    name: String,
    by_value: HashMap<String, u64>,
    events_with: u64,
    total: u64,
}

impl Counter<'_> {
    fn new(index: &Index, name: String) -> Counter<'_> {
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
struct Bars {
    interval_ms: u64,
    /// By number of the interval since the epoch.
    buckets: BTreeMap<i64, u64>,
    total: u64,
}

impl Bars {
    /// Twice the width.
    fn widen(&mut self) {
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

/// First and last event time, in nanoseconds.
struct Span(Option<(i64, i64)>);

impl Collector for Span {
    fn collect(&mut self, part: &Part<'_>) -> tantivy::Result<()> {
        part.each(|_, time| {
            let (first, last) = self.0.unwrap_or((time, time));
            self.0 = Some((first.min(time), last.max(time)));
        })
    }
}

/// Events by id.
struct Getter {
    ids: BTreeSet<u64>,
    found: BTreeMap<u64, Found>,
    readers: Readers,
}

impl Getter {
    fn new(ids: BTreeSet<u64>) -> Getter {
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
