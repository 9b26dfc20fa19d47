//! One JSON object per line into events, for rules written against the Sigma taxonomy: flat objects with Sigma's field
//! names, the nested shape that EVTX converters write, or our own events.
//!
//! Faster than a JSON tree, and only for detection: no times, no normalisation. Nested objects become dotted names, a
//! list becomes the same field several times.

use ahash::AHashMap;
use bumpalo::Bump;
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use event::{
    ClientId, Event, EventId, FIELD_NAMES_MAX, Field, FieldId, FieldTable, Origin, ParseStatus, SourceId,
    Timestamp, Transport, Value,
};

/// A line with deeper values is refused.
const DEPTH_MAX: usize = 64;

/// Reads events. Keeps the names that it met, so there is one for each thread and not for each line.
#[derive(Debug)]
pub struct Reader<'t> {
    table: &'t FieldTable,
    source_type: Option<&'t str>,
    // What became of each dotted name, `None` when the table has no room for it. At most FIELD_NAMES_MAX entries.
    names: AHashMap<Box<str>, Option<FieldId>>,
    marks: Marks,
}

/// The fields by which a line is recognised.
#[derive(Debug)]
struct Marks {
    own: Option<FieldId>,
    windows: [Option<FieldId>; 3],
    cloudtrail: [Option<FieldId>; 2],
}

/// The line is no JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object (byte {offset})")]
pub struct NotJson {
    /// Where in the line the trouble is, from 0.
    pub offset: usize,
}

impl<'t> Reader<'t> {
    /// A reader of events whose source type is this one, or is told from their fields.
    #[must_use]
    pub fn new(table: &'t FieldTable, source_type: Option<&'t str>) -> Reader<'t> {
        let id = |name| table.intern(name);
        let marks = Marks {
            own: id("sperwer.source_type"),
            windows: [id("EventID"), id("Channel"), id("winlog.channel")],
            cloudtrail: [id("eventSource"), id("eventName")],
        };
        Reader { table, source_type, names: AHashMap::new(), marks }
    }

    /// Reads one line. The event borrows from the line and the arena.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn read<'a>(&mut self, line: &'a [u8], arena: &'a Bump) -> Result<Event<'a>, NotJson>
    where
        't: 'a,
    {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(_) => arena.alloc_str(&String::from_utf8_lossy(line)),
        };
        let mut parser = Parser {
            text,
            at: 0,
            arena,
            reader: self,
            name: ArenaString::with_capacity_in(64, arena),
            fields: ArenaVec::with_capacity_in(64, arena),
        };
        parser.space();
        let whole = parser.peek() == Some(b'{') && parser.value(0).is_some() && parser.at_end();
        if !whole {
            return Err(NotJson { offset: parser.at });
        }
        let fields = parser.fields.into_bump_slice();
        let source_type = self.source_type.unwrap_or_else(|| self.recognise(fields));
        Ok(event(line, source_type, fields))
    }

    /// Our own events say what they are; Windows events and CloudTrail are known by fields that they always have.
    fn recognise<'a>(&self, fields: &[Field<'a>]) -> &'a str {
        let has = |id: &Option<FieldId>| fields.iter().any(|field| Some(field.id) == *id);
        let own = fields
            .iter()
            .find(|field| Some(field.id) == self.marks.own)
            .and_then(|field| field.value.as_str());
        match own {
            Some(name) => name,
            None if self.marks.windows.iter().any(has) => "windows",
            None if self.marks.cloudtrail.iter().all(has) => "cloudtrail",
            None => "json",
        }
    }

    fn id(&mut self, dotted: &str) -> Option<FieldId> {
        if let Some(id) = self.names.get(dotted) {
            return *id;
        }
        let id = self.table.intern(&taxonomy_name(dotted));
        if self.names.len() < FIELD_NAMES_MAX {
            self.names.insert(dotted.into(), id);
        }
        id
    }
}

fn event<'a>(line: &'a [u8], source_type: &'a str, fields: &'a [Field<'a>]) -> Event<'a> {
    Event {
        id: EventId(0),
        raw: line,
        received: Timestamp(0),
        origin: Origin {
            client: ClientId(1),
            source: SourceId::UNKNOWN,
            transport: Transport::File,
            peer: None,
        },
        time: Timestamp(0),
        status: ParseStatus::Parsed,
        source_type,
        // Every part of the text is a field already; keywords need not look at it twice.
        message: "",
        fields,
        defects: &[],
        ci: None,
        provider: None,
    }
}

/// The name in the Sigma taxonomy of a dotted name: EVTX wrappers fall away, an XML attribute is joined to its element
/// by an underscore, and spaces are stripped (specification 2.1, "Field Usage").
fn taxonomy_name(dotted: &str) -> String {
    let name = match dotted.strip_prefix("Event.") {
        Some(rest) => unwrapped(rest),
        None => dotted.to_owned(),
    };
    if name.contains(' ') { name.split(' ').collect() } else { name }
}

fn unwrapped(rest: &str) -> String {
    let rest = rest.strip_suffix(".#text").unwrap_or(rest);
    let inner = rest.strip_prefix("EventData.").or_else(|| rest.strip_prefix("System."));
    let inner = inner.or_else(|| rest.strip_prefix("UserData.").and_then(|data| data.rsplit('.').next()));
    inner.unwrap_or(rest).replace(".#attributes.", "_")
}

/// Reads one line from left to right; `None` from any step means that the line is no JSON from `at` on.
struct Parser<'a, 'r, 't> {
    text: &'a str,
    at: usize,
    arena: &'a Bump,
    reader: &'r mut Reader<'t>,
    // The dotted name of the place where the parser is.
    name: ArenaString<'a>,
    fields: ArenaVec<'a, Field<'a>>,
}

impl<'a> Parser<'a, '_, '_> {
    fn value(&mut self, depth: usize) -> Option<()> {
        self.space();
        match self.peek()? {
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b'"' => {
                let text = self.string()?;
                self.push(Value::Str(text))
            }
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.open(depth)?;
        if self.take(b'}') {
            return Some(());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.take(b':').then_some(())?;
            let outer = self.name.len();
            if outer > 0 {
                self.name.push('.');
            }
            self.name.push_str(key);
            self.value(depth)?;
            self.name.truncate(outer);
            self.space();
            if !self.take(b',') {
                return self.take(b'}').then_some(());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.open(depth)?;
        if self.take(b']') {
            return Some(());
        }
        loop {
            self.value(depth)?;
            self.space();
            if !self.take(b',') {
                return self.take(b']').then_some(());
            }
        }
    }

    fn open(&mut self, depth: usize) -> Option<()> {
        (depth <= DEPTH_MAX).then_some(())?;
        self.at += 1;
        self.space();
        Some(())
    }

    /// A string, borrowed when nothing in it is escaped.
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"').then_some(())?;
        let start = self.at;
        let end = start + memchr::memchr2(b'"', b'\\', &self.text.as_bytes()[start..])?;
        if self.text.as_bytes()[end] == b'"' {
            self.at = end + 1;
            return Some(&self.text[start..end]);
        }
        self.escaped(start, end)
    }

    fn escaped(&mut self, start: usize, first: usize) -> Option<&'a str> {
        let mut text = ArenaString::from_str_in(&self.text[start..first], self.arena);
        self.at = first;
        loop {
            let from = self.at;
            let end = from + memchr::memchr2(b'"', b'\\', &self.text.as_bytes()[from..])?;
            text.push_str(&self.text[from..end]);
            self.at = end + 1;
            if self.text.as_bytes()[end] == b'"' {
                return Some(text.into_bump_str());
            }
            let escape = self.peek()?;
            self.at += 1;
            text.push(match escape {
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'u' => self.code_point()?,
                b'"' | b'\\' | b'/' => char::from(escape),
                _ => return None,
            });
        }
    }

    /// The character of a `\uXXXX` whose `\u` has been read; half a pair becomes the replacement character.
    fn code_point(&mut self) -> Option<char> {
        let high = self.hex()?;
        if (0xD800..0xDC00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xDC00..0xE000).contains(&low) {
                return char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            }
            self.at = back;
        }
        Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let length =
            rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let text = &rest[..length.count()];
        let value = match text.parse::<i64>() {
            Ok(number) => Value::Int(number),
            // A whole number that does not fit stays text, so that no digit is lost.
            Err(_) if text.parse::<i128>().is_ok() => Value::Str(text),
            Err(_) => Value::Float(text.parse().ok()?),
        };
        self.at += text.len();
        self.push(value)
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Option<()> {
        self.text[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        self.push(value)
    }

    fn push(&mut self, value: Value<'a>) -> Option<()> {
        if let Some(id) = self.reader.id(&self.name) {
            self.fields.push(Field { id, value });
        }
        Some(())
    }

    fn at_end(&mut self) -> bool {
        self.space();
        self.at == self.text.len()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str) -> Result<Vec<String>, NotJson> {
        let table = FieldTable::new();
        let arena = Bump::new();
        let mut reader = Reader::new(&table, None);
        let event = reader.read(line.as_bytes(), &arena)?;
        let fields = event.fields.iter().map(|field| format!("{}={:?}", table.name(field.id), field.value));
        Ok(std::iter::once(event.source_type.to_owned()).chain(fields).collect())
    }

    #[test]
    fn shapes_become_one_taxonomy() {
        let flat =
            show(r#"{"Channel":"Security","EventID":4688,"Process Name":"a\\b\u00e9\ud83d\ude00","x":null}"#);
        let flat = flat.expect("it is JSON");
        assert_eq!(
            flat,
            [
                "windows",
                r#"Channel=Str("Security")"#,
                "EventID=Int(4688)",
                r#"ProcessName=Str("a\\bé😀")"#,
                "x=Null"
            ]
        );
        let nested = concat!(
            r#"{"Event":{"System":{"Provider":{"#,
            r##""#attributes":{"Name":"P"}},"EventID":{"#text":1}},"##,
            r#""EventData":{"Image":"c"},"UserData":{"T":{"U":[true,2.5]}}}}"#
        );
        assert_eq!(
            show(nested).expect("it is JSON"),
            [
                "windows",
                r#"Provider_Name=Str("P")"#,
                "EventID=Int(1)",
                r#"Image=Str("c")"#,
                "U=Bool(true)",
                "U=Float(2.5)"
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for line in ["", "1", "[]", "{", r#"{"a"}"#, r#"{"a":1}x"#, r#"{"a":"\x"}"#, r#"{"a":tru}"#, "{,}"] {
            assert!(show(line).is_err(), "{line}");
        }
        assert!(show(&r#"{"a":"#.repeat(100_000)).is_err());
        assert!(show("{}").is_ok());
    }
}
