//! The index: events become searchable, stay searchable for as long as the client's retention says, and disappear on
//! time. It knows the query language, counts and histograms; it knows nothing of rules, cases, HTTP or what a line meant.
//!
//! Events of one client received on one day (UTC) are one *split*: a directory of immutable tantivy segments and a small
//! manifest. Retention and erasure drop whole splits; a query opens only the splits of the clients in its scope.
//!
//! ```no_run
//! use event::{Event, FieldTable, Scope, Timestamp};
//! use index::{Index, IndexSettings, SearchRequest};
//!
//! # fn run(event: &Event<'_>, now: Timestamp) -> Result<(), index::SearchError> {
//! let fields = std::sync::Arc::new(FieldTable::new());
//! let index = Index::open("/var/lib/sperwer/index".as_ref(), IndexSettings::default(), fields)?;
//! let mut writer = index.writer()?;
//! writer.add(event)?; // in order of their ids, from writer.position() on
//! writer.commit_if_due(now)?;
//! let page = index.search(&Scope::every_client(), &SearchRequest::new("user.name:jan \"failed password\""))?;
//! println!("{} events", page.total);
//! # Ok(())
//! # }
//! ```
//!
//! The path of an event through this crate: [`IndexWriter`] → document → segment writer of its split → segment files
//! (searchable) → keeper (merged, on disk for good). The path of a query: text → [`query::Query`] → plan → segments →
//! hits.

mod clock;
mod compare;
mod directory;
mod document;
mod error;
mod execute;
mod find;
mod hit;
mod keeper;
mod leaf;
mod manifest;
mod merge;
mod plan;
pub mod query;
mod record;
mod request;
mod retention;
mod schema;
mod segment;
mod settings;
mod split;
mod telemetry;
mod token;
mod writer;

pub use crate::error::{IndexError, SearchError};
pub use crate::execute::COUNT_BY_DISTINCT_MAX;
pub use crate::find::Index;
pub use crate::hit::{FieldValue, Hit};
pub use crate::query::QueryError;
pub use crate::request::{
    Bucket, COUNT_BY_TOP_MAX, Count, Counts, Cursor, Fetched, GET_MANY_MAX, HISTOGRAM_BUCKETS_MAX, Histogram,
    LIMIT_MAX, PAGE_BYTES_MAX, SearchPage, SearchRequest, auto_interval,
};
pub use crate::retention::ClientUsage;
pub use crate::settings::{CHECKPOINT_BYTES_MAX, IndexSettings};
pub use crate::telemetry::{Telemetry, TelemetryFigures};
pub use crate::token::parse_time;
pub use crate::writer::IndexWriter;
