//! The specification, section by section: `testdata/conformance/*.toml`.

use bumpalo::Bump;
use detect::ndjson::Reader;
use detect::{Detector, RuleSet, read_rules};
use event::FieldTable;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The searches and the condition, as YAML.
    detection: String,
    /// Events that match.
    #[serde(default)]
    fires: Vec<String>,
    /// Events that do not.
    #[serde(default)]
    silent: Vec<String>,
    /// A part of the message with which the rule is refused.
    refused: Option<String>,
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/conformance");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let suite: Suite =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in &suite.case {
            check(case, &format!("{}: {}", path.display(), case.name));
            cases += 1;
        }
    }
    assert!(cases >= 40, "only {cases} cases");
}

fn check(case: &Case, place: &str) {
    let indented: String = case.detection.lines().map(|line| format!("  {line}\n")).collect();
    let rule = format!("title: t\nlogsource:\n  category: test\ndetection:\n{indented}");
    let loaded = read_rules("case", &rule);
    if let Some(part) = &case.refused {
        let refusal = loaded.refusals.first().unwrap_or_else(|| panic!("{place}: not refused"));
        assert!(refusal.to_string().contains(part), "{place}: {refusal}");
        return;
    }
    assert!(loaded.refusals.is_empty(), "{place}: {:?}", loaded.refusals);
    assert!(!case.fires.is_empty() && !case.silent.is_empty(), "{place}: needs both kinds of events");
    let table = FieldTable::new();
    let (rules, _) = RuleSet::compile(loaded.rules, &table);
    let mut detector = Detector::new(Arc::new(rules));
    // Of no source type, so that every rule sees it.
    let mut reader = Reader::new(&table, Some(""));
    let events =
        case.fires.iter().map(|line| (line, true)).chain(case.silent.iter().map(|line| (line, false)));
    for (line, fires) in events {
        let arena = Bump::new();
        let event =
            reader.read(line.as_bytes(), &arena).unwrap_or_else(|error| panic!("{place}: {line}: {error}"));
        let mut found = Vec::new();
        detector.detect(&event, &mut found);
        assert_eq!(!found.is_empty(), fires, "{place}: {line}");
    }
}
