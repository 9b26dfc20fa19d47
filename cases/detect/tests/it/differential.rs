//! Random rules on random events: the compiled set must say exactly what the plain evaluator says.

use crate::corpus::{published_rules, sigma};
use crate::reference::Reference;
use bumpalo::Bump;
use detect::ndjson::Reader;
use detect::{Detector, RuleSet, Taxonomy, read_rules};
use event::FieldTable;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Texts with little variety, so that they often meet.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abA.\\\\/-]{0,6}",
        prop::sample::select(vec![
            r"C:\Windows\cmd.exe",
            r"c:\windows\System32\CMD.EXE",
            "cmd.exe",
            "-enc",
            "/enc",
            "10.1.2.3",
            "::1",
            "10.2.0.1",
            "42",
            "7",
            "4.5",
            "Ünïcode",
            "ÜNÏCODE",
            "true",
            "İ",
        ])
        .prop_map(str::to_owned),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        (text(), text()).prop_map(|(a, b)| format!("{a}*{b}")),
        text().prop_map(|a| format!("?{a}*"))
    ]
}

fn field() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "CommandLine", "c d"])
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// One entry of a map: a field with modifiers, and one or more values.
fn entry() -> impl Strategy<Value = String> {
    let modifiers = prop::sample::select(vec![
        "",
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|cased",
        "|contains|cased",
        "|endswith|cased",
        "|windash|contains",
        "|neq",
        "|contains|neq",
        "|base64offset|contains",
        "|wide|base64offset|contains",
    ]);
    let texts =
        (field(), modifiers, prop::collection::vec(text(), 1..4)).prop_map(|(field, modifiers, values)| {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("{field}{modifiers}: [{}]", values.join(", "))
        });
    let patterns = (field(), prop::sample::select(vec!["", "|contains", "|endswith"]), pattern())
        .prop_map(|(field, modifiers, pattern)| format!("{field}{modifiers}: {}", quoted(&pattern)));
    let fixed = (
        field(),
        prop::sample::select(vec![
            ": null",
            ": ''",
            ": 42",
            ": true",
            ": '*'",
            "|exists: true",
            "|exists: false",
            "|gt: 5",
            "|lte: 42",
            "|cidr: 10.1.0.0/16",
            "|cidr: '::/64'",
            "|fieldref: b",
            "|fieldref|endswith: a",
            "|re: '^c.*exe$'",
            "|re|i: 'CMD|enc'",
            "|re: '(ab|ba)+'",
            "|re|i: 'w[i]ndows'",
        ]),
    )
        .prop_map(|(field, rest)| format!("{field}{rest}"));
    prop_oneof![4 => texts, 2 => patterns, 2 => fixed]
}

fn map() -> impl Strategy<Value = String> {
    prop::collection::vec(entry(), 1..4).prop_map(|entries| {
        // A key stands once in a map: the later of two that are the same is left out.
        let mut seen = BTreeSet::new();
        let fresh =
            entries.into_iter().filter(|entry| seen.insert(entry.split(": ").next().map(str::to_owned)));
        format!("{{{}}}", fresh.collect::<Vec<_>>().join(", "))
    })
}

fn search() -> impl Strategy<Value = String> {
    let keywords = prop::collection::vec(pattern(), 1..3).prop_map(|words| {
        format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
    });
    let maps = prop::collection::vec(map(), 1..3).prop_map(|maps| format!("[{}]", maps.join(", ")));
    prop_oneof![4 => map(), 1 => keywords, 1 => maps]
}

fn rule() -> impl Strategy<Value = String> {
    let condition = prop::sample::select(vec![
        "s1",
        "s1 and not s2",
        "s1 or s2 and s3",
        "1 of s*",
        "all of them",
        "not s1",
        "(s1 or s2) and not all of s*",
        "not (s1 or s2)",
        "s1 and not 1 of s*",
        "not s1 or not s2 and s3",
    ]);
    let source = prop::sample::select(vec!["product: windows", "category: test", "product: linux"]);
    (source, prop::array::uniform3(search()), condition).prop_map(|(source, [s1, s2, s3], condition)| {
        format!("logsource: {{{source}}}\ndetection:\n  s1: {s1}\n  s2: {s2}\n  s3: {s3}\n  condition: {condition}\n")
    })
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        6 => text().prop_map(serde_json::Value::from),
        1 => prop::sample::select(vec![7, 42, 5]).prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
        1 => any::<bool>().prop_map(serde_json::Value::from),
    ];
    prop_oneof![4 => scalar.clone(), 1 => prop::collection::vec(scalar, 0..3).prop_map(serde_json::Value::from)]
}

fn event() -> impl Strategy<Value = String> {
    let name =
        prop::sample::select(vec!["a", "b", "CommandLine", "process.command_line", "c d", "cd", "other"]);
    prop::collection::btree_map(name, value(), 0..5).prop_map(|fields| serde_json::json!(fields).to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn compiled_rules_say_what_plain_ones_say(
        rules in prop::collection::vec(rule(), 1..12),
        events in prop::collection::vec(event(), 1..12),
    ) {
        let mut loaded = detect::Loaded::default();
        for (at, rule) in rules.iter().enumerate() {
            loaded.extend(read_rules("random", &format!("title: rule {at}\n{rule}")));
        }
        prop_assert!(loaded.refusals.is_empty(), "{:?}\n{:?}", loaded.refusals, rules);
        let table = FieldTable::new();
        let (rules, _) = RuleSet::compile(loaded.rules, &table);
        let rules = Arc::new(rules);
        let reference = Reference { table: &table, taxonomy: Taxonomy::builtin() };
        let mut detector = Detector::new(Arc::clone(&rules));
        let mut reader = Reader::new(&table, Some(""));
        // Twice, so that the second time comes from the memo.
        for line in events.iter().chain(&events) {
            let arena = Bump::new();
            let event = reader.read(line.as_bytes(), &arena).expect("it is JSON");
            let mut found = Vec::new();
            detector.detect(&event, &mut found);
            for (index, rule) in rules.iter() {
                let expected = reference.matches(&rule.logsource, &rule.detection, &event);
                prop_assert_eq!(found.contains(&index), expected, "{} on {}", rule.title, line);
                let explained = !detector.explain(&event, index).is_empty();
                prop_assert!(!explained || expected, "{} explained on {}", rule.title, line);
            }
        }
    }
}

/// The published rules on the recorded attacks: rules of every shape that people really write.
#[test]
fn published_rules_say_what_plain_ones_say() {
    let Some(sigma) = sigma() else { return };
    let table = FieldTable::new();
    let rules = Arc::new(RuleSet::compile(published_rules(&sigma).rules, &table).0);
    let reference = Reference { table: &table, taxonomy: Taxonomy::builtin() };
    let mut detector = Detector::new(Arc::clone(&rules));
    let mut reader = Reader::new(&table, Some(""));
    let events =
        std::fs::read_to_string(sigma.join("regression/positives-flat.ndjson")).expect("it is there");
    // A part of the events and of the rules: the plain evaluator needs seconds for them.
    for line in events.lines().step_by(9) {
        let arena = Bump::new();
        let event = reader.read(line.as_bytes(), &arena).expect("it is JSON");
        let mut found = Vec::new();
        detector.detect(&event, &mut found);
        let found: BTreeSet<_> = found.into_iter().collect();
        for (index, rule) in rules.iter().step_by(5) {
            let expected = reference.matches(&rule.logsource, &rule.detection, &event);
            assert_eq!(found.contains(&index), expected, "{} on {line}", rule.title);
        }
    }
}
