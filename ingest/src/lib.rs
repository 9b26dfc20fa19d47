//! From sockets and files to the durable journal: the only crate that opens ingestion sockets and follows files.
//!
//! Bytes come in through a listener, are framed, stamped with the time and with the source that they belong to, and
//! appended to the [`Journal`]. Only what is synced to disk is acknowledged. What the bytes mean is no concern here.
//!
//! ```
//! use event::{ClientId, EventId, Origin, SourceId, Timestamp, Transport};
//! use ingest::{Batch, Journal, JournalSettings};
//! use std::time::Duration;
//!
//! let directory = tempfile::tempdir()?;
//! let journal = Journal::open(directory.path(), JournalSettings::default())?;
//! let origin = Origin { client: ClientId(1), source: SourceId(7), transport: Transport::Tcp, peer: None };
//! let mut batch = Batch::new();
//! batch.push(&origin, Timestamp::from_secs(1_795_383_263), false, b"<38>sshd[1]: Accepted publickey for ann");
//! let appended = journal.append_blocking(batch)?.wait()?;
//! assert_eq!(appended.first, EventId(0));
//!
//! let mut reader = journal.reader(EventId(0));
//! let block = reader.next(Duration::from_secs(1))?.expect("it is durable");
//! assert_eq!(block.frames().next().expect("one frame").raw.last(), Some(&b'n'));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
mod follow;
mod intake;
mod journal;
pub mod limits;
mod listen;
mod quarantine;
mod source;
mod telemetry;

pub use intake::Ingress;
pub use journal::{
    Ack, AppendError, Appended, Batch, Block, Disk, Journal, JournalReader, JournalSettings,
    JournalStatistics, OpenError, ReadError, Recovery, Released, SYNC_BUCKETS_US, SegmentFile, Storage,
};
pub use limits::Limits;
pub use listen::{
    IngestSettings, ListenError, ListenerKind, ListenerSettings, Listeners, TlsSettings, http_router,
};
pub use quarantine::UnknownSender;
pub use source::{Attribution, Evidence, Fingerprint, NotSha256, SourceTable, TokenHash};
pub use telemetry::{ListenerStatistics, Telemetry};
