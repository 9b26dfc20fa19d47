//! An event as it is kept: all of it, small, and quick to write.
//!
//! ```text
//! version  u8 = 1
//! id, received, time           varint (times zigzag)
//! client, source               varint
//! ci, provider                 varint of number + 1, 0 for none
//! status, transport            u8, u8
//! peer     length u8 (0, 4, 16), octets
//! type     text
//! raw      varint length, octets
//! message  text
//! fields   varint count, then each: name text, kind u8, value
//! defects  varint count, then each: name text, offset varint
//! text     varint 2 * length, octets; or varint 2 * length + 1, varint offset into raw
//! ```
//!
//! Texts that the parser borrowed from the raw octets are kept as a place in them.

use crate::hit::{FieldValue, Hit};
use event::{
    CiId, ClientId, Event, EventId, FieldNames, ParseStatus, ProviderId, SourceId, Timestamp, Transport,
    Value,
};
use std::net::IpAddr;

const VERSION: u8 = 1;

const STR: u8 = 0;
const INT: u8 = 1;
const FLOAT: u8 = 2;
const FALSE: u8 = 3;
const TRUE: u8 = 4;
const IP: u8 = 5;
const TIME: u8 = 6;
const NULL: u8 = 7;

/// Appends the record of `event`.
pub(crate) fn write(event: &Event<'_>, names: &FieldNames<'_>, out: &mut Vec<u8>) {
    let mut writer = Writer { out, raw: event.raw };
    writer.out.push(VERSION);
    writer.number(event.id.0);
    writer.signed(event.received.0);
    writer.signed(event.time.0);
    writer.number(u64::from(event.origin.client.0));
    writer.number(u64::from(event.origin.source.0));
    writer.number(event.ci.map_or(0, |ci| u64::from(ci.0) + 1));
    writer.number(event.provider.map_or(0, |provider| u64::from(provider.0) + 1));
    writer.out.push(status_code(event.status));
    writer.out.push(transport_code(event.origin.transport));
    match event.origin.peer {
        None => writer.out.push(0),
        Some(peer) => writer.address(peer),
    }
    writer.text(event.source_type);
    writer.bytes(event.raw);
    writer.text(event.message);
    writer.number(event.fields.len() as u64);
    for field in event.fields {
        writer.text(names.name(field.id));
        writer.value(field.value);
    }
    writer.number(event.defects.len() as u64);
    for defect in event.defects {
        writer.text(defect.kind.name());
        writer.number(u64::from(defect.offset));
    }
}

struct Writer<'o, 'r> {
    out: &'o mut Vec<u8>,
    raw: &'r [u8],
}

impl Writer<'_, '_> {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    fn signed(&mut self, number: i64) {
        self.number((number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        let place = place_in(self.raw, text.as_bytes());
        self.number(2 * text.len() as u64 + u64::from(place.is_some()));
        match place {
            Some(offset) => self.number(offset as u64),
            None => self.out.extend_from_slice(text.as_bytes()),
        }
    }

    fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(v4) => {
                self.out.push(4);
                self.out.extend_from_slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                self.out.push(16);
                self.out.extend_from_slice(&v6.octets());
            }
        }
    }

    fn value(&mut self, value: Value<'_>) {
        let kind = match value {
            Value::Str(_) => STR,
            Value::Int(_) => INT,
            Value::Float(_) => FLOAT,
            Value::Bool(false) => FALSE,
            Value::Bool(true) => TRUE,
            Value::Ip(_) => IP,
            Value::Time(_) => TIME,
            Value::Null => NULL,
        };
        self.out.push(kind);
        match value {
            Value::Str(text) => self.text(text),
            Value::Int(number) => self.signed(number),
            Value::Float(number) => self.out.extend_from_slice(&number.to_le_bytes()),
            Value::Ip(address) => self.address(address),
            Value::Time(instant) => self.signed(instant.0),
            Value::Bool(_) | Value::Null => {}
        }
    }
}

/// Where `part` lies within `whole`, if it is borrowed from it.
pub(crate) fn place_in(whole: &[u8], part: &[u8]) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let inside = !part.is_empty() && offset.checked_add(part.len())? <= whole.len();
    inside.then_some(offset)
}

/// Reads a record; `None` when it is not one.
pub(crate) fn read(bytes: &[u8]) -> Option<Hit> {
    let mut reader = Reader { rest: bytes, raw: &[] };
    if reader.byte()? != VERSION {
        return None;
    }
    let id = EventId(reader.number()?);
    let received = Timestamp(reader.signed()?);
    let time = Timestamp(reader.signed()?);
    let client = ClientId(reader.small()?);
    let source = SourceId(reader.small()?);
    let ci = reader.small()?.checked_sub(1).map(CiId);
    let provider = reader.small()?.checked_sub(1).map(ProviderId);
    let status = status_of(reader.byte()?)?;
    let transport = transport_of(reader.byte()?)?;
    let peer = reader.address()?;
    let source_type = reader.text()?;
    let length = reader.length()?;
    reader.raw = reader.take(length)?;
    let message = reader.text()?;
    let fields =
        (0..reader.length()?).map(|_| Some((reader.text()?, reader.value()?))).collect::<Option<_>>()?;
    let defects =
        (0..reader.length()?).map(|_| Some((reader.text()?, reader.small()?))).collect::<Option<_>>()?;
    let raw = reader.raw.to_vec();
    Some(Hit {
        id,
        client,
        source,
        transport,
        peer,
        ci,
        provider,
        time,
        received,
        status,
        source_type,
        message,
        raw,
        fields,
        defects,
    })
}

struct Reader<'a> {
    rest: &'a [u8],
    raw: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// A length or count; more than there are bytes left is damage and must not become an allocation.
    fn length(&mut self) -> Option<usize> {
        let number = usize::try_from(self.number()?).ok()?;
        (number <= self.rest.len()).then_some(number)
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn text(&mut self) -> Option<String> {
        let number = self.number()?;
        let length = usize::try_from(number >> 1).ok()?;
        let bytes = if number & 1 == 1 {
            let offset = usize::try_from(self.number()?).ok()?;
            self.raw.get(offset..offset.checked_add(length)?)?
        } else {
            self.take(length)?
        };
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }

    fn address(&mut self) -> Option<Option<IpAddr>> {
        Some(match self.byte()? {
            0 => None,
            4 => Some(IpAddr::from(<[u8; 4]>::try_from(self.take(4)?).ok()?)),
            16 => Some(IpAddr::from(<[u8; 16]>::try_from(self.take(16)?).ok()?)),
            _ => return None,
        })
    }

    fn value(&mut self) -> Option<FieldValue> {
        Some(match self.byte()? {
            STR => FieldValue::Str(self.text()?),
            INT => FieldValue::Int(self.signed()?),
            FLOAT => FieldValue::Float(f64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            FALSE => FieldValue::Bool(false),
            TRUE => FieldValue::Bool(true),
            IP => FieldValue::Ip(self.address()??),
            TIME => FieldValue::Time(Timestamp(self.signed()?)),
            NULL => FieldValue::Null,
            _ => return None,
        })
    }
}

fn status_code(status: ParseStatus) -> u8 {
    match status {
        ParseStatus::Parsed => 0,
        ParseStatus::Partial => 1,
        ParseStatus::Raw => 2,
    }
}

fn status_of(code: u8) -> Option<ParseStatus> {
    [ParseStatus::Parsed, ParseStatus::Partial, ParseStatus::Raw].get(usize::from(code)).copied()
}

/// Version 1 counts them from 0.
fn transport_code(transport: Transport) -> u8 {
    transport.code() - 1
}

fn transport_of(code: u8) -> Option<Transport> {
    Transport::of_code(code.checked_add(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Defect, DefectKind, Field, FieldTable, Origin, known};
    use proptest::prelude::*;

    #[test]
    fn nothing_is_lost() {
        let table = FieldTable::new();
        let raw = b"<13>host app: user jan from 10.0.0.1 \xff".to_vec();
        let text = std::str::from_utf8(&raw[4..30]).expect("ascii");
        let fields = [
            Field { id: known::USER_NAME, value: Value::Str(&text[15..18]) },
            Field { id: known::EVENT_ACTION, value: Value::Str("decoded") },
            Field { id: known::EVENT_ACTION, value: Value::Str("") },
            Field { id: known::SOURCE_IP, value: Value::Ip([10, 0, 0, 1].into()) },
            Field { id: known::HOST_IP, value: Value::Ip("fe80::1".parse().expect("an address")) },
            Field { id: known::SOURCE_PORT, value: Value::Int(i64::MIN) },
            Field { id: known::EVENT_RISK_SCORE, value: Value::Float(-1.5) },
            Field { id: known::TAGS, value: Value::Bool(true) },
            Field { id: known::LABELS, value: Value::Null },
            Field { id: known::EVENT_START, value: Value::Time(Timestamp(-1)) },
        ];
        let event = Event {
            id: EventId(u64::MAX),
            raw: &raw,
            received: Timestamp(i64::MAX),
            origin: Origin {
                client: ClientId(3),
                source: SourceId(u32::MAX),
                transport: Transport::Tls,
                peer: Some("192.0.2.1".parse().expect("an address")),
            },
            time: Timestamp(i64::MIN),
            status: ParseStatus::Partial,
            source_type: "rfc3164",
            message: text,
            fields: &fields,
            defects: &[Defect { kind: DefectKind::NotUtf8, offset: 37 }],
            ci: Some(CiId(9)),
            provider: None,
        };
        let mut bytes = Vec::new();
        write(&event, &table.names(), &mut bytes);
        let hit = read(&bytes).expect("own record");
        assert_eq!((hit.id, hit.received, hit.time), (event.id, event.received, event.time));
        assert_eq!((hit.client, hit.source, hit.transport, hit.peer), {
            let origin = event.origin;
            (origin.client, origin.source, origin.transport, origin.peer)
        });
        assert_eq!((hit.status, hit.ci, hit.provider), (event.status, event.ci, event.provider));
        assert_eq!((hit.raw.as_slice(), hit.message.as_str()), (event.raw, event.message));
        let want: Vec<(String, FieldValue)> =
            fields.iter().map(|field| (table.name(field.id).to_owned(), field.value.into())).collect();
        assert_eq!(hit.fields, want);
        assert_eq!(hit.defects, [("not_utf8".to_owned(), 37)]);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), None, "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn damage_is_not_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            let _ = read(&bytes);
        }
    }
}
