//! Witnesses: for each rule, a set of atoms of which one is true whenever the rule is. An event in which none of them
//! is true cannot match the rule, so only the witnesses are looked for in every event.
//!
//! Of all the sets that would do, the one that is likely to be true least often is the best; how often is estimated
//! from the kind and length of the atoms.

use crate::engine::atom::{Atom, AtomId, Check};
use crate::engine::column::ColumnId;
use crate::engine::program::Tree;
use crate::rule::{Piece, fold};
use regex_syntax::hir::{Class, Hir, HirKind};

/// One of `atoms` is true, or one of `present` has a value, whenever the rule is true.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Witness {
    pub(crate) atoms: Vec<AtomId>,
    pub(crate) present: Vec<ColumnId>,
    weight: f32,
}

/// The atoms of a rule set while it is compiled: asking for a hint may add one.
pub(crate) trait Atoms {
    fn get(&self, id: AtomId) -> &Atom;
    fn intern(&mut self, atom: Atom) -> AtomId;
    /// How many rules use it.
    fn uses(&self, id: AtomId) -> u32;
}

/// The best witness of a tree; `None` when the rule can be true of an event that has nothing at all.
pub(crate) fn witness(tree: &Tree, atoms: &mut impl Atoms) -> Option<Witness> {
    search(tree, true, atoms)
}

/// `wanted` is the truth that the tree must have: below a `not` it is false, and `and` and `or` change places.
fn search(tree: &Tree, wanted: bool, atoms: &mut impl Atoms) -> Option<Witness> {
    match (tree, wanted) {
        (Tree::Atom(atom), true) => of_atom(*atom, atoms),
        (Tree::Atom(_), false) => None,
        (Tree::Not(inner), wanted) => search(inner, !wanted, atoms),
        (Tree::And(parts), true) | (Tree::Or(parts), false) => {
            let found = parts.iter().filter_map(|part| search(part, wanted, atoms));
            found.min_by(|left, right| left.weight.total_cmp(&right.weight))
        }
        (Tree::Or(parts), true) | (Tree::And(parts), false) => {
            let mut all = Witness::default();
            for part in parts {
                let part = search(part, wanted, atoms)?;
                all.atoms.extend(part.atoms);
                all.present.extend(part.present);
                all.weight += part.weight;
            }
            Some(all)
        }
    }
}

fn of_atom(id: AtomId, atoms: &mut impl Atoms) -> Option<Witness> {
    let atom = atoms.get(id);
    let column = atom.column;
    let hints: Option<Vec<String>> = match &atom.check {
        Check::Null => return None,
        Check::Equals(text) | Check::Starts(text) | Check::Ends(text) if atom.cased => {
            Some(vec![text.to_string()])
        }
        Check::Contains(finder) if atom.cased => {
            Some(vec![String::from_utf8_lossy(finder.needle()).into_owned()])
        }
        Check::Equals(_) | Check::Starts(_) | Check::Ends(_) | Check::Contains(_) => {
            let weight = weight(atom, atoms.uses(id));
            return Some(Witness { atoms: vec![id], present: Vec::new(), weight });
        }
        Check::Glob(pieces) => longest(pieces).map(|text| vec![text]),
        Check::Regex(regex) => regex_hints(regex.as_str()),
        _ => None,
    };
    match hints {
        Some(hints) if hints.iter().all(|hint| !hint.is_empty()) => Some(of_hints(column, &hints, atoms)),
        _ => Some(Witness { atoms: Vec::new(), present: vec![column], weight: 10.0 }),
    }
}

fn of_hints(column: ColumnId, hints: &[String], atoms: &mut impl Atoms) -> Witness {
    let mut all = Witness::default();
    for hint in hints {
        let id = atoms.intern(Atom::hint(column, hint));
        all.weight += weight(atoms.get(id), 1);
        all.atoms.push(id);
    }
    all
}

/// How often the atom is true of an event that has the column, roughly. What many rules look for is what happens
/// often on every machine (`powershell.exe`), so more uses weigh more.
fn weight(atom: &Atom, uses: u32) -> f32 {
    let (length, kind) = match &atom.check {
        Check::Equals(text) => (text.len(), 4.0),
        Check::Starts(text) => (text.len(), 2.0),
        Check::Ends(text) => (text.len(), 1.0),
        Check::Contains(finder) => (finder.needle().len(), 1.0),
        _ => (1, 1.0),
    };
    // Short equal values are codes and flags (`1`, `true`, `High`), which are true all the time; a long one is a name.
    let by_length = match length {
        0..=2 => 0.5,
        3 => 0.2,
        4 => 0.1,
        5..=6 => 0.03,
        7..=9 => 0.01,
        10..=15 => 0.005,
        _ => 0.002,
    };
    let kind = if length <= 6 { kind } else { 1.0 };
    by_length * kind * (uses as f32).sqrt()
}

fn longest(pieces: &[Piece]) -> Option<String> {
    let literals = pieces.iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text.clone()),
        _ => None,
    });
    literals.max_by_key(String::len)
}

/// More alternatives than this are not worth looking for one by one.
const REGEX_HINTS_MAX: usize = 32;

/// Texts of which one is in every text that the expression finds something in, without regard to case.
fn regex_hints(expression: &str) -> Option<Vec<String>> {
    let hir = regex_syntax::Parser::new().parse(expression).ok()?;
    let hints = required(&hir)?;
    (hints.len() <= REGEX_HINTS_MAX && hints.iter().all(|hint| hint.len() >= 2)).then_some(hints)
}

fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Class(class) => one_letter(class).map(|letter| vec![letter.to_string()]),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min >= 1 => required(&repetition.sub),
        HirKind::Alternation(parts) => {
            let parts = parts.iter().map(required).collect::<Option<Vec<_>>>()?;
            Some(parts.concat())
        }
        HirKind::Concat(parts) => best_of_concat(parts),
        _ => None,
    }
}

/// Runs of plain letters are joined, and compared with what the other parts require: the longest wins.
fn best_of_concat(parts: &[Hir]) -> Option<Vec<String>> {
    let mut candidates = Vec::new();
    let mut run = String::new();
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => run.push_str(std::str::from_utf8(&literal.0).ok()?),
            HirKind::Class(class) if one_letter(class).is_some() => run.extend(one_letter(class)),
            _ => {
                candidates.push(vec![std::mem::take(&mut run)]);
                candidates.extend(required(part));
            }
        }
    }
    candidates.push(vec![run]);
    let shortest = |hints: &Vec<String>| hints.iter().map(String::len).min().unwrap_or(0);
    candidates.into_iter().max_by_key(shortest)
}

/// The letter of a class whose members differ only in case, such as `[Aa]`.
fn one_letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let letters = class.ranges().iter().flat_map(|range| range.start()..=range.end()).take(4);
    let mut folded = letters.map(|letter| fold(letter.encode_utf8(&mut [0; 4])));
    let first = folded.next()?;
    folded.all(|other| other == first).then(|| first.chars().next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regexes_give_their_literals() {
        for (expression, hints) in [
            (r"\s-[^-\s]{0,20}i", None),
            (r"foo.*barbaz\d+", Some(vec!["barbaz"])),
            (r"(alpha|bravo)\s+x", Some(vec!["alpha", "bravo"])),
            (r"(?i)Invoke-(Obf|Mimi)", Some(vec!["invoke-"])),
            (r"a?b*", None),
            (r"(abc)+", Some(vec!["abc"])),
        ] {
            let hints: Option<Vec<String>> =
                hints.map(|hints: Vec<&str>| hints.into_iter().map(str::to_owned).collect());
            assert_eq!(regex_hints(expression), hints, "{expression}");
        }
    }
}
