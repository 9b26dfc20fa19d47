//! What can go wrong, by whose hand.

use crate::query::QueryError;
use event::EventId;
use std::io;
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
    /// The index was opened for reading only, or its writer was already taken.
    #[error(
        "this index has no writer to give: it was opened for reading only, or the writer was taken before"
    )]
    NoWriter,
    /// A manifest or segment that is not what was written.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
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
        !matches!(self, SearchError::Index(_))
    }
}

pub(crate) fn io_error(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> IndexError {
    let path = path.to_owned();
    move |source| IndexError::Io { doing, path, source }
}

pub(crate) fn engine_error(path: &std::path::Path) -> impl FnOnce(tantivy::TantivyError) -> IndexError {
    let path = path.to_owned();
    move |source| IndexError::Engine { path, source }
}
