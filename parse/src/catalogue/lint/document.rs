//! An entry's text with the places of its parts.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file as TOML, and where in it things stand.
pub(super) struct Document<'t> {
    text: &'t str,
    pub(super) table: &'t DeTable<'t>,
}

/// The number of the line that holds the byte at `offset`, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

impl<'t> Document<'t> {
    pub(super) fn new(text: &'t str, table: &'t DeTable<'t>) -> Document<'t> {
        Document { text, table }
    }

    /// The line of a key at the top of a file; 1 where it has none.
    pub(super) fn line_of_key(text: &str, key: &str) -> usize {
        let (table, _) = DeTable::parse_recoverable(text);
        Document::new(text, table.get_ref()).line(key)
    }

    pub(super) fn line_at(&self, offset: usize) -> usize {
        line_of(self.text, offset)
    }

    /// The line of a key at the top of the file; 1 where it has none.
    pub(super) fn line(&self, key: &str) -> usize {
        find(self.table, key).map_or(1, |(at, _)| self.line_at(at))
    }

    /// The lines on which the parts of a list of tables start.
    pub(super) fn list_lines(&self, key: &str) -> Vec<usize> {
        let starts = find(self.table, key).and_then(|(_, value)| value.as_array());
        starts.map_or_else(Vec::new, |list| list.iter().map(|part| self.line_at(part.span().start)).collect())
    }
}

/// A key's place and value.
pub(super) fn find<'t>(table: &'t DeTable<'_>, key: &str) -> Option<(usize, &'t DeValue<'t>)> {
    let (key, value) = table.iter().find(|(name, _)| name.get_ref().as_ref() == key)?;
    Some((key.span().start, value.get_ref()))
}

/// The tables of a value: itself, or those in its list.
pub(super) fn tables<'t>(table: &'t DeTable<'_>, key: &str) -> Vec<&'t DeTable<'t>> {
    match find(table, key) {
        Some((_, DeValue::Table(inner))) => vec![inner],
        Some((_, DeValue::Array(list))) => list.iter().filter_map(|part| part.get_ref().as_table()).collect(),
        _ => Vec::new(),
    }
}

/// The texts of a value, itself or in its list, each with its place.
pub(super) fn texts<'t>(value: &'t Spanned<DeValue<'_>>) -> Vec<(usize, &'t str)> {
    let one = |value: &'t Spanned<DeValue<'_>>| Some((value.span().start, value.get_ref().as_str()?));
    match value.get_ref() {
        DeValue::Array(list) => list.iter().filter_map(one).collect(),
        _ => one(value).into_iter().collect(),
    }
}

/// The texts of a key.
pub(super) fn texts_of<'t>(table: &'t DeTable<'_>, key: &str) -> Vec<(usize, &'t str)> {
    let value = table.iter().find(|(name, _)| name.get_ref().as_ref() == key);
    value.map_or_else(Vec::new, |(_, value)| texts(value))
}
