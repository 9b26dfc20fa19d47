//! The CMDB: configuration items from several origins, reconciled, and the answer to "which CI is this event about?".
//!
//! [`import`] takes files of one origin CMDB and reconciles them with what the others say (D3.1, D3.2); [`Resolver`] is
//! a snapshot in memory that ties an event to its CI on the hot path (D3.3); the queries ([`list`], [`detail`],
//! [`impact`]) take a [`event::Scope`], so nobody sees another tenant's CIs. Knows nothing of alerts, cases or money.

mod attribute;
mod ci;
mod error;
mod history;
mod impact;
mod import;
mod query;
mod reconcile;
mod relation;
mod resolver;

pub use crate::attribute::Attribute;
pub use crate::ci::Ci;
pub use crate::error::CmdbError;
pub use crate::history::{CiThen, as_of};
pub use crate::impact::{IMPACT_DEPTH_MAX, ImpactNode, impact};
pub use crate::import::report::{CiChange, Conflict, ImportReport, LineError, ValueChange};
pub use crate::import::{ImportFile, ImportSettings, import};
pub use crate::query::{CI_PAGE_MAX, CiDetail, CiFilter, CiPage, Related, SourcedValue, ci, detail, list};
pub use crate::reconcile::{PrecedenceRule, set_precedence};
pub use crate::relation::RelationKind;
pub use crate::resolver::{CiMatch, MatchMethod, Resolution, Resolver, version};
