//! Published rules and recorded events, by path; not part of the repository.

use crate::reference::Reference;
use bumpalo::Bump;
use detect::ndjson::Reader;
use detect::{Detector, Loaded, RuleIndex, RuleSet, Taxonomy, read_directory};
use event::FieldTable;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

const RULE_FOLDERS: [&str; 5] =
    ["rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance", "rules-placeholder"];

/// The folder with the published rules, or a printed line that says it is not there.
pub(crate) fn sigma() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("SPERWER_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let sigma = shared.join("sigma");
    if sigma.is_dir() {
        return Some(sigma);
    }
    println!("skipped: no published rules at {}", sigma.display());
    None
}

pub(crate) fn published_rules(sigma: &std::path::Path) -> Loaded {
    let mut loaded = Loaded::default();
    for folder in RULE_FOLDERS {
        loaded.extend(read_directory(&sigma.join(folder)));
    }
    loaded
}

#[test]
fn every_published_rule_is_read_or_refused_for_its_placeholders() {
    let Some(sigma) = sigma() else { return };
    let loaded = published_rules(&sigma);
    assert_eq!(loaded.rules.len() + loaded.refusals.len(), 3780);
    for refusal in &loaded.refusals {
        let text = refusal.to_string();
        assert!(text.contains("`expand`"), "{text}");
        assert!(refusal.line > 1, "{text}");
    }
    let table = FieldTable::new();
    let (rules, refusals) = RuleSet::compile(loaded.rules, &table);
    assert!(refusals.is_empty(), "{refusals:?}");
    assert!(rules.predicates() > 30_000);
}

#[test]
fn recorded_attacks_fire_their_rules() {
    let Some(sigma) = sigma() else { return };
    let table = FieldTable::new();
    let rules = Arc::new(RuleSet::compile(published_rules(&sigma).rules, &table).0);
    let reference = Reference { table: &table, taxonomy: Taxonomy::builtin() };
    let wanted = std::fs::read_to_string(sigma.join("regression/must_match.tsv")).expect("it is there");
    for file in ["positives-flat.ndjson", "positives-nested.ndjson"] {
        let events = std::fs::read_to_string(sigma.join("regression").join(file)).expect("it is there");
        let mut detector = Detector::new(Arc::clone(&rules));
        let mut reader = Reader::new(&table, None);
        let mut fired_rows = 0;
        for (row, line) in wanted.lines().skip(1).zip(events.lines()) {
            let id = row.split('\t').nth(1).expect("rows have ids");
            let arena = Bump::new();
            let event = reader.read(line.as_bytes(), &arena).expect("it is JSON");
            let mut matches = Vec::new();
            detector.detect(&event, &mut matches);
            let fired: BTreeSet<&str> = matches.iter().map(|index| rules.rule(*index).id.as_str()).collect();
            fired_rows += usize::from(fired.contains(id));
            let rule = rules.iter().find(|(_, rule)| rule.id == id).expect("the rule is published").1;
            let expected = reference.matches(&rule.logsource, &rule.detection, &event);
            assert_eq!(fired.contains(id), expected, "{file}: {row}");
            explained(&mut detector, &event, &matches);
        }
        // Nine of the 119 are events that were recorded beside the attack and do not fit the rule's own text
        // (`procdump.exe:Zone.Identifier` does not end with `\\procdump.exe`); the plain evaluator says so too.
        assert_eq!(fired_rows, 110, "{file}");
    }
}

/// Every match can say why, and points into the value.
fn explained(detector: &mut Detector, event: &event::Event<'_>, matches: &[RuleIndex]) {
    for index in matches {
        let evidence = detector.explain(event, *index);
        assert!(!evidence.is_empty(), "{}", detector.rules().rule(*index).title);
        for part in evidence {
            assert!(part.value.get(part.range.clone()).is_some(), "{part:?}");
        }
    }
}
