//! The message without its envelope: which format, which source type.

use crate::catalogue::written::Format;
use crate::json::{self, Outcome, Pairs};
use crate::lanes;
use crate::names::ROOT;
use crate::pairs::{self, Sink};
use crate::pattern::Spans;
use crate::plan::{MARKS, TypeIndex};
use crate::signals::Signals;
use crate::text;
use crate::word::{self, Word};
use crate::work::Work;
use crate::xml;
use event::{DefectKind, FieldId, ParseStatus, Value, known};
use memchr::memmem;

/// What is known of the line beforehand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hint<'a> {
    /// The program's name in the envelope.
    pub(crate) app: Word<'a>,
    /// The source type that somebody fixed.
    pub(crate) fixed: Option<TypeIndex>,
    /// The source type of an earlier line of this source that could be no other.
    pub(crate) learned: Option<TypeIndex>,
    /// The source type that the structured data told.
    pub(crate) data: Option<TypeIndex>,
}

impl<'a> Work<'_, 'a> {
    /// Understands the message; gives the source type, if that could be no other.
    pub(crate) fn content(&mut self, body: &'a str, hint: Hint<'a>) -> Option<TypeIndex> {
        // Trimming decodes characters; most bodies show at once that there is nothing to trim.
        let body = if body.as_bytes().first().is_some_and(u8::is_ascii_graphic) {
            body
        } else {
            without_front(body)
        };
        let body = self.without_runtime(body);
        if let Some(of) = hint.fixed
            && self.apply(of, body, false)
        {
            return None;
        }
        if let Some(of) = hint.data {
            // The structured data has been understood, and most often there is nothing behind it, or prose.
            if !self.apply(of, body, true) {
                self.finish(of, ParseStatus::Parsed, body);
            }
            self.draft.status = ParseStatus::Parsed;
            return Some(of);
        }
        if self.structured(body, hint.app.text) || self.table(body, hint.app.text) {
            return None;
        }
        let body = self.once(body);
        if let Some(of) = self.by_start(body).or_else(|| self.by_app(body, hint.app)) {
            return Some(of);
        }
        if let Some(of) = self.by_prefix(body) {
            return Some(of);
        }
        let pairs = starts_with_pair(body).then(|| self.read_pairs(body));
        if let Some((pairs, signals, _)) = &pairs
            && let Some(of) = self.actions.told.find(&self.plan.keys, signals)
        {
            self.take_known_pairs(of, body, pairs);
            return None;
        }
        let marked = is_marked(body);
        if let Some(of) = self.by_needle(body, hint.learned, marked) {
            return of;
        }
        match pairs {
            // Prose with an equals sign in it is no key=value.
            Some((pairs, _, bare)) if pairs.len() >= 2 && bare <= pairs.len() => {
                self.take_generic("kv", &pairs);
            }
            _ if self.by_text(body, hint.app.text)
                || (hint.app.text.is_empty() && self.names_header(body, None))
                || (marked && self.embedded(body))
                || (may_have_lead(body, hint.app.text) && self.lead(body, 0))
                || (marked && self.json_inside(body)) => {}
            _ => self.prose(body),
        }
        None
    }

    /// The line without what container runtimes put in front of it in the files of a node: the time, the stream, and
    /// whether the line is full or a part (`2026-11-22T10:00:00.1Z stdout F …`, the CRI's format).
    fn without_runtime(&mut self, body: &'a str) -> &'a str {
        if !body.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            return body;
        }
        let inner = body.split_once(' ').and_then(|(stamp, rest)| {
            let rest = rest.strip_prefix("stdout ").or_else(|| rest.strip_prefix("stderr "))?;
            let inner = rest.strip_prefix("F ").or_else(|| rest.strip_prefix("P "))?;
            self.clock.read_all(stamp).map(|time| (time, inner))
        });
        let Some((time, inner)) = inner else { return body };
        self.draft.time.get_or_insert(time);
        self.draft.message = inner;
        inner
    }

    /// The message without what daemons of syslog put in front of it: `message repeated 3 times: [ …]` of rsyslog,
    /// `[ID 702911 auth.info] …` of Solaris.
    fn once(&mut self, body: &'a str) -> &'a str {
        let inner = match body.as_bytes().first() {
            Some(b'm') => body.strip_prefix("message repeated ").and_then(|rest| {
                let (_, message) = rest.split_once(" times: [")?;
                message.trim_end().strip_suffix(']')
            }),
            Some(b'[') => body.strip_prefix("[ID ").and_then(|rest| {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let (class, message) = rest.get(digits..)?.split_once("] ")?;
                (digits > 0 && class.len() < 24).then_some(message)
            }),
            _ => None,
        };
        let Some(inner) = inner else { return body };
        let inner = inner.trim_start();
        self.draft.message = inner;
        inner
    }

    /// A source type by a text anywhere in the message of this program.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "what it asks first is seldom so")]
    pub(crate) fn by_text(&mut self, body: &'a str, app: &str) -> bool {
        self.plan.claims.searches(app) && self.by_any_text(body)
    }

    fn by_any_text(&mut self, body: &'a str) -> bool {
        self.plan.claims.by_text(body).any(|of| self.apply(of, body, false))
    }

    /// Formats that say what they are in their first bytes.
    pub(crate) fn structured(&mut self, body: &'a str, app: &str) -> bool {
        match body.as_bytes().first() {
            Some(b'{') => self.json(body, None),
            Some(b'@') => body.strip_prefix("@cee:").is_some_and(|json| self.json(json.trim_start(), None)),
            Some(b'C') if body.starts_with("CEF:") => self.cef(body),
            Some(b'L') if body.starts_with("LEEF:") => self.leef(body),
            Some(b'<') => self.xml(body, None),
            // As copied from a viewer that shows what can be folded.
            Some(b'-') if body.starts_with("- <") => self.xml(&body[2..], None),
            // What was in front of the version has been taken for the name of a program, or was lost on the way.
            Some(b'0' | b'1') if body.as_bytes().get(1) == Some(&b'|') && app != "LEEF" => self.cef(body),
            Some(b'1' | b'2') if body[1..].starts_with(".0|") && app != "CEF" => self.leef(body),
            _ => false,
        }
    }

    /// JSON, of a given type or of the one that its keys tell.
    pub(crate) fn json(&mut self, body: &'a str, of: Option<TypeIndex>) -> bool {
        let arena = self.draft.arena;
        let mut pairs = Pairs::with_capacity_in(48, arena);
        let outcome = json::flatten(body, ROOT, self.names, arena, &mut pairs);
        if pairs.is_empty() && outcome.defect.is_some() {
            return false;
        }
        self.take_flat(body, of, "json", &pairs, outcome);
        true
    }

    /// XML, of a given type or of the one that its names tell. What closes no element is none.
    pub(crate) fn xml(&mut self, body: &'a str, of: Option<TypeIndex>) -> bool {
        let arena = self.draft.arena;
        let mut pairs = Pairs::with_capacity_in(48, arena);
        let Some(outcome) = xml::flatten(body, ROOT, self.names, arena, &mut pairs) else { return false };
        if pairs.is_empty() {
            return false;
        }
        self.take_flat(body, of, "xml", &pairs, outcome);
        true
    }

    /// Pairs that a reader made of a nested format, with what it found wrong.
    fn take_flat(
        &mut self,
        body: &'a str,
        of: Option<TypeIndex>,
        format: &str,
        pairs: &Pairs<'a>,
        outcome: Outcome,
    ) {
        let offset = (body.as_ptr() as usize).saturating_sub(self.draft.text.as_ptr() as usize);
        if let Some((kind, at)) = outcome.defect {
            self.draft.defect_at(kind, offset + at);
        }
        let broken = matches!(outcome.defect, Some((DefectKind::Malformed, _)));
        let rest = body[outcome.used.min(body.len())..].trim();
        if !broken && !rest.is_empty() {
            self.draft.defect(DefectKind::Malformed, rest);
        }
        match of.or_else(|| self.actions.told.find(&self.plan.keys, &outcome.signals)) {
            Some(of) => {
                self.take_pairs(of, pairs);
                if broken {
                    self.draft.status = ParseStatus::Partial;
                }
                self.hand_on(of, body);
            }
            None => self.take_generic(format, pairs),
        }
    }

    /// The message that a collector put into a format of its own is understood as if it had come by itself.
    fn hand_on(&mut self, of: TypeIndex, body: &'a str) {
        let plan = self.plan;
        let Some(names) = &plan.types[usize::from(of)].hands_on else { return };
        let message = self.draft.message.trim();
        self.draft.message = message;
        // What is in a value is shorter than what holds it, so this comes to an end.
        if message.len() >= body.len() {
            return;
        }
        let app = names.iter().find_map(|id| self.draft.get(*id).and_then(|value| value.as_str()));
        if !self.behind(message, app.unwrap_or(""), 1) {
            self.prose(message);
        }
    }

    /// A format understood, a source type not known: the format's own entry maps what is usual in it.
    pub(crate) fn take_generic(&mut self, format: &str, pairs: &Pairs<'a>) {
        if let Some(of) = self.plan.by_name.get(format) {
            let before = self.draft.message;
            self.take_pairs(*of, pairs);
            self.draft.status = ParseStatus::Partial;
            // A person's sentence in one of the values may say what no name says.
            if let Some(prose) = self.plan.prose.filter(|_| !std::ptr::eq(before, self.draft.message)) {
                self.scan(prose, self.draft.message);
            }
        }
    }

    /// `CEF:Version|Vendor|Product|Version|Event Class ID|Name|Severity|Extension`.
    pub(crate) fn cef(&mut self, body: &'a str) -> bool {
        let (parts, count, extension) = pairs::header::<7>(body);
        const NAMES: [&str; 7] = [
            "cef.version",
            "cef.device.vendor",
            "cef.device.product",
            "cef.device.version",
            "cef.device.event_class_id",
            "cef.name",
            "cef.severity",
        ];
        self.headed(Format::Cef, &NAMES, &parts[..count], |sink| pairs::cef_extension(extension, sink))
    }

    /// `LEEF:1.0|Vendor|Product|Version|EventID|Attributes`; version 2.0 may name its delimiter before the attributes.
    pub(crate) fn leef(&mut self, body: &'a str) -> bool {
        let (parts, count, mut attributes) = pairs::header::<5>(body);
        let mut delimiter = "\t";
        let mut buffer = [0; 4];
        if let Some((named, rest)) = attributes.split_once('|').filter(|_| parts[0].ends_with("2.0")) {
            let code = named.strip_prefix("0x").or_else(|| named.strip_prefix('x'));
            let char = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).map(char::from);
            if named.len() <= 4 && !named.contains('=') {
                delimiter = char.or(named.chars().next()).map_or("\t", |char| char.encode_utf8(&mut buffer));
                attributes = rest;
            }
        } else if !attributes.contains('\t') {
            // Seen in the field: version 1.0 with another delimiter, most often the header's own, and tabs that a
            // relay wrote as `#011`.
            delimiter = ["#011", "|"].into_iter().find(|other| attributes.contains(other)).unwrap_or("\t");
        }
        const NAMES: [&str; 5] =
            ["leef.version", "leef.vendor", "leef.product", "leef.product_version", "leef.event_id"];
        self.headed(Format::Leef, &NAMES, &parts[..count], |sink| {
            if delimiter == "\t" && !attributes.contains('\t') {
                pairs::cef_extension(attributes, sink);
            } else {
                pairs::leef_attributes(attributes, delimiter, sink);
            }
        })
    }

    fn headed(
        &mut self,
        format: Format,
        names: &[&str],
        parts: &[&'a str],
        read: impl FnOnce(&mut Sink<'a, '_>),
    ) -> bool {
        let arena = self.draft.arena;
        let [_, vendor, product, ..] = parts else { return false };
        let mut found = Pairs::with_capacity_in(48, arena);
        for (at, (name, part)) in names.iter().zip(parts).enumerate() {
            let part =
                if at == 0 { part.split_once(':').map_or(*part, |(_, version)| version) } else { *part };
            let escaped = lanes::first_of(part.as_bytes(), b'\\', b'\\').is_some();
            let part = if escaped { pairs::without_backslashes(part, arena) } else { part };
            if let Some(node) = self.names.child(ROOT, name) {
                found.push((node, Value::Str(text::trimmed(part))));
            }
        }
        let signals = Signals::default();
        let mut sink =
            Sink { arena, names: self.names, parent: ROOT, pairs: &mut found, signals, labels: false };
        read(&mut sink);
        let labels = if sink.labels { self.labels(&found) } else { Pairs::new_in(arena) };
        let generic = if format == Format::Cef { "cef" } else { "leef" };
        let device = self.plan.claims.device(format, vendor, product, arena);
        let Some(of) = device.or_else(|| self.plan.by_name.get(generic).copied()) else { return false };
        self.put_pairs(of, &found, 0);
        for (node, value) in labels {
            let found = self.actions.find(of, node, self.plan, self.names, self.fields);
            self.put_maps(of, found, value, 0);
        }
        self.finish(of, ParseStatus::Parsed, self.draft.message);
        if parts.len() < names.len() {
            self.draft.defect(DefectKind::Malformed, parts[parts.len() - 1]);
            self.draft.status = ParseStatus::Partial;
        }
        true
    }

    /// The values of fields that other fields give a name (`cs1Label=Rule Name cs1=…`), by that name below `label`.
    fn labels(&mut self, pairs: &Pairs<'a>) -> Pairs<'a> {
        const USUAL_LABELS: usize = 8;
        let mut found = Pairs::with_capacity_in(USUAL_LABELS, self.draft.arena);
        let parent = self.names.child(ROOT, "label");
        for (at, (node, label)) in pairs.iter().enumerate() {
            let (Some(named), Some(label)) = (self.names.labelled(*node), label.as_str()) else { continue };
            // Where a name comes several times, so does its label: the first belongs to the first.
            let before = pairs[..at].iter().filter(|(other, _)| other == node).count();
            let mut values = pairs.iter().filter(|(other, _)| *other == named).map(|(_, value)| *value);
            let place = parent.and_then(|parent| self.names.child(parent, label));
            if let Some((place, value)) = place.zip(values.nth(before)) {
                found.push((place, value));
            }
        }
        found
    }

    /// A source type by the first bytes of the message.
    pub(crate) fn by_start(&mut self, body: &'a str) -> Option<TypeIndex> {
        let plan = self.plan;
        let first = usize::from(*body.as_bytes().first()?);
        let bucket = &plan.starts[first];
        // A type that says how its lines are headed takes no others.
        let sure = |start: &crate::plan::Start| plan.types[usize::from(start.of)].heads.is_empty();
        let mut fitting = bucket.iter().filter(|start| start.fits(body));
        fitting.find(|start| self.apply(start.of, body, sure(start))).map(|start| start.of)
    }

    /// A source type by the program's name in the envelope.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "what it asks first is seldom so")]
    pub(crate) fn by_app(&mut self, body: &'a str, app: Word<'_>) -> Option<TypeIndex> {
        // Most names are no path, and of no program that any source type names.
        let may_be_known = app.has_path() || app.has_parenthesis() || self.plan.app_sieve.may_hold(app.text);
        if may_be_known && !app.text.is_empty() { self.by_known_app(body, app) } else { None }
    }

    fn by_known_app(&mut self, body: &'a str, app: Word<'_>) -> Option<TypeIndex> {
        let plan = self.plan;
        let (app_path, path) = (app.text, app.has_path());
        let app = match app.has_parenthesis() {
            true if app.text.contains("(pam_") => "pam_unix",
            // `auth-worker(8123)`: what stands in parentheses changes from line to line.
            true => app.base_name().split('(').next().unwrap_or(""),
            false => app.base_name(),
        };
        // `postfix/smtpd`: programs of a family are told by its name where theirs alone would not tell.
        let family = if path { app_path.split_inclusive('/').next() } else { None };
        let family = family.filter(|family| family.len() < app_path.len());
        let known = |app: &str| if plan.app_sieve.may_hold(app) { plan.by_app.get(app) } else { None };
        let types = family.and_then(known).or_else(|| known(app))?;
        if let Some(of) = types.iter().find(|of| self.apply(**of, body, false)) {
            return Some(*of);
        }
        // Another source type's message under this name (su's in sshd's) is better than an unknown one of its own.
        let of = *types.first()?;
        if self.by_prefix(body).is_some()
            || self.by_needle(body, None, is_marked(body)).is_some()
            || self.by_text(body, app)
            || self.apply(of, body, true)
        {
            return Some(of);
        }
        None
    }

    /// A source type by a pattern that matches; the inner value is the type if it could be no other.
    pub(crate) fn by_pattern(
        &mut self,
        body: &'a str,
        learned: Option<TypeIndex>,
    ) -> Option<Option<TypeIndex>> {
        self.by_prefix(body).map(Some).or_else(|| self.by_needle(body, learned, is_marked(body)))
    }

    /// A source type by a pattern that starts with text.
    #[inline]
    fn by_prefix(&mut self, body: &'a str) -> Option<TypeIndex> {
        let plan = self.plan;
        for prefix in plan.prefixes.of(body) {
            let mut spans = Spans::new();
            let bound = &plan.types[usize::from(prefix.of)];
            if bound.patterns[usize::from(prefix.pattern)].0.matches(body, &mut spans) {
                self.take_pattern(prefix.of, prefix.pattern, &spans, body);
                return Some(prefix.of);
            }
        }
        None
    }

    /// A source type by a pattern that starts with a hole; the inner value is the type if it could be no other.
    #[inline]
    fn by_needle(
        &mut self,
        body: &'a str,
        learned: Option<TypeIndex>,
        marked: bool,
    ) -> Option<Option<TypeIndex>> {
        // Few needles hold no mark, and most prose holds none either.
        let none = !marked && self.plan.unmarked.is_empty();
        if none { None } else { self.by_any_needle(body, learned, marked) }
    }

    fn by_any_needle(
        &mut self,
        body: &'a str,
        learned: Option<TypeIndex>,
        marked: bool,
    ) -> Option<Option<TypeIndex>> {
        let plan = self.plan;
        let number = if marked { plan.floating.len() } else { plan.unmarked.len() };
        let floating = (0..number).map(|at| &plan.floating[if marked { at } else { plan.unmarked[at] }]);
        let found = floating.filter(|floating| floating.needle.find(body.as_bytes()).is_some());
        for (of, pattern) in found.flat_map(|floating| &floating.patterns) {
            let mut spans = Spans::new();
            let bound = &plan.types[usize::from(*of)];
            if !bound.patterns[usize::from(*pattern)].0.matches(body, &mut spans) {
                continue;
            }
            let other = bound.or.filter(|or| {
                let family = &plan.types[usize::from(*or)].family;
                learned.is_some_and(|learned| plan.types[usize::from(learned)].family == *family)
            });
            if !other.is_some_and(|other| self.apply(other, body, false)) {
                self.take_pattern(*of, *pattern, &spans, body);
            }
            return Some(bound.or.is_none().then_some(*of));
        }
        None
    }

    /// Takes pairs whose names told the source type; one with a style of its own reads them once more by that.
    fn take_known_pairs(&mut self, of: TypeIndex, body: &'a str, pairs: &Pairs<'a>) {
        if self.plan.types[usize::from(of)].style.is_some() {
            let pairs = self.read_pairs_of(of, body);
            return self.take_pairs(of, &pairs);
        }
        self.take_pairs(of, pairs);
    }

    /// Key=value, of the type that its keys tell; prose with an equals sign in it is not.
    pub(crate) fn by_pairs(&mut self, body: &'a str) -> bool {
        if !starts_with_pair(body) {
            return false;
        }
        let (pairs, signals, bare) = self.read_pairs(body);
        if let Some(of) = self.actions.told.find(&self.plan.keys, &signals) {
            self.take_known_pairs(of, body, &pairs);
            return true;
        }
        let enough = pairs.len() >= 2 && bare <= pairs.len();
        if enough {
            self.take_generic("kv", &pairs);
        }
        enough
    }

    /// CEF and LEEF behind something that nobody knows.
    fn embedded(&mut self, body: &'a str) -> bool {
        if memchr::memchr(b'|', body.as_bytes()).is_none() {
            return false;
        }
        for (mark, is_cef) in [("CEF:", true), ("LEEF:", false)] {
            let Some(at) = memmem::find(body.as_bytes(), mark.as_bytes()) else { continue };
            let inner = &body[at..];
            if inner.as_bytes().get(mark.len()).is_some_and(u8::is_ascii_digit) {
                return if is_cef { self.cef(inner) } else { self.leef(inner) };
            }
        }
        false
    }

    /// A JSON object behind text that nobody knows. It has to be whole, for a brace may stand in prose.
    fn json_inside(&mut self, body: &'a str) -> bool {
        let Some(at) = memmem::find(body.as_bytes(), b"{\"") else { return false };
        let arena = self.draft.arena;
        let mut pairs = Pairs::new_in(arena);
        let outcome = json::flatten(&body[at..], ROOT, self.names, arena, &mut pairs);
        if pairs.is_empty() || matches!(outcome.defect, Some((DefectKind::Malformed, _))) {
            return false;
        }
        match self.actions.told.find(&self.plan.keys, &outcome.signals) {
            Some(of) => self.take_pairs(of, &pairs),
            None => self.take_generic("json", &pairs),
        }
        true
    }

    /// Puts a field from the envelope unless the message itself said it.
    #[inline]
    pub(crate) fn put_if_absent(&mut self, id: FieldId, value: Value<'a>) {
        if !self.draft.has(id) {
            self.draft.put(id, value);
        }
    }

    /// The fields that the envelope gives when the message does not.
    pub(crate) fn envelope_defaults(&mut self, header: &crate::syslog::Header<'a>) {
        if !header.host.text.is_empty() {
            self.put_if_absent(known::HOST_NAME, Value::Str(header.host.text));
            if let Some(address) = header.host.address() {
                self.put_if_absent(known::HOST_IP, Value::Ip(address));
            }
        }
        if !header.app.text.is_empty() {
            self.put_if_absent(known::PROCESS_NAME, Value::Str(header.app.base_name()));
        }
        if !header.procid.is_empty()
            && let Some(pid) = text::int(header.procid)
        {
            self.put_if_absent(known::PROCESS_PID, Value::Int(pid));
        }
    }
}

/// A message without what says nothing in front of it: white space, a byte-order mark.
fn without_front(body: &str) -> &str {
    body.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}')
}

/// Whether an application's own lead may stand in front of a message. Behind a program's name in the envelope a word is
/// a word: to ask each lead about it would cost more than all else.
fn may_have_lead(body: &str, app: &str) -> bool {
    app.is_empty() || !body.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
}

/// Whether a text holds one of [`MARKS`].
fn is_marked(body: &str) -> bool {
    memchr::memchr3(MARKS[0], MARKS[1], MARKS[2], body.as_bytes()).is_some()
}

/// Whether a text starts with a name and an equals sign.
fn starts_with_pair(body: &str) -> bool {
    let name = word::key_length(body.as_bytes());
    name > 0 && body.as_bytes().get(name) == Some(&b'=')
}
