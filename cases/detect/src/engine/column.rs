//! Columns: what a rule calls one field, an event may carry under one of several names.

use crate::rule::LogSource;
use crate::taxonomy::Taxonomy;
use event::{FieldId, FieldTable};
use std::collections::HashMap;

/// The place of a column in [`Columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ColumnId(pub(crate) u32);

impl ColumnId {
    /// Where keywords are looked for: every value of the event, and its text.
    pub(crate) const WHOLE_EVENT: ColumnId = ColumnId(0);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A field's part in a column: the values of the field with the lowest rank that the event has are the column's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) column: ColumnId,
    pub(crate) rank: u32,
}

/// Every column of a rule set.
#[derive(Debug)]
pub(crate) struct Columns {
    // The names that the rules use, for messages; the first is the whole event.
    names: Vec<String>,
    by_fields: HashMap<Vec<FieldId>, ColumnId>,
    // by_field[id.index()] are the columns that the field is a part of. Fields that are interned later have none.
    by_field: Vec<Vec<Part>>,
}

impl Columns {
    pub(crate) fn new() -> Columns {
        Columns { names: vec![String::new()], by_fields: HashMap::new(), by_field: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// What rules call the column; empty for the whole event.
    pub(crate) fn name(&self, column: ColumnId) -> &str {
        &self.names[column.index()]
    }

    pub(crate) fn parts(&self, field: FieldId) -> &[Part] {
        self.by_field.get(field.index()).map_or(&[], Vec::as_slice)
    }

    /// The column of a rule's field; `None` when the table of names is full.
    pub(crate) fn intern(
        &mut self,
        taxonomy: &Taxonomy,
        table: &FieldTable,
        source: &LogSource,
        field: &str,
    ) -> Option<ColumnId> {
        let names = taxonomy.names(source, field);
        let fields = names.iter().map(|name| table.intern(name)).collect::<Option<Vec<_>>>()?;
        if let Some(column) = self.by_fields.get(&fields) {
            return Some(*column);
        }
        let column = ColumnId(self.names.len() as u32);
        self.names.push(field.to_owned());
        for (rank, id) in fields.iter().enumerate() {
            if self.by_field.len() <= id.index() {
                self.by_field.resize_with(id.index() + 1, Vec::new);
            }
            self.by_field[id.index()].push(Part { column, rank: rank as u32 });
        }
        self.by_fields.insert(fields, column);
        Some(column)
    }
}
