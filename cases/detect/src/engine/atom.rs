//! Atoms: the distinct predicates of a rule set, each with one way to test one value.

use crate::engine::column::ColumnId;
use crate::rule::{Comparison, Part, Pattern, Piece, Test, fold};
use event::Value;
use ipnet::IpNet;
use memchr::memmem::Finder;
use regex::Regex;
use std::net::IpAddr;

/// The place of an atom in its rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AtomId(pub(crate) u32);

impl AtomId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A predicate on a column.
#[derive(Debug)]
pub(crate) struct Atom {
    pub(crate) column: ColumnId,
    pub(crate) check: Check,
    /// Whether the text is taken as it is; folded otherwise. Only text checks look at it.
    pub(crate) cased: bool,
}

/// How one value is tested. Texts are folded unless the atom is cased.
#[derive(Debug)]
pub(crate) enum Check {
    Equals(Box<str>),
    Starts(Box<str>),
    Ends(Box<str>),
    Contains(Box<Finder<'static>>),
    Glob(Box<[Piece]>),
    /// Any text, also the empty one.
    Anything,
    Regex(Box<Regex>),
    Network(IpNet),
    Number(Comparison, f64),
    Null,
    Exists,
    SameAs {
        other: ColumnId,
        part: Part,
    },
}

impl Atom {
    /// The atom of a test; `other` is the column of the other field of a [`Test::Field`].
    pub(crate) fn new(column: ColumnId, test: &Test, other: Option<ColumnId>) -> Atom {
        let (check, cased) = match test {
            Test::Text { pattern, cased: true } => (text_check(pattern), true),
            Test::Text { pattern, cased: false } => (text_check(&pattern.folded()), false),
            Test::Regex(regex) => (Check::Regex(Box::new(regex.clone())), true),
            Test::Network(network) => (Check::Network(*network), false),
            Test::Number(comparison, number) => (Check::Number(*comparison, *number), false),
            Test::Null => (Check::Null, false),
            Test::Exists => (Check::Exists, false),
            Test::Field { part, cased, .. } => {
                (Check::SameAs { other: other.unwrap_or(ColumnId::WHOLE_EVENT), part: *part }, *cased)
            }
        };
        Atom { column, check, cased }
    }

    /// An atom that is true whenever text holds `needle`, whatever its case.
    pub(crate) fn hint(column: ColumnId, needle: &str) -> Atom {
        Atom { column, check: contains(&fold(needle)), cased: false }
    }

    /// What makes two atoms the same.
    pub(crate) fn key(&self) -> AtomKey {
        let (kind, text) = match &self.check {
            Check::Equals(text) => (0, text.to_string()),
            Check::Starts(text) => (1, text.to_string()),
            Check::Ends(text) => (2, text.to_string()),
            Check::Contains(finder) => (3, String::from_utf8_lossy(finder.needle()).into_owned()),
            Check::Glob(pieces) => (4, format!("{pieces:?}")),
            Check::Anything => (5, String::new()),
            Check::Regex(regex) => (6, regex.as_str().to_owned()),
            Check::Network(network) => (7, network.to_string()),
            Check::Number(comparison, number) => (8, format!("{comparison:?} {}", number.to_bits())),
            Check::Null => (9, String::new()),
            Check::Exists => (10, String::new()),
            Check::SameAs { other, part } => (11, format!("{other:?} {part:?}")),
        };
        AtomKey { column: self.column, kind, cased: self.cased, text }
    }

    /// Whether it needs the folded text of a value.
    pub(crate) fn wants_folded(&self) -> bool {
        let is_text = matches!(
            self.check,
            Check::Equals(_) | Check::Starts(_) | Check::Ends(_) | Check::Contains(_) | Check::Glob(_)
        );
        is_text && !self.cased
    }

    /// Whether one value passes. `text` is the value's text, folded if [`Atom::wants_folded`]. Not for the checks that
    /// need more than a value: [`Check::Null`], [`Check::Exists`], [`Check::SameAs`].
    pub(crate) fn passes(&self, value: Value<'_>, text: &str) -> bool {
        match &self.check {
            Check::Equals(wanted) => text == &**wanted,
            Check::Starts(wanted) => text.starts_with(&**wanted),
            Check::Ends(wanted) => text.ends_with(&**wanted),
            Check::Contains(finder) => finder.find(text.as_bytes()).is_some(),
            Check::Glob(pieces) => glob(pieces, text),
            Check::Anything => true,
            Check::Regex(regex) => regex.is_match(text),
            Check::Network(network) => address(value).is_some_and(|address| network.contains(&address)),
            Check::Number(comparison, number) => {
                self::number(value).is_some_and(|it| comparison.holds(it, *number))
            }
            Check::Null | Check::Exists | Check::SameAs { .. } => false,
        }
    }
}

/// See [`Atom::key`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AtomKey {
    column: ColumnId,
    kind: u8,
    cased: bool,
    text: String,
}

fn text_check(pattern: &Pattern) -> Check {
    match pattern.pieces() {
        [] => Check::Equals("".into()),
        [Piece::Many] => Check::Anything,
        [Piece::Literal(text)] => Check::Equals(text.as_str().into()),
        [Piece::Literal(text), Piece::Many] => Check::Starts(text.as_str().into()),
        [Piece::Many, Piece::Literal(text)] => Check::Ends(text.as_str().into()),
        [Piece::Many, Piece::Literal(text), Piece::Many] => contains(text),
        pieces => Check::Glob(pieces.into()),
    }
}

fn contains(needle: &str) -> Check {
    Check::Contains(Box::new(Finder::new(needle.as_bytes()).into_owned()))
}

/// Whether the whole text fits. Goes back only to the last `*`, so the time is at most text × pattern.
pub(crate) fn glob(pieces: &[Piece], text: &str) -> bool {
    let (mut at, mut rest) = (0, text);
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let stepped = match pieces.get(at) {
            None if rest.is_empty() => return true,
            None => None,
            Some(Piece::Many) => {
                retry = Some((at + 1, rest));
                Some(rest)
            }
            Some(Piece::One) => rest.chars().next().map(|first| &rest[first.len_utf8()..]),
            Some(Piece::Literal(literal)) => rest.strip_prefix(literal.as_str()),
        };
        if let Some(after) = stepped {
            (at, rest) = (at + 1, after);
            continue;
        }
        let Some((after_star, from)) = retry else { return false };
        let Some(first) = from.chars().next() else { return false };
        rest = &from[first.len_utf8()..];
        at = after_star;
        retry = Some((at, rest));
    }
}

/// The address in a value, IPv4-mapped ones as IPv4.
pub(crate) fn address(value: Value<'_>) -> Option<IpAddr> {
    match value {
        Value::Ip(address) => Some(address.to_canonical()),
        Value::Str(text) => text.trim().parse().ok().map(|address: IpAddr| address.to_canonical()),
        _ => None,
    }
}

/// The number in a value, also when it is written as text.
pub(crate) fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Int(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("*a?c*", "xxabcxx", true),
            ("a?c", "a\u{e9}c", true),
            ("a?c", "ac", false),
            ("*ab*ab*", "abxab", true),
            ("*ab*ab*", "ab", false),
            ("??", "a", false),
            ("*?", "", false),
        ] {
            let pattern = Pattern::parse(pattern);
            assert_eq!(glob(pattern.pieces(), text), fits, "{pattern:?} {text}");
        }
    }
}
