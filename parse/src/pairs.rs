//! Formats made of names and values: key=value, CEF and LEEF extensions, comma-separated columns.

use crate::json::{PAIRS_MAX, Pairs};
use crate::names::{Names, Node};
use crate::signals::Signals;
use bumpalo::Bump;
use bumpalo::collections::String as BumpString;
use event::Value;
use memchr::{memchr, memchr2, memmem};

/// Where pairs go.
pub(crate) struct Sink<'a, 'n> {
    pub(crate) arena: &'a Bump,
    pub(crate) names: &'n mut Names,
    pub(crate) parent: Node,
    pub(crate) pairs: &'n mut Pairs<'a>,
    pub(crate) signals: Signals,
}

impl<'a> Sink<'a, '_> {
    #[inline]
    pub(crate) fn push(&mut self, key: &str, value: &'a str) {
        if self.pairs.len() >= PAIRS_MAX {
            return;
        }
        if let Some(node) = self.names.child(self.parent, key) {
            self.signals.add(self.names.signal(node));
            self.pairs.push((node, Value::Str(value)));
        }
    }
}

/// Reads `name=value name="value with spaces" …`, separated by spaces, commas or semicolons. Gives how many words were
/// no pair: prose that happens to hold an equals sign has many.
pub(crate) fn key_values<'a>(text: &'a str, sink: &mut Sink<'a, '_>) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut bare) = (0, 0);
    while at < bytes.len() {
        if matches!(bytes[at], b' ' | b'\t' | b',' | b';' | b'\n' | b'\r') {
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().take_while(|byte| is_key_byte(**byte)).count();
        let equals = at + length;
        if length == 0 || bytes.get(equals) != Some(&b'=') {
            bare += 1;
            at = equals + bytes[equals..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            at = at.max(equals + 1).min(bytes.len());
            while !text.is_char_boundary(at) {
                at += 1;
            }
            continue;
        }
        let key = &text[at..equals];
        let (value, next) = value_at(text, equals + 1, sink.arena);
        sink.push(key, value);
        at = next;
    }
    bare
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/' | b'[' | b']' | b'(' | b')' | b'$')
}

/// The value that starts at `start`, and where to go on.
fn value_at<'a>(text: &'a str, start: usize, arena: &'a Bump) -> (&'a str, usize) {
    let rest = &text[start..];
    let bytes = rest.as_bytes();
    match bytes.first() {
        Some(b'"') => {
            if let Some((close, escaped)) = closing_quote(&bytes[1..]) {
                let inside = &rest[1..1 + close];
                let value = if escaped { without_backslashes(inside, arena) } else { inside };
                return (value, start + close + 2);
            }
        }
        Some(b'\'') => {
            if let Some(close) = memchr(b'\'', &bytes[1..]) {
                return (&rest[1..1 + close], start + close + 2);
            }
        }
        _ => {}
    }
    let mut length = bytes.iter().take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    if let Some(comma) = bytes[..length].iter().position(|byte| matches!(byte, b',' | b';')) {
        let key = bytes[comma + 1..length].iter().take_while(|byte| is_key_byte(**byte)).count();
        if key > 0 && bytes.get(comma + 1 + key) == Some(&b'=') {
            length = comma;
        }
    }
    (rest[..length].trim_end_matches([',', ';']), start + length)
}

/// Where the quote closes, and whether a backslash comes before. In Windows paths (`"C:\dir\"`) the last backslash
/// escapes nothing: a quote that is followed by a space or the end closes if no other would.
pub(crate) fn closing_quote(bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut at, mut escaped) = (0, false);
    while let Some(found) = memchr2(b'"', b'\\', bytes.get(at..)?) {
        at += found;
        if bytes[at] == b'"' {
            return Some((at, escaped));
        }
        escaped = true;
        at += 2;
    }
    None
}

/// `\"` → `"`, `\\` → `\`; other backslashes are themselves, as in Windows paths.
pub(crate) fn without_backslashes<'a>(inside: &str, arena: &'a Bump) -> &'a str {
    let mut out = BumpString::with_capacity_in(inside.len(), arena);
    let mut rest = inside;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        match rest.as_bytes().get(at + 1) {
            Some(escaped @ (b'"' | b'\\' | b']' | b'=' | b'|')) => {
                out.push(char::from(*escaped));
                rest = &rest[at + 2..];
            }
            Some(b'n') if !rest[..at].ends_with(':') => {
                out.push('\n');
                rest = &rest[at + 2..];
            }
            _ => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out.into_bump_str()
}

/// `\"`, `\\` and `\]` of RFC 5424 section 6.3.3; any other backslash is itself.
pub(crate) fn parameter_value<'a>(inside: &'a str, arena: &'a Bump) -> &'a str {
    if memchr(b'\\', inside.as_bytes()).is_none() {
        return inside;
    }
    let mut out = BumpString::with_capacity_in(inside.len(), arena);
    let mut chars = inside.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('\\', Some(next @ ('"' | '\\' | ']'))) => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(char),
        }
    }
    out.into_bump_str()
}

/// The parts of a CEF or LEEF header between unescaped pipes: as many as asked, and the rest.
pub(crate) fn header<const PARTS: usize>(text: &str) -> Option<([&str; PARTS], &str)> {
    let mut parts = [""; PARTS];
    let mut rest = text;
    for part in &mut parts {
        let mut from = 0;
        let end = loop {
            let at = from + memchr2(b'|', b'\\', &rest.as_bytes()[from..])?;
            if rest.as_bytes()[at] == b'|' {
                break at;
            }
            from = at + 2;
            if from > rest.len() {
                return None;
            }
        };
        *part = &rest[..end];
        rest = &rest[end + 1..];
    }
    Some((parts, rest))
}

/// CEF's extension: `name=value` where a value reaches to the last space before the next name, and `\=`, `\\`, `\n`
/// escape. An equals sign without a name of its own in front (`msg=a=b`) belongs to the value.
pub(crate) fn cef_extension<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let bytes = text.as_bytes();
    let Some((mut key, mut value_start)) = next_key(bytes, 0) else { return };
    loop {
        let next = next_key(bytes, value_start);
        let value_end = next.map_or(bytes.len(), |((start, _), _)| start);
        let value = text[value_start..value_end].trim();
        let value = if memchr(b'\\', value.as_bytes()).is_some() {
            without_backslashes(value, sink.arena)
        } else {
            value
        };
        sink.push(&text[key.0..key.1], value);
        match next {
            Some((next_key, start)) => (key, value_start) = (next_key, start),
            None => return,
        }
    }
}

/// The next name at or after `from`: its span, and where its value starts.
#[inline]
fn next_key(bytes: &[u8], from: usize) -> Option<((usize, usize), usize)> {
    let mut at = from;
    loop {
        let equals = at + memchr2(b'=', b'\\', bytes.get(at..)?)?;
        if bytes[equals] == b'\\' {
            at = equals + 2;
            continue;
        }
        let is_key =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
        let length = bytes[from..equals].iter().rev().take_while(is_key).count();
        let start = equals - length;
        let apart = start == 0 || (start > from && bytes[start - 1] == b' ') || (from == start && from == 0);
        if length > 0 && apart {
            return Some(((start, equals), equals + 1));
        }
        at = equals + 1;
    }
}

/// LEEF's attributes: `name=value` between delimiters.
pub(crate) fn leef_attributes<'a>(text: &'a str, delimiter: &str, sink: &mut Sink<'a, '_>) {
    let mut rest = text;
    while !rest.is_empty() {
        let end = memmem::find(rest.as_bytes(), delimiter.as_bytes()).unwrap_or(rest.len());
        let part = &rest[..end];
        if let Some(equals) = memchr(b'=', part.as_bytes()) {
            sink.push(part[..equals].trim(), part[equals + 1..].trim());
        }
        rest = rest.get(end + delimiter.len()..).unwrap_or("");
    }
}

/// Comma-separated columns (RFC 4180), named by `columns`; an empty name is a column that says nothing.
pub(crate) fn columns<'a>(text: &'a str, names: &[String], sink: &mut Sink<'a, '_>) {
    let mut rest = Some(text);
    for name in names {
        let Some(line) = rest else { return };
        let (value, after) = column(line, sink.arena);
        if !name.is_empty() && !value.is_empty() {
            sink.push(name, value);
        }
        rest = after;
    }
}

/// The first column, and what follows its comma.
pub(crate) fn column<'a>(line: &'a str, arena: &'a Bump) -> (&'a str, Option<&'a str>) {
    if let Some(inner) = line.strip_prefix('"') {
        let bytes = inner.as_bytes();
        let (mut at, mut doubled) = (0, false);
        while let Some(found) = memchr(b'"', bytes.get(at..).unwrap_or(b"")) {
            at += found;
            if bytes.get(at + 1) != Some(&b'"') {
                let value = &inner[..at];
                let value = if doubled { arena.alloc_str(&value.replace("\"\"", "\"")) } else { value };
                let after = &inner[at + 1..];
                return (value, memchr(b',', after.as_bytes()).map(|comma| &after[comma + 1..]));
            }
            doubled = true;
            at += 2;
        }
    }
    match memchr(b',', line.as_bytes()) {
        Some(comma) => (&line[..comma], Some(&line[comma + 1..])),
        None => (line, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ROOT;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn run(read: impl for<'a> FnOnce(&mut Sink<'a, '_>, &'a Bump)) -> String {
        let arena = Bump::new();
        let mut names = Names::new(HashMap::new());
        let mut pairs = Pairs::new_in(&arena);
        let mut sink = Sink {
            arena: &arena,
            names: &mut names,
            parent: ROOT,
            pairs: &mut pairs,
            signals: Signals::default(),
        };
        read(&mut sink, &arena);
        let show = |(node, value): &(Node, Value<'_>)| format!("{}={value}", names.full(*node));
        pairs.iter().map(show).collect::<Vec<_>>().join("|")
    }

    fn kv(text: &str) -> String {
        run(|sink, arena| {
            key_values(arena.alloc_str(text), sink);
        })
    }

    fn cef(text: &str) -> String {
        run(|sink, arena| cef_extension(arena.alloc_str(text), sink))
    }

    #[test]
    fn quotes_separators_and_prose() {
        for (text, want) in [
            (r#"a=1 b="x y" c='q r' d= e=2"#, "a=1|b=x y|c=q r|d=|e=2"),
            (r#"a="say \"hi\"" b="C:\dir" c=3,"#, "a=say \"hi\"|b=C:\\dir|c=3"),
            ("a=1,b=2;c=x,y", "a=1|b=2|c=x,y"),
            ("user root did a=1 thing", "a=1"),
            (r#"a="open"#, "a=\"open"),
            ("é=1 b=2", "b=2"),
        ] {
            assert_eq!(kv(text), want, "{text}");
        }
    }

    #[test]
    fn cef_values_reach_to_the_next_name() {
        for (text, want) in [
            (
                r"src=10.0.0.1 msg=status=ok reason=none dst=2.2.2.2",
                "src=10.0.0.1|msg=status=ok|reason=none|dst=2.2.2.2",
            ),
            (r"request=http://x/?b\=30 msg=a \\ b\nc", "request=http://x/?b=30|msg=a \\ b\nc"),
            (" aa=field1 bb=this is a value", "aa=field1|bb=this is a value"),
            ("cs1Label=Rule cs1=allow all out=", "cs1Label=Rule|cs1=allow all|out="),
            ("nothing", ""),
        ] {
            assert_eq!(cef(text), want, "{text}");
        }
    }

    #[test]
    fn columns_and_headers() {
        let names = ["a", "b", "", "c", "d"].map(str::to_owned);
        let got = run(|sink, arena| columns(arena.alloc_str(r#"1,"x, ""y""",skip,,4,5"#), &names, sink));
        assert_eq!(got, "a=1|b=x, \"y\"|d=4");
        let (parts, rest) = header::<2>(r"a\|b|c|d|e").expect("two parts");
        assert_eq!((parts, rest), ([r"a\|b", "c"], "d|e"));
        assert!(header::<2>("a|b").is_none());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[a-c =\"'\\\\|,;\té]{0,40}") {
            kv(&text);
            cef(&text);
            let _ = header::<3>(&text);
            let arena = Bump::new();
            let _ = column(&text, &arena);
        }
    }
}
