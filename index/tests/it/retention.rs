//! Days end, clients leave.

use crate::sample::{Bench, DAY, Sample};
use event::{ClientId, Scope, Timestamp};
use index::{IndexSettings, SearchRequest};
use std::time::{Duration, Instant};

fn settings() -> IndexSettings {
    IndexSettings { checkpoint_interval_ms: 0, ..IndexSettings::default() }
}

/// Gives the writer turns until `done`; panics after ten seconds.
fn until(bench: &mut Bench, now: Timestamp, done: impl Fn(&Bench) -> bool) {
    let started = Instant::now();
    while !done(bench) {
        assert!(started.elapsed() < Duration::from_secs(10), "it never happened");
        bench.writer.commit_if_due(now).expect("a commit");
        std::thread::yield_now();
    }
}

#[test]
fn days_past_retention_go_and_stay_away() {
    let mut bench = Bench::with(settings());
    let samples: Vec<Sample> = (0..10)
        .map(|id| Sample::new(id, "tick").of_client(1 + id as u32 % 2).received_days_later(id as i64))
        .collect();
    bench.add_all(&samples);
    let today = samples[9].received;
    bench.index.retain(ClientId(1), 3, today);
    until(&mut bench, today, |bench| bench.ids("tick") == [1, 3, 5, 6, 7, 8, 9]);
    let bench = bench.crash(settings());
    assert_eq!(bench.ids("tick"), [1, 3, 5, 6, 7, 8, 9]);
    assert_eq!(bench.writer.position().0, 10);
}

#[test]
fn what_is_stored_is_told_by_day_of_receipt() {
    let mut bench = Bench::with(settings());
    let samples: Vec<Sample> =
        (0..6).map(|id| Sample::new(id, "tick").of_client(1).received_days_later(id as i64 / 3)).collect();
    bench.add_all(&samples);
    let scope = Scope::every_client();
    let by_day = bench.index.stored_by_day(&scope).expect("figures by day");
    let today = samples[0].received.day();
    assert_eq!(by_day.keys().copied().collect::<Vec<_>>(), [(ClientId(1), today), (ClientId(1), today + 1)]);
    assert!(by_day.values().all(|bytes| *bytes > 0));
    let whole = bench.index.usage(&scope).expect("usage")[&ClientId(1)].bytes_stored;
    assert_eq!(by_day.values().sum::<u64>(), whole);
}

#[test]
fn an_erased_client_is_gone_and_the_others_are_not() {
    let mut bench = Bench::with(settings());
    let samples: Vec<Sample> =
        (0..10).map(|id| Sample::new(id, "tick").of_client(1 + id as u32 % 2)).collect();
    bench.add_all(&samples);
    let usage = bench.index.usage(&Scope::every_client()).expect("usage");
    assert_eq!((usage[&ClientId(2)].events, usage[&ClientId(2)].days), (5, 1));
    assert!(usage[&ClientId(2)].bytes_stored > 0);
    bench.index.erase(ClientId(2));
    let day = bench.dir.path().join("2/2026-11-22");
    until(&mut bench, DAY, |bench| bench.ids("tick") == [0, 2, 4, 6, 8] && !day.exists());
    assert_eq!(bench.index.usage(&Scope::every_client()).expect("usage").len(), 1);
    bench.add_all(&[Sample::new(10, "tick").of_client(2)]);
    let found = bench.index.search(&Scope::clients([ClientId(2)]), &SearchRequest::new("")).expect("a page");
    assert_eq!(found.total, 1, "what comes later is indexed again");
}

#[test]
fn no_replay_brings_back_what_was_erased_before_a_checkpoint() {
    let samples: Vec<Sample> =
        (0..6).map(|id| Sample::new(id, "tick").of_client(1 + id as u32 % 2)).collect();
    let mut bench = Bench::with(settings());
    bench.add_all(&samples[..3]);
    bench.add(&samples[3]);
    bench.index.erase(ClientId(2));
    bench.writer.commit_if_due(DAY).expect("a commit");
    assert_eq!(bench.ids("tick"), [0, 2]);
    let Bench { dir, index, writer, .. } = bench;
    drop((writer, index));
    // As if it had been killed before the checkpoint that followed was done.
    std::fs::remove_file(dir.path().join("position.json")).expect("a position");
    let mut bench = Bench::on(dir, settings());
    assert_eq!(bench.writer.position().0, 0);
    bench.add_all(&samples);
    assert_eq!(bench.ids("tick"), [0, 2, 4, 5], "what came after the erasure is new");
}

#[test]
fn an_erasure_takes_nothing_that_came_after_it() {
    let mut bench = Bench::with(settings());
    bench.add_all(&[Sample::new(0, "tick"), Sample::new(1, "tick").of_client(2)]);
    // The turn begins a checkpoint, which the erasure then meets.
    bench.writer.commit_if_due(DAY).expect("a commit");
    bench.index.erase(ClientId(1));
    bench.writer.commit_if_due(DAY).expect("a commit");
    bench.add_all(&[Sample::new(2, "tick"), Sample::new(3, "tick").of_client(2)]);
    until(&mut bench, DAY, |bench| bench.ids("tick") == [1, 2, 3]);
    bench.writer.checkpoint().expect("a checkpoint");
    let bench = bench.crash(settings());
    assert_eq!(bench.ids("tick"), [1, 2, 3]);
}

#[test]
fn old_days_go_without_a_checkpoint_and_nothing_waits_for_nothing() {
    let slow = IndexSettings { checkpoint_interval_ms: 3_600_000, ..IndexSettings::default() };
    let mut bench = Bench::with(slow);
    bench.add_all(&[Sample::new(0, "tick"), Sample::new(1, "tick").received_days_later(9)]);
    bench.writer.checkpoint().expect("a checkpoint");
    let today = Timestamp(DAY.0 + 9 * 86_400_000_000_000);
    bench.writer.commit_if_due(today).expect("a commit");
    let checkpoints = bench.index.telemetry().figures().checkpoints;
    // A disk that takes nothing more: what is written first would lie here.
    std::fs::create_dir(bench.dir.path().join("position.new")).expect("a directory");
    std::fs::create_dir(bench.dir.path().join("1/2026-11-22/durable.new")).expect("a directory");
    bench.index.retain(ClientId(1), 5, today);
    bench.writer.commit_if_due(today).expect("a commit");
    assert_eq!(bench.ids("tick"), [1]);
    assert!(!bench.dir.path().join("1/2026-11-22").exists());
    bench.index.retain(ClientId(1), 5, today);
    bench.writer.commit_if_due(today).expect("a commit");
    assert_eq!(bench.index.telemetry().figures().checkpoints, checkpoints);
}

#[test]
fn erasing_reaches_what_was_set_aside() {
    let mut bench = Bench::with(settings());
    bench.add_all(&[Sample::new(0, "tick"), Sample::new(1, "tick").of_client(2)]);
    bench.writer.checkpoint().expect("a checkpoint");
    std::fs::write(bench.dir.path().join("1/2026-11-22/durable.json"), b"{").expect("a file");
    let mut bench = bench.crash(settings());
    let aside = bench.dir.path().join("damaged/1-2026-11-22-0");
    assert!(aside.exists());
    bench.index.erase(ClientId(1));
    until(&mut bench, DAY, |_| !aside.exists());
    assert_eq!(bench.ids("tick"), [1]);
}
