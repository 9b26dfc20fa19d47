//! An event as one flat JSON object: what `sperwer parse` prints. The index answers in the same form, with what it knows
//! more.

use crate::{Event, FieldId, FieldNames, FieldTable, ParseStatus, Value, known};
use std::io::Write;

/// The fields that every event has; the parser never puts them in [`Event::fields`].
const OWN: [FieldId; 6] = [
    known::TIMESTAMP,
    known::MESSAGE,
    known::EVENT_ORIGINAL,
    known::SPERWER_SOURCE_TYPE,
    known::SPERWER_PARSE_STATUS,
    known::SPERWER_PARSE_DEFECTS,
];

/// Names that begin so say what we know of an event.
const OURS: &str = "sperwer.";

/// Whether a name is one of ours, in any case: a sender's field of that name is left out of JSON, where it would pass for
/// our word.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS))
}

/// Appends `event` to `out` as one flat JSON object without a line end: dotted names, a repeated field as an array,
/// instants in RFC 3339. A sender's field that is named as ours is left out ([`is_ours`]). `event.original` is the received text; bytes that are not UTF-8 are replaced in it.
///
/// Costs one pass over the fields and no allocation beyond `out`'s own growth.
pub fn write_event(event: &Event<'_>, fields: &FieldTable, out: &mut Vec<u8>) {
    let names = fields.names();
    out.extend_from_slice(b"{\"@timestamp\":");
    write_value(Value::Time(event.time), out);
    out.extend_from_slice(b",\"message\":");
    write_str(event.message, out);
    write_fields(event, &names, out);
    out.extend_from_slice(b",\"event.original\":");
    write_bytes(event.raw, out);
    out.extend_from_slice(b",\"sperwer.source_type\":");
    write_str(event.source_type, out);
    out.extend_from_slice(b",\"sperwer.parse.status\":");
    write_str(event.status.name(), out);
    write_defects(event, out);
    out.push(b'}');
}

/// Fields whose ids fall into one bucket are looked for by hand; the others are known to come once.
const BUCKETS: usize = 256;

fn write_fields(event: &Event<'_>, names: &FieldNames<'_>, out: &mut Vec<u8>) {
    if event.status == ParseStatus::Raw && event.fields.is_empty() {
        return;
    }
    let mut in_bucket = [0u8; BUCKETS];
    for field in event.fields {
        let count = &mut in_bucket[field.id.index() % BUCKETS];
        *count = count.saturating_add(1);
    }
    for (at, field) in event.fields.iter().enumerate() {
        let name = names.name(field.id);
        if OWN.contains(&field.id) || is_ours(name) {
            continue;
        }
        let shared = in_bucket[field.id.index() % BUCKETS] > 1;
        if shared && event.fields[..at].iter().any(|earlier| earlier.id == field.id) {
            continue;
        }
        out.push(b',');
        write_str(name, out);
        out.push(b':');
        if shared && event.fields[at + 1..].iter().any(|later| later.id == field.id) {
            write_list(event, field.id, out);
        } else {
            write_value(field.value, out);
        }
    }
}

fn write_list(event: &Event<'_>, id: FieldId, out: &mut Vec<u8>) {
    for (at, value) in event.all(id).enumerate() {
        out.push(if at == 0 { b'[' } else { b',' });
        write_value(value, out);
    }
    out.push(b']');
}

fn write_defects(event: &Event<'_>, out: &mut Vec<u8>) {
    if event.defects.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"sperwer.parse.defects\":");
    for (at, defect) in event.defects.iter().enumerate() {
        out.push(if at == 0 { b'[' } else { b',' });
        write_str(defect.kind.name(), out);
    }
    out.push(b']');
}

/// Appends one value as JSON.
pub fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Str(text) => write_str(text, out),
        Value::Bool(flag) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Float(number) if !number.is_finite() => out.extend_from_slice(b"null"),
        Value::Int(_) | Value::Float(_) => write_display(value, out),
        Value::Ip(_) | Value::Time(_) => {
            out.push(b'"');
            write_display(value, out);
            out.push(b'"');
        }
    }
}

fn write_display(value: Value<'_>, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail, so there is nothing to report.
    let _ = write!(out, "{value}");
}

/// Appends text as a JSON string.
pub fn write_str(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // Nearly all lines are text, and a look at the whole is quicker than one by parts.
    if let Ok(text) = std::str::from_utf8(bytes) {
        return write_str(text, out);
    }
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        write_escaped(chunk.valid(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

fn write_escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    loop {
        let plain = plain_bytes(rest);
        out.extend_from_slice(&rest[..plain]);
        let Some(byte) = rest.get(plain) else { return };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[plain + 1..];
    }
}

/// How many bytes come before the first that JSON escapes: a quote, a backslash, a control character. Eight at a time.
fn plain_bytes(bytes: &[u8]) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    // The lowest high bit that is set tells the first byte of `word` below `limit`, which is at most 128.
    let below = |word: u64, limit: u8| word.wrapping_sub(LOW * u64::from(limit)) & !word & HIGH;
    let (eights, few) = bytes.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        let is = |byte: u8| below(word ^ (LOW * u64::from(byte)), 1);
        let escaped = below(word, b' ') | is(b'"') | is(b'\\');
        if escaped != 0 {
            return at * 8 + escaped.trailing_zeros() as usize / 8;
        }
    }
    let plain = |byte: &&u8| **byte >= b' ' && **byte != b'"' && **byte != b'\\';
    eights.len() * 8 + few.iter().take_while(plain).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientId, Defect, DefectKind, EventId, Field, Origin, SourceId, Timestamp, Transport};

    #[test]
    fn one_flat_object_with_lists_and_escapes() {
        let table = FieldTable::new();
        let own = table.intern("acme.widget").expect("the table is nearly empty");
        let fields = [
            Field { id: known::EVENT_CATEGORY, value: Value::Str("network") },
            Field { id: own, value: Value::Float(1.5) },
            Field { id: known::EVENT_CATEGORY, value: Value::Str("a\"\\\n\u{1}é") },
            Field { id: known::SOURCE_IP, value: Value::Ip([10, 0, 0, 1].into()) },
            Field { id: known::USER_NAME, value: Value::Null },
        ];
        let defects = [Defect { kind: DefectKind::NotUtf8, offset: 1 }];
        let event = Event {
            id: EventId(1),
            raw: b"x\xffy",
            received: Timestamp(0),
            origin: Origin {
                client: ClientId(1),
                source: SourceId(1),
                transport: Transport::Udp,
                peer: None,
            },
            time: Timestamp(1_500_000_000),
            status: ParseStatus::Partial,
            source_type: "rfc3164",
            message: "hello",
            fields: &fields,
            defects: &defects,
            ci: None,
            provider: None,
        };
        let mut out = Vec::new();
        write_event(&event, &table, &mut out);
        let want = concat!(
            r#"{"@timestamp":"1970-01-01T00:00:01.500Z","message":"hello","#,
            r#""event.category":["network","a\"\\\n\u0001é"],"acme.widget":1.5,"source.ip":"10.0.0.1","#,
            r#""user.name":null,"event.original":"x"#,
            "\u{fffd}",
            r#"y","sperwer.source_type":"rfc3164","sperwer.parse.status":"partial","#,
            r#""sperwer.parse.defects":["not_utf8"]}"#
        );
        assert_eq!(String::from_utf8(out).expect("only text was written"), want);
    }

    #[test]
    fn each_byte_is_escaped_wherever_it_stands() {
        for byte in 0..128u8 {
            for before in 0..20 {
                let text = format!("{}{}é{}", "x".repeat(before), char::from(byte), "y".repeat(9));
                let want = match byte {
                    b'"' => "\\\"".to_owned(),
                    b'\\' => "\\\\".to_owned(),
                    b'\n' => "\\n".to_owned(),
                    b'\r' => "\\r".to_owned(),
                    b'\t' => "\\t".to_owned(),
                    0..b' ' => format!("\\u{byte:04x}"),
                    _ => char::from(byte).to_string(),
                };
                let mut out = Vec::new();
                write_str(&text, &mut out);
                let want = format!("\"{}{want}é{}\"", "x".repeat(before), "y".repeat(9));
                assert_eq!(String::from_utf8_lossy(&out), want, "{byte}");
            }
        }
    }
}
