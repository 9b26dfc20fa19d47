//! All rules as one machine.
//!
//! Compiling: predicates that are equal become one [`atom`]; the fields that a predicate may look at become one
//! [`column`]; a rule becomes a [`program`] of jumps over atoms; per log source ([`route`]), each rule is filed under a
//! set of atoms of which one must be true before the rule can match at all ([`witness`]).
//!
//! Running ([`detector`]): the event's log source picks the route; each value of a column with filed atoms is looked up
//! in a [`memo`] or scanned once for all of them ([`scan`]); rules that were touched run their program, which tests the
//! atoms that are still unknown.

mod atom;
mod column;
mod compile;
mod detector;
mod explain;
mod memo;
mod program;
mod route;
mod scan;
mod view;
mod witness;

pub use detector::Detector;
pub use explain::Evidence;

use crate::logsource::Classifier;
use crate::rule::Rule;
use atom::Atom;
use column::Columns;
use program::{Program, Tree};
use route::Route;

/// The place of a rule in its [`RuleSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(pub u32);

/// Rules, compiled together. Immutable: share it, and make a [`Detector`] per thread.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    atoms: Vec<Atom>,
    columns: Columns,
    // One per rule.
    trees: Vec<Tree>,
    program: Program,
    classifier: Classifier,
    // One per route of the classifier.
    routes: Vec<Route>,
}

impl RuleSet {
    /// The rule at an index that this set gave.
    ///
    /// # Panics
    /// When the index comes from a bigger set.
    #[must_use]
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        &self.rules[index.0 as usize]
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Every rule with its index, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (RuleIndex, &Rule)> {
        self.rules.iter().enumerate().map(|(at, rule)| (RuleIndex(at as u32), rule))
    }

    /// How many distinct predicates the rules have together.
    #[must_use]
    pub fn predicates(&self) -> usize {
        self.atoms.len()
    }
}
