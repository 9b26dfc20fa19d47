//! What can go wrong, by whose hand.

use crate::query::QueryError;
use event::EventId;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use thiserror::Error;

/// Writing, keeping and erasing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// A file or directory could not be used.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done: `read`, `write`, `create`, ….
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process writes to this index.
    #[error("{path} is in use by another process: only one may write to an index")]
    Locked {
        /// The index directory.
        path: PathBuf,
    },
    /// The index was opened for reading only, or it has a writer already.
    #[error("this index has no writer to give: it was opened for reading only, or it has one already")]
    NoWriter,
    /// A manifest or segment that is not what was written.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A manifest of another version of this program.
    #[error("{path} has version {found}, this program reads version {known}: use a newer one")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that this program knows.
        known: u32,
    },
    /// The index engine refused.
    #[error("the index engine failed on {path}")]
    Engine {
        /// The split's directory.
        path: PathBuf,
        /// Why.
        source: tantivy::TantivyError,
    },
    /// An earlier write failed, and with it events that were in memory.
    #[error("an earlier write failed: open the index again and replay the journal from event {durable}")]
    EventsLost {
        /// Everything below it is safe.
        durable: EventId,
    },
    /// A background thread ended; what it was doing stands in the log.
    #[error("a background thread of the index has ended unexpectedly; restart the program")]
    WorkerGone,
    /// Events came out of order: ids must rise by their place in the journal.
    #[error("event {got} was added after event {last}: events must come in the order of the journal")]
    OutOfOrder {
        /// The highest id so far.
        last: EventId,
        /// The id that was added.
        got: EventId,
    },
}

/// Searching.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The query is not a query; the caller can mend it.
    #[error("{0}")]
    Query(#[from] QueryError),
    /// A request value outside its limits; the caller can mend it.
    #[error("{what} is {got}, at most {max} is possible")]
    TooMuch {
        /// Which value.
        what: &'static str,
        /// As asked.
        got: u64,
        /// As allowed.
        max: u64,
    },
    /// A field by which nothing is counted, because nearly every event has another value; the caller can mend it.
    #[error("events cannot be counted by '{field}', which is different in nearly every event")]
    NotCounted {
        /// The field.
        field: String,
    },
    /// What was asked for was not found where it could be looked for, and some could not be searched.
    #[error("not found, but not everything could be searched: {}", not_searched.join("; "))]
    NotSearched {
        /// What was not, one line each.
        not_searched: Vec<String>,
    },
    /// A cursor that was not given out by this index.
    #[error("'{0}' is not a cursor of an earlier page")]
    Cursor(String),
    /// The index itself failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl SearchError {
    /// Whether the caller can mend it (a 4xx) or only the operator (a 5xx).
    #[must_use]
    pub fn is_callers(&self) -> bool {
        !matches!(self, SearchError::Index(_) | SearchError::NotSearched { .. })
    }
}

pub(crate) fn io_error(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> IndexError {
    let path = path.to_owned();
    move |source| IndexError::Io { doing, path, source }
}

/// Does something with segment files. The engine panics on some that are damaged; that must cost this split and not the
/// thread.
pub(crate) fn unless_it_panics<T>(
    path: &std::path::Path,
    work: impl FnOnce() -> Result<T, IndexError>,
) -> Result<T, IndexError> {
    // What the work has changed until then is not looked at after an error.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let what = "the index engine gave up on a segment".to_owned();
        Err(IndexError::Damaged { path: path.to_owned(), what })
    })
}

pub(crate) fn engine_error(path: &std::path::Path) -> impl FnOnce(tantivy::TantivyError) -> IndexError {
    let path = path.to_owned();
    move |source| IndexError::Engine { path, source }
}
