//! What is said about a line agrees with what became of it.

use crate::helper::{Bench, RECEIVED};
use event::SourceId;
use parse::{Catalogue, Explainer, SourceSettings, Sureness};
use proptest::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;

/// Values that the parser changes on their way from the line: other letters, other escapes, other notations.
fn same(part: &str, value: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['\\', '"', '[', ']'], "");
    // `(3)www(7)example(0)`, as the DNS server of Windows writes names.
    let labels = || part.split(['(', ')']).skip(2).step_by(2).filter(|label| !label.is_empty());
    plain(part) == plain(value)
        || part.parse::<f64>().is_ok() && part.parse::<f64>() == value.parse::<f64>()
        || part.starts_with('(') && labels().eq(value.split('.'))
}

#[test]
fn every_sample_has_its_reason_and_its_places() {
    let catalogue = Arc::new(Catalogue::builtin());
    let (mut bench, mut wrong, mut places) = (Bench::new(), Vec::new(), 0);
    let mut explainer = Explainer::new(Arc::clone(&catalogue), SourceSettings::default());
    for (number, info) in (1..).zip(catalogue.types()) {
        bench.source = SourceId(number);
        explainer.forget();
        for sample in &info.samples {
            let got = bench.fields(sample.line.as_bytes());
            let said = explainer.explain(sample.line.as_bytes(), RECEIVED);
            if Some(&said.source_type) != got.get("sperwer.source_type") {
                wrong
                    .push(format!("{} is told to be of {}:\n  {}", info.name, said.source_type, sample.line));
            }
            if said.status == "parsed" && said.sureness == Sureness::None {
                wrong.push(format!("{} has no reason: {}", info.name, said.reason));
            }
            for field in said.fields {
                let Some((from, to)) = field.place else { continue };
                let part = sample.line.get(from..to).unwrap_or("(no place)");
                places += 1;
                if !same(part, &field.value) && field.value.parse::<std::net::IpAddr>().is_err() {
                    wrong.push(format!("{}: {} is {:?}, not {part:?}", info.name, field.name, field.value));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {places} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(places > 1000, "most fields have a place");
}

thread_local! {
    static EXPLAINER: RefCell<Explainer> =
        RefCell::new(Explainer::new(Arc::new(Catalogue::builtin()), SourceSettings::default()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_line_can_be_explained(
        sample in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let lines: Vec<&str> = Catalogue::shipped_files().flat_map(|(_, text)| text.lines()).collect();
        let mut line = sample.get(&lines).as_bytes().to_vec();
        for (place, byte) in changes.iter().filter(|_| !line.is_empty()).collect::<Vec<_>>() {
            let at = place.index(line.len());
            line[at] = *byte;
        }
        let said = EXPLAINER.with_borrow_mut(|explainer| explainer.explain(&line, RECEIVED));
        for (from, to) in said.fields.iter().filter_map(|field| field.place) {
            prop_assert!(from <= to && to <= line.len(), "{from}..{to} of {}", line.len());
        }
    }
}
