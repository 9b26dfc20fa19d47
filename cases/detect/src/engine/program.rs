//! A rule as a tree of atoms, and as jumps over atoms: each instruction tests one atom and says where to go next, so
//! `and`, `or` and `not` cost nothing and nothing is tested twice.

use crate::engine::atom::AtomId;

/// A rule's expression over atoms.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Atom(AtomId),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

/// Where an instruction leads: another instruction, or one of the two ends.
pub(crate) const ACCEPT: u32 = u32::MAX;
pub(crate) const REJECT: u32 = u32::MAX - 1;

#[derive(Clone, Copy, Debug)]
struct Instruction {
    atom: AtomId,
    if_true: u32,
    if_false: u32,
}

/// The instructions of all rules, and where each rule starts.
#[derive(Debug, Default)]
pub(crate) struct Program {
    code: Vec<Instruction>,
    starts: Vec<u32>,
}

impl Program {
    /// Adds the next rule. Jumps lead to what was added before, so every run ends.
    pub(crate) fn push(&mut self, tree: &Tree) {
        let start = self.add(tree, ACCEPT, REJECT);
        self.starts.push(start);
    }

    fn add(&mut self, tree: &Tree, if_true: u32, if_false: u32) -> u32 {
        match tree {
            Tree::Atom(atom) => {
                self.code.push(Instruction { atom: *atom, if_true, if_false });
                (self.code.len() - 1) as u32
            }
            Tree::Not(inner) => self.add(inner, if_false, if_true),
            Tree::And(parts) => parts.iter().rev().fold(if_true, |next, part| self.add(part, next, if_false)),
            Tree::Or(parts) => parts.iter().rev().fold(if_false, |next, part| self.add(part, if_true, next)),
        }
    }

    /// Whether the rule at this place is true, given the truth of atoms.
    pub(crate) fn run(&self, rule: usize, mut truth: impl FnMut(AtomId) -> bool) -> bool {
        let mut at = self.starts[rule];
        while let Some(instruction) = self.code.get(at as usize) {
            at = if truth(instruction.atom) { instruction.if_true } else { instruction.if_false };
        }
        at == ACCEPT
    }
}

impl Tree {
    /// Puts cheap tests before dear ones within each `and` and `or`; gives the cost of the whole.
    pub(crate) fn order(&mut self, cost: &impl Fn(AtomId) -> u32) -> u32 {
        match self {
            Tree::Atom(atom) => cost(*atom),
            Tree::Not(inner) => inner.order(cost),
            Tree::And(parts) | Tree::Or(parts) => {
                let mut costs: Vec<(u32, Tree)> =
                    parts.drain(..).map(|mut part| (part.order(cost), part)).collect();
                costs.sort_by_key(|(cost, _)| *cost);
                let total = costs.iter().fold(0_u32, |total, (cost, _)| total.saturating_add(*cost));
                parts.extend(costs.into_iter().map(|(_, part)| part));
                total
            }
        }
    }

    /// The truth of the tree.
    #[cfg(test)]
    pub(crate) fn holds(&self, truth: &impl Fn(AtomId) -> bool) -> bool {
        match self {
            Tree::Atom(atom) => truth(*atom),
            Tree::Not(inner) => !inner.holds(truth),
            Tree::And(parts) => parts.iter().all(|part| part.holds(truth)),
            Tree::Or(parts) => parts.iter().any(|part| part.holds(truth)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree() -> impl Strategy<Value = Tree> {
        let leaf = (0_u32..8).prop_map(|atom| Tree::Atom(AtomId(atom)));
        leaf.prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
                prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::And),
                prop::collection::vec(inner, 1..4).prop_map(Tree::Or),
            ]
        })
    }

    proptest! {
        #[test]
        fn jumps_say_what_the_tree_says(mut tree in tree(), truth: u8) {
            let truth = |atom: AtomId| truth >> atom.0 & 1 == 1;
            let mut program = Program::default();
            program.push(&tree);
            let expected = tree.holds(&truth);
            prop_assert_eq!(program.run(0, truth), expected);
            tree.order(&|atom| 8 - atom.0);
            program.push(&tree);
            prop_assert_eq!(program.run(1, truth), expected);
        }
    }
}
