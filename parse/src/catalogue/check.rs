//! The sample lines of entries, run through the whole catalogue.

use super::Catalogue;
use crate::parser::Parser;
use bumpalo::Bump;
use event::{
    ClientId, Event, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport, Value, json, known,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When samples are received, 2026-11-22T12:00:00Z: their times without a year lie just before it.
pub(crate) const RECEIVED: Timestamp = Timestamp(1_795_348_800_000_000_000);

/// What became of a sample.
#[derive(Clone, Debug)]
pub struct SampleRun {
    /// The source type whose sample it is.
    pub source_type: String,
    /// Which of its samples, from 1.
    pub number: usize,
    /// The line.
    pub line: String,
    /// Where it is not as expected; empty when all is.
    pub differences: Vec<Difference>,
}

/// A field that is not as a sample expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field's name.
    pub field: String,
    /// Its value as text; a list is joined by commas.
    pub expected: String,
    /// The same, if it is there at all.
    pub got: Option<String>,
}

/// Runs the samples of the source types that are `wanted` by name. Each line must be taken for its own type, unless the
/// sample expects another or the entry gives its lines to another's (`as`).
#[must_use]
pub fn run_samples(catalogue: &Arc<Catalogue>, wanted: impl Fn(&str) -> bool) -> Vec<SampleRun> {
    let mut bench = Bench::new(catalogue);
    let mut runs = Vec::new();
    let entries = catalogue.types.iter().zip(&catalogue.entries);
    for (number, (info, entry)) in (1..).zip(entries.filter(|(info, _)| wanted(&info.name))) {
        // What a source sent before tells look-alikes apart.
        bench.source = SourceId(number);
        let own = if entry.gives.is_empty() { &info.name } else { &entry.gives };
        for (at, sample) in info.samples.iter().enumerate() {
            let got = bench.fields(&sample.line);
            let mut expect = sample.expect.clone();
            // A line that nobody should understand is of no type.
            let told = |(field, value): &(String, String)| {
                field == "sperwer.source_type" || (field == "sperwer.parse.status" && value == "raw")
            };
            if !expect.iter().any(told) {
                expect.insert(0, ("sperwer.source_type".to_owned(), own.clone()));
            }
            let differences = expect.into_iter().filter_map(|(field, expected)| {
                let found = got.get(&field).cloned();
                (found.as_ref() != Some(&expected)).then_some(Difference { field, expected, got: found })
            });
            runs.push(SampleRun {
                source_type: info.name.clone(),
                number: at + 1,
                line: sample.line.clone(),
                differences: differences.collect(),
            });
        }
    }
    runs
}

/// A parser with a fixed time of receipt, and its events as text.
pub(crate) struct Bench {
    parser: Parser,
    fields: Arc<FieldTable>,
    /// Who sends the lines.
    pub(crate) source: SourceId,
}

impl Bench {
    pub(crate) fn new(catalogue: &Arc<Catalogue>) -> Bench {
        let fields = Arc::new(FieldTable::new());
        let parser = Parser::new(Arc::clone(catalogue), Arc::clone(&fields));
        Bench { parser, fields, source: SourceId(1) }
    }

    /// Every field of a line's event as text; a list is joined by commas.
    pub(crate) fn fields(&mut self, line: &str) -> BTreeMap<String, String> {
        let arena = Bump::new();
        let event = self.parser.parse(&frame(line.as_bytes(), self.source), &arena);
        flat(&event, &self.fields)
    }
}

pub(crate) fn frame(raw: &[u8], source: SourceId) -> Frame<'_> {
    let origin = Origin { client: ClientId(1), source, transport: Transport::File, peer: None };
    Frame { id: EventId(0), raw, received: RECEIVED, origin, truncated: false }
}

/// An event's fields as text, with those that every event has, but without the line itself.
pub(crate) fn flat(event: &Event<'_>, fields: &FieldTable) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for field in event.fields {
        let name = fields.name(field.id);
        if json::is_ours(name) {
            continue;
        }
        let text = if field.value == Value::Null { "null".to_owned() } else { field.value.to_string() };
        match found.get_mut(name) {
            Some(list) => *list = format!("{list},{text}"),
            None => drop(found.insert(name.to_owned(), text)),
        }
    }
    let mut put = |id: event::FieldId, text: String| found.insert(fields.name(id).to_owned(), text);
    put(known::TIMESTAMP, event.time.to_string());
    put(known::MESSAGE, event.message.to_owned());
    put(known::SPERWER_SOURCE_TYPE, event.source_type.to_owned());
    put(known::SPERWER_PARSE_STATUS, event.status.name().to_owned());
    let defects: Vec<&str> = event.defects.iter().map(|defect| defect.kind.name()).collect();
    if !defects.is_empty() {
        put(known::SPERWER_PARSE_DEFECTS, defects.join(","));
    }
    found
}
