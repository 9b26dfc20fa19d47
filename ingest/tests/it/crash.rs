//! `kill -9` under load: a child process appends and prints what was acknowledged; the parent kills it, opens the
//! journal and compares.

use crate::support::{batch, payloads};
use event::EventId;
use ingest::{Journal, JournalSettings};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Set for the child only: the journal's directory and the number of the round.
const DIRECTORY: &str = "SPERWER_CRASH_DIRECTORY";
const ROUND: &str = "SPERWER_CRASH_ROUND";
/// More kills than the default, for a long run.
const KILLS: &str = "SPERWER_CRASH_KILLS";

fn settings() -> JournalSettings {
    JournalSettings { segment_bytes: 200_000, ..JournalSettings::default() }
}

#[test]
fn every_acknowledged_record_is_there_exactly_once_after_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let kills = std::env::var(KILLS).map_or(40, |kills| kills.parse().unwrap());
    let seed = rand::rng().random::<u64>();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged = HashSet::new();
    let mut torn = 0;
    for round in 0..kills {
        acknowledged.extend(run_and_kill(directory.path(), round, random.random_range(0..30)));
        let journal = Journal::open(directory.path(), settings()).unwrap();
        torn += u32::from(journal.recovery().torn_bytes > 0);
    }
    let journal = Journal::open(directory.path(), settings()).unwrap();
    let found = payloads(&journal, EventId(0));
    println!(
        "{kills} kills, {} acknowledged, {} durable, {torn} torn tails",
        acknowledged.len(),
        found.len()
    );
    let distinct: HashSet<_> = found.iter().map(|payload| key(payload)).collect();
    assert_eq!(distinct.len(), found.len(), "no record is there twice");
    assert!(acknowledged.is_subset(&distinct), "every acknowledged record is there");
    assert!(acknowledged.len() > kills as usize);
}

fn run_and_kill(directory: &Path, round: u32, after_ms: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = Vec::new();
    while !first.starts_with(b"ack ") {
        first.clear();
        assert!(lines.read_until(b'\n', &mut first).unwrap() > 0, "the child ended by itself");
    }
    let reader = std::thread::spawn(move || {
        let mut acknowledged = acks(&first);
        // The last line may be cut by the kill; an acknowledgement counts once it was told whole.
        for line in lines.split(b'\n').map_while(Result::ok) {
            acknowledged.extend(acks(&line));
        }
        acknowledged
    });
    std::thread::sleep(Duration::from_millis(after_ms));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// `ack KEY KEY … end` as the keys; nothing when it is not whole.
fn acks(line: &[u8]) -> Vec<String> {
    let line = String::from_utf8_lossy(line);
    match line.trim_end().strip_prefix("ack ").and_then(|keys| keys.strip_suffix(" end")) {
        Some(keys) => keys.split(' ').map(str::to_owned).collect(),
        None => Vec::new(),
    }
}

fn key(payload: &[u8]) -> String {
    String::from_utf8(payload.split(|byte| *byte == b'|').next().unwrap().to_vec()).unwrap()
}

/// The child's side; a plain run of the suite passes through it without doing anything.
#[test]
fn child() {
    let (Ok(directory), Ok(round)) = (std::env::var(DIRECTORY), std::env::var(ROUND)) else { return };
    let journal = Journal::open(directory, settings()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (journal, round) = (&journal, &round);
            scope.spawn(move || {
                for number in 0u64.. {
                    let keys: Vec<_> =
                        (0..1 + number % 7).map(|i| format!("{round}.{thread}.{number}.{i}")).collect();
                    let padding = "p".repeat((number % 13) as usize * 300);
                    let ack =
                        journal.append_blocking(batch(keys.iter().map(|key| format!("{key}|{padding}"))));
                    ack.unwrap().wait().unwrap();
                    let line = format!("ack {} end\n", keys.join(" "));
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}
