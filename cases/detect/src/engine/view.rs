//! One event, seen by columns. Everything it needs is kept and reused, so a look costs no allocation once the buffers
//! have grown to the size of the events.

use crate::engine::atom::{Atom, Check};
use crate::engine::column::{ColumnId, Columns};
use crate::rule::Part;
use event::{Event, Value};
use std::fmt::Write as _;

/// No value.
const NONE: u32 = u32::MAX;

/// The values of one event by column. A value is a slot: the place of a field in the event, or one of the two after
/// the last, which are the event's message and its raw line.
#[derive(Debug, Default)]
pub(crate) struct View {
    // Whatever has another epoch belongs to an earlier event.
    epoch: u32,
    heads: Vec<Head>,
    links: Vec<Link>,
    slots: Vec<Slot>,
    // Texts of values that are not text, and folded texts; ranges of it are in the slots.
    scratch: String,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    epoch: u32,
    rank: u32,
    first: u32,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    slot: u32,
    next: u32,
}

/// Where the text of a value is: ranges of the scratch text; start [`NONE`] means not there (yet).
#[derive(Clone, Copy, Debug)]
struct Slot {
    text: (u32, u32),
    folded: (u32, u32),
}

const UNKNOWN: Slot = Slot { text: (NONE, 0), folded: (NONE, 0) };

impl View {
    pub(crate) fn new(columns: usize) -> View {
        View { heads: vec![Head { epoch: 0, rank: 0, first: NONE }; columns], ..View::default() }
    }

    /// Turns to an event. `whole` tells whether keywords will be looked for.
    pub(crate) fn turn_to(&mut self, columns: &Columns, event: &Event<'_>, whole: bool) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.heads.iter_mut().for_each(|head| head.epoch = 0);
            self.epoch = 1;
        }
        self.links.clear();
        self.scratch.clear();
        self.slots.clear();
        self.slots.resize(event.fields.len() + 2, UNKNOWN);
        for (slot, field) in event.fields.iter().enumerate() {
            for part in columns.parts(field.id) {
                self.link(part.column, part.rank, slot as u32);
            }
            if whole && !matches!(field.value, Value::Null) {
                self.link(ColumnId::WHOLE_EVENT, 0, slot as u32);
            }
        }
        if whole {
            if !event.message.is_empty() {
                self.link(ColumnId::WHOLE_EVENT, 0, event.fields.len() as u32);
            }
            if raw_text(event).is_some() {
                self.link(ColumnId::WHOLE_EVENT, 0, event.fields.len() as u32 + 1);
            }
        }
    }

    fn link(&mut self, column: ColumnId, rank: u32, slot: u32) {
        let head = &mut self.heads[column.index()];
        let next = if head.epoch != self.epoch || rank < head.rank {
            NONE
        } else if rank == head.rank {
            head.first
        } else {
            return;
        };
        *head = Head { epoch: self.epoch, rank, first: self.links.len() as u32 };
        self.links.push(Link { slot, next });
    }

    /// The first value of a column, as a cursor for [`View::step`].
    pub(crate) fn first(&self, column: ColumnId) -> Option<Cursor> {
        let head = self.heads[column.index()];
        (head.epoch == self.epoch && head.first != NONE).then_some(Cursor(head.first))
    }

    /// The slot under a cursor, and the cursor of the next value.
    pub(crate) fn step(&self, cursor: Cursor) -> (u32, Option<Cursor>) {
        let link = self.links[cursor.0 as usize];
        (link.slot, (link.next != NONE).then_some(Cursor(link.next)))
    }

    /// The value in a slot.
    pub(crate) fn value<'e>(event: &Event<'e>, slot: u32) -> Value<'e> {
        match event.fields.get(slot as usize) {
            Some(field) => field.value,
            None if slot as usize == event.fields.len() => Value::Str(event.message),
            None => Value::Str(raw_text(event).unwrap_or("")),
        }
    }

    /// Makes sure that [`View::text`] can be asked for the slot.
    pub(crate) fn prepare(&mut self, event: &Event<'_>, slot: u32) {
        let value = View::value(event, slot);
        if matches!(value, Value::Str(_)) || self.slots[slot as usize].text.0 != NONE {
            return;
        }
        let start = self.scratch.len();
        let _ = write!(self.scratch, "{value}");
        self.slots[slot as usize].text = (start as u32, (self.scratch.len() - start) as u32);
    }

    /// The text of the value in a slot that is prepared.
    pub(crate) fn text<'v>(&'v self, event: &Event<'v>, slot: u32) -> &'v str {
        match View::value(event, slot) {
            Value::Str(text) => text,
            _ => self.range(self.slots[slot as usize].text),
        }
    }

    /// Makes sure that [`View::folded`] can be asked for the slot.
    pub(crate) fn fold(&mut self, event: &Event<'_>, slot: u32) {
        if self.slots[slot as usize].folded.0 != NONE {
            return;
        }
        self.prepare(event, slot);
        let start = self.scratch.len();
        match View::value(event, slot) {
            Value::Str(text) => fold_onto(text, &mut self.scratch),
            _ => {
                let (from, length) = self.slots[slot as usize].text;
                self.scratch.extend_from_within(from as usize..(from + length) as usize);
                self.scratch[start..].make_ascii_lowercase();
            }
        }
        self.slots[slot as usize].folded = (start as u32, (self.scratch.len() - start) as u32);
    }

    /// The folded text of the value in a slot that is folded.
    pub(crate) fn folded(&self, slot: u32) -> &str {
        self.range(self.slots[slot as usize].folded)
    }

    fn range(&self, (start, length): (u32, u32)) -> &str {
        self.scratch.get(start as usize..(start + length) as usize).unwrap_or("")
    }

    /// Whether an atom is true of the event; `found` is told the slot that made it so, where there is one.
    pub(crate) fn holds(&mut self, event: &Event<'_>, atom: &Atom) -> (bool, Option<u32>) {
        match &atom.check {
            Check::Exists => (self.first(atom.column).is_some(), None),
            Check::Null => (self.is_null(event, atom.column), None),
            Check::SameAs { other, part } => self.same(event, atom, *other, *part),
            _ => {
                let mut cursor = self.first(atom.column);
                while let Some(at) = cursor {
                    let (slot, next) = self.step(at);
                    if self.passes(event, atom, slot) {
                        return (true, Some(slot));
                    }
                    cursor = next;
                }
                (false, None)
            }
        }
    }

    fn passes(&mut self, event: &Event<'_>, atom: &Atom, slot: u32) -> bool {
        let value = View::value(event, slot);
        if matches!(value, Value::Null) {
            return false;
        }
        if atom.wants_folded() {
            self.fold(event, slot);
            return atom.passes(value, self.folded(slot));
        }
        self.prepare(event, slot);
        atom.passes(value, self.text(event, slot))
    }

    fn is_null(&self, event: &Event<'_>, column: ColumnId) -> bool {
        let mut cursor = self.first(column);
        let absent = cursor.is_none();
        while let Some(at) = cursor {
            let (slot, next) = self.step(at);
            if matches!(View::value(event, slot), Value::Null) {
                return true;
            }
            cursor = next;
        }
        absent
    }

    fn same(&mut self, event: &Event<'_>, atom: &Atom, other: ColumnId, part: Part) -> (bool, Option<u32>) {
        let mut left = self.first(atom.column);
        while let Some(at) = left {
            let (one, next) = self.step(at);
            let mut right = self.first(other);
            while let Some(at) = right {
                let (two, next) = self.step(at);
                if self.pair(event, atom.cased, part, one, two) {
                    return (true, Some(one));
                }
                right = next;
            }
            left = next;
        }
        (false, None)
    }

    fn pair(&mut self, event: &Event<'_>, cased: bool, part: Part, one: u32, two: u32) -> bool {
        let null = |slot| matches!(View::value(event, slot), Value::Null);
        if null(one) || null(two) {
            return false;
        }
        self.fold(event, one);
        self.fold(event, two);
        if cased {
            part.holds(self.text(event, one), self.text(event, two))
        } else {
            part.holds(self.folded(one), self.folded(two))
        }
    }
}

/// A place in the list of a column's values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor(u32);

/// The raw line where keywords may be looked for in it: not in JSON, whose escapes would hide them (there, every value
/// is looked at anyway).
fn raw_text<'e>(event: &Event<'e>) -> Option<&'e str> {
    let is_json = event.raw.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_json { None } else { std::str::from_utf8(event.raw).ok() }
}

fn fold_onto(text: &str, scratch: &mut String) {
    if text.is_ascii() {
        let start = scratch.len();
        scratch.push_str(text);
        scratch[start..].make_ascii_lowercase();
    } else {
        scratch.extend(text.chars().flat_map(char::to_lowercase));
    }
}
