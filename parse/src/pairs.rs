//! Formats made of names and values: key=value, CEF and LEEF extensions, comma-separated columns.

use crate::json::{PAIRS_MAX, Pairs};
use crate::lanes::{self, LANES, Lanes};
use crate::names::{Names, Node};
use crate::signals::Signals;
use crate::syslog;
use crate::text;
use bumpalo::Bump;
use bumpalo::collections::String as BumpString;
use event::Value;
use memchr::{memchr, memmem};

/// Where pairs go.
pub(crate) struct Sink<'a, 'n> {
    pub(crate) arena: &'a Bump,
    pub(crate) names: &'n mut Names,
    pub(crate) parent: Node,
    pub(crate) pairs: &'n mut Pairs<'a>,
    pub(crate) signals: Signals,
    /// Whether a name came that gives another field its name.
    pub(crate) labels: bool,
}

impl<'a> Sink<'a, '_> {
    #[inline]
    pub(crate) fn push(&mut self, key: &str, value: &'a str) {
        if let Some(node) = self.names.child(self.parent, key) {
            self.put(node, value);
        }
    }

    #[inline]
    fn put(&mut self, node: Node, value: &'a str) {
        if self.pairs.len() < PAIRS_MAX {
            let (signal, label) = self.names.signs(node);
            self.signals.add(signal);
            self.labels |= label;
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
        if is(bytes[at], SEPARATOR) {
            at += 1;
            continue;
        }
        if let Some((node, length)) = sink.names.expected(sink.parent, &bytes[at..], b'=') {
            let (value, next) = value_at(text, at + length + 1, sink.arena);
            sink.put(node, value);
            at = next;
            continue;
        }
        let equals = at + run(&bytes[at..], KEY);
        if equals == at || bytes.get(equals) != Some(&b'=') {
            bare += 1;
            at = word_end(text, equals);
            continue;
        }
        let (value, next) = any_value_at(text, equals + 1, sink.arena);
        sink.push(&text[at..equals], value);
        at = next;
    }
    bare
}

/// Where the word ends that goes on at `at`, or holds but the byte there.
fn word_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let end = at + bytes[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    let mut end = end.max(at + 1).min(bytes.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

const KEY: u8 = 1;
const SEPARATOR: u8 = 2;
const BLANK: u8 = 4;
const COMMA: u8 = 8;

/// Which kinds each byte is of.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        let kind = match byte as u8 {
            b'_' | b'.' | b'-' | b'@' | b'/' | b'[' | b']' | b'(' | b')' | b'$' => KEY,
            b' ' | b'\t' | b'\n' | b'\r' => SEPARATOR | BLANK,
            b',' | b';' => SEPARATOR | COMMA,
            other if other.is_ascii_alphanumeric() => KEY,
            _ => 0,
        };
        kinds[byte] = kind;
        byte += 1;
    }
    kinds
};

#[inline]
fn is(byte: u8, kind: u8) -> bool {
    KINDS[usize::from(byte)] & kind != 0
}

/// How many bytes at the start are of a kind.
#[inline]
fn run(bytes: &[u8], kind: u8) -> usize {
    bytes.iter().take_while(|byte| is(**byte, kind)).count()
}

/// The value that starts at `start`, and where to go on. Most are short, and end where they seem to.
#[inline]
fn value_at<'a>(text: &'a str, start: usize, arena: &'a Bump) -> (&'a str, usize) {
    // Where nothing stops a value, the byte behind those looked at may.
    const BEHIND: u32 = 1 << LANES;
    let bytes = &text.as_bytes()[start..];
    let Some(near) = Lanes::first(bytes) else { return any_value_at(text, start, arena) };
    if bytes[0] == b'"' {
        let stops = (near.any_of([b'"', b'\\']) & !1) | BEHIND;
        let stop = stops.trailing_zeros() as usize;
        if bytes.get(stop) == Some(&b'"') && bytes.get(stop + 1).is_none_or(|byte| is(*byte, SEPARATOR)) {
            return (&text[start + 1..start + stop], start + stop + 1);
        }
    } else if bytes[0] != b'\'' {
        let stops = near.at_most(b' ') | near.any_of([b',', b';']) | BEHIND;
        let stop = stops.trailing_zeros() as usize;
        if bytes.get(stop).is_some_and(|byte| is(*byte, BLANK)) {
            return (&text[start..start + stop], start + stop);
        }
    }
    any_value_at(text, start, arena)
}

fn any_value_at<'a>(text: &'a str, start: usize, arena: &'a Bump) -> (&'a str, usize) {
    let rest = &text[start..];
    let bytes = rest.as_bytes();
    match bytes.first() {
        // A whole line that was a value in quotes itself has them doubled.
        Some(b'"') if bytes.get(1) == Some(&b'"') && bytes.get(2).is_some_and(|byte| is(*byte, KEY)) => {
            if let Some(close) = memmem::find(&bytes[2..], b"\"\"") {
                return (&rest[2..2 + close], start + close + 4);
            }
        }
        Some(b'"') => {
            if let Some((mut close, escaped)) = closing_quote(&bytes[1..]) {
                if bytes.get(close + 2).is_some_and(|byte| !is(*byte, SEPARATOR)) {
                    close = quote_after_quotes(&bytes[1..], close);
                }
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
    let (mut length, mut seen) = (0, 0);
    for byte in bytes {
        let kind = KINDS[usize::from(*byte)];
        if kind & BLANK != 0 {
            break;
        }
        seen |= kind;
        length += 1;
    }
    if seen & COMMA == 0 {
        return (&rest[..length], start + length);
    }
    if let Some(comma) = bytes[..length].iter().position(|byte| is(*byte, COMMA)) {
        let key = run(&bytes[comma + 1..length], KEY);
        if key > 0 && bytes.get(comma + 1 + key) == Some(&b'=') {
            length = comma;
        }
    }
    (rest[..length].trim_end_matches([',', ';']), start + length)
}

/// Where the quote closes, and whether a backslash comes before. In Windows paths (`"C:\dir\"`) the last backslash
/// escapes nothing: there a quote closes that the next name or the end of the text follows.
pub(crate) fn closing_quote(bytes: &[u8]) -> Option<(usize, bool)> {
    let found = syslog::quote_end(bytes);
    match found {
        Some((_, false)) => found,
        _ if is_path(bytes) => path_end(bytes).map(|end| (end, true)).or(found),
        _ => found,
    }
}

fn is_path(bytes: &[u8]) -> bool {
    matches!(bytes, [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic()) || bytes.starts_with(b"\\\\")
}

/// The first quote behind which a name or nothing comes.
#[cold]
fn path_end(bytes: &[u8]) -> Option<usize> {
    let quotes = memchr::memchr_iter(b'"', bytes);
    quotes.take_while(|at| !opens_value(bytes, *at)).find(|at| ends_value(&bytes[at + 1..]))
}

/// Text in quotes may hold quotes that nothing escapes: `"he said "no" to me"`. The last one before the next value
/// closes; `first` does if that is not to be told.
#[cold]
fn quote_after_quotes(bytes: &[u8], first: usize) -> usize {
    if ends_value(&bytes[first + 1..]) {
        return first;
    }
    let from = first + 1;
    let quotes = memchr::memchr_iter(b'"', &bytes[from..]).map(|at| from + at);
    let mut quotes = quotes.take_while(|at| !opens_value(bytes, *at));
    quotes.find(|at| bytes[at - 1] != b'\\' && ends_value(&bytes[at + 1..])).unwrap_or(first)
}

fn opens_value(bytes: &[u8], quote: usize) -> bool {
    quote > 0 && bytes[quote - 1] == b'='
}

/// Whether behind a value there is nothing, or a name and an equals sign.
fn ends_value(behind: &[u8]) -> bool {
    let rest = &behind[run(behind, SEPARATOR)..];
    rest.is_empty() || {
        let key = run(rest, KEY);
        key > 0 && rest.get(key) == Some(&b'=')
    }
}

/// `\"` → `"`, `\\` → `\`, `\n` → a line feed. Where a backslash stands before anything else, as in Windows paths, nobody
/// escaped the text: there only quotes, equals signs, bars and brackets lose their backslash.
pub(crate) fn without_backslashes<'a>(inside: &str, arena: &'a Bump) -> &'a str {
    let plain = !is_escaped(inside.as_bytes());
    let mut out = BumpString::with_capacity_in(inside.len(), arena);
    let mut rest = inside;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (meant, used) = match rest.as_bytes().get(at + 1) {
            Some(escaped @ (b'"' | b']' | b'=' | b'|')) => (char::from(*escaped), 2),
            Some(b'\\') if !plain => ('\\', 2),
            Some(b'n') if !plain => ('\n', 2),
            Some(b'r') if !plain => ('\r', 2),
            _ => ('\\', 1),
        };
        out.push(meant);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
    out.into_bump_str()
}

/// Whether every backslash escapes something. `:\n` is the start of a path.
fn is_escaped(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr(b'\\', &bytes[at..]) {
        at += found;
        match bytes.get(at + 1) {
            Some(b'"' | b'\\' | b']' | b'=' | b'|') => {}
            Some(b'n' | b'r') if at == 0 || bytes[at - 1] != b':' => {}
            _ => return false,
        }
        at += 2;
    }
    true
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

/// The parts of a CEF or LEEF header between unescaped pipes: as many as asked, and the rest. A header that ends
/// before has empty parts, and how many it has is told.
pub(crate) fn header<const PARTS: usize>(text: &str) -> ([&str; PARTS], usize, &str) {
    let mut parts = [""; PARTS];
    let mut rest = text;
    for (at, part) in parts.iter_mut().enumerate() {
        let Some(end) = pipe(rest.as_bytes()) else {
            *part = rest;
            return (parts, at + 1, "");
        };
        *part = &rest[..end];
        rest = &rest[end + 1..];
    }
    (parts, PARTS, rest)
}

/// The first pipe that no backslash escapes.
fn pipe(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + lanes::first_of(bytes.get(from..)?, b'|', b'\\')?;
        if bytes[at] == b'|' {
            return Some(at);
        }
        from = at + 2;
    }
}

/// CEF's extension: `name=value` where a value reaches to the last space before the next name, and `\=`, `\\`, `\n`
/// escape. An equals sign without a name of its own in front (`msg=a=b`) belongs to the value.
pub(crate) fn cef_extension<'a>(line: &'a str, sink: &mut Sink<'a, '_>) {
    let mut before: Option<(Option<Node>, usize)> = None;
    loop {
        let from = before.map_or(0, |(_, start)| start);
        let next = next_key(line, from, sink);
        if let Some((Some(node), start)) = before {
            let value = cef_value(line, start, next.as_ref().map_or(line.len(), |next| next.start));
            let escaped = next.as_ref().is_none_or(|next| next.escaped);
            let escaped = escaped && memchr(b'\\', value.as_bytes()).is_some();
            sink.put(node, if escaped { without_backslashes(value, sink.arena) } else { value });
        }
        let Some(next) = next else { return };
        before = Some((next.node, next.value));
    }
}

/// The value between two places, without the blanks around it; most values have one space behind them.
#[inline]
fn cef_value(line: &str, from: usize, to: usize) -> &str {
    let to = to - usize::from(to > from && line.as_bytes()[to - 1] == b' ');
    let value = &line[from..to];
    match value.as_bytes() {
        [first, .., last] if *first > b'"' && first.is_ascii() && last.is_ascii_graphic() => value,
        _ => unquoted(text::trimmed(value)),
    }
}

/// A value without the quotes that some senders put around it, though CEF knows none.
#[inline]
fn unquoted(value: &str) -> &str {
    let [b'"', inner @ .., b'"'] = value.as_bytes() else { return value };
    if memchr(b'"', inner).is_some() { value } else { &value[1..value.len() - 1] }
}

/// A name of a CEF extension.
#[derive(Debug)]
struct CefKey {
    start: usize,
    /// `None` when it is too long or one too many.
    node: Option<Node>,
    /// Whether a backslash was passed on the way to it.
    escaped: bool,
    /// Where its value starts.
    value: usize,
}

/// The next name at or after `from`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "called once, and what it gives is taken apart at once")]
fn next_key(line: &str, from: usize, sink: &mut Sink<'_, '_>) -> Option<CefKey> {
    let bytes = line.as_bytes();
    let (mut at, mut escaped) = (from, false);
    loop {
        let equals = at + lanes::first_of(bytes.get(at..)?, b'=', b'\\')?;
        if bytes[equals] == b'\\' {
            escaped = true;
            at = equals + 2;
            continue;
        }
        if let Some((node, start)) = sink.names.expected_before(sink.parent, bytes, (from, equals)) {
            return Some(CefKey { start, node: Some(node), escaped, value: equals + 1 });
        }
        let is_key =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
        let length = bytes[from..equals].iter().rev().take_while(is_key).count();
        let start = equals - length;
        let apart = start == 0 || (start > from && bytes[start - 1] == b' ');
        if length > 0 && apart {
            let node = sink.names.child(sink.parent, &line[start..equals]);
            return Some(CefKey { start, node, escaped, value: equals + 1 });
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
            labels: false,
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
            (r#"a=""x y"" b="" c=1"#, "a=x y|b=|c=1"),
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
            (r#"cs1="allow all" msg="a" or "b""#, r#"cs1=allow all|msg="a" or "b""#),
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
        assert_eq!(header::<2>(r"a\|b|c|d|e"), ([r"a\|b", "c"], 2, "d|e"));
        assert_eq!(header::<3>("a|b"), (["a", "b", ""], 2, ""));
    }

    proptest! {
        #[test]
        fn a_short_look_at_a_value_sees_what_a_long_one_sees(text in "[a-c =\"'\\\\,;\t\u{1}é]{0,70}") {
            let arena = Bump::new();
            for start in (0..=text.len()).filter(|start| text.is_char_boundary(*start)) {
                prop_assert_eq!(value_at(&text, start, &arena), any_value_at(&text, start, &arena));
            }
        }

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
