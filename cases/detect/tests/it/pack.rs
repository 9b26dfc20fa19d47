//! The starter pack: every rule is sound and does what its samples say.

use bumpalo::Bump;
use detect::lint::Linter;
use detect::{Detector, RuleSet, starter_pack};
use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
use parse::{Catalogue, Parser, SourceSettings};
use std::sync::Arc;

#[test]
fn nothing_is_refused_and_nothing_is_unknown() {
    let pack = starter_pack();
    assert!(pack.refusals.is_empty(), "{:#?}", pack.refusals);
    let linter = Linter::new([]);
    for rule in &pack.rules {
        let findings = linter.check(rule);
        assert!(findings.is_empty(), "{findings:#?}");
        assert!(!rule.tags.is_empty() && !rule.falsepositives.is_empty() && !rule.description.is_empty());
        assert!(rule.tags.iter().any(|tag| tag.starts_with("attack.t")), "{}", rule.title);
    }
    let (_, refusals) = RuleSet::compile(pack.rules, &FieldTable::new());
    assert!(refusals.is_empty(), "{refusals:#?}");
}

#[test]
fn samples_do_what_they_say() {
    let table = Arc::new(FieldTable::new());
    let (rules, _) = RuleSet::compile(starter_pack().rules, &table);
    let rules = Arc::new(rules);
    let mut detector = Detector::new(Arc::clone(&rules));
    let mut parser = Parser::new(Arc::new(Catalogue::builtin()), Arc::clone(&table));
    let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
    let catalogue = Catalogue::builtin();
    let mut wrong = Vec::new();
    for (index, rule) in rules.iter() {
        for sample in &rule.samples {
            if let Some(name) = sample.source_type.as_deref().filter(|name| catalogue.find(name).is_none()) {
                wrong.push(format!("{}:{}: no source type {name}", rule.file, sample.file_line));
                continue;
            }
            let arena = Bump::new();
            let raw = sample.line.as_bytes();
            let received = Timestamp::from_secs(1_795_000_000);
            let frame = Frame { id: EventId(1), raw, received, origin, truncated: false };
            let source_type = sample.source_type.clone();
            parser.set_source(SourceId(1), SourceSettings { source_type, ..SourceSettings::default() });
            let event = parser.parse(&frame, &arena);
            let mut found = Vec::new();
            detector.detect(&event, &mut found);
            let typed = sample.source_type.as_deref().is_none_or(|name| name == event.source_type);
            if found.contains(&index) != sample.fires || !typed {
                wrong.push(format!("{}:{} ({})", rule.file, sample.file_line, event.source_type));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
