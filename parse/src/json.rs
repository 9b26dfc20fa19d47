//! JSON → pairs of name and value in one pass over the bytes: no tree, no map, no allocation but the arena's.

use crate::lanes::{self, LANES, Lanes};
use crate::names::{Names, Node};
use crate::signals::Signals;
use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};
use event::{DefectKind, Value};

/// JSON nested deeper is kept as text (`too_deep`).
pub(crate) const DEPTH_MAX: usize = 32;

/// At most this many values of one object are read; the rest is only in the raw bytes (`too_many_fields`).
pub(crate) const PAIRS_MAX: usize = 1024;

/// Names and values in the order of the line.
pub(crate) type Pairs<'a> = BumpVec<'a, (Node, Value<'a>)>;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// How many bytes the object has; up to the fault if it is broken.
    pub(crate) used: usize,
    /// The recognition keys seen.
    pub(crate) signals: Signals,
    /// The first thing that was wrong, and its offset.
    pub(crate) defect: Option<(DefectKind, usize)>,
}

/// Flattens the object at the start of `text` into `pairs`, names below `parent`: nested names joined in the tree, a
/// list as the same name again, `null` kept, duplicate keys kept.
pub(crate) fn flatten<'a>(
    text: &'a str,
    parent: Node,
    names: &mut Names,
    arena: &'a Bump,
    pairs: &mut Pairs<'a>,
) -> Outcome {
    let signals = Signals::default();
    let mut reader =
        Reader { text, bytes: text.as_bytes(), at: 0, arena, names, pairs, signals, defect: None };
    if reader.value(Some(parent), 0).is_none() {
        reader.note(DefectKind::Malformed);
    }
    Outcome { used: reader.at, signals: reader.signals, defect: reader.defect }
}

struct Reader<'a, 'n> {
    text: &'a str,
    bytes: &'a [u8],
    // Never beyond the end, always on a character boundary when a slice is taken.
    at: usize,
    arena: &'a Bump,
    names: &'n mut Names,
    pairs: &'n mut Pairs<'a>,
    signals: Signals,
    defect: Option<(DefectKind, usize)>,
}

impl<'a> Reader<'a, '_> {
    #[cold]
    fn note(&mut self, kind: DefectKind) {
        self.defect.get_or_insert((kind, self.at));
    }

    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte > b' ' {
                return Some(byte);
            }
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// One value; `None` when it breaks the grammar (RFC 8259). A value without a node is read over.
    fn value(&mut self, node: Option<Node>, depth: usize) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(node, depth),
            b'[' => self.array(node, depth),
            b'"' => {
                self.at += 1;
                let text = self.string()?;
                self.push(node, Value::Str(text));
                Some(())
            }
            b't' => self.word("true", node, Value::Bool(true)),
            b'f' => self.word("false", node, Value::Bool(false)),
            b'n' => self.word("null", node, Value::Null),
            // No JSON, but what many programs write for a number that is none.
            b'N' => self.word("NaN", node, Value::Str("NaN")),
            b'I' => self.word("Infinity", node, Value::Str("Infinity")),
            b'-' if self.bytes.get(self.at + 1) == Some(&b'I') => {
                self.word("-Infinity", node, Value::Str("-Infinity"))
            }
            b'-' | b'0'..=b'9' => {
                match self.number()? {
                    Value::Int(number) => self.push_int(node, number),
                    other => self.push(node, other),
                }
                Some(())
            }
            _ => None,
        }
    }

    fn push(&mut self, node: Option<Node>, value: Value<'a>) {
        let Some(node) = self.counted(node) else { return };
        self.pairs.push((node, value));
    }

    /// The same for text and numbers: a value made elsewhere and copied here would wait in memory for its parts.
    #[inline]
    fn push_text(&mut self, node: Option<Node>, text: &'a str) {
        let Some(node) = self.counted(node) else { return };
        self.pairs.push((node, Value::Str(text)));
    }

    #[inline]
    fn push_int(&mut self, node: Option<Node>, number: i64) {
        let Some(node) = self.counted(node) else { return };
        self.pairs.push((node, Value::Int(number)));
    }

    /// The node, its recognition key noted, if there is room for its value.
    #[inline]
    fn counted(&mut self, node: Option<Node>) -> Option<Node> {
        let node = node?;
        if self.pairs.len() >= PAIRS_MAX {
            self.note(DefectKind::TooManyFields);
            return None;
        }
        self.signals.add(self.names.signal(node));
        Some(node)
    }

    fn word(&mut self, word: &str, node: Option<Node>, value: Value<'a>) -> Option<()> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        self.push(node, value);
        Some(())
    }

    fn object(&mut self, node: Option<Node>, depth: usize) -> Option<()> {
        if depth >= DEPTH_MAX {
            return self.keep_as_text(node);
        }
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            let child = self.key(node)?;
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            // Most values are text: it is read here, others by a call.
            if self.peek()? == b'"' {
                self.at += 1;
                let text = self.string()?;
                self.push_text(child, text);
            } else {
                self.value(child, depth + 1)?;
            }
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A name with its quotes; the inner value is none where the names around it or itself are too many.
    #[inline]
    fn key(&mut self, parent: Option<Node>) -> Option<Option<Node>> {
        self.at += 1;
        let rest = &self.bytes[self.at..];
        if let Some((node, length)) = parent.and_then(|parent| self.names.expected(parent, rest, b'"')) {
            self.at += length + 1;
            return Some(Some(node));
        }
        let key = self.string()?;
        let child = parent.and_then(|parent| self.names.child(parent, key));
        if child.is_none() && parent.is_some() {
            self.note(DefectKind::TooManyNames);
        }
        Some(child)
    }

    fn array(&mut self, node: Option<Node>, depth: usize) -> Option<()> {
        if depth >= DEPTH_MAX {
            return self.keep_as_text(node);
        }
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        let pairs_named = node.filter(|node| self.names.is_named(*node));
        loop {
            let before = self.pairs.len();
            self.value(node, depth + 1)?;
            if let Some(list) = pairs_named {
                self.name_element(list, before);
            }
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Of `{"name": "ip", "value": "192.0.2.1"}` in a list of such elements, the value is put under the name besides.
    fn name_element(&mut self, list: Node, before: usize) {
        let (mut name, mut value) = (None, None);
        for (node, held) in &self.pairs[before..] {
            match (self.names.last_part(*node), held) {
                ("name" | "Name" | "key" | "Key", Value::Str(text)) => name = name.or(Some(*text)),
                ("name" | "Name" | "key" | "Key", _) => {}
                _ => value = value.or(Some(*held)),
            }
        }
        if let Some((name, value)) = name.zip(value).filter(|(name, _)| !name.is_empty()) {
            let place = self.names.child(list, name);
            self.push(place, value);
        }
    }

    /// Reads over an object or list that is too deep, and keeps its text. A loop, so depth costs no stack.
    fn keep_as_text(&mut self, node: Option<Node>) -> Option<()> {
        self.note(DefectKind::TooDeep);
        let start = self.at;
        let mut open = 0usize;
        loop {
            match *self.bytes.get(self.at)? {
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                b'"' => {
                    self.at += 1;
                    self.string_end()?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                self.push(node, Value::Str(&self.text[start..self.at]));
                return Some(());
            }
        }
    }

    /// The string whose opening quote was just read. Most are short, and nothing in them is escaped.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        let rest = &self.bytes[self.at..];
        if let Some(near) = Lanes::first(rest) {
            let length = near.any_of([b'"', b'\\']).trailing_zeros() as usize;
            if length < LANES && rest[length] == b'"' {
                let start = self.at;
                self.at += length + 1;
                return Some(&self.text[start..start + length]);
            }
        }
        self.any_string()
    }

    fn any_string(&mut self) -> Option<&'a str> {
        let start = self.at;
        let escaped = self.string_end()?;
        let inside = &self.text[start..self.at - 1];
        if !escaped {
            return Some(inside);
        }
        Some(unescape(inside, self.arena))
    }

    /// Moves behind the closing quote; whether there was a backslash on the way.
    #[inline]
    fn string_end(&mut self) -> Option<bool> {
        let mut escaped = false;
        loop {
            let Some(plain) = lanes::first_of(&self.bytes[self.at..], b'"', b'\\') else {
                self.at = self.bytes.len();
                return None;
            };
            self.at += plain;
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Some(escaped);
                }
                _ => {
                    escaped = true;
                    // A backslash and the byte it escapes; the latter must exist.
                    self.bytes.get(self.at + 1)?;
                    self.at += 2;
                }
            }
        }
    }

    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let rest = &self.bytes[start..];
        let sign = usize::from(rest[0] == b'-');
        let mut digits = 0;
        let mut whole = 0i64;
        while let Some(digit) = rest.get(sign + digits).filter(|byte| byte.is_ascii_digit()) {
            whole = whole.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            digits += 1;
        }
        let tail = &rest[sign + digits..];
        let more =
            tail.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        let more = more.count();
        self.at = start + sign + digits + more;
        if digits == 0 {
            return None;
        }
        let text = &self.text[start..self.at];
        if more == 0 && digits <= 18 {
            return Some(Value::Int(if sign == 1 { -whole } else { whole }));
        }
        if more == 0 {
            return Some(text.parse().map_or(Value::Str(text), Value::Int));
        }
        let number = text.parse::<f64>().ok()?;
        // Too big or too exact for a double: as text, no digit is lost.
        Some(if number.is_finite() && text.len() <= 18 { Value::Float(number) } else { Value::Str(text) })
    }
}

/// The text that a JSON string stands for. A bad escape stays as it is written.
fn unescape<'a>(inside: &str, arena: &'a Bump) -> &'a str {
    let mut out = BumpString::with_capacity_in(inside.len(), arena);
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (plain, used) = match rest.as_bytes().get(1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(escaped @ (b'"' | b'\\' | b'/')) => (char::from(*escaped), 2),
            Some(b'u') => code_point(rest.as_bytes()).unwrap_or(('\\', 1)),
            _ => ('\\', 1),
        };
        out.push(plain);
        rest = &rest[used..];
    }
    out.push_str(rest);
    out.into_bump_str()
}

/// `\u00e9`, or a surrogate pair of two such; a lone surrogate stands for no character.
fn code_point(bytes: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(bytes.get(at + 2..at + 6)?).ok()?;
        u32::from_str_radix(digits, 16).ok().filter(|_| bytes[at..].starts_with(b"\\u"))
    };
    let high = unit(0)?;
    if let 0xD800..=0xDBFF = high {
        if let Some(low @ 0xDC00..=0xDFFF) = unit(6) {
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return Some((char::from_u32(code)?, 12));
        }
        return Some((char::REPLACEMENT_CHARACTER, 6));
    }
    Some((char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ROOT;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn flat(text: &str) -> (Vec<String>, Option<DefectKind>) {
        let arena = Bump::new();
        let mut names = Names::new(HashMap::new());
        let mut pairs = Pairs::new_in(&arena);
        let outcome = flatten(text, ROOT, &mut names, &arena, &mut pairs);
        assert!(outcome.used <= text.len());
        let lines = pairs.iter().map(|(node, value)| format!("{}={value:?}", names.full(*node))).collect();
        (lines, outcome.defect.map(|(kind, _)| kind))
    }

    #[test]
    fn nested_names_lists_and_every_kind_of_value() {
        let (lines, defect) = flat(
            r#" {"a":{"b":1,"c":[true,null,{"d":"x"}]}, "e":-2.5e1, "e":"é\n\u00e9\ud83d\ude00\/", "f":{}, "g.h":99999999999999999999} "#,
        );
        let want = [
            "a.b=Int(1)",
            "a.c=Bool(true)",
            "a.c=Null",
            "a.c.d=Str(\"x\")",
            "e=Float(-25.0)",
            "e=Str(\"é\\né😀/\")",
            "g.h=Str(\"99999999999999999999\")",
        ];
        assert_eq!(lines, want);
        assert_eq!(defect, None);
    }

    #[test]
    fn what_is_good_before_the_fault_is_kept() {
        for text in
            [r#"{"a":1,"b"}"#, r#"{"a":1,"b":tru}"#, r#"{"a":1,"b":"x"#, r#"{"a":1,}"#, r#"{"a":1,"b\"#]
        {
            assert_eq!(flat(text), (vec!["a=Int(1)".to_owned()], Some(DefectKind::Malformed)), "{text}");
        }
    }

    #[test]
    fn depth_and_width_have_limits() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let (lines, defect) = flat(&deep);
        assert_eq!((lines.len(), defect), (1, Some(DefectKind::TooDeep)));
        let wide = format!("[{}1]", "1,".repeat(5000));
        let (lines, defect) = flat(&wide);
        assert_eq!((lines.len(), defect), (PAIRS_MAX, Some(DefectKind::TooManyFields)));
    }

    fn leaf() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::hash_map("[a-c\"é\\\\]{1,3}", inner, 0..4)
                    .prop_map(serde_json::Value::from_iter),
            ]
        })
    }

    fn leaves(value: &serde_json::Value, name: &str, out: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, inner) in map {
                    let full = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    leaves(inner, &full, out);
                }
            }
            serde_json::Value::Array(list) => list.iter().for_each(|inner| leaves(inner, name, out)),
            serde_json::Value::Null => out.push(format!("{name}=Null")),
            serde_json::Value::Bool(flag) => out.push(format!("{name}=Bool({flag})")),
            serde_json::Value::Number(number) => out.push(format!("{name}=Int({number})")),
            serde_json::Value::String(text) => out.push(format!("{name}={:?}", Value::Str(text))),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_tree(value in leaf()) {
            let mut want = Vec::new();
            leaves(&value, "", &mut want);
            let (mut got, defect) = flat(&value.to_string());
            want.sort();
            got.sort();
            prop_assert_eq!((got, defect), (want, None));
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}:,\"\\\\a-u0-9.eE+ é-]{0,60}") {
            flat(&text);
        }
    }
}
