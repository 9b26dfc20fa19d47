//! Frame in, event out.

use crate::catalogue::Catalogue;
use crate::content::Hint;
use crate::draft::{Draft, Places};
use crate::encoding;
use crate::names::{Names, ROOT};
use crate::pairs;
use crate::plan::{Plan, TypeIndex};
use crate::shape::Shapes;
use crate::syslog::{self, Header, Kind};
use crate::table::{Binding, Layouts, Memory};
use crate::tabular::Columns;
use crate::time::{Clock, Zone};
use crate::work::{Actions, Work};
use ahash::AHashMap;
use bumpalo::Bump;
use chrono_tz::Tz;
use event::{DefectKind, Event, FieldTable, Frame, ParseStatus, SourceId, Value, known};
use std::sync::Arc;

/// What is known of one source beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// At most this many sources are remembered by what they sent, and share one memory beyond; the settings of registered
/// ones are always kept.
const SOURCES_LEARNED_MAX: usize = 100_000;

#[derive(Debug)]
struct Source {
    zone: Zone,
    fixed: Option<TypeIndex>,
    learned: Option<TypeIndex>,
    memory: Option<Box<Memory>>,
}

impl Source {
    fn new(zone: Tz, fixed: Option<TypeIndex>) -> Source {
        Source { zone: Zone::new(zone), fixed, learned: None, memory: None }
    }
}

/// The sources by their ids; a batch often holds several lines of one, so the last one is at hand.
#[derive(Debug)]
struct Sources {
    list: Vec<Source>,
    by_id: AHashMap<SourceId, u32>,
    last: (SourceId, u32),
}

impl Sources {
    fn new() -> Sources {
        let unknown = Source::new(Tz::UTC, None);
        let by_id = AHashMap::from([(SourceId::UNKNOWN, 0)]);
        Sources { list: vec![unknown], by_id, last: (SourceId::UNKNOWN, 0) }
    }

    #[inline]
    fn of(&mut self, id: SourceId) -> &mut Source {
        if self.last.0 != id {
            self.last = (id, self.index(id));
        }
        &mut self.list[self.last.1 as usize]
    }

    fn index(&mut self, id: SourceId) -> u32 {
        if let Some(index) = self.by_id.get(&id) {
            return *index;
        }
        // What is too much shares the memory of the unknown source.
        if self.list.len() >= SOURCES_LEARNED_MAX {
            return 0;
        }
        self.add(id, Source::new(Tz::UTC, None))
    }

    fn add(&mut self, id: SourceId, source: Source) -> u32 {
        let index = self.list.len() as u32;
        self.list.push(source);
        self.by_id.insert(id, index);
        index
    }

    fn set(&mut self, id: SourceId, source: Source) {
        match self.by_id.get(&id) {
            Some(index) => self.list[*index as usize] = source,
            None => {
                self.add(id, source);
                // It may have been seen as one too many.
                self.last = (SourceId::UNKNOWN, 0);
            }
        }
    }
}

/// Turns frames into events. One per thread: it keeps caches, and what it learned of each source.
///
/// In the steady state (all names seen before) parsing allocates nothing but in the batch's arena.
#[derive(Debug)]
pub struct Parser {
    plan: Plan,
    fields: Arc<FieldTable>,
    names: Names,
    actions: Actions,
    shapes: Shapes,
    layouts: Layouts,
    sources: Sources,
    places: Places,
    // The source type of structured data's parameters.
    rfc5424: Option<TypeIndex>,
}

impl Parser {
    /// A parser for the source types of `catalogue`, naming fields in `fields`.
    ///
    /// # Panics
    /// When `fields` has no room left for the names of the catalogue, which are a few thousand at most.
    #[must_use]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a parser shares the catalogue; that it copies what it needs is its own affair"
    )]
    pub fn new(catalogue: Arc<Catalogue>, fields: Arc<FieldTable>) -> Parser {
        let plan = Plan::new(&catalogue.entries, &catalogue.pool, &fields)
            .expect("a catalogue that was read binds to any table with room for its names");
        let mut names = Names::new(plan.keys.signals.clone());
        names.set_named(plan.named.clone());
        let rfc5424 = plan.by_name.get("rfc5424").copied();
        let (mut actions, shapes, sources) = (Actions::default(), Shapes::new(), Sources::new());
        let mut binding = Binding { plan: &plan, names: &mut names, actions: &mut actions, fields: &fields };
        let layouts = Layouts::new(&mut binding);
        Parser { plan, fields, names, actions, shapes, layouts, sources, places: Places::new(), rfc5424 }
    }

    /// Sets what is known of a source, replacing what was. An unknown source type counts as none.
    pub fn set_source(&mut self, source: SourceId, settings: SourceSettings) {
        let fixed = settings.source_type.and_then(|name| self.plan.by_name.get(&name).copied());
        self.sources.set(source, Source::new(settings.zone, fixed));
    }

    /// Understands one frame, as far as possible. Never fails; whatever is not understood stays in
    /// [`Event::raw`] and `message`. The same frame gives the same event whatever came before it, with two exceptions:
    /// lines that two source types write alike, and lines of columns whose order a header line told; there the
    /// source's other lines decide.
    pub fn parse<'a>(&mut self, frame: &Frame<'a>, arena: &'a Bump) -> Event<'a> {
        let line = encoding::read(frame.raw, frame.truncated, arena);
        let text = line.text;
        let source = self.sources.of(frame.origin.source);
        let clock = Clock { received: frame.received, zone: &source.zone };
        let mut header = Header::none(text);
        syslog::read(&mut header, &clock, &mut self.shapes);
        let data = if header.data.is_empty() { None } else { self.plan.claims.data(header.data) };
        let hint = Hint { app: header.app, fixed: source.fixed, learned: source.learned, data };
        self.names.read_for(frame.origin.client);
        let mut work = Work {
            plan: &self.plan,
            names: &mut self.names,
            actions: &mut self.actions,
            fields: &self.fields,
            clock,
            columns: Columns { layouts: &mut self.layouts, memory: &mut source.memory },
            draft: Draft::new(arena, text, &mut self.places),
        };
        if let Some(offset) = line.bad {
            work.draft.defect_at(DefectKind::NotUtf8, offset);
        }
        if frame.truncated {
            work.draft.defect_at(DefectKind::Truncated, frame.raw.len());
        }
        put_envelope(&mut work, &header, data.or(self.rfc5424), &mut self.shapes);
        if header.body.is_empty() && data.is_some() {
            work.draft.message = header.data;
        }
        let learned = work.content(header.body, hint);
        work.envelope_defaults(&header);
        let draft = &mut work.draft;
        if learned.is_some() {
            source.learned = learned;
        }
        line.place(&mut draft.defects);
        let (fields, defects) = draft.take_parts();
        Event {
            id: frame.id,
            raw: frame.raw,
            received: frame.received,
            origin: frame.origin,
            time: draft.time.unwrap_or(frame.received),
            status: draft.status,
            source_type: draft.source_type,
            message: draft.message,
            fields,
            defects,
            ci: None,
            provider: None,
        }
    }
}

const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

fn put_envelope<'a>(
    work: &mut Work<'_, 'a>,
    header: &Header<'a>,
    rfc5424: Option<TypeIndex>,
    shapes: &mut Shapes,
) {
    work.draft.time = header.time;
    work.draft.message = header.body;
    if let Some(priority) = header.priority {
        let severity = priority % 8;
        work.draft.put(known::LOG_SYSLOG_FACILITY_CODE, Value::Int(i64::from(priority / 8)));
        work.draft.put(known::LOG_SYSLOG_SEVERITY_CODE, Value::Int(i64::from(severity)));
        work.draft.put(known::LOG_SYSLOG_SEVERITY_NAME, Value::Str(SEVERITIES[usize::from(severity)]));
    }
    for (id, text) in [
        (known::LOG_SYSLOG_HOSTNAME, header.host.text),
        (known::LOG_SYSLOG_APPNAME, header.app.text),
        (known::LOG_SYSLOG_PROCID, header.procid),
        (known::LOG_SYSLOG_MSGID, header.msgid),
    ] {
        if !text.is_empty() {
            work.draft.put(id, Value::Str(text));
        }
    }
    if let Some(part) = header.malformed {
        work.draft.defect(DefectKind::Malformed, part);
    }
    if let Some(part) = header.bad_time {
        work.draft.defect(DefectKind::BadTime, part);
    }
    if let Some(of) = rfc5424.filter(|_| !header.data.is_empty()) {
        put_data(work, header, of, shapes);
    }
    (work.draft.source_type, work.draft.status) = match header.kind {
        Kind::Rfc5424 => ("rfc5424", ParseStatus::Partial),
        Kind::Rfc3164 => ("rfc3164", ParseStatus::Partial),
        Kind::None => ("raw", ParseStatus::Raw),
    };
}

fn put_data<'a>(work: &mut Work<'_, 'a>, header: &Header<'a>, of: TypeIndex, shapes: &mut Shapes) {
    let arena = work.draft.arena;
    match header.shape {
        Some(shape) => {
            for (found, value, escaped) in shapes.values(shape, header.data) {
                let value = if escaped { pairs::parameter_value(value, arena) } else { value };
                work.put_found_text(of, found, value);
            }
        }
        None => read_data(work, header.data, of, shapes),
    }
}

/// Puts parameters name by name, and remembers their shape.
fn read_data<'a>(work: &mut Work<'_, 'a>, data: &'a str, of: TypeIndex, shapes: &mut Shapes) {
    // A sender that a source type knows has its own names; the others' are told apart by element.
    let own = work.plan.claims.data(data).is_some();
    let root = work.names.child(ROOT, "log.syslog.structured_data");
    let mut named = true;
    shapes.start();
    syslog::parameters(data, |id, name, value| {
        let element = if own { Some(ROOT) } else { root.and_then(|root| work.names.child(root, id)) };
        match element.and_then(|element| work.names.child(element, name)) {
            Some(node) => {
                let found = work.actions.find(of, node, work.plan, work.names, work.fields);
                shapes.see(data, value, found);
                let value = pairs::parameter_value(value, work.draft.arena);
                work.put_found_text(of, found, value);
            }
            None => {
                named = false;
                work.draft.defect(DefectKind::TooManyNames, data);
            }
        }
    });
    if named {
        shapes.learn(data);
    }
}
