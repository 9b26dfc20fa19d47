//! Who came near a line, and where it stopped being theirs.

use super::why::quoted;
use super::{Line, Near};
use crate::catalogue::lint::recognition::is_generic;
use crate::catalogue::pieces::{Piece, pieces, shape};
use crate::catalogue::written::Entry;
use crate::pattern::{Pattern, Spans};
use crate::sight::Form;
use event::FieldTable;
use std::cmp::Reverse;

/// So many are told.
const NEAR_MAX: usize = 3;

/// So many are looked at closely, of those that fit longest at first sight.
const CLOSE_MAX: usize = 24;

/// Fewer common bytes are chance.
const COMMON_BYTES_MIN: usize = 4;

/// A pattern of another type that fits less than one part in so many of a message is no help.
const FITTING_PART: usize = 3;

/// Where a pattern stopped matching, in bytes of the text, and what it wanted there.
struct Stop {
    at: usize,
    /// How many of its pieces were there before.
    pieces: usize,
    wanted: String,
}

impl Line<'_, '_> {
    /// The source types that came nearest, the nearest first.
    pub(super) fn near(&self) -> Vec<Near> {
        if self.sight.form == Form::Text { self.near_patterns() } else { self.near_keys() }
    }

    /// The names in which a line of names and values is nearest to a source type's.
    fn near_keys(&self) -> Vec<Near> {
        let mut found = Vec::new();
        for entry in self.asked() {
            for keys in &entry.recognise.keys {
                let missing: Vec<String> = keys.iter().filter(|key| !self.sight.has(key)).cloned().collect();
                let there = keys.len() - missing.len();
                if there > 0 && !missing.is_empty() && missing.len() <= 2.max(keys.len() / 2) {
                    let near = Near {
                        source_type: entry.name.clone(),
                        what: format!("{} together", quoted(keys)),
                        at: None,
                        wanted: quoted(&missing),
                    };
                    found.push(((missing.len(), Reverse(there)), near));
                }
            }
        }
        found.sort_by_key(|(order, _)| *order);
        found.into_iter().map(|(_, near)| near).take(NEAR_MAX).collect()
    }

    fn near_patterns(&self) -> Vec<Near> {
        let Some(body_at) = self.at(self.sight.body) else { return Vec::new() };
        let mut seen: Vec<(usize, &Entry, &str, usize)> = Vec::new();
        for entry in self.asked() {
            let (heads, part, from) = self.behind_head(entry);
            let texts = entry.pattern.iter().flat_map(|written| written.text.iter());
            for (text, part, from) in heads
                .into_iter()
                .map(|head| (head, self.sight.body, 0))
                .chain(texts.map(|text| (text, part, from)))
            {
                let common = at_first_sight(text, part);
                let own = self.is_own(entry);
                if common >= COMMON_BYTES_MIN || (own && common > 0) {
                    seen.push((common + if own { part.len() } else { 0 }, entry, text, from));
                }
            }
        }
        seen.sort_by_key(|(common, ..)| Reverse(*common));
        let fields = FieldTable::new();
        let mut found: Vec<((bool, usize, usize), Near)> = Vec::new();
        for (_, entry, text, from) in seen.into_iter().take(CLOSE_MAX) {
            let Some(stop) = stop(text, &self.sight.body[from..], &fields) else { continue };
            let (what, at, own) = (text.to_owned(), from + stop.at, self.is_own(entry));
            let enough = at >= COMMON_BYTES_MIN && at * FITTING_PART >= self.sight.body.len();
            if (own && stop.at > 0 || enough) && found.iter().all(|(_, near)| near.what != what) {
                let at_byte = Some(body_at + at);
                let near = Near { source_type: entry.name.clone(), what, at: at_byte, wanted: stop.wanted };
                found.push(((own, at, stop.pieces), near));
            }
        }
        found.sort_by_key(|(order, _)| Reverse(*order));
        // Where it is known whose line it is, others say nothing.
        let own = found.first().is_some_and(|((own, ..), _)| *own);
        found.retain(|((is_own, ..), _)| *is_own == own);
        found.into_iter().map(|(_, near)| near).take(NEAR_MAX).collect()
    }

    /// The entries that are asked: the one that was said beforehand, or all.
    fn asked(&self) -> impl Iterator<Item = &Entry> {
        let fixed = self.explainer.settings.source_type.as_deref();
        let entries = self.explainer.catalogue.entries.iter();
        entries.filter(move |entry| fixed.map_or(!is_generic(&entry.name), |fixed| entry.name == fixed))
    }

    fn is_own(&self, entry: &Entry) -> bool {
        let app = self.sight.app();
        entry.name == self.event.source_type
            || (!app.is_empty() && entry.recognise.app.iter().any(|name| name == app))
    }

    /// What an entry's patterns are tried on, and how far in the message it starts. The heads that kept them from it.
    fn behind_head<'s>(&'s self, entry: &'s Entry) -> (Vec<&'s str>, &'s str, usize) {
        let (plan, body) = (&self.explainer.plan, self.sight.body);
        let whole = (Vec::new(), body, 0);
        if entry.head.is_empty() {
            return whole;
        }
        let Some(of) = plan.by_name.get(&entry.name) else { return whole };
        let mut spans = Spans::new();
        for head in &plan.types[usize::from(*of)].heads {
            if head.matches(body, &mut spans) {
                let is_body = |hole: usize| head.holes[hole].is_some_and(|target| target.id == plan.body);
                let rest = spans.iter().find(|(hole, ..)| is_body(*hole));
                return rest.map_or(whole, |(_, from, to)| (Vec::new(), &body[from..to], from));
            }
        }
        (entry.head.iter().map(String::as_str).collect(), "", body.len())
    }
}

/// How many bytes a pattern and a text have in common at first sight: the text that the pattern starts with, or the
/// longest of its texts if it stands somewhere.
fn at_first_sight(pattern: &str, text: &str) -> usize {
    let Some(pieces) = pieces(pattern) else { return 0 };
    match pieces.first() {
        Some((Piece::Text(start), _)) => common(start, text),
        _ => {
            let texts = pieces.iter().filter_map(|(piece, _)| match piece {
                Piece::Text(text) => Some(*text),
                _ => None,
            });
            texts.filter(|piece| text.contains(piece)).map(str::len).max().unwrap_or(0)
        }
    }
}

fn common(left: &str, right: &str) -> usize {
    let same = left.chars().zip(right.chars()).take_while(|(left, right)| left == right);
    same.map(|(char, _)| char.len_utf8()).sum()
}

/// Where a pattern stops matching a text: the longest front of it that matches some front of the text. `None` where it
/// matches the whole, or cannot be compiled.
fn stop(pattern: &str, text: &str, fields: &FieldTable) -> Option<Stop> {
    let pieces = pieces(pattern)?;
    let mut spans = Spans::new();
    if Pattern::compile(pattern, fields).ok()?.matches(text, &mut spans) {
        return None;
    }
    let reached = (1..=pieces.len()).rev().find_map(|count| {
        let front = format!("{}{{_:rest}}", &pattern[..pieces[count - 1].1.end]);
        let front = Pattern::compile(&front, fields).ok()?;
        let matches = front.matches(text, &mut spans);
        let rest = spans.iter().last().filter(|_| matches)?;
        Some((count, rest.1))
    });
    let (count, at) = reached.unwrap_or((0, 0));
    Some(wanted(&pieces, count, at, text))
}

/// What the piece after the first `count` ones wanted at `at`.
fn wanted(pieces: &[(Piece<'_>, std::ops::Range<usize>)], count: usize, at: usize, text: &str) -> Stop {
    let said = |wanted: String| Stop { at, pieces: count, wanted };
    match pieces.get(count).map(|(piece, _)| piece) {
        None => said("the end of the message".to_owned()),
        Some(Piece::Text(wanted)) => {
            let same = common(wanted, &text[at..]);
            Stop { at: at + same, pieces: count, wanted: format!("`{}`", &wanted[same..]) }
        }
        Some(Piece::Optional(_)) => said("an optional part, or what follows it".to_owned()),
        Some(Piece::Hole(hole)) => match (shape(hole), pieces.get(count + 1).map(|(piece, _)| piece)) {
            ("any" | "quoted", Some(Piece::Text(next))) => said(format!("`{next}` somewhere behind here")),
            ("word", Some(Piece::Text(next))) => said(format!("a word ({{{hole}}}) with `{next}` behind it")),
            (shape, _) => said(format!("{} ({{{hole}}})", of_shape(shape))),
        },
    }
}

/// What a shape takes, in words for people.
fn of_shape(shape: &str) -> &'static str {
    match shape {
        "word" => "a word",
        "number" => "a number",
        "ip" | "ip4" => "an address",
        "time" => "a time",
        "level" => "the name of a severity",
        "letter" => "a letter",
        "name" => "a name with points in it",
        "blanks" => "a blank",
        _ => "some text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_tells_where_it_stopped_and_what_it_wanted() {
        let pattern = "Failed {sshd.method} for {user.name} from {source.ip} port {source.port}{? ssh2?}";
        for (text, at, want) in [
            ("Failed password for an from 10.0.0.1 port 22 ssh3", 44, "the end of the message"),
            ("Failed password for an from here port 22", 28, "an address ({source.ip})"),
            ("Failed password for an from 10.0.0.1 prot 22", 38, "`ort `"),
            ("Failed password for an", 20, "` from ` somewhere behind here"),
            ("Failure", 4, "`ed `"),
            ("x", 0, "`Failed `"),
        ] {
            let stop = stop(pattern, text, &FieldTable::new()).expect("it does not match");
            assert_eq!((stop.at, stop.wanted.as_str()), (at, want), "{text}");
        }
        assert!(stop(pattern, "Failed password for an from 10.0.0.1 port 22", &FieldTable::new()).is_none());
    }
}
