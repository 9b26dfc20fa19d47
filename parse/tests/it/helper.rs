//! A parser with a fixed time of receipt, and its events as plain text.

use bumpalo::Bump;
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use parse::{Catalogue, Parser};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// 2026-11-22T12:00:00Z.
pub const RECEIVED: Timestamp = Timestamp(1_795_348_800_000_000_000);

pub struct Bench {
    pub parser: Parser,
    pub fields: Arc<FieldTable>,
    /// Who sends the lines.
    pub source: SourceId,
}

impl Bench {
    pub fn new() -> Bench {
        // Reading the entries takes longer than most tests.
        static BUILTIN: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::builtin()));
        Bench::with(Arc::clone(&BUILTIN))
    }

    pub fn of(catalogue: Catalogue) -> Bench {
        Bench::with(Arc::new(catalogue))
    }

    fn with(catalogue: Arc<Catalogue>) -> Bench {
        let fields = Arc::new(FieldTable::new());
        let parser = Parser::new(catalogue, Arc::clone(&fields));
        Bench { parser, fields, source: SourceId(1) }
    }

    pub fn json(&mut self, raw: &[u8]) -> serde_json::Map<String, serde_json::Value> {
        let arena = Bump::new();
        let mut frame = frame(raw);
        frame.origin.source = self.source;
        let event = self.parser.parse(&frame, &arena);
        let mut out = Vec::new();
        event::json::write_event(&event, &self.fields, &mut out);
        match serde_json::from_slice(&out) {
            Ok(serde_json::Value::Object(map)) => map,
            other => panic!("not an object: {other:?} from {:?}", String::from_utf8_lossy(&out)),
        }
    }

    /// Every field as text; a list joined by commas.
    pub fn fields(&mut self, raw: &[u8]) -> BTreeMap<String, String> {
        self.json(raw).into_iter().map(|(name, value)| (name, plain(&value))).collect()
    }
}

pub fn frame(raw: &[u8]) -> Frame<'_> {
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    Frame { id: EventId(7), raw, received: RECEIVED, origin, truncated: false }
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
