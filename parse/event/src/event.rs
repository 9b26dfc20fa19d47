//! An event: a frame, understood.

use crate::{CiId, EventId, FieldId, Origin, ProviderId, Timestamp, Value};

/// How far the parser got (D2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParseStatus {
    /// A source type of the catalogue took the whole line.
    Parsed,
    /// An envelope or a generic format was understood, the content was not.
    Partial,
    /// Nothing was understood; the line is kept as it is.
    Raw,
}

impl ParseStatus {
    /// The name in `sperwer.parse.status`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ParseStatus::Parsed => "parsed",
            ParseStatus::Partial => "partial",
            ParseStatus::Raw => "raw",
        }
    }
}

/// What was wrong with a line that was kept all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DefectKind {
    /// A time that could not be read; the time of receipt stands in.
    BadTime,
    /// Bytes that are not UTF-8; read as Windows-1252 or replaced in the text, kept in the raw bytes.
    NotUtf8,
    /// The frame was cut at the frame limit.
    Truncated,
    /// JSON nested deeper than the limit; the inner part is kept as text.
    TooDeep,
    /// More fields than the limit; the rest is only in the raw bytes.
    TooManyFields,
    /// No more field names could be remembered; the field is only in the raw bytes.
    TooManyNames,
    /// A part that breaks its format's grammar.
    Malformed,
    /// A value that does not fit its field's type; kept as text.
    WrongType,
}

impl DefectKind {
    /// The name in `sperwer.parse.defects`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DefectKind::BadTime => "bad_time",
            DefectKind::NotUtf8 => "not_utf8",
            DefectKind::Truncated => "truncated",
            DefectKind::TooDeep => "too_deep",
            DefectKind::TooManyFields => "too_many_fields",
            DefectKind::TooManyNames => "too_many_names",
            DefectKind::Malformed => "malformed",
            DefectKind::WrongType => "wrong_type",
        }
    }
}

/// One thing that was wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What.
    pub kind: DefectKind,
    /// Byte offset into [`Event::raw`].
    pub offset: u32,
}

/// One field of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    /// Its name, interned in the [`crate::FieldTable`] that the parser was given.
    pub id: FieldId,
    /// Its value.
    pub value: Value<'a>,
}

/// A frame, understood. Everything it holds borrows from the frame's bytes, the batch's arena or the catalogue, so an
/// event costs no allocation of its own.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Its place in the journal.
    pub id: EventId,
    /// The payload octets as received.
    pub raw: &'a [u8],
    /// When it was received.
    pub received: Timestamp,
    /// Who sent it.
    pub origin: Origin,
    /// When it happened by its sender's word; the time of receipt where the line gives none.
    pub time: Timestamp,
    /// How far the parser got.
    pub status: ParseStatus,
    /// The source type of the catalogue (`linux-sshd`, `cisco-asa`, …), or the name of the format when no source
    /// type took the line (`rfc5424`, `json`, …), or `raw`.
    pub source_type: &'a str,
    /// The text a person reads first: the message without its envelope.
    pub message: &'a str,
    /// Fields in the order of the line, normalised names and native ones side by side. A list is the same field
    /// several times.
    pub fields: &'a [Field<'a>],
    /// What was wrong.
    pub defects: &'a [Defect],
    /// The CI that the event is about (D3.3); set after parsing.
    pub ci: Option<CiId>,
    /// The provider that operates that CI; set after parsing.
    pub provider: Option<ProviderId>,
}

impl<'a> Event<'a> {
    /// The first value of a field. Linear in the number of fields, which for events of a few dozen beats hashing.
    #[must_use]
    pub fn get(&self, id: FieldId) -> Option<Value<'a>> {
        self.fields.iter().find(|field| field.id == id).map(|field| field.value)
    }

    /// Every value of a field, in order.
    pub fn all(&self, id: FieldId) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.fields.iter().filter(move |field| field.id == id).map(|field| field.value)
    }

    /// The first value of a field, if it is text.
    #[must_use]
    pub fn text(&self, id: FieldId) -> Option<&'a str> {
        self.get(id).and_then(|value| value.as_str())
    }
}
