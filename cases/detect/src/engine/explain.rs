//! Why a rule matched: which predicate was true of which field, and where in its value.

use crate::engine::atom::{Atom, Check};
use crate::engine::program::Tree;
use crate::engine::{Detector, RuleIndex, RuleSet};
use crate::rule::Part;
use event::{Event, FieldId};
use std::ops::Range;
use std::sync::Arc;

/// One predicate that made a rule match.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The field as the rule calls it; empty for a keyword.
    pub wanted_field: String,
    /// The field of the event; `None` when the predicate is true of the event's text or of an absent field.
    pub field: Option<FieldId>,
    /// What was looked for, in words.
    pub wanted: String,
    /// The value that passed; empty for an absent field.
    pub value: String,
    /// Which bytes of the value passed; the whole of it where no part can be named.
    pub range: Range<usize>,
}

impl Detector {
    /// Which predicates made the rule match the event, in the order of the rule; empty when it does not match.
    ///
    /// # Panics
    /// When the index comes from another set.
    #[must_use]
    pub fn explain(&mut self, event: &Event<'_>, rule: RuleIndex) -> Vec<Evidence> {
        let rules = Arc::clone(self.rules());
        self.view.turn_to(&rules.columns, event, true);
        let mut evidence = Vec::new();
        if self.collect(&rules, event, &rules.trees[rule.0 as usize], &mut evidence) {
            evidence
        } else {
            Vec::new()
        }
    }

    /// The truth of a tree; true predicates that nothing negates are added.
    fn collect(
        &mut self,
        rules: &RuleSet,
        event: &Event<'_>,
        tree: &Tree,
        found: &mut Vec<Evidence>,
    ) -> bool {
        match tree {
            Tree::Atom(id) => {
                let atom = &rules.atoms[id.index()];
                let (holds, slot) = self.view.holds(event, atom);
                if holds {
                    found.push(self.evidence(rules, event, atom, slot));
                }
                holds
            }
            Tree::Not(inner) => {
                let before = found.len();
                let holds = self.collect(rules, event, inner, found);
                found.truncate(before);
                !holds
            }
            Tree::And(parts) => parts.iter().all(|part| self.collect(rules, event, part, found)),
            Tree::Or(parts) => parts.iter().any(|part| {
                let before = found.len();
                let holds = self.collect(rules, event, part, found);
                if !holds {
                    found.truncate(before);
                }
                holds
            }),
        }
    }

    fn evidence(&mut self, rules: &RuleSet, event: &Event<'_>, atom: &Atom, slot: Option<u32>) -> Evidence {
        let wanted_field = rules.columns.name(atom.column).to_owned();
        let wanted = describe(rules, atom);
        let slot = slot.or_else(|| self.view.first(atom.column).map(|cursor| self.view.step(cursor).0));
        let Some(slot) = slot else {
            return Evidence { wanted_field, field: None, wanted, value: String::new(), range: 0..0 };
        };
        self.view.fold(event, slot);
        let value = self.view.text(event, slot).to_owned();
        let range = range(atom, &value, self.view.folded(slot));
        let field = event.fields.get(slot as usize).map(|field| field.id);
        Evidence { wanted_field, field, wanted, value, range }
    }
}

fn range(atom: &Atom, value: &str, folded: &str) -> Range<usize> {
    let searched = if atom.cased { value } else { folded };
    let found = match &atom.check {
        Check::Starts(text) => 0..text.len(),
        Check::Ends(text) => searched.len() - text.len()..searched.len(),
        Check::Contains(finder) => match finder.find(searched.as_bytes()) {
            Some(start) => start..start + finder.needle().len(),
            None => 0..searched.len(),
        },
        Check::Regex(regex) => regex.find(value).map_or(0..value.len(), |found| found.range()),
        _ => 0..searched.len(),
    };
    if atom.cased { found } else { unfolded(value, found) }
}

/// The range of `value` whose folded form is at `range`. The two differ where the lower case of a letter is longer or
/// shorter than the letter.
fn unfolded(value: &str, range: Range<usize>) -> Range<usize> {
    if value.is_ascii() {
        return range;
    }
    let mut folded = 0;
    let mut start = value.len();
    for (at, character) in value.char_indices() {
        if folded >= range.end {
            return start.min(at)..at;
        }
        let length: usize = character.to_lowercase().map(char::len_utf8).sum();
        if folded + length > range.start {
            start = start.min(at);
        }
        folded += length;
    }
    start..value.len()
}

fn describe(rules: &RuleSet, atom: &Atom) -> String {
    let cased = if atom.cased && !matches!(atom.check, Check::Regex(_)) { " (case counts)" } else { "" };
    let text = match &atom.check {
        Check::Equals(text) => format!("equals `{text}`"),
        Check::Starts(text) => format!("starts with `{text}`"),
        Check::Ends(text) => format!("ends with `{text}`"),
        Check::Contains(finder) => format!("contains `{}`", String::from_utf8_lossy(finder.needle())),
        Check::Glob(pieces) => format!("fits `{}`", crate::rule::show_pieces(pieces)),
        Check::Anything => "has any value".into(),
        Check::Regex(regex) => format!("matches /{regex}/"),
        Check::Network(network) => format!("is in {network}"),
        Check::Number(comparison, number) => format!("is {} {number}", comparison.sign()),
        Check::Null => "is null or absent".into(),
        Check::Exists => "exists".into(),
        Check::SameAs { other, part } => {
            format!("{} the field `{}`", verb(*part), rules.columns.name(*other))
        }
    };
    text + cased
}

fn verb(part: Part) -> &'static str {
    match part {
        Part::Whole => "equals",
        Part::Start => "starts with",
        Part::End => "ends with",
        Part::Any => "contains",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_survive_letters_that_change_length() {
        // The lower case of İ is two characters long.
        let value = "İİabcİ";
        let folded = crate::rule::fold(value);
        let start = folded.find("abc").expect("it is in there");
        assert_eq!(&value[unfolded(value, start..start + 3)], "abc");
    }
}
