//! Which segments a split consists of. Each split has two of these files:
//!
//! - `durable.json`: segments that are on disk for good, and the journal position up to which they hold everything.
//!   Written by the keeper at a checkpoint; what a restart begins from.
//! - `live.json`: what can be searched now. Written at every commit, for other processes that search the same
//!   directory; a restart ignores it, because the journal has what it has more.
//!
//! Both are replaced whole, by rename. `position.json` beside the clients' directories holds the position up to which
//! every split is durable.

use crate::IndexError;
use crate::error::io_error;
use event::EventId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

pub(crate) const LIVE: &str = "live.json";
pub(crate) const DURABLE: &str = "durable.json";
pub(crate) const POSITION: &str = "position.json";

/// Changes when what is on disk changes its meaning.
const VERSION: u32 = 1;

/// What stands in the manifest files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    version: u32,
    /// Every event of this split below it is in the segments.
    pub(crate) position: u64,
    pub(crate) segments: Vec<SegmentInfo>,
}

/// One segment: enough to skip it without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentInfo {
    /// Its UUID, the stem of its files.
    pub(crate) id: String,
    pub(crate) events: u32,
    /// Size of its files.
    pub(crate) bytes: u64,
    /// Lowest and highest event id.
    pub(crate) ids: (u64, u64),
    /// First and last event time, nanoseconds.
    pub(crate) times: (i64, i64),
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Position {
    position: u64,
}

impl Manifest {
    pub(crate) fn new(position: EventId, segments: Vec<SegmentInfo>) -> Manifest {
        Manifest { version: VERSION, position: position.0, segments }
    }

    /// `None` when there is no such file.
    pub(crate) fn read(path: &Path) -> Result<Option<Manifest>, IndexError> {
        let Some(bytes) = read(path)? else { return Ok(None) };
        // First the version alone: the rest of another one may look different.
        let Head { version } = parse(path, &bytes)?;
        if version != VERSION {
            return Err(IndexError::Version { path: path.to_owned(), found: version, known: VERSION });
        }
        parse(path, &bytes).map(Some)
    }

    pub(crate) fn names(&self, id: &str) -> bool {
        self.segments.iter().any(|segment| segment.id == id)
    }

    pub(crate) fn write(&self, path: &Path, durable: bool) -> Result<(), IndexError> {
        write_json(path, self, durable)
    }
}

/// The position up to which every split is durable; zero for a new index.
pub(crate) fn read_position(root: &Path) -> Result<EventId, IndexError> {
    let path = root.join(POSITION);
    let Some(bytes) = read(&path)? else { return Ok(EventId(0)) };
    parse::<Position>(&path, &bytes).map(|found| EventId(found.position))
}

pub(crate) fn write_position(root: &Path, position: EventId) -> Result<(), IndexError> {
    write_json(&root.join(POSITION), &Position { position: position.0 }, true)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, IndexError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", path)(error)),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, IndexError> {
    let damaged =
        |error: serde_json::Error| IndexError::Damaged { path: path.to_owned(), what: error.to_string() };
    serde_json::from_slice(bytes).map_err(damaged)
}

fn write_json<T: Serialize>(path: &Path, value: &T, durable: bool) -> Result<(), IndexError> {
    let bytes = serde_json::to_vec(value).map_err(|error| io_error("write", path)(error.into()))?;
    replace(path, &bytes, durable).map_err(io_error("write", path))
}

fn replace(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    if durable {
        file.sync_all()?;
    }
    fs::rename(&new, path)?;
    match path.parent() {
        Some(parent) if durable => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}
