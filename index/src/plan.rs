//! [`Query`] → what the engine runs. Every leaf is exact: what the dictionary cannot decide is decided by looking at the
//! event itself, so that nothing is missed and NOT means not.

use crate::compare::{Glob, Limits, Network, same_values};
use crate::document::query_prefix;
use crate::hit::{FieldValue, Hit};
use crate::leaf::{HitTest, Leaf, TextTest};
use crate::query::{Bound, Pattern, Piece, Predicate, Query};
use crate::schema::{Fields, ID, RECEIVED, TIME};
use crate::token::{LONG_RUN, NAME_END, VALUE_BYTES_MAX, contains_phrase, fold, parse_time, phrase};
use event::{ClientId, FieldKind, FieldTable, ProviderId};
use std::ops::Bound as Edge;
use std::sync::Arc;
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, Occur, PhraseQuery, Query as EngineQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

type Plan = Box<dyn EngineQuery>;

/// Plans queries over the splits of one client.
pub(crate) struct Planner<'a> {
    pub(crate) fields: Fields,
    pub(crate) names: &'a FieldTable,
    pub(crate) client: ClientId,
}

impl Planner<'_> {
    /// What to run; with `provider`, only that provider's events.
    pub(crate) fn plan(&self, query: &Query, provider: Option<ProviderId>) -> Plan {
        let plan = self.query(query);
        match provider {
            None => plan,
            Some(ProviderId(number)) => {
                let own = self.term(self.fields.values, &format!("sperwer.provider{NAME_END}{number}"));
                all_of(vec![own, plan])
            }
        }
    }

    fn query(&self, query: &Query) -> Plan {
        match query {
            Query::All => Box::new(AllQuery),
            Query::And(parts) => all_of(parts.iter().map(|part| self.query(part)).collect()),
            Query::Or(parts) => any_of(parts.iter().map(|part| self.query(part)).collect()),
            Query::Not(inner) => Box::new(Leaf::Not(Arc::from(self.query(inner)))),
            Query::Text(pattern) => self.text(pattern),
            Query::Field(name, predicate) => self.field(name, predicate),
        }
    }

    /// Text anywhere in the event.
    fn text(&self, pattern: &Pattern) -> Plan {
        match pattern.as_literal() {
            Some(text) => match Network::parse(text).filter(|_| !pattern.quoted) {
                Some(network) => self.any_address(network),
                None => self.phrase(text),
            },
            None => self.wild_text(pattern),
        }
    }

    /// These words in this order.
    fn phrase(&self, text: &str) -> Plan {
        let words = phrase(text);
        match words.as_slice() {
            [] => Box::new(EmptyQuery),
            [(_, word)] => self.term(self.fields.words, word),
            _ => {
                let term =
                    |(at, word): (usize, String)| (at, Term::from_field_text(self.fields.words, &word));
                Box::new(PhraseQuery::new_with_offset(words.into_iter().map(term).collect()))
            }
        }
    }

    /// An address within a network: IPv4 anywhere, IPv6 in fields.
    fn any_address(&self, network: Network) -> Plan {
        if let Some(start) = network.v4_start() {
            let test: TextTest = Arc::new(move |word| network.contains_text(word));
            return self.scan(self.fields.words, "", &start, test);
        }
        let test: TextTest = Arc::new(move |term| {
            term.split_once(NAME_END).is_some_and(|(_, value)| network.contains_text(value))
        });
        self.scan(self.fields.values, "", "", test)
    }

    /// Text with wildcards: without punctuation, a word; with it, a stretch without white space.
    fn wild_text(&self, pattern: &Pattern) -> Plan {
        let glob = Arc::new(Glob::new(pattern));
        let seek = Arc::clone(&glob);
        let plain = |piece: &Piece| !matches!(piece, Piece::Literal(text) if !text.chars().all(char::is_alphanumeric));
        let is_word = pattern.pieces.iter().all(plain);
        let test: HitTest = match is_word {
            true => Arc::new(move |hit| any_text(hit, |text| seek.matches_a_word_of(text))),
            false => Arc::new(move |hit| any_text(hit, |text| seek.occurs_in(text))),
        };
        let long_runs = self.verify(self.term(self.fields.words, LONG_RUN), Arc::clone(&test));
        let others = match is_word {
            true => {
                let test: TextTest = Arc::new(move |word| !word.contains('.') && glob.matches(word));
                self.scan(self.fields.words, "", &leading_literal(pattern), test)
            }
            false => self.verify(self.candidates(pattern), test),
        };
        any_of(vec![others, long_runs])
    }

    /// Events that have all the words, whole or in part, that a pattern consists of.
    fn candidates(&self, pattern: &Pattern) -> Plan {
        let mut parts: Vec<Plan> = Vec::new();
        let last = pattern.pieces.len().saturating_sub(1);
        for (at, piece) in pattern.pieces.iter().enumerate() {
            let Piece::Literal(text) = piece else { continue };
            let text = fold(text);
            let (starts, ends) =
                (text.starts_with(char::is_alphanumeric), text.ends_with(char::is_alphanumeric));
            let runs: Vec<&str> =
                text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty()).collect();
            for (number, run) in runs.iter().enumerate() {
                let open_left = number == 0 && starts && at > 0;
                let open_right = number + 1 == runs.len() && ends && at < last;
                parts.push(self.part(run, open_left, open_right));
            }
        }
        if parts.is_empty() { Box::new(AllQuery) } else { all_of(parts) }
    }

    fn part(&self, run: &str, open_left: bool, open_right: bool) -> Plan {
        if !open_left && !open_right {
            return self.phrase(run);
        }
        let wanted = run.to_owned();
        let test: TextTest = match (open_left, open_right) {
            (true, true) => Arc::new(move |word| word.contains(&wanted)),
            (true, false) => Arc::new(move |word| word.ends_with(&wanted)),
            _ => Arc::new(move |word| word.starts_with(&wanted)),
        };
        self.scan(self.fields.words, "", if open_left { "" } else { run }, test)
    }

    fn field(&self, name: &str, predicate: &Predicate) -> Plan {
        match fold(name).as_str() {
            "@timestamp" => column(TIME, predicate),
            "sperwer.received" => column(RECEIVED, predicate),
            "sperwer.event_id" => match numbers(predicate) {
                Some((low, high)) => Box::new(Leaf::Ids { column: ID, low, high }),
                None => Box::new(EmptyQuery),
            },
            "sperwer.client" => match numbers(predicate) {
                Some((low, high)) if (low..=high).contains(&u64::from(self.client.0)) => Box::new(AllQuery),
                _ => Box::new(EmptyQuery),
            },
            "message" => self.whole_text(predicate, true, |hit| fold(&hit.message)),
            // The words of the raw octets need not all be in the index, so each event has to be looked at.
            "event.original" => self.whole_text(predicate, false, |hit| fold(&hit.raw_text())),
            folded => self.values(folded, predicate),
        }
    }

    /// A text that every event has and that is not kept as a value.
    fn whole_text(&self, predicate: &Predicate, has_words: bool, text: fn(&Hit) -> String) -> Plan {
        let candidates: Plan = match predicate {
            Predicate::Exists => return Box::new(AllQuery),
            Predicate::Is(pattern) if has_words => match pattern.as_literal() {
                Some(literal) if phrase(literal).is_empty() => Box::new(AllQuery),
                Some(literal) => self.phrase(literal),
                None => any_of(vec![self.candidates(pattern), self.term(self.fields.words, LONG_RUN)]),
            },
            _ => Box::new(AllQuery),
        };
        let test = value_test(predicate, FieldKind::Text);
        self.verify(candidates, Arc::new(move |hit| test(&text(hit))))
    }

    fn values(&self, name: &str, predicate: &Predicate) -> Plan {
        let prefix = query_prefix(name);
        let kind = self.names.find(name).map_or(FieldKind::Keyword, |id| self.names.kind(id));
        let test = value_test(predicate, kind);
        let long = self.long_values(&prefix, predicate, kind, Arc::clone(&test));
        let short = match predicate {
            Predicate::Is(pattern) if kind != FieldKind::Text && !is_network(pattern) => {
                match pattern.as_literal() {
                    Some(literal) => {
                        let same =
                            same_values(literal).into_iter().filter(|value| value.len() <= VALUE_BYTES_MAX);
                        any_of(
                            same.map(|value| self.term(self.fields.values, &format!("{prefix}{value}")))
                                .collect(),
                        )
                    }
                    None => self.scan(self.fields.values, &prefix, &leading_literal(pattern), test),
                }
            }
            _ => self.scan(self.fields.values, &prefix, "", test),
        };
        any_of(std::iter::once(short).chain(long).collect())
    }

    /// Events with a value that is too long to be a term. Its words are in the index; they decide which to look at.
    fn long_values(
        &self,
        prefix: &str,
        predicate: &Predicate,
        kind: FieldKind,
        test: TextTest,
    ) -> Option<Plan> {
        let name = prefix[..prefix.len() - 1].to_owned();
        let marked = self.term(self.fields.values, &format!("{NAME_END}{name}"));
        let candidates = match predicate {
            Predicate::Exists => return Some(marked),
            Predicate::Between(..) => marked,
            Predicate::Is(pattern) if is_network(pattern) => return None,
            Predicate::Is(pattern) => {
                let words = match pattern.as_literal() {
                    Some(literal) if kind != FieldKind::Text && fold(literal).len() <= VALUE_BYTES_MAX => {
                        return None;
                    }
                    Some(literal) if phrase(literal).is_empty() => Box::new(AllQuery),
                    Some(literal) => self.phrase(literal),
                    None => any_of(vec![self.candidates(pattern), self.term(self.fields.words, LONG_RUN)]),
                };
                all_of(vec![marked, words])
            }
        };
        Some(self.verify(candidates, Arc::new(move |hit| long_values(hit, &name).any(|value| test(&value)))))
    }

    fn term(&self, field: Field, text: &str) -> Plan {
        Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
    }

    fn scan(&self, field: Field, prefix: &str, literal: &str, test: TextTest) -> Plan {
        Box::new(Leaf::Scan { field, prefix: prefix.to_owned(), literal: literal.to_owned(), test })
    }

    fn verify(&self, candidates: Plan, test: HitTest) -> Plan {
        Box::new(Leaf::Verify { candidates: Arc::from(candidates), record: self.fields.record, test })
    }
}

/// Values of a field that are too long to be terms, in lower case.
pub(crate) fn long_values<'h>(hit: &'h Hit, name: &'h str) -> impl Iterator<Item = String> + 'h {
    let own = move |(field, value): &(String, FieldValue)| {
        let long = matches!(value, FieldValue::Str(text) if text.len() > VALUE_BYTES_MAX / 4);
        (long && fold(field) == name).then(|| fold(&value.to_string()))
    };
    hit.fields.iter().filter_map(own).filter(|value| value.len() > VALUE_BYTES_MAX)
}

fn value_test(predicate: &Predicate, kind: FieldKind) -> TextTest {
    match predicate {
        Predicate::Exists => Arc::new(|_| true),
        Predicate::Between(low, high) => {
            let limits = Limits::new(low, high);
            Arc::new(move |value| limits.contain(value))
        }
        Predicate::Is(pattern) => is_test(pattern, kind),
    }
}

fn is_test(pattern: &Pattern, kind: FieldKind) -> TextTest {
    let Some(literal) = pattern.as_literal() else {
        let glob = Glob::new(pattern);
        return Arc::new(move |value| glob.matches(value));
    };
    if let Some(network) = Network::parse(literal).filter(|_| is_network(pattern)) {
        let text = fold(literal);
        return Arc::new(move |value| value == text || network.contains_text(value));
    }
    let phrase = phrase(literal);
    if kind == FieldKind::Text && !phrase.is_empty() {
        return Arc::new(move |value| contains_phrase(value, &phrase));
    }
    if kind == FieldKind::Text && !literal.is_empty() {
        let text = fold(literal);
        return Arc::new(move |value| value.contains(&text));
    }
    let same = same_values(literal);
    Arc::new(move |value| same.iter().any(|text| text == value))
}

fn is_network(pattern: &Pattern) -> bool {
    !pattern.quoted && pattern.as_literal().and_then(Network::parse).is_some()
}

fn leading_literal(pattern: &Pattern) -> String {
    match pattern.pieces.first() {
        Some(Piece::Literal(text)) => fold(text),
        _ => String::new(),
    }
}

fn any_text(hit: &Hit, mut test: impl FnMut(&str) -> bool) -> bool {
    test(&fold(&hit.message))
        || hit.fields.iter().any(|(_, value)| test(&fold(&value.to_string())))
        || (!hit.defects.is_empty() && test(&fold(&hit.raw_text())))
}

/// A time column; what cannot be a time was refused when the query was read.
fn column(column: &'static str, predicate: &Predicate) -> Plan {
    let (low, high) = match predicate {
        Predicate::Exists => return Box::new(AllQuery),
        Predicate::Is(pattern) => {
            let Some((start, lasts)) = pattern.as_literal().and_then(parse_time) else {
                return Box::new(EmptyQuery);
            };
            (Edge::Included(start.0), Edge::Excluded(start.0.saturating_add(lasts)))
        }
        Predicate::Between(low, high) => {
            let edge = |bound: &Bound| match bound {
                Bound::Open => None,
                Bound::With(text) => parse_time(text).map(|time| (time, true)),
                Bound::Without(text) => parse_time(text).map(|time| (time, false)),
            };
            let low = edge(low).map_or(Edge::Unbounded, |((start, lasts), with)| {
                Edge::Included(if with { start.0 } else { start.0.saturating_add(lasts) })
            });
            let high = edge(high).map_or(Edge::Unbounded, |((start, lasts), with)| {
                Edge::Excluded(if with { start.0.saturating_add(lasts) } else { start.0 })
            });
            (low, high)
        }
    };
    Box::new(Leaf::Column { column, low, high })
}

/// The lowest and the highest number meant; `None` when there is none. What is no number was refused when the query was
/// read.
fn numbers(predicate: &Predicate) -> Option<(u64, u64)> {
    let (low, high) = match predicate {
        Predicate::Exists => (0, u64::MAX),
        Predicate::Is(pattern) => {
            let number = pattern.as_literal()?.parse().ok()?;
            (number, number)
        }
        Predicate::Between(low, high) => {
            let low = match low {
                Bound::Open => 0,
                Bound::With(text) => text.parse().ok()?,
                Bound::Without(text) => text.parse::<u64>().ok()?.checked_add(1)?,
            };
            let high = match high {
                Bound::Open => u64::MAX,
                Bound::With(text) => text.parse().ok()?,
                Bound::Without(text) => text.parse::<u64>().ok()?.checked_sub(1)?,
            };
            (low, high)
        }
    };
    (low <= high).then_some((low, high))
}

fn all_of(mut parts: Vec<Plan>) -> Plan {
    match parts.len() {
        1 => parts.remove(0),
        _ => Box::new(BooleanQuery::new(parts.into_iter().map(|part| (Occur::Must, part)).collect())),
    }
}

fn any_of(mut parts: Vec<Plan>) -> Plan {
    match parts.len() {
        0 => Box::new(EmptyQuery),
        1 => parts.remove(0),
        _ => Box::new(BooleanQuery::new(parts.into_iter().map(|part| (Occur::Should, part)).collect())),
    }
}
