//! Followed files: growth, rotation, truncation, restarts.

use crate::rig::{Rig, source};
use event::{SourceId, Transport};
use ingest::{Limits, ListenerKind, SourceTable};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// A rig that follows `log` in a directory of its own, bound to source 3; nothing is there yet.
fn rig(logs: &tempfile::TempDir) -> (Rig, PathBuf, Vec<(&'static str, ListenerKind)>) {
    let path = logs.path().join("log");
    let mut table = SourceTable::new();
    table.bind_listener("nginx access", source(3));
    let kinds = vec![("nginx access", ListenerKind::File { path: path.clone() })];
    (Rig::start_with(&kinds, table, Limits::default()), path, kinds)
}

#[test]
fn lines_are_taken_as_they_are_written_and_only_whole() {
    let logs = tempfile::tempdir().unwrap();
    let (mut rig, path, _) = rig(&logs);
    append(&path, "one\ntwo\nthr");
    let received = rig.receive(2);
    assert_eq!(received[1].text(), "two");
    assert_eq!((received[1].origin.source, received[1].origin.transport), (SourceId(3), Transport::File));
    assert_eq!(received[1].origin.peer, None);
    append(&path, "ee\n");
    assert_eq!(rig.receive_texts(1), ["three"]);
}

#[test]
fn a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_start() {
    let logs = tempfile::tempdir().unwrap();
    let (mut rig, path, _) = rig(&logs);
    append(&path, "old 1\n");
    assert_eq!(rig.receive_texts(1), ["old 1"]);
    let renamed = logs.path().join("log.1");
    fs::rename(&path, &renamed).unwrap();
    append(&renamed, "old 2\nold 3 without an end");
    append(&path, "new 1\n");
    assert_eq!(rig.receive_texts(3), ["old 2", "old 3 without an end", "new 1"]);
}

#[test]
fn a_truncated_file_is_read_from_its_start() {
    let logs = tempfile::tempdir().unwrap();
    let (mut rig, path, _) = rig(&logs);
    append(&path, "before 1\nbefore 2\n");
    assert_eq!(rig.receive_texts(2), ["before 1", "before 2"]);
    fs::write(&path, "after\n").unwrap();
    assert_eq!(rig.receive_texts(1), ["after"]);
}

#[test]
fn a_restart_goes_on_where_it_was_also_in_a_renamed_file() {
    let logs = tempfile::tempdir().unwrap();
    let (mut rig, path, kinds) = rig(&logs);
    append(&path, "1\n2\nunfini");
    assert_eq!(rig.receive_texts(2), ["1", "2"]);
    assert!(rig.shutdown());
    append(&path, "shed\n4\n");
    rig.listen(&kinds);
    assert_eq!(rig.receive_texts(2), ["unfinished", "4"]);
    assert!(rig.shutdown());
    append(&path, "5\n");
    fs::rename(&path, logs.path().join("log.1")).unwrap();
    append(&path, "6\n");
    rig.listen(&kinds);
    assert_eq!(rig.receive_texts(2), ["5", "6"]);
}

#[test]
fn a_checkpoint_that_cannot_be_stored_makes_no_line_come_twice() {
    let logs = tempfile::tempdir().unwrap();
    let (mut rig, path, kinds) = rig(&logs);
    // In the way of the file that the checkpoint is first written to.
    let in_the_way = rig.directory().join("checkpoints/nginx%20access.new");
    fs::create_dir(&in_the_way).unwrap();
    append(&path, "1\n");
    assert_eq!(rig.receive_texts(1), ["1"]);
    append(&path, "2\n3\n");
    assert_eq!(rig.receive_texts(2), ["2", "3"]);
    rig.until("it is counted", |statistics| statistics.checkpoint_failures >= 2);
    assert_eq!(rig.statistics().read_failures, 0);
    fs::remove_dir(&in_the_way).unwrap();
    // The last position is stored at the end, also when no line comes any more.
    assert!(rig.shutdown());
    append(&path, "4\n");
    rig.listen(&kinds);
    assert_eq!(rig.receive_texts(1), ["4"]);
}

#[test]
fn a_long_file_comes_in_whole() {
    let logs = tempfile::tempdir().unwrap();
    let (mut rig, path, _) = rig(&logs);
    let lines: Vec<_> = (0..20_000).map(|n| format!("{n} {}", "x".repeat(n % 200))).collect();
    append(&path, &(lines.join("\n") + "\n"));
    assert_eq!(rig.receive_texts(lines.len()), lines);
}
