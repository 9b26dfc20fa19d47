//! Which patterns took a line, and where the values of its fields stand.

use super::{Explained, Line, MatchedPattern, Place};
use crate::pattern::{Pattern, Spans};
use event::{Field, FieldId, Value, json};

/// A pattern that matches a part of the line.
pub(super) struct Hit {
    source_type: String,
    kind: &'static str,
    text: String,
    /// Where the part starts.
    pub(super) from: usize,
    /// What its holes hold, and where.
    holes: Vec<(FieldId, Place)>,
}

impl Hit {
    /// Whether it takes only the front of a message.
    pub(super) fn is_front(&self) -> bool {
        self.kind != "pattern"
    }

    pub(super) fn of_type(&self, name: &str) -> bool {
        self.source_type == name
    }

    pub(super) fn shown(self) -> MatchedPattern {
        MatchedPattern { source_type: self.source_type, kind: self.kind, text: self.text }
    }
}

impl Line<'_, '_> {
    /// The head and the pattern of the line's own type that match it, as the parser tries them.
    pub(super) fn patterns(&self) -> Vec<Hit> {
        let (plan, name) = (&self.explainer.plan, self.event.source_type);
        let mut hits = Vec::new();
        let Some((entry, of)) = self.entry(name).zip(plan.by_name.get(name)) else { return hits };
        let bound = &plan.types[usize::from(*of)];
        let mut rests = vec![self.sight.body];
        for (head, text) in bound.heads.iter().zip(&entry.head) {
            if let Some(hit) = self.hit("head", head, text, self.sight.body) {
                let body = hit.holes.iter().find(|(id, _)| *id == plan.body);
                rests = body.map(|(_, (from, to))| &self.text[*from..*to]).into_iter().collect();
                hits.push(hit);
                break;
            }
        }
        // What is left when an application's lead, or a daemon's remark, was taken off.
        if self.at(self.event.message).is_some() && rests.first() != Some(&self.event.message) {
            rests.push(self.event.message);
        }
        let texts: Vec<&str> = entry.pattern.iter().flat_map(|written| written.text.iter()).collect();
        let code = self.event.text(event::known::EVENT_CODE).and_then(|code| bound.by_code.get(code));
        for rest in rests {
            let first = rest.as_bytes().first().map_or(0, |byte| usize::from(*byte));
            let floating = bound.floating.iter().map(|(_, index)| index);
            let order = code.into_iter().flatten().chain(&bound.by_first[first]).chain(floating);
            let mut tried = order.map(|index| usize::from(*index));
            let hit = tried.find_map(|at| self.hit("pattern", &bound.patterns[at].0, texts.get(at)?, rest));
            if let Some(hit) = hit {
                hits.push(hit);
                break;
            }
        }
        hits
    }

    fn hit(&self, kind: &'static str, pattern: &Pattern, text: &str, part: &str) -> Option<Hit> {
        let (mut spans, at) = (Spans::new(), self.at(part)?);
        if !pattern.matches(part, &mut spans) {
            return None;
        }
        let hole = |(hole, from, to): (usize, usize, usize)| {
            pattern.holes[hole].map(|target| (target.id, (at + from, at + to)))
        };
        let source_type = self.event.source_type.to_owned();
        Some(Hit {
            source_type,
            kind,
            text: text.to_owned(),
            from: at,
            holes: spans.iter().filter_map(hole).collect(),
        })
    }

    /// Every field with where it is from.
    pub(super) fn origins(&self, hits: &[Hit]) -> Vec<Explained> {
        let fields = &self.explainer.fields;
        let told = self.event.fields.iter().filter(|field| !json::is_ours(fields.name(field.id)));
        let explained = told.map(|field| {
            let place = self.place(field, hits);
            Explained {
                name: fields.name(field.id).to_owned(),
                value: field.value.to_string(),
                place,
                constant: place.is_none() && self.is_constant(field.value),
            }
        });
        explained.collect()
    }

    fn place(&self, field: &Field<'_>, hits: &[Hit]) -> Option<Place> {
        let text = field.value.to_string();
        if let Value::Str(part) = field.value {
            let raw = self.event.raw.as_ptr() as usize;
            let at = (part.as_ptr() as usize).checked_sub(raw);
            // The parser's text is the bytes themselves, but for a mark in front, or it was made of them.
            let skipped = self.event.raw.len().saturating_sub(self.text.len());
            if let Some(at) = at.filter(|at| at + part.len() <= self.event.raw.len()) {
                let at = at.checked_sub(skipped)?;
                return Some((at, at + part.len()));
            }
            if self.is_constant(field.value) {
                return None;
            }
        }
        let holes = hits.iter().flat_map(|hit| &hit.holes);
        let by_hole = holes.filter(|(id, _)| *id == field.id).map(|(_, place)| *place).next_back();
        by_hole.or_else(|| self.only_place(&text))
    }

    fn is_constant(&self, value: Value<'_>) -> bool {
        let Value::Str(text) = value else { return false };
        self.explainer.catalogue.pool.get(text).is_some_and(|held| std::ptr::eq(*held, text))
    }

    /// Where a text stands in the line, set off from other words, if it does so once.
    fn only_place(&self, text: &str) -> Option<Place> {
        let bytes = self.text.as_bytes();
        let apart = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_none_or(|byte| !byte.is_ascii_alphanumeric())
        };
        let mut places = self.text.match_indices(text).map(|(at, _)| (at, at + text.len()));
        let mut places = places.by_ref().filter(|(from, to)| apart(from.checked_sub(1)) && apart(Some(*to)));
        let first = places.next().filter(|_| !text.is_empty())?;
        places.next().is_none().then_some(first)
    }
}
