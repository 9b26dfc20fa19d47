//! Comparing a value, in lower case, with what was asked for.

use crate::query::{Bound, Pattern, Piece};
use crate::token::{fold, parse_time};
use std::cmp::Ordering;
use std::net::IpAddr;

/// The texts under which a value that was asked for may be in the index: as written, and the normal form of an
/// address or number.
pub(crate) fn same_values(text: &str) -> Vec<String> {
    let mut same = vec![fold(text)];
    let mut add = |other: String| {
        if !same.contains(&other) {
            same.push(other);
        }
    };
    if let Ok(address) = text.parse::<IpAddr>() {
        add(address.to_canonical().to_string());
    }
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
    if let (true, Ok(number)) = (numeric, text.parse::<f64>()) {
        add(number.to_string());
    }
    same
}

/// A pattern with wildcards, in lower case.
#[derive(Debug)]
pub(crate) struct Glob {
    parts: Vec<Part>,
    /// The text, when the pattern is `*text*`.
    infix: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Letter(char),
    One,
    Any,
}

impl Glob {
    pub(crate) fn new(pattern: &Pattern) -> Glob {
        let mut parts = Vec::new();
        for piece in &pattern.pieces {
            match piece {
                Piece::Literal(text) => parts.extend(fold(text).chars().map(Part::Letter)),
                Piece::One => parts.push(Part::One),
                Piece::Any => parts.push(Part::Any),
            }
        }
        let infix = match pattern.pieces.as_slice() {
            [Piece::Any, Piece::Literal(text), Piece::Any] => Some(fold(text)),
            _ => None,
        };
        Glob { parts, infix }
    }

    /// Whether the whole of a value is like this.
    pub(crate) fn matches(&self, value: &str) -> bool {
        match &self.infix {
            Some(text) => value.contains(text.as_str()),
            None => self.matches_at(value, str::is_empty, |_| true),
        }
    }

    /// Whether a word of a text is like this.
    pub(crate) fn matches_a_word_of(&self, text: &str) -> bool {
        text.split(|letter: char| !letter.is_alphanumeric())
            .any(|word| !word.is_empty() && self.matches(word))
    }

    /// Whether a word or several, without white space between, are like this somewhere in a text.
    pub(crate) fn occurs_in(&self, text: &str) -> bool {
        let open_start = matches!(self.parts.first(), Some(Part::Any | Part::One));
        let is_word_end = |rest: &str| match self.parts.last() {
            Some(Part::Letter(last)) if last.is_alphanumeric() => !rest.starts_with(char::is_alphanumeric),
            _ => true,
        };
        let mut before = None;
        text.char_indices().any(|(at, letter)| {
            let inside = before.is_some_and(char::is_alphanumeric);
            before = Some(letter);
            let starts_word = match self.parts.first() {
                Some(Part::Letter(first)) if first.is_alphanumeric() => !inside,
                _ => true,
            };
            (open_start || starts_word)
                && self.matches_at(&text[at..], is_word_end, |letter| !letter.is_whitespace())
        })
    }

    /// Matches from the start of `text` up to a place where `is_end` of the rest; wildcards take letters that `may` be
    /// taken. Goes back to the last `*` only, so the time is at most pattern times text.
    fn matches_at(&self, text: &str, is_end: impl Fn(&str) -> bool, may: impl Fn(char) -> bool) -> bool {
        let (mut part, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let letter = text[at..].chars().next();
            let advanced = match (self.parts.get(part), letter) {
                (None, _) if is_end(&text[at..]) => return true,
                (Some(Part::Any), _) => {
                    retry = Some((part + 1, at));
                    part += 1;
                    continue;
                }
                (Some(Part::One), Some(letter)) if may(letter) => Some(letter),
                (Some(Part::Letter(wanted)), Some(letter)) if *wanted == letter => Some(letter),
                _ => None,
            };
            match (advanced, retry) {
                (Some(letter), _) => {
                    part += 1;
                    at += letter.len_utf8();
                }
                (None, Some((after, from))) => match text[from..].chars().next() {
                    Some(letter) if may(letter) => {
                        retry = Some((after, from + letter.len_utf8()));
                        (part, at) = (after, from + letter.len_utf8());
                    }
                    _ => return false,
                },
                (None, None) => return false,
            }
        }
    }
}

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    bits: u128,
    length: u8,
    is_v4: bool,
}

impl Network {
    /// `10.1.2.0/24`, `2001:db8::/32`.
    pub(crate) fn parse(text: &str) -> Option<Network> {
        let (address, length) = text.split_once('/')?;
        let (bits, is_v4) = bits(address.parse().ok()?);
        let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u8 = plain.then(|| length.parse().ok())??;
        (length <= if is_v4 { 32 } else { 128 }).then_some(Network { bits, length, is_v4 })
    }

    /// With what the text of each of its addresses begins, if they are IPv4 ones.
    pub(crate) fn v4_start(&self) -> Option<String> {
        let octets = (self.bits as u32).to_be_bytes();
        let fixed = octets.iter().take(usize::from(self.length / 8));
        self.is_v4.then(|| match self.length {
            32 => octets.map(|octet| octet.to_string()).join("."),
            _ => fixed.map(|octet| format!("{octet}.")).collect(),
        })
    }

    pub(crate) fn contains_text(&self, text: &str) -> bool {
        text.as_bytes().first().is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':')
            && text.parse().is_ok_and(|address| self.contains(address))
    }

    fn contains(&self, address: IpAddr) -> bool {
        let (bits, is_v4) = bits(address);
        let width = if self.is_v4 { 32 } else { 128 };
        is_v4 == self.is_v4 && (self.length == 0 || (bits ^ self.bits) >> (width - self.length) == 0)
    }
}

fn bits(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), true),
        IpAddr::V6(v6) => (v6.to_bits(), false),
    }
}

/// The two ends of a range. What the ends are decides how values are compared: as numbers, addresses, times or texts.
#[derive(Debug)]
pub(crate) struct Limits {
    kind: Kind,
    low: Bound,
    high: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Address,
    Time,
    Text,
}

impl Limits {
    pub(crate) fn new(low: &Bound, high: &Bound) -> Limits {
        let ends: Vec<&str> = [low, high].into_iter().filter_map(|bound| text_of(bound)).collect();
        let all = |is: fn(&str) -> bool| ends.iter().all(|end| is(end));
        let kind = if ends.is_empty() {
            Kind::Text
        } else if all(|end| Number::parse(end).is_some()) {
            Kind::Number
        } else if all(|end| end.parse::<IpAddr>().is_ok()) {
            Kind::Address
        } else if all(|end| parse_time(end).is_some()) {
            Kind::Time
        } else {
            Kind::Text
        };
        Limits { kind, low: folded(low), high: folded(high) }
    }

    pub(crate) fn contain(&self, value: &str) -> bool {
        let low = match &self.low {
            Bound::Open => true,
            Bound::With(end) => self.compare(value, end).is_some_and(Ordering::is_ge),
            Bound::Without(end) => self.compare(value, end).is_some_and(Ordering::is_gt),
        };
        let high = || match &self.high {
            Bound::Open => true,
            Bound::With(end) => self.compare(value, end).is_some_and(Ordering::is_le),
            Bound::Without(end) => self.compare(value, end).is_some_and(Ordering::is_lt),
        };
        low && high()
    }

    /// `None` when the value is not of this kind.
    fn compare(&self, value: &str, end: &str) -> Option<Ordering> {
        match self.kind {
            Kind::Number => Number::parse(value)?.compare(Number::parse(end)?),
            Kind::Address => {
                let ((value, value_v4), (end, end_v4)) = (bits(value.parse().ok()?), bits(end.parse().ok()?));
                (value_v4 == end_v4).then(|| value.cmp(&end))
            }
            Kind::Time => {
                let ((value, _), (end, lasts)) = (parse_time(value)?, parse_time(end)?);
                let within = value >= end && value.0 < end.0.saturating_add(lasts);
                Some(if within { Ordering::Equal } else { value.cmp(&end) })
            }
            Kind::Text => Some(value.cmp(end)),
        }
    }
}

fn text_of(bound: &Bound) -> Option<&str> {
    match bound {
        Bound::Open => None,
        Bound::With(text) | Bound::Without(text) => Some(text),
    }
}

fn folded(bound: &Bound) -> Bound {
    match bound {
        Bound::Open => Bound::Open,
        Bound::With(text) => Bound::With(fold(text)),
        Bound::Without(text) => Bound::Without(fold(text)),
    }
}

/// A number, exact as long as it is whole.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Broken(f64),
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        if let Ok(whole) = text.parse() {
            return Some(Number::Whole(whole));
        }
        let numeric =
            text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
        let broken = text.parse().ok().filter(|number: &f64| number.is_finite())?;
        numeric.then_some(Number::Broken(broken))
    }

    fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Whole(one), Number::Whole(two)) => Some(one.cmp(&two)),
            _ => self.broken().partial_cmp(&other.broken()),
        }
    }

    fn broken(self) -> f64 {
        match self {
            Number::Whole(whole) => whole as f64,
            Number::Broken(broken) => broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Predicate, Query, parse};
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        match parse(&format!("f.g:{text}")) {
            Ok(Query::Field(_, Predicate::Is(pattern))) => pattern,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn wildcards_match_whole_values() {
        for (glob, value, matches) in [
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*.exe", "c:\\x.exe", true),
            ("*POWER*", "xpowery", true),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*ab", "aab", true),
            ("é*", "écru", true),
        ] {
            assert_eq!(Glob::new(&pattern(glob)).matches(value), matches, "{glob} {value}");
        }
    }

    #[test]
    fn wildcards_find_words_in_texts() {
        for (glob, text, occurs) in [
            ("evil*.exe", "run evil-one.exe now", true),
            ("evil*.exe", "run devil.exe now", false),
            ("evil*.exe", "evil one.exe", false),
            ("*evil.exe", "devil.exe", true),
            ("evil.ex?", "evil.exe", true),
            ("evil.ex?", "evil.ex", false),
            ("10.1.*", "from 10.1.2.3", true),
            ("10.1.*", "from 210.1.2.3", false),
            ("a*.b", "a.b.bc a.b", true),
        ] {
            assert_eq!(Glob::new(&pattern(glob)).occurs_in(text), occurs, "{glob} {text}");
        }
    }

    #[test]
    fn networks_hold_their_addresses() {
        let network = Network::parse("10.1.2.0/23").expect("a network");
        assert!(network.contains_text("10.1.3.255") && !network.contains_text("10.1.4.0"));
        assert!(network.contains_text("::ffff:10.1.2.1") && !network.contains_text("x"));
        assert!(Network::parse("0.0.0.0/0").expect("a network").contains_text("255.1.1.1"));
        assert!(Network::parse("2001:db8::/32").expect("a network").contains_text("2001:db8:1::"));
        assert_eq!(network.v4_start().as_deref(), Some("10.1."));
        let one = Network::parse("10.1.2.3/32").expect("a network");
        assert_eq!(one.v4_start().as_deref(), Some("10.1.2.3"));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "x/8", "::/129"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn limits_compare_by_what_they_are() {
        let with = |text: &str| Bound::With(text.to_owned());
        let without = |text: &str| Bound::Without(text.to_owned());
        for (low, high, value, inside) in [
            (with("9"), Bound::Open, "10", true),
            (with("9"), Bound::Open, "abc", false),
            (without("9"), with("10.5"), "10.5", true),
            (without("9"), Bound::Open, "9", false),
            (with("9223372036854775806"), Bound::Open, "9223372036854775805", false),
            (with("10.0.0.9"), with("10.0.0.10"), "10.0.0.10", true),
            (with("2026-11-22"), with("2026-11-22"), "2026-11-22t23:59:59z", true),
            (with("2026-11-22"), without("2026-11-23"), "2026-11-23t00:00:00z", false),
            (with("b"), with("C"), "c", true),
        ] {
            assert_eq!(Limits::new(&low, &high).contain(value), inside, "{low:?} {high:?} {value}");
        }
    }

    #[test]
    fn the_same_value_has_several_spellings() {
        assert_eq!(same_values("Jan"), ["jan"]);
        assert_eq!(same_values("FE80:0:0::1"), ["fe80:0:0::1", "fe80::1"]);
        assert_eq!(same_values("443.0"), ["443.0", "443"]);
        assert_eq!(same_values("inf"), ["inf"]);
    }

    /// Straight from the definition, and slow.
    fn naive(parts: &[Part], text: &[char]) -> bool {
        match (parts.first(), text.first()) {
            (None, None) => true,
            (Some(Part::Any), _) => {
                naive(&parts[1..], text) || (!text.is_empty() && naive(parts, &text[1..]))
            }
            (Some(Part::One), Some(_)) => naive(&parts[1..], &text[1..]),
            (Some(Part::Letter(wanted)), Some(letter)) if wanted == letter => naive(&parts[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn globs_match_what_their_definition_says(glob in "[ab*?]{1,7}", text in "[ab]{0,8}") {
            prop_assume!(!glob.chars().all(|letter| letter == '*'));
            let glob = Glob::new(&pattern(&glob));
            let letters: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob.matches(&text), naive(&glob.parts, &letters));
        }
    }
}
