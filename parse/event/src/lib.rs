//! The plain data that the stages hand to each other: [`Frame`] (bytes as received), [`Event`] (the same bytes,
//! understood), the ids that ride along, and [`Scope`] (whose data a caller may see).
//!
//! For every crate of the workspace; the stages meet here and nowhere else. Nothing in this crate does anything: no
//! I/O, no clock, no parsing, no policy.
//!
//! ```
//! use event::{Event, Value, known};
//!
//! fn who(event: &Event<'_>) -> Option<String> {
//!     match event.get(known::USER_NAME)? {
//!         Value::Str(name) => Some(name.to_owned()),
//!         _ => None,
//!     }
//! }
//! ```

mod event;
mod field;
mod frame;
mod id;
pub mod json;
pub mod known;
mod scope;
mod time;
mod value;

pub use crate::event::{Defect, DefectKind, Event, Field, ParseStatus};
pub use crate::field::{FIELD_NAME_BYTES_MAX, FIELD_NAMES_MAX, FieldId, FieldKind, FieldNames, FieldTable};
pub use crate::frame::{Frame, Origin, Transport};
pub use crate::id::{CiId, ClientId, EventId, ProviderId, SourceId};
pub use crate::scope::{Clients, Scope};
pub use crate::time::{Civil, Timestamp};
pub use crate::value::Value;
