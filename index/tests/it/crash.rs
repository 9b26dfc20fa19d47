//! Whatever happens between two steps, after a replay every event is there exactly once.

use crate::sample::{Bench, DAY, Sample};
use event::{ClientId, ProviderId, Scope, Timestamp};
use index::{IndexSettings, SearchRequest};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn samples(count: u64) -> Vec<Sample> {
    (0..count)
        .map(|id| {
            Sample::new(id, &format!("event number{id}"))
                .of_client(1 + id as u32 % 3)
                .received_days_later((id / 40) as i64)
        })
        .collect()
}

/// Every file below `path`. One that goes away while we look was on its way out.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            found.insert(path, bytes);
        }
    }
    found
}

/// The files as they were at one moment, although background threads go on: the durable manifests did not change while
/// we looked, so whatever they name was there.
fn snapshot(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let decides = |path: &Path| path.ends_with("durable.json") || path.ends_with("position.json");
    let deciding = |files: &BTreeMap<PathBuf, Vec<u8>>| -> Vec<(PathBuf, Vec<u8>)> {
        files
            .iter()
            .filter(|(path, _)| decides(path))
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect()
    };
    loop {
        let (before, after) = (files(path), files(path));
        if deciding(&before) == deciding(&after) {
            return before;
        }
    }
}

/// A crash now, a new start and a replay.
fn replayed(bench: &Bench, samples: &[Sample]) -> Bench {
    let dir = tempfile::tempdir().expect("a directory");
    for (path, bytes) in snapshot(bench.dir.path()) {
        let target = dir.path().join(path.strip_prefix(bench.dir.path()).expect("a path below it"));
        fs::create_dir_all(target.parent().expect("a parent")).expect("a directory");
        fs::write(target, bytes).expect("a file");
    }
    let mut after = Bench::on(dir, IndexSettings::default());
    let from = after.writer.position().0 as usize;
    after.add_all(&samples[from..]);
    after
}

#[test]
fn every_event_is_there_once_after_a_crash_at_any_step() {
    let samples = samples(120);
    let every: Vec<u64> = (0..120).collect();
    let settings = IndexSettings {
        merge_factor: 2,
        commit_interval_ms: 0,
        checkpoint_interval_ms: 30,
        ..IndexSettings::default()
    };
    let mut bench = Bench::with(settings);
    for (step, sample) in samples.iter().enumerate() {
        bench.add(sample);
        if step % 4 == 3 {
            let now = Timestamp(DAY.0 + step as i64 * 10_000_000);
            bench.writer.commit_if_due(now).expect("a commit");
        }
        if step % 9 == 8 {
            let after = replayed(&bench, &samples);
            assert_eq!(after.ids(""), every, "after step {step}");
            assert_eq!(after.ids(&format!("number{step}")), [step as u64]);
        }
    }
    bench.writer.checkpoint().expect("a checkpoint");
    assert_eq!(bench.writer.durable_position().0, 120);
    let after = replayed(&bench, &samples);
    assert_eq!(after.ids(""), every);
}

#[test]
fn a_checkpoint_that_ends_half_way_is_finished_by_the_replay() {
    let samples = samples(120);
    let mut bench = Bench::new();
    bench.add_all(&samples[..50]);
    bench.writer.checkpoint().expect("a checkpoint");
    let position = fs::read(bench.dir.path().join("position.json")).expect("a position");
    bench.add_all(&samples[50..]);
    bench.writer.checkpoint().expect("a checkpoint");
    // Splits are durable up to 120, the index as a whole only up to 50: as if killed in between.
    fs::write(bench.dir.path().join("position.json"), position).expect("a position");
    let after = replayed(&bench, &samples);
    assert_eq!(after.ids(""), (0..120).collect::<Vec<u64>>());
    assert_eq!(after.index.telemetry().figures().events_skipped, 70);
}

#[test]
fn files_that_nothing_names_are_cleaned_up() {
    let samples = samples(30);
    let mut bench = Bench::new();
    bench.add_all(&samples);
    let split = bench.dir.path().join("1/2026-11-22");
    assert!(!files(&split).is_empty());
    let bench = bench.crash(IndexSettings::default());
    assert!(files(&split).is_empty());
    assert_eq!(bench.writer.position().0, 0);
}

#[test]
fn a_damaged_split_is_set_aside_and_said_so() {
    let samples = samples(120);
    let mut bench = Bench::new();
    bench.add_all(&samples);
    bench.writer.checkpoint().expect("a checkpoint");
    let split = bench.dir.path().join("1/2026-11-22");
    let store = fs::read_dir(&split)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|extension| extension == "store"))
        .expect("a store file");
    fs::write(store, b"short").expect("a file");
    let mut bench = bench.crash(IndexSettings::default());
    let page = bench.page("");
    let lost = samples.iter().filter(|sample| sample.client == 1 && sample.id < 40).count() as u64;
    assert_eq!(page.total, 120 - lost);
    assert_eq!(page.not_searched.len(), 1);
    assert!(page.not_searched[0].contains("1-2026-11-22-0"), "{}", page.not_searched[0]);
    let told =
        |scope: &Scope| bench.index.search(scope, &SearchRequest::new("")).expect("a page").not_searched;
    assert_eq!(told(&Scope::clients([ClientId(1)])), page.not_searched, "its own");
    assert_eq!(told(&Scope::clients([ClientId(2)])), Vec::<String>::new());
    assert_eq!(told(&Scope::provider(ProviderId(7))), ["a part of the events could not be searched"]);
    bench.add_all(&[Sample::new(120, "goes on")]);
    assert_eq!(bench.ids("\"goes on\""), [120]);
}

#[test]
fn merging_keeps_every_event() {
    let settings = IndexSettings {
        merge_factor: 2,
        commit_interval_ms: 0,
        checkpoint_interval_ms: 0,
        ..IndexSettings::default()
    };
    let mut bench = Bench::with(settings);
    for id in 0..60 {
        bench.add(&Sample::new(id, "tick"));
        bench.writer.commit_if_due(Timestamp(DAY.0 + id as i64 * 1_000_000)).expect("a commit");
    }
    bench.writer.checkpoint().expect("a checkpoint");
    assert_eq!(bench.ids("tick"), (0..60).collect::<Vec<u64>>());
    let figures = bench.index.telemetry().figures();
    assert!(figures.segments < 60, "{figures:?}");
    assert_eq!(figures.merge_failures + figures.checkpoint_failures, 0);
}

#[test]
fn few_open_splits_and_little_memory_are_enough() {
    let settings = IndexSettings { open_splits_max: 2, memory_bytes_max: 1, ..IndexSettings::default() };
    let mut bench = Bench::with(settings);
    let samples: Vec<Sample> =
        (0..200).map(|id| Sample::new(id, "tick").of_client(1 + id as u32 % 7)).collect();
    bench.add_all(&samples);
    assert_eq!(bench.ids("tick"), (0..200).collect::<Vec<u64>>());
}

#[test]
fn a_failed_write_is_not_passed_over() {
    let mut bench = Bench::new();
    bench.add(&Sample::new(0, "tick"));
    // The split's directory goes away under the writer: as good as a full disk.
    fs::remove_dir_all(bench.dir.path().join("1")).expect("a directory");
    assert!(bench.writer.commit().is_err());
    let again = bench.writer.commit().expect_err("events are missing");
    assert_eq!(
        again.to_string(),
        "an earlier write failed: open the index again and replay the journal from event 0"
    );
    assert!(bench.writer.checkpoint().is_err());
    let mut bench = bench.crash(IndexSettings::default());
    assert_eq!(bench.writer.position().0, 0);
    bench.add_all(&[Sample::new(0, "tick")]);
    assert_eq!(bench.ids("tick"), [0]);
}
