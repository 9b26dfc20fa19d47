//! Frames → events: framing, format recognition, one parser per format, and the catalogue of source types.
//!
//! For `ingest` (which cuts streams with [`Splitter`]) and for the readers of the journal (which turn each
//! [`event::Frame`] into an [`event::Event`] with a [`Parser`]). Parsing never fails and never loses the bytes: what
//! is not understood is an event with status `raw`.
//!
//! No I/O, no clock, no thread: bytes, the time of receipt and settings come in as arguments.
//!
//! ```
//! use bumpalo::Bump;
//! use event::{ClientId, EventId, FieldTable, Frame, Origin, SourceId, Timestamp, Transport};
//! use std::sync::Arc;
//!
//! let mut parser = parse::Parser::new(Arc::new(parse::Catalogue::builtin()), Arc::new(FieldTable::new()));
//! let arena = Bump::new();
//! let origin = Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Udp, peer: None };
//! let raw = b"no pri at all";
//! let frame = Frame { id: EventId(0), raw, received: Timestamp(0), origin, truncated: false };
//! let event = parser.parse(&frame, &arena);
//! assert_eq!(event.message, "no pri at all");
//! ```

mod apply;
mod catalogue;
mod claims;
mod columns;
mod content;
mod draft;
mod encoding;
mod explain;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod json;
mod labels;
mod lanes;
mod lead;
mod names;
mod ocsf;
mod pairs;
mod parser;
mod pattern;
mod plan;
mod prefix;
mod propose;
mod rare;
mod scan;
mod shape;
mod sieve;
mod sight;
mod signals;
mod style;
mod syslog;
mod table;
mod tabular;
mod target;
mod text;
mod time;
mod word;
mod work;
mod xml;

pub use crate::catalogue::check::{Difference, SampleRun, run_samples};
pub use crate::catalogue::lint::{Finding, Severity, lint, sample_lines};
pub use crate::catalogue::{Catalogue, CatalogueError, Sample, SourceTypeInfo};
pub use crate::explain::{
    Envelope, Explained, Explainer, Explanation, MatchedPattern, Near, Place, Sureness,
};
pub use crate::frame::{Framing, Splitter, Step};
pub use crate::parser::{Parser, SourceSettings};
pub use crate::propose::{Proposal, propose};
pub use chrono_tz::Tz;
