//! An event in the making: fields and defects collected in the batch's arena.

use crate::time::Clock;
use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use event::{Defect, DefectKind, FIELD_NAMES_MAX, Field, FieldId, ParseStatus, Timestamp, Value};

/// At most this many fields an event; the rest is only in the raw bytes (`too_many_fields`).
pub(crate) const FIELDS_MAX: usize = 1024;

/// At most this many defects an event: the first ones tell enough.
const DEFECTS_MAX: usize = 16;

/// Most events have fewer fields than this, so their list never moves.
const FIELDS_USUAL: usize = 64;

/// So many bits hold a field's place in an event.
const PLACE_BITS: u32 = 10;
const _: () = assert!(FIELDS_MAX == 1 << PLACE_BITS);

/// Where each field of the event in hand is, by its id: the event's number and the place in one word each, so that a new
/// number forgets all places at once. 256 KiB, of which a line touches what it puts.
#[derive(Debug)]
pub(crate) struct Places {
    words: Box<[u32; FIELD_NAMES_MAX]>,
    // Above the bits of a place, and never 0 there.
    event: u32,
}

impl Places {
    pub(crate) fn new() -> Places {
        let words = vec![0; FIELD_NAMES_MAX].into_boxed_slice();
        Places { words: words.try_into().expect("it was made that long"), event: 0 }
    }

    /// Forgets all places.
    #[inline]
    fn start(&mut self) {
        self.event = self.event.wrapping_add(1 << PLACE_BITS);
        if self.event == 0 {
            self.start_anew();
        }
    }

    #[cold]
    fn start_anew(&mut self) {
        self.words.fill(0);
        self.event = 1 << PLACE_BITS;
    }

    #[inline]
    fn get(&self, id: FieldId) -> Option<usize> {
        let word = self.words[id.index()] ^ self.event;
        (word < 1 << PLACE_BITS).then_some(word as usize)
    }

    /// Notes a field's place, if it has none yet.
    #[inline]
    fn note(&mut self, id: FieldId, place: usize) {
        let word = &mut self.words[id.index()];
        if (*word ^ self.event) >= 1 << PLACE_BITS {
            *word = self.event | place as u32;
        }
    }
}

#[derive(Debug)]
pub(crate) struct Draft<'p, 'a> {
    pub(crate) arena: &'a Bump,
    /// The whole line as text.
    pub(crate) text: &'a str,
    fields: BumpVec<'a, Field<'a>>,
    places: &'p mut Places,
    pub(crate) defects: BumpVec<'a, Defect>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) message: &'a str,
    pub(crate) source_type: &'static str,
    pub(crate) status: ParseStatus,
}

impl<'p, 'a> Draft<'p, 'a> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is big, and copied at once if it is not made in its place")]
    pub(crate) fn new(arena: &'a Bump, text: &'a str, places: &'p mut Places) -> Draft<'p, 'a> {
        places.start();
        Draft {
            arena,
            text,
            fields: BumpVec::with_capacity_in(FIELDS_USUAL, arena),
            places,
            defects: BumpVec::new_in(arena),
            time: None,
            message: text,
            source_type: "raw",
            status: ParseStatus::Raw,
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "run for every value; what it seldom does is elsewhere")]
    pub(crate) fn put(&mut self, id: FieldId, value: Value<'a>) {
        let place = self.fields.len();
        if place >= FIELDS_MAX {
            return self.too_many_fields();
        }
        self.places.note(id, place);
        self.fields.push(Field { id, value });
    }

    #[cold]
    #[inline(never)]
    fn too_many_fields(&mut self) {
        self.defect(DefectKind::TooManyFields, self.text);
    }

    #[inline]
    pub(crate) fn get(&self, id: FieldId) -> Option<Value<'a>> {
        self.places.get(id).and_then(|place| self.fields.get(place)).map(|field| field.value)
    }

    /// The same where it lies.
    #[inline]
    pub(crate) fn value(&self, id: FieldId) -> Option<&Value<'a>> {
        self.places.get(id).and_then(|place| self.fields.get(place)).map(|field| &field.value)
    }

    /// Whether the field is there.
    #[inline]
    pub(crate) fn has(&self, id: FieldId) -> bool {
        self.places.get(id).is_some()
    }

    /// All values of a field, in the order in which they came.
    pub(crate) fn all(&self, id: FieldId) -> impl Iterator<Item = Value<'a>> {
        let first = self.places.get(id).unwrap_or(self.fields.len());
        self.fields[first..].iter().filter(move |field| field.id == id).map(|field| field.value)
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
    #[cold]
    #[inline(never)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use event::known;

    #[test]
    fn the_first_value_is_found_and_the_next_event_has_none() {
        let (arena, mut places) = (Bump::new(), Places::new());
        // The second of these events is the one whose number begins anew.
        places.event = u32::MAX << PLACE_BITS;
        places.event -= 1 << PLACE_BITS;
        for _ in 0..4 {
            let mut draft = Draft::new(&arena, "", &mut places);
            assert!(!draft.has(known::USER_NAME) && draft.get(known::USER_NAME).is_none());
            draft.put(known::USER_DOMAIN, Value::Null);
            draft.put(known::USER_NAME, Value::Int(1));
            draft.put(known::USER_NAME, Value::Int(2));
            assert_eq!(draft.get(known::USER_NAME), Some(Value::Int(1)));
            assert_eq!(draft.value(known::USER_DOMAIN), Some(&Value::Null));
            assert!(draft.has(known::USER_NAME) && !draft.has(known::SOURCE_IP));
        }
    }

    #[test]
    fn a_full_event_says_so_and_keeps_its_places() {
        let (arena, mut places) = (Bump::new(), Places::new());
        let mut draft = Draft::new(&arena, "", &mut places);
        (0..FIELDS_MAX).for_each(|_| draft.put(known::USER_NAME, Value::Null));
        draft.put(known::SOURCE_IP, Value::Null);
        assert!(!draft.has(known::SOURCE_IP));
        assert_eq!(
            draft.defects.iter().map(|defect| defect.kind).collect::<Vec<_>>(),
            [DefectKind::TooManyFields]
        );
    }
}
