//! An event in the making: fields and defects collected in the batch's arena.

use crate::time::Clock;
use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use event::{Defect, DefectKind, Field, FieldId, ParseStatus, Timestamp, Value};

/// At most this many fields an event; the rest is only in the raw bytes (`too_many_fields`).
pub(crate) const FIELDS_MAX: usize = 1024;

/// At most this many defects an event: the first ones tell enough.
const DEFECTS_MAX: usize = 16;

/// Most events have fewer fields than this, so their list never moves.
const FIELDS_USUAL: usize = 64;

/// One bit for each remainder of a field's id: a clear bit says that the field is not there, without looking.
const PRESENT_WORDS: usize = 16;

#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) arena: &'a Bump,
    /// The whole line as text.
    pub(crate) text: &'a str,
    fields: BumpVec<'a, Field<'a>>,
    present: [u64; PRESENT_WORDS],
    pub(crate) defects: BumpVec<'a, Defect>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) message: &'a str,
    pub(crate) source_type: &'static str,
    pub(crate) status: ParseStatus,
}

impl<'a> Draft<'a> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is big, and copied at once if it is not made in its place")]
    pub(crate) fn new(arena: &'a Bump, text: &'a str) -> Draft<'a> {
        Draft {
            arena,
            text,
            fields: BumpVec::with_capacity_in(FIELDS_USUAL, arena),
            present: [0; PRESENT_WORDS],
            defects: BumpVec::new_in(arena),
            time: None,
            message: text,
            source_type: "raw",
            status: ParseStatus::Raw,
        }
    }

    #[inline]
    pub(crate) fn put(&mut self, id: FieldId, value: Value<'a>) {
        if self.fields.len() < FIELDS_MAX {
            let (word, bit) = place(id);
            self.present[word] |= bit;
            self.fields.push(Field { id, value });
        } else {
            self.defect(DefectKind::TooManyFields, self.text);
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: FieldId) -> Option<Value<'a>> {
        let (word, bit) = place(id);
        if self.present[word] & bit == 0 {
            return None;
        }
        self.fields.iter().find(|field| field.id == id).map(|field| field.value)
    }

    /// All values of a field, in the order in which they came.
    pub(crate) fn all(&self, id: FieldId) -> impl Iterator<Item = Value<'a>> {
        let (word, bit) = place(id);
        let fields = if self.present[word] & bit == 0 { &[] } else { self.fields.as_slice() };
        fields.iter().filter(move |field| field.id == id).map(|field| field.value)
    }

    /// How many fields there are so far.
    pub(crate) fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// The fields and defects as the event keeps them; the draft has none any more.
    #[inline]
    pub(crate) fn take_parts(&mut self) -> (&'a [Field<'a>], &'a [Defect]) {
        let fields = std::mem::replace(&mut self.fields, BumpVec::new_in(self.arena));
        let defects = std::mem::replace(&mut self.defects, BumpVec::new_in(self.arena));
        (fields.into_bump_slice(), defects.into_bump_slice())
    }

    /// Notes what was wrong with `part`, a part of the line; a kind is noted once.
    pub(crate) fn defect(&mut self, kind: DefectKind, part: &str) {
        // Text that was copied (replaced bytes, escapes) lies elsewhere in memory: its defect is the whole line's.
        let offset = (part.as_ptr() as usize)
            .checked_sub(self.text.as_ptr() as usize)
            .filter(|offset| *offset <= self.text.len());
        self.defect_at(kind, offset.unwrap_or(0));
    }

    pub(crate) fn defect_at(&mut self, kind: DefectKind, offset: usize) {
        let known = self.defects.iter().any(|defect| defect.kind == kind);
        if !known && self.defects.len() < DEFECTS_MAX {
            self.defects.push(Defect { kind, offset: offset.min(u32::MAX as usize) as u32 });
        }
    }

    /// Sets the time from text; a time that cannot be read is a defect.
    pub(crate) fn set_time(&mut self, text: &'a str, clock: &Clock<'_>) {
        match clock.read_all(text) {
            Some(time) => self.time = Some(time),
            None => self.defect(DefectKind::BadTime, text),
        }
    }
}

#[inline]
fn place(id: FieldId) -> (usize, u64) {
    let remainder = id.index() % (PRESENT_WORDS * 64);
    (remainder / 64, 1 << (remainder % 64))
}
