//! Frame in, event out.

use crate::catalogue::Catalogue;
use bumpalo::Bump;
use chrono_tz::Tz;
use event::{Event, FieldTable, Frame, ParseStatus, SourceId};
use std::collections::HashMap;
use std::sync::Arc;

/// What is known of one source beforehand.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// The zone of its times that carry none; UTC by default.
    pub zone: Tz,
    /// Its source type, when somebody fixed it; recognised per line otherwise.
    pub source_type: Option<String>,
}

impl Default for SourceSettings {
    fn default() -> SourceSettings {
        SourceSettings { zone: Tz::UTC, source_type: None }
    }
}

/// Turns frames into events. One per thread: it keeps caches, and what it learned of each source.
#[derive(Debug)]
pub struct Parser {
    _catalogue: Arc<Catalogue>,
    _fields: Arc<FieldTable>,
    sources: HashMap<SourceId, SourceSettings>,
}

impl Parser {
    /// A parser for the source types of `catalogue`, naming fields in `fields`.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, fields: Arc<FieldTable>) -> Parser {
        Parser { _catalogue: catalogue, _fields: fields, sources: HashMap::new() }
    }

    /// Sets what is known of a source, replacing what was.
    pub fn set_source(&mut self, source: SourceId, settings: SourceSettings) {
        self.sources.insert(source, settings);
    }

    /// Understands one frame, as far as possible. Never fails; whatever is not understood stays in
    /// [`Event::raw`] and `message`.
    pub fn parse<'a>(&mut self, frame: &Frame<'a>, arena: &'a Bump) -> Event<'a> {
        let message = match std::str::from_utf8(frame.raw) {
            Ok(text) => text,
            Err(_) => arena.alloc_str(&String::from_utf8_lossy(frame.raw)),
        };
        Event {
            id: frame.id,
            raw: frame.raw,
            received: frame.received,
            origin: frame.origin,
            time: frame.received,
            status: ParseStatus::Raw,
            source_type: "raw",
            message,
            fields: &[],
            defects: &[],
            ci: None,
            provider: None,
        }
    }
}
