//! Every sample of every catalogue entry gives what it says.

use crate::helper::Bench;
use event::SourceId;
use parse::Catalogue;

#[test]
fn samples_give_what_they_expect() {
    let mut bench = Bench::new();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (number, info) in (1..).zip(Catalogue::builtin().types()) {
        // What a source sent before tells look-alikes apart.
        bench.source = SourceId(number);
        for sample in &info.samples {
            let got = bench.fields(sample.line.as_bytes());
            for (name, want) in &sample.expect {
                checked += 1;
                let found = got.get(name).map_or("(absent)", String::as_str);
                if found != want {
                    wrong.push(format!(
                        "{}: {name} is {found:?}, not {want:?}, in\n  {}",
                        info.name, sample.line
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 0);
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

#[test]
fn entries_are_complete() {
    assert_eq!(Catalogue::builtin().lint(), Vec::<String>::new());
}
