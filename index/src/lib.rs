//! The index: events become searchable, stay searchable for as long as the client's retention says, and disappear on
//! time. It knows the query language, counts and histograms; it knows nothing of rules, cases, HTTP or what a line meant.
//!
//! Events of one client received on one day (UTC) are one *split*: a directory of immutable tantivy segments and a small
//! manifest. Retention and erasure drop whole splits; a query opens only the splits of the clients in its scope.

mod directory;
mod document;
mod error;
mod hit;
mod manifest;
mod merge;
pub mod query;
mod record;
mod request;
mod schema;
mod segment;
mod settings;
mod split;
mod token;

pub use crate::error::{IndexError, SearchError};
pub use crate::hit::{FieldValue, Hit};
pub use crate::query::QueryError;
pub use crate::request::{
    Bucket, COUNT_BY_TOP_MAX, Count, Counts, Cursor, GET_MANY_MAX, HISTOGRAM_BUCKETS_MAX, Histogram,
    LIMIT_MAX, SearchPage, SearchRequest, auto_interval,
};
pub use crate::settings::{CHECKPOINT_BYTES_MAX, IndexSettings};
