//! Rules into a rule set.

use crate::engine::RuleSet;
use crate::engine::atom::{Atom, AtomId, AtomKey, Check};
use crate::engine::column::{ColumnId, Columns};
use crate::engine::program::{Program, Tree};
use crate::engine::route::{Entry, Route};
use crate::engine::witness::{self, Atoms, Witness};
use crate::logsource::Classifier;
use crate::rule::{Expression, LogSource, Predicate, Reason, Refusal, Rule, Test};
use crate::taxonomy::Taxonomy;
use event::FieldTable;
use std::collections::HashMap;

/// More distinct predicates are refused, with the rule that brings the first one too many. All of SigmaHQ has 34 000.
const ATOMS_MAX: usize = 1 << 20;

impl RuleSet {
    /// Compiles rules together; the names of their fields are interned in `table`, which must be the table of the
    /// events. A rule that cannot be used is refused, and the others are not touched by it.
    #[must_use]
    pub fn compile(rules: Vec<Rule>, table: &FieldTable) -> (RuleSet, Vec<Refusal>) {
        let mut compiler = Compiler::new(table);
        let mut refusals = Vec::new();
        let mut places: HashMap<String, String> = HashMap::new();
        for rule in rules {
            let first = places.get(&rule.id).cloned();
            let added = match first {
                Some(first) => Err(Reason::Duplicate { id: rule.id.clone(), first }),
                None => compiler.add(&rule),
            };
            match added {
                Ok(()) => {
                    places.insert(rule.id.clone(), format!("{}:{}", rule.file, rule.line));
                    compiler.rules.push(rule);
                }
                Err(reason) => {
                    refusals.push(Refusal {
                        file: rule.file,
                        line: rule.line,
                        title: Some(rule.title),
                        reason,
                    });
                }
            }
        }
        (compiler.finish(), refusals)
    }
}

struct Compiler<'t> {
    table: &'t FieldTable,
    taxonomy: Taxonomy,
    columns: Columns,
    atoms: Interned,
    rules: Vec<Rule>,
    trees: Vec<Tree>,
}

/// Atoms without duplicates, and how many rules use each.
#[derive(Default)]
struct Interned {
    atoms: Vec<Atom>,
    uses: Vec<u32>,
    by_key: HashMap<AtomKey, AtomId>,
}

impl Atoms for Interned {
    fn get(&self, id: AtomId) -> &Atom {
        &self.atoms[id.index()]
    }

    fn intern(&mut self, atom: Atom) -> AtomId {
        let next = AtomId(self.atoms.len() as u32);
        let id = *self.by_key.entry(atom.key()).or_insert(next);
        if id == next {
            self.atoms.push(atom);
            self.uses.push(0);
        }
        id
    }

    fn uses(&self, id: AtomId) -> u32 {
        self.uses[id.index()]
    }
}

impl<'t> Compiler<'t> {
    fn new(table: &'t FieldTable) -> Compiler<'t> {
        Compiler {
            table,
            taxonomy: Taxonomy::builtin(),
            columns: Columns::new(),
            atoms: Interned::default(),
            rules: Vec::new(),
            trees: Vec::new(),
        }
    }

    fn add(&mut self, rule: &Rule) -> Result<(), Reason> {
        let tree = self.tree(&rule.logsource, &rule.detection)?;
        self.trees.push(tree);
        Ok(())
    }

    fn tree(&mut self, source: &LogSource, expression: &Expression) -> Result<Tree, Reason> {
        let all = |compiler: &mut Self, parts: &[Expression]| {
            parts.iter().map(|part| compiler.tree(source, part)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match expression {
            Expression::Test(predicate) => Tree::Atom(self.atom(source, predicate)?),
            Expression::Not(inner) => Tree::Not(Box::new(self.tree(source, inner)?)),
            Expression::And(parts) => Tree::And(all(self, parts)?),
            Expression::Or(parts) => Tree::Or(all(self, parts)?),
        })
    }

    fn atom(&mut self, source: &LogSource, predicate: &Predicate) -> Result<AtomId, Reason> {
        if self.atoms.atoms.len() >= ATOMS_MAX {
            return Err(Reason::TooBig(format!(
                "the rules have more than {ATOMS_MAX} distinct predicates together"
            )));
        }
        let column = match &predicate.field {
            None => ColumnId::WHOLE_EVENT,
            Some(field) => self.column(source, field)?,
        };
        let other = match &predicate.test {
            Test::Field { other, .. } => Some(self.column(source, other)?),
            _ => None,
        };
        let id = self.atoms.intern(Atom::new(column, &predicate.test, other));
        self.atoms.uses[id.index()] += 1;
        Ok(id)
    }

    fn column(&mut self, source: &LogSource, field: &str) -> Result<ColumnId, Reason> {
        let column = self.columns.intern(&self.taxonomy, self.table, source, field);
        column.ok_or_else(|| Reason::TooBig(format!("no room for another field name: `{field}`")))
    }

    fn finish(mut self) -> RuleSet {
        let witnesses: Vec<Option<Witness>> =
            self.trees.iter().map(|tree| witness::witness(tree, &mut self.atoms)).collect();
        let atoms = self.atoms.atoms;
        let mut program = Program::default();
        for tree in &mut self.trees {
            tree.order(&|atom| cost(&atoms[atom.index()]));
            program.push(tree);
        }
        let classifier = Classifier::builtin(self.table);
        let whole: Vec<bool> = self.rules.iter().map(|rule| looks_at_whole(&rule.detection)).collect();
        let mut tables = 0;
        let routes = classifier.routes().iter().map(|kind| {
            let entries = self.rules.iter().enumerate().filter(|(_, rule)| classifier.feeds_rule(kind, rule));
            let entries = entries.map(|(at, _)| Entry {
                rule: at as u32,
                witness: witnesses[at].as_ref(),
                whole: whole[at],
            });
            Route::new(entries, &atoms, &mut tables)
        });
        let routes = routes.collect();
        RuleSet {
            rules: self.rules,
            atoms,
            columns: self.columns,
            trees: self.trees,
            program,
            classifier,
            routes,
        }
    }
}

fn looks_at_whole(expression: &Expression) -> bool {
    let mut whole = false;
    expression.for_each(&mut |predicate| whole |= predicate.field.is_none());
    whole
}

/// What a test costs, in units of about ten nanoseconds on a value of a hundred bytes; keywords look at every value.
fn cost(atom: &Atom) -> u32 {
    let one = match &atom.check {
        Check::Null | Check::Exists | Check::Anything => 1,
        Check::Equals(_) | Check::Starts(_) | Check::Ends(_) | Check::Number(..) => 2,
        Check::Contains(_) => 4,
        Check::Network(_) => 6,
        Check::SameAs { .. } => 8,
        Check::Glob(_) => 16,
        Check::Regex(_) => 40,
    };
    if atom.column == ColumnId::WHOLE_EVENT { one * 20 } else { one }
}
