//! Running a query over the segments of the splits in scope.

mod collect;

use self::collect::{Bars, Collector, Counter, Found, Getter, Newest};
use crate::error::{engine_error, unless_it_panics};
use crate::manifest::SegmentInfo;
use crate::plan::Planner;
use crate::query::{self, Query};
use crate::request::{
    Bucket, COUNT_BY_TOP_MAX, Count, Counts, Fetched, GET_MANY_MAX, HISTOGRAM_BUCKETS_MAX, Histogram,
    LIMIT_MAX, PAGE_BYTES_MAX, SearchPage, SearchRequest,
};
use crate::schema::TIME;
use crate::split::{SplitKey, SplitView};
use crate::token::fold;
use crate::{Hit, Index, IndexError, SearchError, clock};
use event::{ClientId, EventId, Scope, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tantivy::columnar::ColumnValues;
use tantivy::query::{EnableScoring, Query as _, Weight};
use tantivy::{BitSet, COLLECT_BLOCK_BUFFER_LEN, DocId, SegmentReader};

/// A field with more different values than this cannot be counted by; bounds the memory of one request.
pub const COUNT_BY_DISTINCT_MAX: usize = 500_000;

/// A search begins again this often when segments are replaced under it.
const ATTEMPTS_MAX: usize = 5;

/// Fields of which nearly every event has a value of its own, and which are therefore not kept as values.
const NOT_COUNTED: [&str; 5] =
    ["@timestamp", "message", "event.original", "sperwer.received", "sperwer.event_id"];

impl Index {
    /// One page of the events that match, newest first by event time: as many as were asked for, or fewer when they are
    /// more than [`PAGE_BYTES_MAX`] together.
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
        let hits = newest.readers.hits(&found, self, PAGE_BYTES_MAX)?;
        let more = more || hits.len() < found.len();
        let next = hits.len().checked_sub(1).filter(|_| more).map(|last| found[last].0.at);
        Ok(SearchPage { hits, total: newest.total, next, not_searched })
    }

    /// How many matching events have each value of a field; the `top` most frequent. `limit` and `after` of the request
    /// do not matter.
    ///
    /// # Errors
    /// As [`search`](Self::search); also when the field has more than [`COUNT_BY_DISTINCT_MAX`] different values, or is
    /// one of which nearly every event has a value of its own.
    pub fn count_by(
        &self,
        scope: &Scope,
        request: &SearchRequest,
        field: &str,
        top: usize,
    ) -> Result<Counts, SearchError> {
        at_most("top", top, COUNT_BY_TOP_MAX)?;
        let name = fold(field);
        if NOT_COUNTED.contains(&name.as_str()) {
            return Err(SearchError::NotCounted { field: name });
        }
        let (counter, not_searched) = self.run(scope, request, || Counter::new(self, name.clone()))?;
        at_most("the number of different values", counter.by_value.len(), COUNT_BY_DISTINCT_MAX)?;
        let distinct = counter.by_value.len() as u64;
        let mut all: Vec<Count> =
            counter.by_value.into_iter().map(|(value, events)| Count { value, events }).collect();
        all.sort_unstable_by(|a, b| b.events.cmp(&a.events).then_with(|| a.value.cmp(&b.value)));
        all.truncate(top);
        let Counter { events_with, total, .. } = counter;
        Ok(Counts { top: all, distinct, events_with, total, not_searched })
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
        let (mut bars, not_searched) =
            self.run(scope, request, || Bars { interval_ms, buckets: BTreeMap::new(), total: 0 })?;
        while bars.buckets.len() as u64 > HISTOGRAM_BUCKETS_MAX {
            bars.widen();
        }
        let interval_ms = bars.interval_ms;
        let start = |number: i64| Timestamp::from_millis(number.saturating_mul(interval_ms as i64));
        let buckets =
            bars.buckets.into_iter().map(|(number, events)| Bucket { start: start(number), events });
        Ok(Histogram { interval_ms, buckets: buckets.collect(), total: bars.total, not_searched })
    }

    /// The event with this id, if the scope may see it.
    ///
    /// # Errors
    /// When the index fails; [`SearchError::NotSearched`] when it was not found where it could be looked for.
    pub fn get(&self, scope: &Scope, id: EventId) -> Result<Option<Hit>, SearchError> {
        let Fetched { mut hits, not_searched } = self.get_many(scope, &[id])?;
        match hits.pop() {
            None if !not_searched.is_empty() => Err(SearchError::NotSearched { not_searched }),
            found => Ok(found),
        }
    }

    /// The events with these ids that the scope may see, in the order of their ids. At most [`GET_MANY_MAX`] ids.
    ///
    /// # Errors
    /// When there are too many ids, or the index fails.
    pub fn get_many(&self, scope: &Scope, ids: &[EventId]) -> Result<Fetched, SearchError> {
        at_most("the number of ids", ids.len(), GET_MANY_MAX)?;
        let ids: BTreeSet<u64> = ids.iter().map(|id| id.0).collect();
        let (getter, not_searched) = self.run(scope, &SearchRequest::new(""), || Getter::new(ids.clone()))?;
        let found: Vec<Reverse<Found>> = getter.found.into_values().map(Reverse).collect();
        Ok(Fetched { hits: getter.readers.hits(&found, self, usize::MAX)?, not_searched })
    }

    /// Runs a query over every segment that may have a match, newest segments first. What cannot be opened, or is not
    /// come to in time, is reported and left out; when a segment was replaced meanwhile, all begins again.
    fn run<C: Collector>(
        &self,
        scope: &Scope,
        request: &SearchRequest,
        collector: impl Fn() -> C,
    ) -> Result<(C, Vec<String>), SearchError> {
        let query = query::parse(&request.query)?;
        let deadline = clock::start() + Duration::from_millis(self.shared.settings.search_timeout_ms);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (splits, mut missing) = self.shared.snapshot(scope)?;
            let mut collector = collector();
            let asked = Asked { scope, request, query: &query, deadline };
            match self.run_once(&asked, &splits, &mut collector, &mut missing)? {
                Outcome::Replaced if attempt < ATTEMPTS_MAX => {}
                Outcome::Replaced | Outcome::Done => return Ok((collector, missing)),
            }
        }
    }

    fn run_once<C: Collector>(
        &self,
        asked: &Asked<'_>,
        splits: &[(SplitKey, Arc<SplitView>)],
        collector: &mut C,
        missing: &mut Vec<String>,
    ) -> Result<Outcome, SearchError> {
        let Asked { scope, request, query, deadline } = *asked;
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
        let count = segments.len();
        for (at, (key, info)) in segments.into_iter().enumerate() {
            if at > 0 && clock::start() >= deadline {
                missing.push(format!(
                    "{} of {count} parts, the oldest: there was no time left, narrow the time range",
                    count - at
                ));
                break;
            }
            let weight = match weights.entry(key.client) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => new.insert(self.weight(scope, query, key)?),
            };
            let path = key.path(&self.shared.root);
            let collected = unless_it_panics(&path, || {
                let reader = self.shared.reader(key, info)?;
                let part = Part { key, info, reader, weight: weight.as_ref(), range };
                collector.collect(&part).map_err(engine_error(&path))
            });
            if let Err(error) = collected {
                broken = true;
                // A provider is not told whose events they may have been.
                missing.push(match scope.provider_filter() {
                    None => {
                        format!("segment {} of {}: {error}", info.id, path.display())
                    }
                    Some(_) => "a part that is damaged".to_owned(),
                });
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

fn at_most(what: &'static str, got: usize, max: usize) -> Result<(), SearchError> {
    if got <= max { Ok(()) } else { Err(SearchError::TooMuch { what, got: got as u64, max: max as u64 }) }
}

/// What is asked for, by whom, and until when an answer is waited for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    scope: &'a Scope,
    request: &'a SearchRequest,
    query: &'a Query,
    deadline: Instant,
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
