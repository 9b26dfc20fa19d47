//! An event as it was found: everything that was kept of it.

use event::json::is_ours;
use event::{CiId, ClientId, EventId, ParseStatus, ProviderId, SourceId, Timestamp, Transport, Value};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// An owned [`Value`].
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// Text.
    Str(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// An address.
    Ip(IpAddr),
    /// An instant.
    Time(Timestamp),
    /// Present and empty.
    Null,
}

impl From<Value<'_>> for FieldValue {
    fn from(value: Value<'_>) -> FieldValue {
        match value {
            Value::Str(text) => FieldValue::Str(text.to_owned()),
            Value::Int(number) => FieldValue::Int(number),
            Value::Float(number) => FieldValue::Float(number),
            Value::Bool(flag) => FieldValue::Bool(flag),
            Value::Ip(address) => FieldValue::Ip(address),
            Value::Time(instant) => FieldValue::Time(instant),
            Value::Null => FieldValue::Null,
        }
    }
}

impl FieldValue {
    /// The borrowed form.
    #[must_use]
    pub fn as_value(&self) -> Value<'_> {
        match self {
            FieldValue::Str(text) => Value::Str(text),
            FieldValue::Int(number) => Value::Int(*number),
            FieldValue::Float(number) => Value::Float(*number),
            FieldValue::Bool(flag) => Value::Bool(*flag),
            FieldValue::Ip(address) => Value::Ip(*address),
            FieldValue::Time(instant) => Value::Time(*instant),
            FieldValue::Null => Value::Null,
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_value().fmt(f)
    }
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FieldValue::Str(text) => serializer.serialize_str(text),
            FieldValue::Int(number) => serializer.serialize_i64(*number),
            FieldValue::Float(number) => serializer.serialize_f64(*number),
            FieldValue::Bool(flag) => serializer.serialize_bool(*flag),
            FieldValue::Ip(address) => serializer.collect_str(address),
            FieldValue::Time(instant) => serializer.collect_str(instant),
            FieldValue::Null => serializer.serialize_unit(),
        }
    }
}

/// An event that was found. Serialises to one flat JSON object with dotted names, as
/// [`event::json::write_event`] does, plus `sperwer.event_id`, `.received`, `.client`, `.source`, `.ci`, `.provider`.
/// What a sender calls `sperwer.*` is only in `event.original`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: EventId,
    /// The client it belongs to.
    pub client: ClientId,
    /// The source that sent it.
    pub source: SourceId,
    /// How it travelled.
    pub transport: Transport,
    /// The sender's address.
    pub peer: Option<IpAddr>,
    /// The CI it is about.
    pub ci: Option<CiId>,
    /// The provider that operates that CI.
    pub provider: Option<ProviderId>,
    /// When it happened, by its sender's word.
    pub time: Timestamp,
    /// When it was received.
    pub received: Timestamp,
    /// How far the parser got.
    pub status: ParseStatus,
    /// Its source type.
    pub source_type: String,
    /// The text a person reads first.
    pub message: String,
    /// The octets as received.
    pub raw: Vec<u8>,
    /// All fields in the order of the line, names in their own case; a list is the same name several times.
    pub fields: Vec<(String, FieldValue)>,
    /// What was wrong with the line: name of the defect and byte offset into `raw`.
    pub defects: Vec<(String, u32)>,
}

impl Hit {
    /// The first value of a field, by its exact name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The received octets as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn raw_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.raw)
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let value = |value: &FieldValue| match value {
            FieldValue::Str(text) => text.len(),
            _ => size_of::<FieldValue>(),
        };
        let fields: usize = self.fields.iter().map(|(name, own)| name.len() + value(own)).sum();
        size_of::<Hit>() + self.raw.len() + self.message.len() + fields
    }

    fn first_of_name(&self, at: usize) -> bool {
        !self.fields[..at].iter().any(|(name, _)| *name == self.fields[at].0)
    }
}

impl Serialize for Hit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@timestamp", &Text(self.time))?;
        map.serialize_entry("message", &self.message)?;
        for (at, (name, value)) in self.fields.iter().enumerate() {
            if is_ours(name) || !self.first_of_name(at) {
                continue;
            }
            match self.fields[at + 1..].iter().any(|(later, _)| later == name) {
                true => map.serialize_entry(name, &List(self, name))?,
                false => map.serialize_entry(name, value)?,
            }
        }
        map.serialize_entry("event.original", &self.raw_text())?;
        map.serialize_entry("sperwer.event_id", &self.id.0)?;
        map.serialize_entry("sperwer.received", &Text(self.received))?;
        map.serialize_entry("sperwer.client", &self.client.0)?;
        map.serialize_entry("sperwer.source", &self.source.0)?;
        if let Some(ci) = self.ci {
            map.serialize_entry("sperwer.ci", &ci.0)?;
        }
        if let Some(provider) = self.provider {
            map.serialize_entry("sperwer.provider", &provider.0)?;
        }
        map.serialize_entry("sperwer.source_type", &self.source_type)?;
        map.serialize_entry("sperwer.parse.status", self.status.name())?;
        if !self.defects.is_empty() {
            let names: Vec<&str> = self.defects.iter().map(|(name, _)| name.as_str()).collect();
            map.serialize_entry("sperwer.parse.defects", &names)?;
        }
        map.end()
    }
}

struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct List<'a>(&'a Hit, &'a str);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (name, value) in &self.0.fields {
            if name == self.1 {
                list.serialize_element(value)?;
            }
        }
        list.end()
    }
}
