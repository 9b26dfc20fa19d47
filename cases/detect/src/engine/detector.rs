//! The hot path: which rules match an event.

use crate::engine::atom::AtomId;
use crate::engine::column::ColumnId;
use crate::engine::memo::{Memo, VALUE_BYTES_MAX};
use crate::engine::route::{Route, Table};
use crate::engine::view::View;
use crate::engine::{RuleIndex, RuleSet};
use event::{Event, Value};
use std::sync::Arc;

/// Finds the rules of one [`RuleSet`] that match events, one event after the other. One for each thread; it keeps about
/// 12 MiB of memos, and in the steady state it allocates nothing.
#[derive(Debug)]
pub struct Detector {
    rules: Arc<RuleSet>,
    pub(super) view: View,
    memo: Memo,
    // Twice the event's epoch plus the atom's truth; whatever has another epoch is not known yet.
    truths: Vec<u32>,
    // The epoch in which a rule was last put among the candidates.
    touched: Vec<u32>,
    candidates: Vec<u32>,
    found: Vec<u32>,
    // Below 2^31.
    epoch: u32,
}

impl Detector {
    /// A detector for these rules.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Detector {
        Detector {
            view: View::new(rules.columns.len()),
            memo: Memo::new(rules.routes.iter().map(|route| route.tables.len()).sum()),
            truths: vec![0; rules.atoms.len()],
            touched: vec![0; rules.rules.len()],
            candidates: Vec::new(),
            found: Vec::new(),
            epoch: 0,
            rules,
        }
    }

    /// The rules it looks for.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Adds the rules that match the event, in order of their index. Costs about 2 µs for an event of 30 fields and
    /// 40 rules, and two to three times that with all of SigmaHQ's.
    pub fn detect(&mut self, event: &Event<'_>, matches: &mut Vec<RuleIndex>) {
        let rules = Arc::clone(&self.rules);
        let route = &rules.routes[rules.classifier.classify(event)];
        if route.tables.is_empty() && route.present.is_empty() && route.always.is_empty() {
            return;
        }
        self.next_epoch();
        self.view.turn_to(&rules.columns, event, route.whole);
        self.gather(event, route);
        self.candidates.sort_unstable();
        for at in 0..self.candidates.len() {
            let rule = self.candidates[at];
            if rules.program.run(rule as usize, |atom| self.truth(&rules, route, event, atom)) {
                matches.push(RuleIndex(rule));
            }
        }
    }

    fn next_epoch(&mut self) {
        self.epoch += 1;
        if self.epoch == 1 << 31 {
            self.truths.fill(0);
            self.touched.fill(0);
            self.epoch = 1;
        }
        self.candidates.clear();
    }

    /// Fills the candidates: rules with a witness in this event, and rules without witnesses.
    fn gather(&mut self, event: &Event<'_>, route: &Route) {
        for table in &route.tables {
            let mut cursor = self.view.first(table.column);
            while let Some(at) = cursor {
                let (slot, next) = self.view.step(at);
                self.look_up(event, route, table, slot);
                cursor = next;
            }
        }
        for (column, rules) in &route.present {
            if self.view.first(*column).is_some() {
                self.touch(rules);
            }
        }
        self.touch(&route.always);
    }

    fn look_up(&mut self, event: &Event<'_>, route: &Route, table: &Table, slot: u32) {
        if matches!(View::value(event, slot), Value::Null) {
            return;
        }
        self.found.clear();
        // What is looked at for keywords holds times and numbers that never come again.
        let repeats = table.column != ColumnId::WHOLE_EVENT;
        self.view.prepare(event, slot);
        let length = self.view.text(event, slot).len();
        if !repeats || length > VALUE_BYTES_MAX || !self.memo.is_worth_it(table.number) {
            self.view.fold(event, slot);
            table.scanner.scan(self.view.folded(slot).as_bytes(), &mut self.found);
        } else {
            self.remember(event, table, slot);
        }
        for at in 0..self.found.len() {
            let key = self.found[at];
            let truth = &mut self.truths[route.atom(key).index()];
            if *truth != self.epoch * 2 + 1 {
                *truth = self.epoch * 2 + 1;
                self.touch(route.rules(key));
            }
        }
    }

    fn remember(&mut self, event: &Event<'_>, table: &Table, slot: u32) {
        // The view is borrowed for the text, and needed to fold it when the text is new: look first, then scan.
        if let Some(keys) = self.memo.get(table.number, self.view.text(event, slot).as_bytes()) {
            self.found.extend_from_slice(keys);
            return;
        }
        self.view.fold(event, slot);
        table.scanner.scan(self.view.folded(slot).as_bytes(), &mut self.found);
        self.memo.put(table.number, self.view.text(event, slot).as_bytes(), &self.found);
    }

    fn touch(&mut self, rules: &[u32]) {
        for rule in rules {
            let touched = &mut self.touched[*rule as usize];
            if *touched != self.epoch {
                *touched = self.epoch;
                self.candidates.push(*rule);
            }
        }
    }

    fn truth(&mut self, rules: &RuleSet, route: &Route, event: &Event<'_>, atom: AtomId) -> bool {
        let known = self.truths[atom.index()];
        if known / 2 == self.epoch {
            return known % 2 == 1;
        }
        let truth = !route.knows(atom) && self.view.holds(event, &rules.atoms[atom.index()]).0;
        self.truths[atom.index()] = self.epoch * 2 + u32::from(truth);
        truth
    }
}
