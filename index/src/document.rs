//! An event as the index engine takes it: two packed texts, three numbers and the record. The buffers are used again
//! for every event, so adding one allocates nothing in the steady state.

use crate::record;
use crate::schema::Fields;
use crate::token::{NAME_END, SEPARATOR, VALUE_BYTES_MAX, fold_into};
use event::{DefectKind, Event, FieldId, FieldNames, FieldTable, Value, known};
use std::fmt::Write;
use std::iter::Empty;
use std::net::IpAddr;
use std::sync::Arc;
use tantivy::Document;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf};
use tantivy::schema::{Field, Value as EngineValue};

/// What the engine sees of one event.
#[derive(Debug)]
pub(crate) struct Buffers {
    fields: Fields,
    id: u64,
    time: i64,
    received: i64,
    words: String,
    values: String,
    record: Vec<u8>,
}

impl Buffers {
    fn clear(&mut self) {
        self.words.clear();
        self.values.clear();
        self.record.clear();
    }
}

/// A handle on the buffers for the engine, which wants to own its documents.
#[derive(Clone, Debug)]
pub(crate) struct EngineDocument(Arc<Buffers>);

/// Makes documents out of events.
pub(crate) struct DocumentBuilder {
    buffers: Arc<Buffers>,
    /// By field id: the name as a prefix of terms; `None` until first used, empty for names that are not indexed.
    prefixes: Vec<Option<Box<str>>>,
    /// Address ranges of the texts whose words are in already.
    covered: Vec<(usize, usize)>,
    addresses: Vec<IpAddr>,
}

impl DocumentBuilder {
    pub(crate) fn new(fields: Fields) -> DocumentBuilder {
        let buffers = Buffers {
            fields,
            id: 0,
            time: 0,
            received: 0,
            words: String::new(),
            values: String::new(),
            record: Vec::new(),
        };
        DocumentBuilder {
            buffers: Arc::new(buffers),
            prefixes: Vec::new(),
            covered: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// The document of an event. Drop it before the next call, or the buffers have to be made anew.
    pub(crate) fn build(&mut self, event: &Event<'_>, table: &FieldTable) -> EngineDocument {
        if Arc::get_mut(&mut self.buffers).is_none() {
            *self = DocumentBuilder::new(self.buffers.fields);
        }
        let names = table.names();
        self.covered.clear();
        self.addresses.clear();
        let buffers = Arc::get_mut(&mut self.buffers).expect("made anew above when shared");
        buffers.clear();
        (buffers.id, buffers.time, buffers.received) = (event.id.0, event.time.0, event.received.0);
        record::write(event, &names, &mut buffers.record);
        add_own_values(event, &mut buffers.values);
        add_words(event.message, event.raw, &mut buffers.words, &mut self.covered);
        for field in event.fields {
            let prefix = prefix_of(&mut self.prefixes, field.id, &names);
            if !prefix.is_empty() {
                add_value(prefix, field.value, &mut buffers.values);
            }
            match field.value {
                Value::Str(text) => add_words(text, event.raw, &mut buffers.words, &mut self.covered),
                Value::Ip(address) if self.addresses.contains(&address) => {}
                Value::Ip(address) => {
                    self.addresses.push(address);
                    add_display(address, &mut buffers.words);
                }
                Value::Int(number) if !is_syslog_header(field.id) => add_display(number, &mut buffers.words),
                Value::Float(number) => add_display(number, &mut buffers.words),
                _ => {}
            }
        }
        if event.defects.iter().any(|defect| leaves_text_out(defect.kind)) {
            push_text(&String::from_utf8_lossy(event.raw), &mut buffers.words);
        }
        EngineDocument(Arc::clone(&self.buffers))
    }
}

/// Whether part of the line is only in its raw octets, so that its words must come from there.
fn leaves_text_out(kind: DefectKind) -> bool {
    !matches!(kind, DefectKind::BadTime | DefectKind::NotUtf8 | DefectKind::Truncated)
}

/// Numbers of the syslog header are found by their field; as words they would be in every event.
fn is_syslog_header(id: FieldId) -> bool {
    (known::LOG_SYSLOG_APPNAME..=known::LOG_SYSLOG_VERSION).contains(&id)
}

/// What we say about the event ourselves. A sender that uses these names is not believed: see [`prefix_of`].
fn add_own_values(event: &Event<'_>, values: &mut String) {
    add_value("sperwer.source\0", Value::Int(event.origin.source.0.into()), values);
    add_value("sperwer.source_type\0", Value::Str(event.source_type), values);
    add_value("sperwer.parse.status\0", Value::Str(event.status.name()), values);
    if let Some(ci) = event.ci {
        add_value("sperwer.ci\0", Value::Int(ci.0.into()), values);
    }
    if let Some(provider) = event.provider {
        add_value("sperwer.provider\0", Value::Int(provider.0.into()), values);
    }
    for defect in event.defects {
        add_value("sperwer.parse.defects\0", Value::Str(defect.kind.name()), values);
    }
}

/// `name NUL` in lower case; empty for names whose values are kept otherwise, and for `sperwer.*`: what a sender calls
/// `sperwer.provider` must never pass for ours.
fn prefix_of<'p>(prefixes: &'p mut Vec<Option<Box<str>>>, id: FieldId, names: &FieldNames<'_>) -> &'p str {
    if prefixes.len() <= id.index() {
        prefixes.resize(id.index() + 1, None);
    }
    prefixes[id.index()].get_or_insert_with(|| term_prefix(names.name(id)).into_boxed_str())
}

fn term_prefix(name: &str) -> String {
    let mut prefix = String::with_capacity(name.len() + 1);
    fold_into(name, &mut prefix);
    let elsewhere = matches!(prefix.as_str(), "@timestamp" | "message" | "event.original");
    if elsewhere || prefix.starts_with("sperwer.") {
        return String::new();
    }
    let mut prefix = prefix.replace(NAME_END, "\u{fffd}");
    prefix.push(NAME_END);
    prefix
}

/// Appends the term of one value; for one that is too long, the mark that says so.
fn add_value(prefix: &str, value: Value<'_>, values: &mut String) {
    let start = values.len();
    values.push_str(prefix);
    match value {
        Value::Str(text) => fold_into(text, values),
        Value::Int(number) => push_int(number, values),
        other => {
            let text_start = values.len();
            // Writing to a String cannot fail.
            let _ = write!(values, "{other}");
            values[text_start..].make_ascii_lowercase();
        }
    }
    if values.len() - start - prefix.len() > VALUE_BYTES_MAX {
        values.truncate(start);
        values.push(NAME_END);
        values.push_str(&prefix[..prefix.len() - 1]);
    }
    values.push(SEPARATOR);
}

/// Decimal digits without the formatting machinery: ports and codes are in nearly every event.
fn push_int(number: i64, out: &mut String) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// Adds the words of a text, unless they are there: the same text, or a part of one that begins and ends where words do.
fn add_words(text: &str, raw: &[u8], words: &mut String, covered: &mut Vec<(usize, usize)>) {
    if text.is_empty() {
        return;
    }
    let start = text.as_ptr() as usize;
    let end = start + text.len();
    let inside = |(from, to): &(usize, usize)| *from <= start && end <= *to;
    if covered.iter().any(|range| *range == (start, end) || (inside(range) && is_aligned(text, raw))) {
        return;
    }
    covered.push((start, end));
    push_text(text, words);
}

/// Whether a part of the raw octets begins and ends where words do. Octets outside ASCII count as letters.
fn is_aligned(text: &str, raw: &[u8]) -> bool {
    let Some(start) = record::place_in(raw, text.as_bytes()) else { return false };
    let is_letter =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    let end = start + text.len();
    let cut = |before: Option<&u8>, after: Option<&u8>| is_letter(before) && is_letter(after);
    !cut(start.checked_sub(1).and_then(|at| raw.get(at)), raw.get(start))
        && !cut(raw.get(end - 1), raw.get(end))
}

fn push_text(text: &str, words: &mut String) {
    if text.contains(SEPARATOR) {
        words.extend(text.chars().map(|letter| if letter == SEPARATOR { ' ' } else { letter }));
    } else {
        words.push_str(text);
    }
    words.push(SEPARATOR);
}

fn add_display(value: impl std::fmt::Display, words: &mut String) {
    let _ = write!(words, "{value}{SEPARATOR}");
}

impl Document for EngineDocument {
    type Value<'a> = EngineLeaf<'a>;
    type FieldsValuesIter<'a> = std::array::IntoIter<(Field, EngineLeaf<'a>), 6>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        let Buffers { fields, id, time, received, words, values, record } = &*self.0;
        [
            (fields.id, EngineLeaf::U64(*id)),
            (fields.time, EngineLeaf::I64(*time)),
            (fields.received, EngineLeaf::I64(*received)),
            (fields.words, EngineLeaf::Text(words)),
            (fields.values, EngineLeaf::Text(values)),
            (fields.record, EngineLeaf::Bytes(record)),
        ]
        .into_iter()
    }
}

/// A value of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EngineLeaf<'a> {
    U64(u64),
    I64(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> EngineValue<'a> for EngineLeaf<'a> {
    type ArrayIter = Empty<EngineLeaf<'a>>;
    type ObjectIter = Empty<(&'a str, EngineLeaf<'a>)>;

    fn as_value(&self) -> ReferenceValue<'a, EngineLeaf<'a>> {
        ReferenceValue::Leaf(match *self {
            EngineLeaf::U64(number) => ReferenceValueLeaf::U64(number),
            EngineLeaf::I64(number) => ReferenceValueLeaf::I64(number),
            EngineLeaf::Text(text) => ReferenceValueLeaf::Str(text),
            EngineLeaf::Bytes(bytes) => ReferenceValueLeaf::Bytes(bytes),
        })
    }
}

/// The prefix of the terms of a field that an analyst names.
pub(crate) fn query_prefix(name: &str) -> String {
    let mut prefix = String::with_capacity(name.len() + 1);
    fold_into(name, &mut prefix);
    let mut prefix = prefix.replace(NAME_END, "\u{fffd}");
    prefix.push(NAME_END);
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_do() {
        for number in [0, 7, -7, 443, i64::MAX, i64::MIN] {
            let mut text = String::new();
            push_int(number, &mut text);
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn a_sender_cannot_speak_for_us() {
        assert_eq!(term_prefix("Sperwer.Provider"), "");
        assert_eq!(term_prefix("message"), "");
        assert_eq!(term_prefix("a\0b"), "a\u{fffd}b\0");
        assert_eq!(query_prefix("User.Name"), "user.name\0");
    }
}
