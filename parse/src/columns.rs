//! Lines of columns: how they are cut, and what a column may hold.

use crate::lanes;
use crate::text;
use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};
use memchr::{memchr, memmem};

/// At most this many columns a line; the rest is only in the raw bytes.
pub(crate) const COLUMNS_MAX: usize = 256;

/// What a column holds. A line is of a layout only if each of its values fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Anything.
    Text,
    /// The same, with `+` for blanks.
    Plus,
    /// Several texts.
    List,
    /// Seconds since 1970, with a fraction.
    Epoch,
    /// `2026-11-22`, or with the year last.
    Date,
    /// `10:00:00`
    Clock,
    /// `2026-11-22T10:00:00Z`
    Iso,
    /// A date, a time or both, in figures.
    Time,
    /// An address.
    Address,
    /// An address and a port.
    Endpoint,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// `T` or `F`.
    Flag,
    /// A word of capitals.
    Upper,
    /// A transport's name.
    Proto,
    /// A name in a namespace: `Notice::ACTION_LOG`.
    Enum,
}

impl Kind {
    /// By the name that the catalogue has for it.
    pub(crate) fn named(name: &str) -> Option<Kind> {
        Some(match name {
            "text" => Kind::Text,
            "plus" => Kind::Plus,
            "list" => Kind::List,
            "epoch" => Kind::Epoch,
            "date" => Kind::Date,
            "clock" => Kind::Clock,
            "iso" => Kind::Iso,
            "time" => Kind::Time,
            "addr" => Kind::Address,
            "endpoint" => Kind::Endpoint,
            "int" => Kind::Int,
            "number" => Kind::Number,
            "flag" => Kind::Flag,
            "upper" => Kind::Upper,
            "proto" => Kind::Proto,
            "enum" => Kind::Enum,
            _ => return None,
        })
    }

    /// By the name that Zeek has for it in `#types`.
    pub(crate) fn of_zeek(name: &str) -> Kind {
        match name {
            "time" => Kind::Epoch,
            "addr" => Kind::Address,
            "port" | "count" | "int" => Kind::Int,
            "double" | "interval" => Kind::Number,
            "bool" => Kind::Flag,
            _ if name.starts_with("set[") || name.starts_with("vector[") => Kind::List,
            _ => Kind::Text,
        }
    }

    /// Whether a value that fits says much about the line.
    pub(crate) fn is_telling(self) -> bool {
        use Kind::{Address, Clock, Date, Endpoint, Epoch, Iso, Time};
        matches!(self, Epoch | Date | Clock | Iso | Time | Address | Endpoint)
    }

    pub(crate) fn fits_all(self) -> bool {
        matches!(self, Kind::Text | Kind::Plus | Kind::List)
    }

    pub(crate) fn fits(self, value: &str) -> bool {
        let bytes = value.as_bytes();
        match self {
            Kind::Text | Kind::Plus | Kind::List => true,
            Kind::Epoch => is_number(bytes, 24),
            Kind::Number => is_number(bytes, 40),
            Kind::Int => {
                let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
                !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
            }
            Kind::Date => is_date(bytes),
            Kind::Clock => bytes.len() >= 5 && is_like(bytes, b"99:99") && is_like(&bytes[5..], b":99"),
            Kind::Iso => bytes.len() >= 19 && is_like(bytes, b"9999-99-99T99:99:99"),
            Kind::Time => {
                let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
                let marks = bytes.iter().filter(|byte| b"-/.: ,+TZAPMtzapm".contains(byte)).count();
                digits >= 6 && digits + marks == bytes.len() && bytes[0].is_ascii_digit()
            }
            Kind::Address => is_address(bytes),
            Kind::Endpoint => {
                let (address, port) = value.rsplit_once(':').unwrap_or(("", ""));
                is_address(address.as_bytes()) && Kind::Int.fits(port)
            }
            Kind::Flag => matches!(bytes, b"T" | b"F"),
            Kind::Proto => {
                let name = bytes.first().is_some_and(u8::is_ascii_alphabetic);
                value == "unknown_transport" || (name && text::transport(value).is_some())
            }
            Kind::Enum => memmem::find(bytes, b"::").is_some(),
            Kind::Upper => bytes.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-')),
        }
    }
}

/// Digits with a sign, a point, an exponent: no more than `bytes_max` of them, and not bare.
fn is_number(bytes: &[u8], bytes_max: usize) -> bool {
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let marks = bytes.iter().filter(|byte| matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E')).count();
    digits > 0 && digits + marks == bytes.len() && bytes.len() <= bytes_max
}

/// Whether the start of `bytes` has digits where `shape` has a 9, and else what it has. What is missing fits.
fn is_like(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.iter().zip(shape).all(|(byte, want)| match want {
        b'9' => byte.is_ascii_digit(),
        want => byte == want,
    })
}

fn is_date(bytes: &[u8]) -> bool {
    if bytes.len() == 10 && (is_like(bytes, b"9999-99-99") || is_like(bytes, b"9999/99/99")) {
        return true;
    }
    let mut parts = bytes.split(|byte| matches!(byte, b'/' | b'.' | b'-'));
    let mut part = |lengths: std::ops::RangeInclusive<usize>| {
        parts.next().is_some_and(|part| lengths.contains(&part.len()) && part.iter().all(u8::is_ascii_digit))
    };
    part(1..=2) && part(1..=2) && part(2..=4) && parts.next().is_none()
}

/// Whether it looks like an address; reading it is left to who needs its value.
fn is_address(bytes: &[u8]) -> bool {
    let common = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    let plain = bytes.iter().take_while(|byte| common(byte)).count();
    // A zone (`%eth0`) may come behind an IPv6 address.
    let whole = plain == bytes.len() || (bytes[plain] == b'%' && bytes.contains(&b':'));
    bytes.len() >= 2
        && whole
        && (bytes.contains(&b':') || bytes.iter().filter(|byte| **byte == b'.').count() == 3)
}

/// How the columns of a source are written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Style {
    /// Between columns; 0 stands for a tab if the line has one, else a blank.
    pub(crate) separator: u8,
    /// Whether values may stand in double quotes.
    pub(crate) quoted: bool,
    /// Between the texts of a list.
    pub(crate) list: u8,
    /// Whether `\x2c` stands for a comma.
    pub(crate) escaped: bool,
    /// A value that is not there.
    pub(crate) unset: Box<str>,
    /// A value that is there and empty.
    pub(crate) empty: Box<str>,
}

/// A tab as collectors write it that replace control characters: with a mark and its octal number.
const TAB_AS_TEXT: [&str; 2] = ["#011", "\\011"];

impl Style {
    /// The columns of a line.
    #[inline]
    pub(crate) fn split<'a>(&self, line: &'a str) -> Split<'a> {
        let bytes = line.as_bytes();
        let separator = match self.separator {
            0 if memchr(b'\t', bytes).is_some() => b'\t',
            0 => b' ',
            byte => byte,
        };
        let as_text = if separator == b'\t' && memchr(b'\t', bytes).is_none() {
            TAB_AS_TEXT.into_iter().find(|tab| memmem::find(bytes, tab.as_bytes()).is_some())
        } else {
            None
        };
        Split { rest: Some(line), separator, as_text, quoted: self.quoted }
    }

    pub(crate) fn is_nothing(&self, value: &str) -> bool {
        value.is_empty() || *value == *self.unset || *value == *self.empty
    }

    /// A value as it was meant: escapes and doubled quotes undone.
    pub(crate) fn plain<'a>(&self, kind: Kind, value: &'a str, arena: &'a Bump) -> &'a str {
        let value = if self.escaped && memchr(b'\\', value.as_bytes()).is_some() {
            unescape(value, arena)
        } else {
            value
        };
        let value = if self.quoted && memmem::find(value.as_bytes(), b"\"\"").is_some() {
            replaced(value, "\"\"", "\"", arena)
        } else {
            value
        };
        if kind == Kind::Plus { replaced(value, "+", " ", arena) } else { value }
    }
}

/// Every `from` made a `to`, which is no longer.
fn replaced<'a>(text: &str, from: &str, to: &str, arena: &'a Bump) -> &'a str {
    let mut out = BumpString::with_capacity_in(text.len(), arena);
    for (at, part) in text.split(from).enumerate() {
        if at > 0 {
            out.push_str(to);
        }
        out.push_str(part);
    }
    out.into_bump_str()
}

/// The columns of a line, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Split<'a> {
    rest: Option<&'a str>,
    separator: u8,
    // How a tab is written in this line, if not as itself.
    as_text: Option<&'static str>,
    quoted: bool,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        if self.quoted && rest.as_bytes().first() == Some(&b'"') {
            if let Some(value) = self.quoted_value(&rest[1..]) {
                return Some(value);
            }
            // No quote closes a column any more, so none needs to be searched for again.
            self.quoted = false;
        }
        let (end, length) = match self.as_text {
            Some(tab) => (memmem::find(rest.as_bytes(), tab.as_bytes()), tab.len()),
            None => (lanes::first_of(rest.as_bytes(), self.separator, self.separator), 1),
        };
        let Some(end) = end else {
            self.rest = None;
            return Some(self.trimmed(rest));
        };
        self.rest = Some(&rest[end + length..]);
        Some(self.trimmed(&rest[..end]))
    }
}

impl<'a> Split<'a> {
    /// What is inside quotes, if the closing one ends the column. A doubled quote is one that was meant.
    fn quoted_value(&mut self, inside: &'a str) -> Option<&'a str> {
        let bytes = inside.as_bytes();
        let mut from = 0;
        loop {
            let at = from + memchr(b'"', bytes.get(from..)?)?;
            match bytes.get(at + 1) {
                Some(b'"') => from = at + 2,
                None => {
                    self.rest = None;
                    return Some(&inside[..at]);
                }
                Some(byte) if *byte == self.separator => {
                    let skip = self.blanks(&bytes[at + 2..]);
                    self.rest = Some(&inside[at + 2 + skip..]);
                    return Some(&inside[..at]);
                }
                Some(_) => from = at + 1,
            }
        }
    }

    /// Behind a comma or a semicolon people like a blank.
    fn blanks(&self, bytes: &[u8]) -> usize {
        if matches!(self.separator, b',' | b';') {
            bytes.iter().take_while(|byte| **byte == b' ').count()
        } else {
            0
        }
    }

    fn trimmed(&self, value: &'a str) -> &'a str {
        if matches!(self.separator, b',' | b';') { value.trim_matches(' ') } else { value }
    }
}

/// All columns of a line, as far as they are counted.
pub(crate) fn collect<'a>(split: Split<'a>, arena: &'a Bump) -> BumpVec<'a, &'a str> {
    const COLUMNS_USUAL: usize = 32;
    let mut columns = BumpVec::with_capacity_in(COLUMNS_USUAL, arena);
    columns.extend(split.take(COLUMNS_MAX + 1));
    columns
}

/// `\x2c` → `,` and `\\` → `\`. Bytes that make no text, and control characters but tabs and line ends, stay as they
/// are written.
fn unescape<'a>(text: &'a str, arena: &'a Bump) -> &'a str {
    let mut out = BumpVec::with_capacity_in(text.len(), arena);
    let mut rest = text.as_bytes();
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let byte = hex_byte(rest).filter(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r'));
        let (byte, used) = match (byte, rest.get(1)) {
            (Some(byte), _) => (byte, 4),
            (None, Some(b'\\')) => (b'\\', 2),
            (None, _) => (b'\\', 1),
        };
        out.push(byte);
        rest = &rest[used..];
    }
    out.extend_from_slice(rest);
    std::str::from_utf8(out.into_bump_slice()).unwrap_or(text)
}

fn hex_byte(bytes: &[u8]) -> Option<u8> {
    let digits = bytes.strip_prefix(b"\\x")?.first_chunk::<2>()?;
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(nibble(digits[0])? * 16 + nibble(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn style(separator: u8, quoted: bool) -> Style {
        Style { separator, quoted, list: b',', escaped: true, unset: "-".into(), empty: "(empty)".into() }
    }

    fn split(separator: u8, line: &str) -> String {
        style(separator, true).split(line).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn columns_are_cut_where_they_end() {
        for (separator, line, want) in [
            (b'\t', "a\tb c\t\td", "a|b c||d"),
            (b'\t', "a#011b c#011#011d", "a|b c||d"),
            (b'\t', "a\\011b c\\011\\011d", "a|b c||d"),
            (b'\t', "a", "a"),
            (b' ', r#"a "b c" - "" d"#, "a|b c|-||d"),
            (b' ', r#""a ""b"" c" d"#, r#"a ""b"" c|d"#),
            (b' ', r#"a "b c"d "e"#, r#"a|"b|c"d|"e"#),
            (b',', "::1, -, 1,\"x, y\", z", "::1|-|1|x, y|z"),
            (0, "a b\tc", "a b|c"),
            (0, "a b c", "a|b|c"),
            (b' ', "", ""),
        ] {
            assert_eq!(split(separator, line), want, "{line:?}");
        }
    }

    #[test]
    fn what_fits_a_kind() {
        for (kind, good, bad) in [
            ("epoch", "1795348800.123456", "10:00"),
            ("date", "2026-11-22", "2026-11-2x"),
            ("date", "11/22/2026", "1/2"),
            ("clock", "10:00:00", "10:00:0x"),
            ("iso", "2026-11-22T10:00:00.5Z", "2026-11-22 10:00:00"),
            ("time", "22-11-2026 10:00 PM", "an 2026-11-22"),
            ("addr", "203.0.113.7", "203.0.113"),
            ("addr", "fe80::1%eth0", "deadbeef"),
            ("endpoint", "203.0.113.7:443", "203.0.113.7"),
            ("int", "-1", "1.5"),
            ("number", "1e-05", "e"),
            ("flag", "T", "true"),
            ("upper", "ACCEPT", "Accept"),
            ("proto", "udp", "17"),
            ("enum", "SSL::Invalid_Server_Cert", "ssl"),
            ("text", "é", "\u{0}"),
        ] {
            let kind = Kind::named(kind).expect("a kind");
            assert!(kind.fits(good), "{kind:?} {good}");
            assert!(kind == Kind::Text || !kind.fits(bad), "{kind:?} {bad}");
        }
        assert_eq!(Kind::named("other"), None);
        assert_eq!(Kind::of_zeek("vector[addr]"), Kind::List);
        assert_eq!(Kind::of_zeek("enum"), Kind::Text);
    }

    #[test]
    fn escapes_and_doubled_quotes_are_undone() {
        let arena = Bump::new();
        for (kind, text, want) in [
            (Kind::Text, r"a\x2cb\\c", r"a,b\c"),
            (Kind::Text, r"caf\xc3\xa9", "café"),
            (Kind::Text, r"\xc3 \x41", r"\xc3 \x41"),
            (Kind::Text, r"\x00\x0a\x4", "\\x00\n\\x4"),
            (Kind::Text, r#"say ""hi"""#, r#"say "hi""#),
            (Kind::Plus, "a+b", "a b"),
        ] {
            assert_eq!(style(b' ', true).plain(kind, text, &arena), want, "{text}");
        }
    }

    proptest! {
        /// Every column is a part of the line, in its order, and all of it is in a column or between two.
        #[test]
        fn columns_are_parts_of_the_line(line in "([a-c]|é| |\t|,|\"|\\\\x2c|#011|\\\\011){0,40}", separator in 0usize..4) {
            let style = style(b"\t ,\0"[separator], true);
            let mut from = 0;
            for column in style.split(&line) {
                let at = column.as_ptr() as usize - line.as_ptr() as usize;
                prop_assert!(at >= from && at + column.len() <= line.len());
                prop_assert!(line[from..at].chars().all(|char| "\t ,\"#\\01".contains(char)), "{:?}", &line[from..at]);
                from = at + column.len();
                let arena = Bump::new();
                prop_assert!(style.plain(Kind::Text, column, &arena).len() <= column.len());
            }
            prop_assert!(line[from..].chars().all(|char| " \"".contains(char)));
        }
    }
}
