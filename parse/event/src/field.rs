//! Field names, interned: a name is a small number everywhere but at the edges.

use crate::known;
use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// At most this many distinct names in one process, so that a sender cannot fill the memory with invented ones. What
/// comes after is a defect on the event ([`crate::DefectKind::TooManyNames`]) and stays findable in the raw text.
pub const FIELD_NAMES_MAX: usize = 65_536;

/// A longer name is treated as one name too many.
pub const FIELD_NAME_BYTES_MAX: usize = 256;

/// An interned field name. The well-known ones are constants in [`known`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub(crate) u32);

impl FieldId {
    /// The id as an index into a table of per-field things; below [`FIELD_NAMES_MAX`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match known::FIELDS.get(self.index()) {
            Some((name, _)) => write!(f, "FieldId({name})"),
            None => write!(f, "FieldId({})", self.0),
        }
    }
}

/// What a field's values are, by the schema. Vendor fields are [`FieldKind::Keyword`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text compared as a whole.
    Keyword,
    /// Text searched by its words.
    Text,
    /// A whole number.
    Long,
    /// A number with a fraction.
    Double,
    /// True or false.
    Boolean,
    /// An IPv4 or IPv6 address.
    Ip,
    /// An instant.
    Date,
}

/// The names of one process. Shared by the parser (which adds), the detector and the index (which ask).
///
/// Names are kept until the process ends: at most [`FIELD_NAMES_MAX`] × [`FIELD_NAME_BYTES_MAX`] = 16 MiB.
#[derive(Debug)]
pub struct FieldTable {
    names: RwLock<Names>,
}

#[derive(Debug)]
struct Names {
    by_name: HashMap<&'static str, FieldId>,
    // names.len() <= FIELD_NAMES_MAX; the first known::FIELDS.len() are the well-known ones, in their order.
    names: Vec<&'static str>,
}

impl FieldTable {
    /// A table that holds the well-known names.
    #[must_use]
    pub fn new() -> FieldTable {
        let names: Vec<&'static str> = known::FIELDS.iter().map(|(name, _)| *name).collect();
        let by_name = names.iter().enumerate().map(|(at, name)| (*name, FieldId(at as u32))).collect();
        FieldTable { names: RwLock::new(Names { by_name, names }) }
    }

    /// The id of a name, if anybody has used it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<FieldId> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).copied()
    }

    /// The id of a name, new or not; `None` when it is too long or one too many.
    #[must_use]
    pub fn intern(&self, name: &str) -> Option<FieldId> {
        if let Some(id) = self.find(name) {
            return Some(id);
        }
        let mut inner = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = inner.by_name.get(name) {
            return Some(*id);
        }
        if inner.names.len() >= FIELD_NAMES_MAX || name.len() > FIELD_NAME_BYTES_MAX {
            return None;
        }
        let name: &'static str = Box::leak(name.into());
        let id = FieldId(inner.names.len() as u32);
        inner.names.push(name);
        inner.by_name.insert(name, id);
        Some(id)
    }

    /// The name of an id of this table.
    ///
    /// # Panics
    /// When the id comes from another table and this one has no such id.
    #[must_use]
    pub fn name(&self, id: FieldId) -> &'static str {
        self.names.read().unwrap_or_else(PoisonError::into_inner).names[id.index()]
    }

    /// The names, held for a moment: one lock for many lookups. Nobody can add a name meanwhile, so keep it short.
    #[must_use]
    pub fn names(&self) -> FieldNames<'_> {
        FieldNames { names: self.names.read().unwrap_or_else(PoisonError::into_inner) }
    }

    /// What the field's values are, by the schema.
    #[must_use]
    pub fn kind(&self, id: FieldId) -> FieldKind {
        known::FIELDS.get(id.index()).map_or(FieldKind::Keyword, |(_, kind)| *kind)
    }

    /// How many names there are; ids are below it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.read().unwrap_or_else(PoisonError::into_inner).names.len()
    }

    /// Never: the well-known names are always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The names of a [`FieldTable`], locked against additions.
#[derive(Debug)]
pub struct FieldNames<'t> {
    names: RwLockReadGuard<'t, Names>,
}

impl FieldNames<'_> {
    /// The name of an id of this table.
    ///
    /// # Panics
    /// When the id comes from another table and this one has no such id.
    #[must_use]
    pub fn name(&self, id: FieldId) -> &'static str {
        self.names.names[id.index()]
    }
}

impl Default for FieldTable {
    fn default() -> FieldTable {
        FieldTable::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_names_are_there_and_new_ones_stay() {
        let table = FieldTable::new();
        assert_eq!(table.find("source.ip"), Some(known::SOURCE_IP));
        assert_eq!(table.kind(known::SOURCE_IP), FieldKind::Ip);
        assert_eq!(table.find("acme.widget"), None);
        let id = table.intern("acme.widget").expect("the table is nearly empty");
        assert_eq!(table.intern("acme.widget"), Some(id));
        assert_eq!(table.name(id), "acme.widget");
        assert_eq!(table.kind(id), FieldKind::Keyword);
    }

    #[test]
    fn the_table_has_an_end() {
        let table = FieldTable::new();
        assert_eq!(table.intern(&"x".repeat(FIELD_NAME_BYTES_MAX + 1)), None);
        let mut refused = 0;
        for number in 0..FIELD_NAMES_MAX {
            refused += usize::from(table.intern(&format!("n{number}")).is_none());
        }
        assert_eq!(table.len(), FIELD_NAMES_MAX);
        assert_eq!(refused, known::FIELDS.len());
    }
}
