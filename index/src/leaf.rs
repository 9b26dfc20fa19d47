//! The leaves of a plan: sets of events that the engine's own queries cannot give.

use crate::hit::Hit;
use crate::record;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;
use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::schema::{Field, IndexRecordOption, Value as _};
use tantivy::store::StoreReader;
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyDocument, TantivyError};

/// Blocks of records that stay decompressed while looking at records one after the other.
const CACHED_BLOCKS: usize = 4;

/// A test of a term or value, in lower case.
pub(crate) type TextTest = Arc<dyn Fn(&str) -> bool + Send + Sync>;
/// A test of an event.
pub(crate) type HitTest = Arc<dyn Fn(&Hit) -> bool + Send + Sync>;

/// A set of events of a segment.
#[derive(Clone)]
pub(crate) enum Leaf {
    /// Those with a term that starts with `prefix` and whose rest passes the test.
    Scan { field: Field, prefix: String, literal: String, test: TextTest },
    /// Those among the candidates that pass the test: reads each of them.
    Verify { candidates: Arc<dyn Query>, record: Field, test: HitTest },
    /// All but these. The engine's own exclusion asks a set for events before those it has passed, which phrases do not
    /// allow (tantivy 0.27).
    Not(Arc<dyn Query>),
    /// Those with a number in a column within the bounds.
    Column { column: &'static str, low: Bound<i64>, high: Bound<i64> },
    /// Those with an id from `low` to `high`, both included.
    Ids { column: &'static str, low: u64, high: u64 },
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Leaf::Scan { prefix, literal, .. } => write!(f, "Scan({prefix:?} {literal:?})"),
            Leaf::Verify { candidates, .. } => write!(f, "Verify({candidates:?})"),
            Leaf::Not(inner) => write!(f, "Not({inner:?})"),
            Leaf::Column { column, low, high } => write!(f, "Column({column} {low:?} {high:?})"),
            Leaf::Ids { low, high, .. } => write!(f, "Ids({low} {high})"),
        }
    }
}

impl Query for Leaf {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let inner = match self {
            Leaf::Verify { candidates: inner, .. } | Leaf::Not(inner) => Some(inner.weight(scoring)?),
            _ => None,
        };
        Ok(Box::new(LeafWeight { leaf: self.clone(), inner }))
    }
}

struct LeafWeight {
    leaf: Leaf,
    inner: Option<Box<dyn Weight>>,
}

impl Weight for LeafWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let found = match (&self.leaf, &self.inner) {
            (Leaf::Scan { field, prefix, literal, test }, _) => scan(reader, *field, prefix, literal, test)?,
            (Leaf::Verify { record, test, .. }, Some(candidates)) => {
                verify(reader, candidates.as_ref(), *record, test)?
            }
            (Leaf::Not(_), Some(inner)) => all_but(reader, inner.as_ref())?,
            (Leaf::Verify { .. } | Leaf::Not(_), None) => None,
            (Leaf::Column { column, low, high }, _) => in_column(reader, column, *low, *high)?,
            (Leaf::Ids { column, low, high }, _) => with_ids(reader, column, *low, *high)?,
        };
        Ok(match found {
            Some(docs) => Box::new(ConstScorer::new(BitSetDocSet::from(docs), boost)),
            None => Box::new(EmptyScorer),
        })
    }

    fn explain(&self, _reader: &SegmentReader, _doc: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("event", 1.0))
    }
}

/// Walks the part of the dictionary below `prefix` + `literal`; the test sees what comes after `prefix`.
fn scan(
    reader: &SegmentReader,
    field: Field,
    prefix: &str,
    literal: &str,
    test: &TextTest,
) -> tantivy::Result<Option<BitSet>> {
    let mut docs: Option<BitSet> = None;
    each_term(reader, field, prefix, literal, |term, postings| {
        if test(term) {
            let docs = docs.get_or_insert_with(|| BitSet::with_max_value(reader.max_doc()));
            postings(&mut |doc| {
                docs.insert(doc);
            })?;
        }
        Ok(())
    })?;
    Ok(docs)
}

/// Calls `each` with every term below `prefix` + `literal` (without `prefix`) and a way to walk its events.
pub(crate) fn each_term(
    reader: &SegmentReader,
    field: Field,
    prefix: &str,
    literal: &str,
    mut each: impl FnMut(&str, &dyn Fn(&mut dyn FnMut(DocId)) -> tantivy::Result<()>) -> tantivy::Result<()>,
) -> tantivy::Result<()> {
    let index = reader.inverted_index(field)?;
    let from = format!("{prefix}{literal}").into_bytes();
    let mut range = index.terms().range().ge(&from);
    if let Some(end) = after_all_with(&from) {
        range = range.lt(end);
    }
    let mut stream = range.into_stream()?;
    while stream.advance() {
        let Ok(term) = std::str::from_utf8(&stream.key()[prefix.len()..]) else { continue };
        let info = stream.value();
        let postings = |callback: &mut dyn FnMut(DocId)| {
            let mut blocks = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            while !blocks.docs().is_empty() {
                blocks.docs().iter().for_each(|doc| callback(*doc));
                blocks.advance();
            }
            Ok(())
        };
        each(term, &postings)?;
    }
    Ok(())
}

/// The first key after all that start with `prefix`; `None` when there is none.
fn after_all_with(prefix: &[u8]) -> Option<Vec<u8>> {
    let keep = prefix.iter().rposition(|byte| *byte < 0xff)?;
    let mut end = prefix[..=keep].to_vec();
    end[keep] += 1;
    Some(end)
}

fn verify(
    reader: &SegmentReader,
    candidates: &dyn Weight,
    field: Field,
    test: &HitTest,
) -> tantivy::Result<Option<BitSet>> {
    let mut scorer = candidates.scorer(reader, 1.0)?;
    if scorer.doc() == TERMINATED {
        return Ok(None);
    }
    let store = reader.get_store_reader(CACHED_BLOCKS)?;
    let mut docs = BitSet::with_max_value(reader.max_doc());
    while scorer.doc() != TERMINATED {
        if test(&hit(&store, field, scorer.doc())?) {
            docs.insert(scorer.doc());
        }
        scorer.advance();
    }
    Ok(Some(docs))
}

fn all_but(reader: &SegmentReader, unwanted: &dyn Weight) -> tantivy::Result<Option<BitSet>> {
    let mut docs = BitSet::with_max_value_and_full(reader.max_doc());
    unwanted.for_each_no_score(reader, &mut |found| found.iter().for_each(|doc| docs.remove(*doc)))?;
    Ok(Some(docs))
}

/// The event behind a document.
pub(crate) fn hit(store: &StoreReader, field: Field, doc: DocId) -> tantivy::Result<Hit> {
    let document: TantivyDocument = store.get(doc)?;
    let bytes = document.get_first(field).and_then(|value| value.as_bytes());
    bytes
        .and_then(record::read)
        .ok_or_else(|| TantivyError::InternalError(format!("the record of document {doc} is damaged")))
}

fn in_column(
    reader: &SegmentReader,
    column: &str,
    low: Bound<i64>,
    high: Bound<i64>,
) -> tantivy::Result<Option<BitSet>> {
    let low = match low {
        Bound::Unbounded => i64::MIN,
        Bound::Included(value) => value,
        Bound::Excluded(i64::MAX) => return Ok(None),
        Bound::Excluded(value) => value + 1,
    };
    let high = match high {
        Bound::Unbounded => i64::MAX,
        Bound::Included(value) => value,
        Bound::Excluded(i64::MIN) => return Ok(None),
        Bound::Excluded(value) => value - 1,
    };
    if low > high {
        return Ok(None);
    }
    let mut found = Vec::new();
    let values = reader.fast_fields().i64(column)?;
    values.get_docids_for_value_range(low..=high, 0..reader.max_doc(), &mut found);
    Ok(bit_set(reader, &found))
}

fn with_ids(reader: &SegmentReader, column: &str, low: u64, high: u64) -> tantivy::Result<Option<BitSet>> {
    let mut found = Vec::new();
    let ids = reader.fast_fields().u64(column)?;
    ids.get_docids_for_value_range(low..=high, 0..reader.max_doc(), &mut found);
    Ok(bit_set(reader, &found))
}

fn bit_set(reader: &SegmentReader, docs: &[DocId]) -> Option<BitSet> {
    let mut set = BitSet::with_max_value(reader.max_doc());
    docs.iter().for_each(|doc| {
        set.insert(*doc);
    });
    (!docs.is_empty()).then_some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_after_all_of_it() {
        assert_eq!(after_all_with(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(after_all_with(b"a\xff"), Some(b"b".to_vec()));
        assert_eq!(after_all_with(b"\xff\xff"), None);
        assert_eq!(after_all_with(b""), None);
    }
}
