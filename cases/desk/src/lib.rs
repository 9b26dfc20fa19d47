//! The desk of the SOC: alerts, their groups, and security cases (D4).
//!
//! [`record_alerts`] takes the matches of a batch inside the pipeline's transaction; people (or the [`Policy`]) make
//! [`register`] cases of groups; [`change`] is the one way to change a case, with a scope, an actor and the version that
//! the caller saw. Every change is an event on the case's timeline and a row of the audit log; every clock is a fold
//! over the timeline. What may follow what, the priority matrix and the targets are data (`src/data/*.toml`).
//!
//! Knows nothing of HTTP, of calendars (`figures` has them) or of money.

mod alert;
mod case;
mod change;
mod error;
mod group;
mod note;
mod policy;
mod priority;
mod queue;
mod record;
mod register;
mod target;
mod timeline;
mod workflow;

pub use crate::alert::{Level, NewAlert, SUMMARY_BYTES_MAX, alert_id, entity_of};
pub use crate::case::{Case, CaseId, REASSIGNMENTS_MAX, Verdict, require as case};
pub use crate::change::{Change, change};
pub use crate::error::{DeskError, Unfit};
pub use crate::group::{
    Alert, AlertGroup, GroupFilter, GroupId, GroupPage, GroupState, alert_queue, alerts_of, dismiss, group,
};
pub use crate::note::{NOTE_BYTES_MAX, Note, add_note};
pub use crate::policy::{Policy, PolicyRule};
pub use crate::priority::{PriorityRules, Proposal};
pub use crate::queue::{
    CaseDetail, CaseFilter, CasePage, case_by_number, case_counts, case_detail, case_queue, nearby,
};
pub use crate::record::{ALERTS_PER_GROUP_MAX, GROUP_GAP_MS, GROUP_SPAN_MAX_MS, Recorded, record_alerts};
pub use crate::register::{NewCase, register};
pub use crate::target::{DUE_NEVER_MS, Targets};
pub use crate::timeline::{CaseEvent, Clocks, EventKind, assigned_provider};
pub use crate::workflow::{State, Workflow};
