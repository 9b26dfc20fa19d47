//! Every sample of every catalogue entry gives what it says.

use crate::helper::Bench;
use event::SourceId;
use parse::{Catalogue, run_samples};
use std::sync::Arc;

#[test]
fn samples_give_what_they_expect() {
    let runs = run_samples(&Arc::new(Catalogue::builtin()), |_| true);
    let mut wrong = Vec::new();
    for run in &runs {
        for difference in &run.differences {
            wrong.push(format!("{}: {difference:?} in\n  {}", run.source_type, run.line));
        }
    }
    assert!(wrong.is_empty(), "{} wrong in {} lines:\n{}", wrong.len(), runs.len(), wrong.join("\n"));
    assert!(runs.len() > 100, "the shipped entries have their samples");
}

/// `host` is the one category that OCSF has no class for.
#[test]
fn what_has_a_category_has_a_class() {
    let mut bench = Bench::new();
    let (mut classed, mut without) = (0, Vec::new());
    for (number, info) in (1..).zip(Catalogue::builtin().types()) {
        bench.source = SourceId(number);
        for sample in &info.samples {
            let got = bench.fields(sample.line.as_bytes());
            let category = got.get("event.category").filter(|category| *category != "host");
            match (category, got.get("ocsf.class_uid"), got.get("ocsf.activity_id")) {
                (Some(_), Some(_), Some(_)) => classed += 1,
                (Some(category), ..) => without.push(format!("{}: {category} in {}", info.name, sample.line)),
                _ => {}
            }
        }
    }
    assert_eq!(without, Vec::<String>::new());
    assert!(classed > 250, "only {classed} samples have a class");
}
