//! What can go wrong with the journal, and what a person can do about it.

use event::EventId;
use std::io;
use std::path::PathBuf;

/// The journal could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory or a file in it cannot be used.
    #[error("cannot open the journal: {path}")]
    Io {
        /// What was being opened.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process has it open.
    #[error(
        "the journal {directory} is in use by another process; stop that one first, or use another --data"
    )]
    InUse {
        /// The journal's directory.
        directory: PathBuf,
    },
    /// A block that had been acknowledged is damaged: this is no torn tail, so nothing is cut.
    #[error(
        "the journal segment {path} is damaged at byte {offset}, before sound data: restore it from a backup, or move \
         it and the later ones away to go on without them"
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the damaged block begins.
        offset: u64,
    },
    /// Written by a later version of this program.
    #[error(
        "the journal segment {path} has format version {found}, this program reads {known}: use a newer one"
    )]
    Version {
        /// The segment.
        path: PathBuf,
        /// The version of its block.
        found: u16,
        /// The version that this program knows.
        known: u16,
    },
    /// A setting that cannot work.
    #[error("journal setting {name} is {value}, it must be between {min} and {max}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it was set to.
        value: u64,
        /// The least it can be.
        min: u64,
        /// The most it can be.
        max: u64,
    },
}

/// A batch was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// No room in the queue; only where the caller would not wait. May be retried.
    #[error("the journal's queue is full")]
    Full,
    /// The journal is shutting down. A batch that was already in the queue may or may not have become durable.
    #[error("the journal is closed")]
    Closed,
}

/// A reader cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A segment cannot be read.
    #[error("cannot read the journal segment {path}")]
    Io {
        /// The segment.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A block is damaged.
    #[error("the journal segment {path} is damaged at byte {offset} (event {next} was expected there)")]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the block begins.
        offset: u64,
        /// The event that was to be read.
        next: EventId,
    },
    /// The events wanted were deleted because every reader had passed them.
    #[error("event {wanted} was already released from the journal, which begins at {oldest}")]
    Released {
        /// The reader's position.
        wanted: EventId,
        /// The oldest event that is still there.
        oldest: EventId,
    },
    /// The reader's position is beyond what was ever written: it belongs to another journal.
    #[error("position {wanted} is beyond the journal's end {durable}: it belongs to another data directory")]
    Ahead {
        /// The reader's position.
        wanted: EventId,
        /// The journal's end.
        durable: EventId,
    },
}
