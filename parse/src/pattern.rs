//! Patterns of the catalogue: literal text with named holes, compiled once and matched left to right.
//!
//! `Failed password for {user.name} from {source.ip} port {source.port}{? ssh2?}`: a hole is a field name, with an
//! optional shape (`:word`, `:any`, `:quoted`, `:rest`) and function (`|host`); `{_}` is a hole that is dropped, `{ }` one
//! for any number of blanks; `{?…?}` is a part that may be absent; behind a hole it must start with literal text. A pattern
//! matches the whole text or not at all, so text that an attacker slips into a hole cannot move the fields behind it.

use crate::target::{Func, Target};
use crate::text;
use crate::time::{Clock, Zone};
use chrono_tz::Tz;
use event::{FieldKind, FieldTable, Timestamp};
use memchr::memchr;

/// At most this many holes a pattern.
pub(crate) const HOLES_MAX: usize = 32;

/// A match that needs more steps is given up: hostile text must not cost more than a long line.
const STEPS_MAX: u32 = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Up to the next literal text.
    Any,
    /// The same, without white space.
    Word,
    /// Digits.
    Number,
    /// An address.
    Address,
    /// Four numbers with points between, even if a port follows behind one more point.
    Dotted,
    /// Up to the next quote that no backslash escapes.
    Quoted,
    /// A time, as far as it can be read.
    Time,
    /// The name of a severity.
    Level,
    /// One letter.
    Letter,
    /// A name with points in it, as of a class.
    Name,
    /// Blanks, one or more.
    Blanks,
    /// Everything to the end.
    Rest,
}

#[derive(Debug)]
enum Op {
    Literal(Box<str>),
    /// Fills a hole; the index is into [`Pattern::holes`].
    Hole(usize, Shape),
    /// What follows, up to the op at this index, may be absent.
    Optional(usize),
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    ops: Vec<Op>,
    /// What each hole fills; `None` drops it.
    pub(crate) holes: Vec<Option<Target>>,
}

/// The spans that a match filled, by hole.
#[derive(Debug)]
pub(crate) struct Spans {
    spans: [(u32, u32); HOLES_MAX],
    filled: u32,
    steps: u32,
}

impl Spans {
    pub(crate) fn new() -> Spans {
        Spans { spans: [(0, 0); HOLES_MAX], filled: 0, steps: 0 }
    }

    /// The filled holes in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let filled = (0..HOLES_MAX).filter(|hole| self.filled & (1 << hole) != 0);
        filled.map(|hole| (hole, self.spans[hole].0 as usize, self.spans[hole].1 as usize))
    }
}

impl Pattern {
    /// Compiles the text of a pattern; the error says what is wrong with it.
    pub(crate) fn compile(source: &str, fields: &FieldTable) -> Result<Pattern, String> {
        let mut pattern = Pattern { ops: Vec::new(), holes: Vec::new() };
        let mut open = None;
        let mut rest = source;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("{?") {
                if open.replace(pattern.ops.len()).is_some() {
                    return Err(format!("optional parts do not nest: {source:?}"));
                }
                pattern.ops.push(Op::Optional(0));
                rest = after;
            } else if let Some(after) = rest.strip_prefix("?}") {
                let start = open.take().ok_or_else(|| format!("`?}}` closes nothing: {source:?}"))?;
                pattern.ops[start] = Op::Optional(pattern.ops.len());
                rest = after;
            } else if let Some(after) = rest.strip_prefix('{') {
                let close = after.find('}').ok_or_else(|| format!("unclosed hole: {source:?}"))?;
                pattern.add_hole(&after[..close], fields)?;
                rest = &after[close + 1..];
            } else {
                let next = |stop: &str| rest.find(stop).unwrap_or(rest.len());
                let end = next("{").min(next("?}")).max(1);
                pattern.ops.push(Op::Literal(rest[..end].into()));
                rest = &rest[end..];
            }
        }
        if open.is_some() {
            return Err(format!("unclosed optional part: {source:?}"));
        }
        pattern.check(source).map(|()| pattern)
    }

    fn add_hole(&mut self, spec: &str, fields: &FieldTable) -> Result<(), String> {
        let (name_shape, func) = spec.split_once('|').map_or((spec, None), |(name, func)| (name, Some(func)));
        let (name, shape) =
            name_shape.split_once(':').map_or((name_shape, ""), |(name, shape)| (name, shape));
        let target = match (name, func) {
            ("_" | " ", _) => None,
            (name, None) => Some(Target::from_spec(name, fields)?),
            (name, Some(func)) => Some(Target::from_spec(&format!("{name}|{func}"), fields)?),
        };
        let shape = match (shape, target) {
            ("", _) if name == " " => Shape::Blanks,
            ("time", _) => Shape::Time,
            ("level", _) => Shape::Level,
            ("letter", _) => Shape::Letter,
            ("name", _) => Shape::Name,
            ("word", _) => Shape::Word,
            ("any", _) => Shape::Any,
            ("quoted", _) => Shape::Quoted,
            ("rest", _) => Shape::Rest,
            ("number", _) => Shape::Number,
            ("ip", _) => Shape::Address,
            ("ip4", _) => Shape::Dotted,
            ("", Some(Target { func: Func::Host, .. })) => Shape::Word,
            ("", Some(Target { kind: FieldKind::Ip, .. })) => Shape::Address,
            ("", Some(Target { kind: FieldKind::Long, .. })) => Shape::Number,
            ("", _) => Shape::Any,
            (other, _) => return Err(format!("no shape is called {other:?} (in {spec:?})")),
        };
        if self.holes.len() == HOLES_MAX {
            return Err(format!("more than {HOLES_MAX} holes"));
        }
        self.ops.push(Op::Hole(self.holes.len(), shape));
        self.holes.push(target);
        Ok(())
    }

    fn check(&self, source: &str) -> Result<(), String> {
        let searched = |at: usize| matches!(self.ops.get(at), Some(Op::Hole(_, Shape::Any | Shape::Word)));
        for at in 0..self.ops.len() {
            match (&self.ops[at], self.ops.get(at + 1)) {
                (Op::Hole(_, Shape::Word), Some(Op::Hole(_, Shape::Blanks))) => {}
                (Op::Hole(..), Some(Op::Hole(..))) if searched(at) => {
                    return Err(format!("two holes need text between them: {source:?}"));
                }
                (Op::Optional(_), Some(Op::Hole(..))) if at.checked_sub(1).is_some_and(searched) => {
                    return Err(format!("an optional part behind a hole starts with text: {source:?}"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The text that the pattern starts with; empty when it starts with a hole.
    pub(crate) fn prefix(&self) -> &str {
        match self.ops.first() {
            Some(Op::Literal(text)) => text,
            _ => "",
        }
    }

    /// Whether every match starts with the name of a severity.
    pub(crate) fn starts_with_level(&self) -> bool {
        matches!(self.ops.first(), Some(Op::Hole(_, Shape::Level)))
    }

    /// Whether a match may start with this byte.
    pub(crate) fn may_start_with(&self, byte: u8) -> bool {
        let mut at = 0;
        loop {
            match self.ops.get(at) {
                Some(Op::Optional(after)) => {
                    if self.op_may_start_with(at + 1, byte) {
                        return true;
                    }
                    at = *after;
                }
                _ => return self.op_may_start_with(at, byte),
            }
        }
    }

    fn op_may_start_with(&self, op: usize, byte: u8) -> bool {
        match self.ops.get(op) {
            Some(Op::Literal(text)) => text.as_bytes().first() == Some(&byte),
            Some(Op::Hole(_, Shape::Number | Shape::Dotted)) => byte.is_ascii_digit(),
            Some(Op::Hole(_, Shape::Address)) => byte.is_ascii_hexdigit() || matches!(byte, b':' | b'['),
            Some(Op::Hole(_, Shape::Level | Shape::Letter | Shape::Name)) => byte.is_ascii_alphabetic(),
            Some(Op::Hole(_, Shape::Time)) => byte.is_ascii_alphanumeric() || byte == b'@',
            Some(Op::Hole(_, Shape::Word)) => !byte.is_ascii_whitespace(),
            _ => true,
        }
    }

    /// The longest text that every match holds, the last of several.
    pub(crate) fn needle(&self) -> &str {
        self.literals().max_by_key(|text| text.len()).unwrap_or("")
    }

    /// The texts that every match holds.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        let mut optional_until = 0;
        self.ops.iter().enumerate().filter_map(move |(at, op)| match op {
            Op::Optional(end) => {
                optional_until = *end;
                None
            }
            Op::Literal(text) if at >= optional_until => Some(&**text),
            _ => None,
        })
    }

    /// Matches the whole of `text`, trailing white space aside.
    pub(crate) fn matches(&self, text: &str, spans: &mut Spans) -> bool {
        spans.filled = 0;
        spans.steps = 0;
        self.from(0, text.as_bytes(), text.len(), 0, spans)
    }

    fn from(&self, op: usize, bytes: &[u8], end: usize, at: usize, spans: &mut Spans) -> bool {
        spans.steps += 1;
        if spans.steps > STEPS_MAX {
            return false;
        }
        match self.ops.get(op) {
            None => bytes[at..end].iter().all(u8::is_ascii_whitespace),
            Some(Op::Literal(text)) => {
                bytes[at..].starts_with(text.as_bytes())
                    && self.from(op + 1, bytes, end, at + text.len(), spans)
            }
            Some(Op::Optional(after)) => {
                let filled = spans.filled;
                if self.from(op + 1, bytes, end, at, spans) {
                    return true;
                }
                spans.filled = filled;
                self.from(*after, bytes, end, at, spans)
            }
            Some(Op::Hole(hole, shape)) => self.fill(op, *hole, *shape, bytes, at, spans),
        }
    }

    fn fill(&self, op: usize, hole: usize, shape: Shape, bytes: &[u8], at: usize, spans: &mut Spans) -> bool {
        let rest = &bytes[at..];
        let length = match shape {
            Shape::Number => {
                Some(rest.iter().take_while(|byte| byte.is_ascii_digit()).count()).filter(|n| *n > 0)
            }
            Shape::Address => address_length(rest),
            Shape::Dotted => dotted_length(rest),
            Shape::Quoted => Some(quoted_length(rest)),
            Shape::Time => time_length(rest),
            Shape::Level => level_length(rest),
            Shape::Name => name_length(rest),
            Shape::Letter => rest.first().filter(|byte| byte.is_ascii_alphabetic()).map(|_| 1),
            Shape::Blanks => {
                Some(rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()).filter(|n| *n > 0)
            }
            Shape::Rest => Some(rest.len()),
            Shape::Any | Shape::Word => return self.fill_to_next(op, hole, shape, bytes, at, spans),
        };
        let Some(length) = length else { return false };
        self.filled(op + 1, hole, (at, at + length), bytes, spans)
    }

    fn filled(&self, op: usize, hole: usize, span: (usize, usize), bytes: &[u8], spans: &mut Spans) -> bool {
        let filled = spans.filled;
        spans.filled |= 1 << hole;
        spans.spans[hole] = (span.0 as u32, span.1 as u32);
        if self.from(op, bytes, bytes.len(), span.1, spans) {
            // A later try may have reused the slot of an optional hole; this one is settled now.
            spans.spans[hole] = (span.0 as u32, span.1 as u32);
            return true;
        }
        spans.filled = filled;
        false
    }

    /// A hole that reaches to the next literal text: the first place from which the rest of the pattern fits.
    fn fill_to_next(
        &self,
        op: usize,
        hole: usize,
        shape: Shape,
        bytes: &[u8],
        at: usize,
        spans: &mut Spans,
    ) -> bool {
        let limit = match shape {
            Shape::Word => at + bytes[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count(),
            _ => bytes.len(),
        };
        let mut next = op + 1;
        loop {
            match self.ops.get(next) {
                Some(Op::Literal(literal)) => {
                    return self.fill_before(next, literal, hole, (at, limit), bytes, spans);
                }
                Some(Op::Optional(after)) => {
                    if let Some(Op::Literal(literal)) = self.ops.get(next + 1)
                        && self.fill_before(next + 1, literal, hole, (at, limit), bytes, spans)
                    {
                        return true;
                    }
                    next = *after;
                }
                Some(Op::Hole(_, Shape::Blanks)) if limit > at => {
                    return self.filled(next, hole, (at, limit), bytes, spans);
                }
                Some(Op::Hole(..)) => return false,
                None => return limit > at && self.filled(next, hole, (at, limit), bytes, spans),
            }
        }
    }

    fn fill_before(
        &self,
        op: usize,
        literal: &str,
        hole: usize,
        (at, limit): (usize, usize),
        bytes: &[u8],
        spans: &mut Spans,
    ) -> bool {
        let literal = literal.as_bytes();
        let mut from = at;
        while from <= limit {
            let Some(found) = memchr(literal[0], &bytes[from..]) else { return false };
            let end = from + found;
            if end > limit {
                return false;
            }
            if bytes[end..].starts_with(literal) && self.filled(op, hole, (at, end), bytes, spans) {
                return true;
            }
            spans.steps += 1;
            if spans.steps > STEPS_MAX {
                return false;
            }
            from = end + 1;
        }
        false
    }
}

fn quoted_length(rest: &[u8]) -> usize {
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    rest.len()
}

/// How many bytes of `rest` are an address: the longest run of its characters, less a port or a colon behind.
pub(crate) fn address_length(rest: &[u8]) -> Option<usize> {
    let is_address =
        |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'[' | b']' | b'%');
    let mut run = rest.iter().take(64).take_while(is_address).count();
    // A bracket closes an address only if it was opened with it.
    run = match rest.first() {
        Some(b'[') => rest[..run].iter().position(|byte| *byte == b']').map_or(run, |at| at + 1),
        _ => rest[..run].iter().position(|byte| matches!(byte, b'[' | b']')).unwrap_or(run),
    };
    if rest[..run].contains(&b'%') {
        // The zone of a link-local address is the name of an interface.
        run += rest[run..].iter().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    }
    let candidate = std::str::from_utf8(&rest[..run]).ok()?;
    if text::ip(candidate).is_some() {
        return Some(run);
    }
    let before_colon = candidate.find(':').unwrap_or(run);
    // An IPv6 address and a port, without brackets between (`::1:37752`).
    let before_last = candidate.rfind(':').unwrap_or(run);
    let shorter = [before_colon, candidate.trim_end_matches([':', '.']).len(), before_last];
    shorter.into_iter().find(|length| text::ip(&candidate[..*length]).is_some())
}

/// How many bytes of `rest` are four numbers with points between.
fn dotted_length(rest: &[u8]) -> Option<usize> {
    let run = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let ends =
        rest[..run].iter().enumerate().filter(|(_, byte)| **byte == b'.').nth(3).map_or(run, |(at, _)| at);
    let candidate = std::str::from_utf8(&rest[..ends]).ok()?;
    text::ip(candidate).map(|_| ends)
}

/// How many bytes of `rest` are a name with points in it.
fn name_length(rest: &[u8]) -> Option<usize> {
    let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'-');
    let length = rest.iter().take_while(in_name).count();
    let starts = rest.first().is_some_and(u8::is_ascii_alphabetic);
    (starts && rest[..length].contains(&b'.')).then_some(length)
}

/// How many bytes of `rest` are a time.
pub(crate) fn time_length(rest: &[u8]) -> Option<usize> {
    let zone = Zone::new(Tz::UTC);
    Clock { received: Timestamp(0), zone: &zone }.read(rest).map(|(_, used)| used)
}

/// How many bytes of `rest` are a word that names a severity.
pub(crate) fn level_length(rest: &[u8]) -> Option<usize> {
    const NAMES: [&str; 39] = [
        "info",
        "warn",
        "error",
        "debug",
        "warning",
        "notice",
        "trace",
        "fatal",
        "critical",
        "crit",
        "err",
        "inf",
        "wrn",
        "dbg",
        "ftl",
        "vrb",
        "alert",
        "emerg",
        "emergency",
        "panic",
        "severe",
        "fine",
        "finer",
        "finest",
        "config",
        "information",
        "informational",
        "verbose",
        "log",
        "hint",
        "detail",
        "statement",
        "system",
        "note",
        "audit",
        "failure",
        "success",
        "noti",
        "context",
    ];
    let length = rest.iter().take(16).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = &rest[..length];
    NAMES.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(word)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str, text: &str) -> String {
        let fields = FieldTable::new();
        let pattern = Pattern::compile(pattern, &fields).expect("a good pattern");
        let mut spans = Spans::new();
        if !pattern.matches(text, &mut spans) {
            return "none".to_owned();
        }
        let show = |(hole, from, to): (usize, usize, usize)| {
            pattern.holes[hole].map(|target| format!("{}={}", fields.name(target.id), &text[from..to]))
        };
        spans.iter().filter_map(show).collect::<Vec<_>>().join("|")
    }

    const FAILED: &str = "Failed password for {user.name} from {source.ip} port {source.port}{? ssh2?}";

    #[test]
    fn holes_fill_and_the_whole_text_must_fit() {
        for (text, want) in [
            (
                "Failed password for root from 10.0.0.1 port 22 ssh2",
                "user.name=root|source.ip=10.0.0.1|source.port=22",
            ),
            (
                "Failed password for root from fe80::1%eth0 port 22",
                "user.name=root|source.ip=fe80::1%eth0|source.port=22",
            ),
            ("Failed password for root from 10.0.0.1 port 22 ssh2 x", "none"),
            ("Failed password for root from here port 22", "none"),
        ] {
            assert_eq!(matched(FAILED, text), want, "{text}");
        }
    }

    #[test]
    fn text_slipped_into_a_hole_moves_nothing() {
        let text = "Failed password for x from 6.6.6.6 port 1 ssh2 from 10.0.0.1 port 22 ssh2";
        let want = "user.name=x from 6.6.6.6 port 1 ssh2|source.ip=10.0.0.1|source.port=22";
        assert_eq!(matched(FAILED, text), want);
    }

    #[test]
    fn optional_parts_and_shapes() {
        let pattern =
            "{source.ip}:{source.port} {user.name:word}{?, as {group.name}?} \"{url.original:quoted}\"{?!?}";
        assert_eq!(
            matched(pattern, r#"1.2.3.4:80 bob, as x y "a\"b"!"#),
            r#"source.ip=1.2.3.4|source.port=80|user.name=bob|group.name=x y|url.original=a\"b"#
        );
        assert_eq!(
            matched(pattern, r#"1.2.3.4:80 bob "a""#),
            "source.ip=1.2.3.4|source.port=80|user.name=bob|url.original=a"
        );
    }

    #[test]
    fn times_levels_and_blanks_are_known_by_their_looks() {
        let pattern = "{@timestamp:time}{ }{log.level:level}{ }{log.logger:word}{ }{message:rest}";
        for (text, want) in [
            (
                "2026-11-22 10:00:00,123 WARN   a.b.C  - x",
                "@timestamp=2026-11-22 10:00:00,123|log.level=WARN|log.logger=a.b.C|message=- x",
            ),
            (
                "2026-11-22 10:00:00 WARNING a b",
                "@timestamp=2026-11-22 10:00:00|log.level=WARNING|log.logger=a|message=b",
            ),
            ("2026-11-22 10:00:00 Warnings a b", "none"),
            ("2026-13-22 10:00:00 WARN a b", "none"),
            ("2026-11-22 10:00:00 WARN a", "none"),
        ] {
            assert_eq!(matched(pattern, text), want, "{text}");
        }
    }

    #[test]
    fn a_bracket_around_an_address_is_no_part_of_it() {
        for (pattern, text) in [
            ("[{source.ip}] x", "[10.0.0.1] x"),
            ("{source.ip}]: x", "10.0.0.1]: x"),
            ("{source.ip}:{source.port}", "[2001:db8::1]:22"),
        ] {
            assert_ne!(matched(pattern, text), "none", "{pattern}");
        }
        assert_eq!(matched("[{source.ip}]", "[2001:db8::1]"), "source.ip=2001:db8::1");
    }

    #[test]
    fn hostile_text_costs_bounded_steps() {
        let text = "a ".repeat(20_000);
        assert_eq!(matched("{user.name} a {group.name} a {host.name} a {process.name} b", &text), "none");
    }

    #[test]
    fn bad_patterns_say_why() {
        for pattern in [
            "{user.name",
            "{?x",
            "x?}",
            "{user.name}{group.name}",
            "{user.name}{?{group.name}?}",
            "{a:odd}",
            "{a|odd}",
        ] {
            assert!(Pattern::compile(pattern, &FieldTable::new()).is_err(), "{pattern}");
        }
    }
}
