//! The files of a journal: their names, and which holds what.

use event::EventId;
use std::io;
use std::path::{Path, PathBuf};

/// File name extension of a segment.
const EXTENSION: &str = "journal";

/// One file of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The id of its first record, which is also its name.
    pub first: EventId,
    /// Its length up to the last durable block.
    pub bytes: u64,
}

/// The path of the segment that begins with `first`: twenty digits, so that names sort like ids.
pub(super) fn path(directory: &Path, first: EventId) -> PathBuf {
    directory.join(format!("{:020}.{EXTENSION}", first.0))
}

/// The segments of a directory, oldest first. Other files are left alone.
pub(super) fn list(directory: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if let Some(first) = first_of(&entry.path()) {
            segments.push(Segment { first, bytes: entry.metadata()?.len() });
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

fn first_of(path: &Path) -> Option<EventId> {
    if path.extension()? != EXTENSION {
        return None;
    }
    let digits = path.file_stem()?.to_str()?;
    if digits.len() == 20 { digits.parse().ok().map(EventId) } else { None }
}
