//! Routes: for one kind of log source, which rules apply, and under which atoms they are filed.

use crate::engine::atom::{Atom, AtomId, Check};
use crate::engine::column::ColumnId;
use crate::engine::scan::{Place, Scanner};
use crate::engine::witness::Witness;
use std::collections::HashMap;

/// The rules for one kind of log source.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// Columns whose values are looked for in the tables, with the number of the table.
    pub(crate) tables: Vec<Table>,
    // keys[key] is an atom of this route's tables.
    keys: Vec<FiledAtom>,
    // Rules by atom; ranges of it are in `keys`.
    filed: Vec<u32>,
    /// Rules to look at whenever a column has a value.
    pub(crate) present: Vec<(ColumnId, Vec<u32>)>,
    /// Rules to look at for every event.
    pub(crate) always: Vec<u32>,
    // A bit for each atom of the set: looked for by the tables, so that what they did not find is false.
    known: Box<[u64]>,
    /// Whether some rule looks at the event as a whole.
    pub(crate) whole: bool,
}

/// A column's texts.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) column: ColumnId,
    /// Different for every table of the set: values are remembered by it.
    pub(crate) number: u32,
    pub(crate) scanner: Scanner,
}

#[derive(Clone, Copy, Debug)]
struct FiledAtom {
    atom: AtomId,
    rules: (u32, u32),
}

/// A rule that belongs to a route, with its witness (`None`: it may match anything) and whether it looks at the event
/// as a whole.
pub(crate) struct Entry<'w> {
    pub(crate) rule: u32,
    pub(crate) witness: Option<&'w Witness>,
    pub(crate) whole: bool,
}

impl Route {
    /// Files the rules. `tables` counts the tables of the set.
    pub(crate) fn new<'w>(
        entries: impl Iterator<Item = Entry<'w>>,
        atoms: &[Atom],
        tables: &mut u32,
    ) -> Route {
        let mut route = Route::default();
        let mut by_atom: HashMap<AtomId, Vec<u32>> = HashMap::new();
        let mut by_column: HashMap<ColumnId, Vec<u32>> = HashMap::new();
        for entry in entries {
            route.whole |= entry.whole;
            let Some(witness) = entry.witness else {
                route.always.push(entry.rule);
                continue;
            };
            witness.atoms.iter().for_each(|atom| by_atom.entry(*atom).or_default().push(entry.rule));
            witness.present.iter().for_each(|column| by_column.entry(*column).or_default().push(entry.rule));
        }
        route.present = by_column.into_iter().collect();
        route.present.sort_by_key(|(column, _)| *column);
        route.file(by_atom, atoms);
        route.build_tables(atoms, tables);
        route
    }

    fn file(&mut self, by_atom: HashMap<AtomId, Vec<u32>>, atoms: &[Atom]) {
        let mut by_atom: Vec<(AtomId, Vec<u32>)> = by_atom.into_iter().collect();
        by_atom.sort_by_key(|(atom, _)| (atoms[atom.index()].column, *atom));
        let mut known = vec![0_u64; atoms.len().div_ceil(64)];
        for (atom, rules) in by_atom {
            known[atom.index() / 64] |= 1 << (atom.index() % 64);
            let start = self.filed.len() as u32;
            self.filed.extend(&rules);
            self.keys.push(FiledAtom { atom, rules: (start, rules.len() as u32) });
        }
        self.known = known.into();
    }

    fn build_tables(&mut self, atoms: &[Atom], tables: &mut u32) {
        let column_of = |key: &FiledAtom| atoms[key.atom.index()].column;
        let mut first = 0;
        while first < self.keys.len() {
            let column = column_of(&self.keys[first]);
            let end = first + self.keys[first..].partition_point(|key| column_of(key) <= column);
            let texts = (first..end).filter_map(|key| {
                let (place, text) = text_of(&atoms[self.keys[key].atom.index()])?;
                Some((place, text, key as u32))
            });
            self.tables.push(Table { column, number: *tables, scanner: Scanner::new(texts) });
            *tables += 1;
            first = end;
        }
    }

    /// The atom of a key that a table found.
    pub(crate) fn atom(&self, key: u32) -> AtomId {
        self.keys[key as usize].atom
    }

    /// The rules filed under a key that a table found.
    pub(crate) fn rules(&self, key: u32) -> &[u32] {
        let (start, length) = self.keys[key as usize].rules;
        &self.filed[start as usize..(start + length) as usize]
    }

    /// Whether the tables look for this atom.
    pub(crate) fn knows(&self, atom: AtomId) -> bool {
        self.known[atom.index() / 64] >> (atom.index() % 64) & 1 == 1
    }
}

/// The text of an atom that can be filed: witnesses have no others.
fn text_of(atom: &Atom) -> Option<(Place, &[u8])> {
    match &atom.check {
        Check::Equals(text) => Some((Place::Equal, text.as_bytes())),
        Check::Starts(text) => Some((Place::Start, text.as_bytes())),
        Check::Ends(text) => Some((Place::End, text.as_bytes())),
        Check::Contains(finder) => Some((Place::Anywhere, finder.needle())),
        _ => None,
    }
}
