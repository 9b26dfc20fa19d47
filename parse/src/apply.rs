//! A source type applied to a message: its patterns, columns, pairs; then its constant fields, cases and scans.

use crate::catalogue::written::Format;
use crate::json::{self, Pairs};
use crate::names::{Node, ROOT};
use crate::pairs::{self, Sink};
use crate::pattern::{Pattern, Spans};
use crate::plan::{BoundSwitch, BoundTime, BoundWithin, TypeIndex};
use crate::signals::Signals;
use crate::target::{Func, Target};
use crate::text;
use crate::work::Work;
use bumpalo::collections::String as BumpString;
use event::{DefectKind, FieldId, ParseStatus, Value, known};
use std::fmt::Write;

impl<'a> Work<'_, 'a> {
    /// Tries a source type on a message. With `sure`, the type takes the line even if its content stays unknown.
    pub(crate) fn apply(&mut self, of: TypeIndex, body: &'a str, sure: bool) -> bool {
        let plan = self.plan;
        match plan.types[usize::from(of)].format {
            Format::Pattern => self.apply_patterns(of, body, sure),
            Format::Csv => self.apply_columns(of, body),
            Format::Table => self.apply_table(of, body),
            Format::Kv => {
                let pairs = self.read_pairs_of(of, body);
                let fits = !pairs.is_empty();
                if fits {
                    self.take_pairs(of, &pairs);
                }
                fits
            }
            Format::Json => self.json(body, Some(of)),
            Format::Xml => self.xml(body, Some(of)),
            Format::Cef => self.cef(body),
            Format::Leef => self.leef(body),
        }
    }

    /// The line is of this type: its pairs, then everything else that the type says.
    pub(crate) fn take_pairs(&mut self, of: TypeIndex, pairs: &[(Node, Value<'a>)]) {
        self.put_pairs(of, pairs, 0);
        self.finish(of, ParseStatus::Parsed, self.draft.message);
    }

    fn apply_patterns(&mut self, of: TypeIndex, body: &'a str, sure: bool) -> bool {
        let plan = self.plan;
        let bound = &plan.types[usize::from(of)];
        let mut spans = Spans::new();
        let mut rest = body;
        if !bound.heads.is_empty() {
            let Some(head) = bound.heads.iter().find(|head| head.matches(body, &mut spans)) else {
                return sure && self.take_unknown(of, body);
            };
            rest = self.put_spans(of, head, &spans, body, false);
            if self.is_whole(head) {
                self.finish(of, ParseStatus::Parsed, rest);
                return true;
            }
        }
        if self.own_pattern(of, rest) {
            return true;
        }
        // A head with nothing behind it that patterns would know has been understood as a whole.
        if !bound.heads.is_empty() && bound.patterns.is_empty() {
            self.finish(of, ParseStatus::Parsed, rest);
            return true;
        }
        (sure || !bound.heads.is_empty()) && self.take_unknown(of, rest)
    }

    /// Whether a head leaves nothing to patterns: it ends in pairs or an object.
    fn is_whole(&self, head: &Pattern) -> bool {
        let mut ids = head.holes.iter().flatten().map(|target| target.id);
        let is_read = |id| id == self.plan.pairs || id == self.plan.json;
        ids.clone().any(is_read) && !ids.any(|id| id == self.plan.body)
    }

    /// The first of the type's patterns that fits.
    pub(crate) fn own_pattern(&mut self, of: TypeIndex, rest: &'a str) -> bool {
        let plan = self.plan;
        let bound = &plan.types[usize::from(of)];
        let mut spans = Spans::new();
        let found = match self.draft.get(known::EVENT_CODE) {
            Some(Value::Str(code)) if !bound.by_code.is_empty() => bound.by_code.get(code),
            _ => None,
        };
        let first = rest.as_bytes().first().map_or(0, |byte| usize::from(*byte));
        let by_first = bound.by_first[first].iter();
        let by_needle = bound.floating.iter().filter(|(needle, _)| needle.find(rest.as_bytes()).is_some());
        let candidates = found.into_iter().flatten().chain(by_first).chain(by_needle.map(|(_, index)| index));
        for index in candidates {
            if bound.patterns[usize::from(*index)].0.matches(rest, &mut spans) {
                self.take_pattern(of, *index, &spans, rest);
                return true;
            }
        }
        false
    }

    /// A pattern of the type matched: its holes, its constant fields, then everything else that the type says.
    pub(crate) fn take_pattern(&mut self, of: TypeIndex, index: u16, spans: &Spans, body: &'a str) {
        let plan = self.plan;
        let (pattern, sets) = &plan.types[usize::from(of)].patterns[usize::from(index)];
        self.put_spans(of, pattern, spans, body, false);
        self.put_sets(sets);
        self.finish(of, ParseStatus::Parsed, body);
    }

    fn take_unknown(&mut self, of: TypeIndex, body: &'a str) -> bool {
        self.finish(of, ParseStatus::Partial, body);
        true
    }

    /// Puts what the holes hold, with `absent` only into fields that hold nothing yet; gives what the `@body` hole holds,
    /// or the whole body.
    pub(crate) fn put_spans(
        &mut self,
        of: TypeIndex,
        pattern: &Pattern,
        spans: &Spans,
        body: &'a str,
        absent: bool,
    ) -> &'a str {
        let mut rest = body;
        for (hole, from, to) in spans.iter() {
            let Some(target) = pattern.holes[hole] else { continue };
            let text = &body[from..to];
            if target.id == self.plan.body {
                rest = text;
                if !text.is_empty() {
                    self.draft.message = text;
                }
            } else if target.id == self.plan.pairs {
                let pairs = self.read_pairs_of(of, text);
                self.put_pairs(of, &pairs, 0);
            } else if target.id == self.plan.json {
                self.put_json(of, text);
            } else if (!matches!(text, "" | "-") || target.func == Func::Request)
                && self.draft.get(target.id).is_none_or(|held| !absent && held != Value::Str(text))
            {
                self.put_text(target, text);
            }
        }
        rest
    }

    /// Puts what an object inside the message says.
    fn put_json(&mut self, of: TypeIndex, text: &'a str) {
        if !text.trim_start().starts_with('{') {
            return;
        }
        let arena = self.draft.arena;
        let mut pairs = Pairs::with_capacity_in(48, arena);
        let outcome = json::flatten(text, ROOT, self.names, arena, &mut pairs);
        if outcome.defect.is_some() {
            self.draft.defect(DefectKind::Malformed, text);
        }
        self.put_pairs(of, &pairs, 0);
    }

    fn apply_columns(&mut self, of: TypeIndex, body: &'a str) -> bool {
        let plan = self.plan;
        for layout in &plan.types[usize::from(of)].layouts {
            let mut rest = Some(body);
            for _ in 0..layout.column {
                rest = rest.and_then(|line| pairs::column(line, self.draft.arena).1);
            }
            let Some(line) = rest else { continue };
            let (value, _) = pairs::column(line, self.draft.arena);
            if !layout.is.iter().any(|wanted| wanted == value) {
                continue;
            }
            let arena = self.draft.arena;
            let mut found = Pairs::with_capacity_in(64, arena);
            let mut sink = Sink {
                arena,
                names: self.names,
                parent: ROOT,
                pairs: &mut found,
                signals: Signals::default(),
                labels: false,
            };
            pairs::columns(body, &layout.names, &mut sink);
            self.take_pairs(of, &found);
            return true;
        }
        false
    }

    /// What a source type says of every line: cases, times, message, constant fields.
    pub(crate) fn finish(&mut self, of: TypeIndex, status: ParseStatus, body: &'a str) {
        let plan = self.plan;
        let bound = &plan.types[usize::from(of)];
        self.draft.source_type = bound.name;
        self.draft.status = status;
        for within in &bound.within {
            self.look_within(of, within);
        }
        for (has, sets) in &bound.whens {
            if has.iter().all(|id| self.draft.has(*id)) {
                self.put_sets(sets);
            }
        }
        for switch in &bound.switches {
            self.switch(switch);
        }
        for names in &bound.time {
            if self.time_of(names) {
                break;
            }
        }
        let message =
            bound.message.iter().find_map(|id| self.draft.get(*id).and_then(|value| value.as_str()));
        if let Some(message) = message.filter(|message| !message.is_empty()) {
            self.draft.message = message;
        }
        if bound.scan_always || status == ParseStatus::Partial {
            self.scan(of, body);
        }
        if status == ParseStatus::Partial
            && let Some(prose) = plan.prose.filter(|prose| *prose != of)
        {
            self.scan(prose, body);
        }
        self.put_sets(&bound.sets);
    }

    /// What patterns find in the value of a field; of several values, in the first that fits.
    fn look_within(&mut self, of: TypeIndex, within: &BoundWithin) {
        let mut spans = Spans::new();
        let texts = self.draft.all(within.field).filter_map(|value| match value {
            Value::Str(text) => Some(text),
            _ => None,
        });
        let found = texts.into_iter().find_map(|text| {
            let mut patterns = within.patterns.iter();
            patterns.find(|pattern| pattern.matches(text, &mut spans)).map(|pattern| (text, pattern))
        });
        let Some((text, pattern)) = found else { return };
        self.put_spans(of, pattern, &spans, text, true);
        self.put_sets(&within.sets);
    }

    fn switch(&mut self, switch: &BoundSwitch) {
        let only = if let [id] = switch.on.as_slice() { self.text_of(*id) } else { None };
        let case = match only {
            Some(text) => switch.cases.get(text),
            None => switch.cases.get(self.joined(&switch.on, ':').as_str()),
        };
        let case = case.unwrap_or(&switch.default);
        for (from, target) in &case.maps {
            match self.draft.value(*from) {
                Some(Value::Str(text)) => self.put_mapped_text(*target, text),
                Some(other) => self.put_mapped(*target, *other),
                None => {}
            }
        }
        self.put_sets(&case.sets);
    }

    /// The text of a field, which is empty where it is not there; `None` where it holds something else.
    #[inline]
    fn text_of(&self, id: FieldId) -> Option<&'a str> {
        match self.draft.value(id) {
            Some(Value::Str(text)) => Some(text),
            Some(_) => None,
            None => Some(""),
        }
    }

    /// The values of these fields as text; nothing for one that is not there.
    fn joined(&self, ids: &[FieldId], between: char) -> BumpString<'a> {
        const USUAL_BYTES: usize = 96;
        let mut text = BumpString::with_capacity_in(USUAL_BYTES, self.draft.arena);
        for (at, id) in ids.iter().enumerate() {
            if at > 0 {
                text.push(between);
            }
            match self.draft.value(*id) {
                Some(Value::Str(part)) => text.push_str(part),
                Some(Value::Int(number)) => text.push_str(text::decimal(*number, self.draft.arena)),
                // Writing to the arena cannot fail.
                Some(value) => drop(write!(text, "{value}")),
                None => {}
            }
        }
        text
    }

    /// The time that these fields say together, with a blank between them.
    fn time_of(&mut self, time: &BoundTime) -> bool {
        let has = |id: &FieldId| self.draft.has(*id);
        // A zone that is not told does not take the date and the time with it.
        if !time.names.iter().take(2).all(has) {
            return false;
        }
        match time.names.as_slice() {
            [id] if !time.utc => match self.draft.get(*id) {
                Some(value @ (Value::Int(_) | Value::Float(_))) => self.set_time_number(value),
                Some(Value::Str(text)) => self.set_time_text(text),
                _ => self.set_time_text(&self.joined(&time.names, ' ')),
            },
            several => {
                let mut text = self.joined(several, ' ');
                if time.utc && text.ends_with(|last: char| last.is_ascii_digit()) {
                    text.push('Z');
                }
                self.set_time_text(&text)
            }
        }
    }

    fn set_time_number(&mut self, value: Value<'a>) -> bool {
        let before = self.draft.time.take();
        let target = Target::plain(known::TIMESTAMP, self.fields);
        self.put_value(target, value);
        let found = self.draft.time.is_some();
        self.draft.time = self.draft.time.or(before);
        found
    }

    fn set_time_text(&mut self, text: &str) -> bool {
        match self.clock.read_all(text) {
            Some(time) => {
                self.draft.time = Some(time);
                true
            }
            None if matches!(text, "" | "-" | "null") => false,
            None => {
                self.draft.defect(DefectKind::BadTime, self.draft.text);
                false
            }
        }
    }
}
