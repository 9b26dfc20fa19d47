//! Why a line was taken for what it was taken for. Found afterwards, from the event and the line: parsing itself does
//! nothing for it.

mod near;
mod origin;
mod why;

use crate::catalogue::Catalogue;
use crate::catalogue::written::Entry;
use crate::encoding;
use crate::parser::{Parser, SourceSettings};
use crate::plan::Plan;
use crate::sight::{Sight, sight};
use crate::syslog::Kind;
use bumpalo::Bump;
use event::{
    ClientId, Defect, DefectKind, Event, EventId, FieldTable, Frame, Origin, ParseStatus, SourceId,
    Timestamp, Transport,
};
use std::sync::Arc;

/// The source that explained lines are from.
const SOURCE: SourceId = SourceId(1);

/// How sure it is that a line is of its source type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// Nothing tells its type.
    None,
    /// Its format tells something, or words that may stand in any line.
    Guess,
    /// Other types write lines like it, or only a part of it was understood.
    Likely,
    /// It can hardly be of another type.
    Certain,
}

impl Sureness {
    /// Its name, for people and programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Sureness::None => "none",
            Sureness::Guess => "guess",
            Sureness::Likely => "likely",
            Sureness::Certain => "certain",
        }
    }
}

/// A part of a line: bytes from the first to before the second.
pub type Place = (usize, usize);

/// What was found in front of the message.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// `RFC 5424`, `RFC 3164` or `none`.
    pub kind: &'static str,
    /// Where the message starts.
    pub message_at: usize,
    /// Its parts by name.
    pub parts: Vec<(&'static str, String)>,
}

/// The pattern that took a line.
#[derive(Clone, Debug)]
pub struct MatchedPattern {
    /// Whose it is.
    pub source_type: String,
    /// Whether it is a head or a lead, which take only the front of a message.
    pub kind: &'static str,
    /// As it is written.
    pub text: String,
}

/// A field, and where its value is from.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Its name.
    pub name: String,
    /// Its value as text.
    pub value: String,
    /// Where it stands in the line, where that is known.
    pub place: Option<Place>,
    /// Whether the source type says it of all such lines.
    pub constant: bool,
}

/// A source type that came near, and what kept it from the line.
#[derive(Clone, Debug)]
pub struct Near {
    /// Which.
    pub source_type: String,
    /// Its pattern as it is written, or its keys.
    pub what: String,
    /// Up to which byte of the line it fits; for keys nothing.
    pub at: Option<usize>,
    /// What would have to be there.
    pub wanted: String,
}

/// What is known of a line's understanding.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The envelope.
    pub envelope: Envelope,
    /// The source type.
    pub source_type: String,
    /// How far the parser got: `parsed`, `partial` or `raw`.
    pub status: &'static str,
    /// How sure the source type is.
    pub sureness: Sureness,
    /// What told it, in words.
    pub reason: String,
    /// Where that stands.
    pub reason_at: Option<usize>,
    /// Patterns that took the line, the ones for its front first.
    pub patterns: Vec<MatchedPattern>,
    /// Other source types that would take the line too.
    pub also: Vec<String>,
    /// When it happened.
    pub time: Timestamp,
    /// From where that is known: `envelope`, `message` or `receipt`.
    pub time_from: &'static str,
    /// The text a person reads first.
    pub message: String,
    /// Every field.
    pub fields: Vec<Explained>,
    /// What was wrong, and at which byte.
    pub defects: Vec<(&'static str, usize)>,
    /// Where nothing took the whole line: who came nearest.
    pub near: Vec<Near>,
}

/// Explains lines, one after the other, as of one source.
#[derive(Debug)]
pub struct Explainer {
    catalogue: Arc<Catalogue>,
    fields: Arc<FieldTable>,
    parser: Parser,
    plan: Plan,
    settings: SourceSettings,
}

/// What the steps of explaining share: a line, what it looks like, and what became of it.
struct Line<'e, 'a> {
    explainer: &'e Explainer,
    text: &'a str,
    sight: Sight<'a>,
    event: &'e Event<'a>,
}

impl Explainer {
    /// For lines of a source with these settings. An unknown source type counts as none.
    ///
    /// # Panics
    /// Never: a table of its own has room for the names of any catalogue that was read.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, settings: SourceSettings) -> Explainer {
        let fields = Arc::new(FieldTable::new());
        let plan = Plan::new(&catalogue.entries, &catalogue.pool, &fields)
            .expect("a catalogue that was read binds to any table with room for its names");
        let mut parser = Parser::new(Arc::clone(&catalogue), Arc::clone(&fields));
        parser.set_source(SOURCE, settings.clone());
        Explainer { catalogue, fields, parser, plan, settings }
    }

    /// Forgets what the lines so far taught of their source: those that follow are of another.
    pub fn forget(&mut self) {
        self.parser.set_source(SOURCE, self.settings.clone());
    }

    /// Explains one line.
    pub fn explain(&mut self, raw: &[u8], received: Timestamp) -> Explanation {
        let arena = Bump::new();
        let origin = Origin { client: ClientId(1), source: SOURCE, transport: Transport::File, peer: None };
        let frame = Frame { id: EventId(0), raw, received, origin, truncated: false };
        let event = self.parser.parse(&frame, &arena);
        // The same text as the parser made of the bytes, though not at the same place when it had to be made.
        let read = encoding::read(raw, false, &arena);
        let sight = sight(read.text, received, self.settings.zone, &arena);
        let line = Line { explainer: self, text: read.text, sight, event: &event };
        let mut explanation = line.explanation();
        let place = |at: &mut usize| {
            let mut moved = [Defect { kind: DefectKind::Malformed, offset: *at as u32 }];
            read.place(&mut moved);
            *at = moved[0].offset as usize;
        };
        place(&mut explanation.envelope.message_at);
        explanation.reason_at.iter_mut().for_each(place);
        explanation.near.iter_mut().filter_map(|near| near.at.as_mut()).for_each(place);
        for (from, to) in explanation.fields.iter_mut().filter_map(|field| field.place.as_mut()) {
            place(from);
            place(to);
        }
        explanation
    }
}

impl Line<'_, '_> {
    fn explanation(&self) -> Explanation {
        let event = self.event;
        let why = self.why();
        let patterns = self.patterns();
        let also = self.also();
        let sureness = match why.sureness {
            Sureness::Certain if !also.is_empty() && !why.settled => Sureness::Likely,
            Sureness::Certain if event.status != ParseStatus::Parsed => Sureness::Likely,
            sureness => sureness,
        };
        let (time_from, whole) = (self.time_from(), event.status == ParseStatus::Parsed);
        Explanation {
            envelope: self.envelope(),
            source_type: event.source_type.to_owned(),
            status: event.status.name(),
            sureness,
            reason: why.text,
            reason_at: why.at,
            fields: self.origins(&patterns),
            patterns: patterns.into_iter().map(origin::Hit::shown).collect(),
            also,
            time: event.time,
            time_from,
            message: event.message.to_owned(),
            defects: event.defects.iter().map(|it| (it.kind.name(), it.offset as usize)).collect(),
            near: if whole { Vec::new() } else { self.near() },
        }
    }

    fn envelope(&self) -> Envelope {
        let header = &self.sight.header;
        let kind = match header.kind {
            Kind::Rfc5424 => "RFC 5424",
            Kind::Rfc3164 => "RFC 3164",
            Kind::None => "none",
        };
        let mut parts = Vec::new();
        parts.extend(header.priority.map(|priority| ("priority", priority.to_string())));
        parts.extend(header.time.map(|time| ("time", time.to_string())));
        for (name, text) in [
            ("host", header.host.text),
            ("program", header.app.text),
            ("process", header.procid),
            ("message id", header.msgid),
            ("structured data", header.data),
        ] {
            if !text.is_empty() {
                parts.push((name, text.to_owned()));
            }
        }
        Envelope { kind, message_at: self.at(self.sight.body).unwrap_or(0), parts }
    }

    fn time_from(&self) -> &'static str {
        let event = self.event;
        if self.sight.header.time == Some(event.time) {
            return "envelope";
        }
        if event.time == event.received { "receipt" } else { "message" }
    }

    /// The place of a part of the line, if it is one.
    fn at(&self, part: &str) -> Option<usize> {
        let at = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        (at + part.len() <= self.text.len()).then_some(at)
    }

    /// The entry of a source type by its name.
    fn entry(&self, name: &str) -> Option<&Entry> {
        self.explainer.catalogue.entries.iter().find(|entry| entry.name == name)
    }
}
