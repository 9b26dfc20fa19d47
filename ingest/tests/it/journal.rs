//! The journal while all is well, and what a start makes of what a crash left.

use crate::support::{LONG, append, batch, payloads, small_segments};
use event::EventId;
use ingest::{AppendError, Journal, JournalSettings, OpenError, ReadError};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = entries.filter(|path| path.extension().is_some()).collect();
    segments.sort();
    segments
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_goes_in_comes_out_in_order_from_any_position(
        batches in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..20), 1..12),
        from: prop::sample::Index,
        reopen: bool,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(directory.path(), small_segments()).unwrap();
        let mut expected: Vec<Vec<u8>> = Vec::new();
        for payloads in &batches {
            prop_assert_eq!(append(&journal, payloads), EventId(expected.len() as u64));
            expected.extend_from_slice(payloads);
            prop_assert_eq!(journal.durable(), EventId(expected.len() as u64));
            if reopen {
                drop(journal);
                journal = Journal::open(directory.path(), small_segments()).unwrap();
                prop_assert_eq!(journal.recovery().torn_bytes, 0);
            }
        }
        let from = from.index(expected.len() + 1);
        prop_assert_eq!(&payloads(&journal, EventId(from as u64))[..], &expected[from..]);
    }
}

#[test]
fn a_torn_tail_is_cut_at_whatever_byte_it_was_torn() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    append(&journal, ["first", "second"]);
    let whole = segments(directory.path());
    let before = std::fs::metadata(&whole[0]).unwrap().len();
    append(&journal, ["third", "fourth"]);
    drop(journal);
    let bytes = std::fs::read(&whole[0]).unwrap();

    for length in before as usize..bytes.len() {
        std::fs::write(&whole[0], &bytes[..length]).unwrap();
        let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
        assert_eq!(journal.recovery().torn_bytes, length as u64 - before);
        assert_eq!(journal.recovery().next, EventId(2));
        assert_eq!(append(&journal, ["after"]), EventId(2), "torn at {length}");
        assert_eq!(payloads(&journal, EventId(0)), [&b"first"[..], b"second", b"after"]);
    }
}

#[test]
fn a_tail_whose_pages_never_arrived_is_cut_too() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    append(&journal, ["first"]);
    let path = &segments(directory.path())[0];
    let before = std::fs::metadata(path).unwrap().len() as usize;
    append(&journal, ["second"]);
    drop(journal);
    let whole = std::fs::read(path).unwrap();
    for (from, to) in [(before, whole.len()), (before, before + 32), (before + 32, whole.len())] {
        let mut bytes = whole.clone();
        bytes[from..to].fill(0);
        std::fs::write(path, &bytes).unwrap();
        let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
        assert_eq!(payloads(&journal, EventId(0)), [b"first"]);
    }
}

#[test]
fn damage_before_sound_data_is_refused_and_nothing_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    append(&journal, ["first"]);
    append(&journal, ["second"]);
    drop(journal);
    let path = &segments(directory.path())[0];
    let whole = std::fs::read(path).unwrap();
    for at in 0..whole.len() / 2 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(path, &bytes).unwrap();
        let error = Journal::open(directory.path(), JournalSettings::default()).unwrap_err();
        assert!(matches!(&error, OpenError::Damaged { offset: 0, .. }), "byte {at}: {error}");
        assert_eq!(error.to_string().lines().count(), 1);
        assert_eq!(std::fs::read(path).unwrap(), bytes);
    }
}

#[test]
fn a_reader_reports_damage_and_does_not_pass_it() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), small_segments()).unwrap();
    append(&journal, [vec![b'x'; 5000]]);
    append(&journal, ["in the second segment"]);
    let first = &segments(directory.path())[0];
    let mut bytes = std::fs::read(first).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(first, bytes).unwrap();
    let mut reader = journal.reader(EventId(0));
    for _ in 0..2 {
        assert!(matches!(reader.next(LONG), Err(ReadError::Damaged { next: EventId(0), .. })));
    }
    assert_eq!(reader.position(), EventId(0));
    assert_eq!(payloads(&journal, EventId(1)), [b"in the second segment"]);
}

#[test]
fn a_second_process_is_told_that_the_journal_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    let error = Journal::open(directory.path(), JournalSettings::default()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }));
    drop(journal);
    Journal::open(directory.path(), JournalSettings::default()).unwrap();
}

#[test]
fn a_reader_waits_and_is_woken() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    let mut reader = journal.reader(EventId(0));
    assert!(reader.next(Duration::from_millis(1)).unwrap().is_none());
    let thread = std::thread::spawn(move || reader.next(LONG).unwrap().expect("it was woken").len());
    append(&journal, ["a", "b"]);
    assert_eq!(thread.join().unwrap(), 2);
}

#[test]
fn a_position_of_another_journal_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    append(&journal, ["a"]);
    assert!(matches!(journal.reader(EventId(2)).next(LONG), Err(ReadError::Ahead { .. })));
}

#[test]
fn released_segments_go_and_ids_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), small_segments()).unwrap();
    for _ in 0..10 {
        append(&journal, [[b'x'; 5000]]);
    }
    assert_eq!(segments(directory.path()).len(), 10);
    assert_eq!(journal.release(EventId(4)).unwrap().segments, 4);
    assert_eq!((journal.oldest(), segments(directory.path()).len()), (EventId(4), 6));
    assert!(matches!(journal.reader(EventId(3)).next(LONG), Err(ReadError::Released { .. })));
    assert_eq!(payloads(&journal, EventId(4)).len(), 6);
    journal.release(EventId(10)).unwrap();
    let statistics = journal.statistics();
    assert_eq!(statistics.segments, 1);
    drop(journal);
    let journal = Journal::open(directory.path(), small_segments()).unwrap();
    assert_eq!(journal.recovery().next, EventId(10));
    assert_eq!(journal.statistics().disk_bytes, statistics.disk_bytes);
}

#[test]
fn segments_are_kept_for_their_hours_unless_there_are_too_many_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings { retain_hours: 1, retain_bytes: 20_000, ..small_segments() };
    let journal = Journal::open(directory.path(), settings).unwrap();
    for _ in 0..6 {
        append(&journal, [[b'x'; 5000]]);
    }
    assert_eq!(journal.release(EventId(1)).unwrap().segments, 1, "30 000 bytes are too many");
    assert_eq!(journal.release(EventId(6)).unwrap().segments, 2, "and then 20 000 are not");
    assert!(journal.statistics().disk_bytes <= 20_000);
}

#[test]
fn a_closed_journal_has_written_all_it_took_and_takes_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), JournalSettings::default()).unwrap();
    let acks: Vec<_> = (0..100).map(|n| journal.append_blocking(batch([n.to_string()])).unwrap()).collect();
    journal.close();
    for (n, ack) in acks.into_iter().enumerate() {
        assert_eq!(ack.wait().unwrap().first, EventId(n as u64));
    }
    assert_eq!(journal.append_blocking(batch(["late"])).unwrap_err(), AppendError::Closed);
    assert_eq!(payloads(&journal, EventId(0)).len(), 100);
    let mut reader = journal.reader(EventId(100));
    assert!(reader.next(LONG).unwrap().is_none(), "at once: nothing more can come");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let settings = JournalSettings { queue_bytes_max: 0, ..JournalSettings::default() };
    let error = Journal::open(directory.path(), settings).unwrap_err();
    assert_eq!(
        error.to_string(),
        "journal setting queue_bytes_max is 0, it must be between 1 and 4294967295"
    );
}
