//! Whatever happens between two steps, after a replay every event is there exactly once.

use crate::sample::{Bench, DAY, Sample, try_add};
use event::{Scope, Timestamp};
use index::{Index, IndexError, IndexSettings};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn samples(count: u64) -> Vec<Sample> {
    (0..count)
        .map(|id| {
            Sample::new(id, &format!("event number{id}"))
                .of_client(1 + id as u32 % 3)
                .received_days_later((id / 40) as i64)
        })
        .collect()
}

fn merging_soon() -> IndexSettings {
    IndexSettings {
        merge_factor: 2,
        commit_interval_ms: 0,
        checkpoint_interval_ms: 0,
        ..IndexSettings::default()
    }
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

/// The files as they were at one moment, although background threads go on: the durable manifests were the same before
/// and after we looked, so whatever they name was there all the time.
fn snapshot(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let deciding = || -> BTreeMap<PathBuf, Vec<u8>> {
        let decides = |path: &Path| path.ends_with("durable.json") || path.ends_with("position.json");
        files(path).into_iter().filter(|(path, _)| decides(path)).collect()
    };
    loop {
        let before = deciding();
        let found = files(path);
        if before == deciding() && before.iter().all(|(path, bytes)| found.get(path) == Some(bytes)) {
            return found;
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
    let settings = IndexSettings { checkpoint_interval_ms: 30, ..merging_soon() };
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
    assert!(!split.exists());
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
    bench.add_all(&[Sample::new(120, "goes on")]);
    assert_eq!(bench.ids("\"goes on\""), [120]);
}

#[test]
fn merging_keeps_every_event() {
    let mut bench = Bench::with(merging_soon());
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
    // Also when nothing is in memory any more: no background work may call durable what is missing.
    assert!(bench.writer.commit_if_due(DAY).is_err());
    let mut bench = bench.crash(IndexSettings::default());
    assert_eq!(bench.writer.position().0, 0);
    bench.add_all(&[Sample::new(0, "tick")]);
    assert_eq!(bench.ids("tick"), [0]);
}

#[test]
fn a_manifest_that_cannot_be_written_means_that_events_are_missing() {
    let mut bench = Bench::new();
    bench.add_all(&[Sample::new(0, "tick")]);
    // In the way of the file that the live manifest is first written to.
    let in_the_way = bench.dir.path().join("1/2026-11-22/live.new");
    fs::create_dir(&in_the_way).expect("a directory");
    bench.add(&Sample::new(1, "tick"));
    assert!(bench.writer.commit().is_err());
    fs::remove_dir(&in_the_way).expect("a directory");
    assert!(bench.writer.commit_if_due(DAY).is_err());
    assert!(bench.writer.checkpoint().is_err());
    assert_eq!(bench.writer.durable_position().0, 0);
}

#[test]
fn after_a_failed_writer_the_next_one_begins_with_what_is_durable() {
    let mut bench = Bench::new();
    let samples = samples(60);
    bench.add_all(&samples[..20]);
    bench.writer.checkpoint().expect("a checkpoint");
    bench.add_all(&samples[20..30]);
    assert!(bench.index.writer().is_err(), "there is one");
    fs::remove_dir_all(bench.dir.path().join("2")).expect("a directory");
    fs::write(bench.dir.path().join("2"), "in the way").expect("a file");
    samples[30..33].iter().for_each(|sample| drop(try_add(&mut bench.writer, &bench.names, sample)));
    assert!(bench.writer.commit().is_err());
    let Bench { dir, names, index, writer } = bench;
    drop(writer);
    fs::remove_file(dir.path().join("2")).expect("a file");
    let writer = index.writer().expect("another writer");
    assert_eq!(writer.position().0, 20);
    let mut bench = Bench { dir, names, index, writer };
    bench.add_all(&samples[20..]);
    // The second client's first events went with its directory.
    let lost = |id: &u64| *id < 20 && samples[*id as usize].client == 2;
    assert_eq!(bench.ids(""), (0..60).filter(|id| !lost(id)).collect::<Vec<u64>>());
}

#[test]
fn what_cannot_be_read_now_or_by_this_version_ends_the_start_and_is_not_set_aside() {
    let mut bench = Bench::new();
    bench.add_all(&[Sample::new(0, "tick")]);
    bench.writer.checkpoint().expect("a checkpoint");
    let Bench { dir, names, index, writer } = bench;
    drop((writer, index));
    let manifest = dir.path().join("1/2026-11-22/durable.json");
    let whole = fs::read(&manifest).expect("a file");
    let open = || Index::open(dir.path(), IndexSettings::default(), Arc::clone(&names));
    fs::write(&manifest, b"{\"version\": 9, \"parts\": 3}").expect("a file");
    assert!(matches!(open().err().expect("refused"), IndexError::Version { found: 9, .. }));
    fs::remove_file(&manifest).expect("a file");
    fs::create_dir(&manifest).expect("a directory");
    assert!(matches!(open().err().expect("refused"), IndexError::Io { .. }));
    fs::remove_dir(&manifest).expect("a directory");
    fs::write(&manifest, whole).expect("a file");
    assert!(!dir.path().join("damaged").exists());
    assert!(open().expect("an index").span(&Scope::every_client()).expect("a span").is_some());
}

#[test]
fn a_failed_merge_leaves_nothing_and_is_not_tried_at_every_turn() {
    let mut bench = Bench::with(merging_soon());
    for id in 0..3 {
        bench.add_all(&[Sample::new(id, "tick")]);
        bench.writer.checkpoint().expect("a checkpoint");
    }
    // One of the three can no longer be merged.
    let split = bench.dir.path().join("1/2026-11-22");
    let store = files(&split).into_keys().find(|path| path.extension().is_some_and(|end| end == "store"));
    fs::write(store.expect("a store file"), b"short").expect("a file");
    let segments = |bench: &Bench| {
        let names = files(&bench.dir.path().join("1/2026-11-22")).into_keys();
        names.filter(|path| path.extension().is_some_and(|end| end == "term")).count()
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut turns = 0;
    while bench.index.telemetry().figures().merge_failures == 0 || turns < 200 {
        assert!(std::time::Instant::now() < patience, "no merge was tried");
        bench.writer.commit_if_due(DAY).expect("a commit");
        std::thread::sleep(std::time::Duration::from_millis(1));
        turns += 1;
    }
    let figures = bench.index.telemetry().figures();
    assert_eq!((figures.merges, figures.merge_failures), (0, 1));
    assert_eq!(segments(&bench), 3);
}
