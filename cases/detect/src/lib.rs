//! Detection: Sigma rules, compiled together, on parsed events (D4.1).
//!
//! For whoever has events and wants to know which rules match them: the pipeline, `sperwer detect`, the rule tests. It
//! takes [`event::Event`]s and gives [`RuleIndex`]es; it keeps nothing between events but memos, so the same event
//! always gives the same answer. It knows no sockets, no store and no tenants, and makes no alert of a match.
//!
//! ```
//! use detect::{Detector, RuleSet};
//! use event::FieldTable;
//! use std::sync::Arc;
//!
//! let table = FieldTable::new();
//! let (rules, refused) = RuleSet::compile(detect::starter_pack().rules, &table);
//! assert!(refused.is_empty());
//! let detector = Detector::new(Arc::new(rules));
//! assert!(detector.rules().iter().all(|(_, rule)| !rule.title.is_empty()));
//! ```
//!
//! Reading order: [`rule`] (what is written), `taxonomy` and `logsource` (how names and log sources of rules meet those
//! of events, as data), `engine` (how all rules become one machine), [`explain`](Detector::explain), [`lint`].

mod engine;
pub mod lint;
mod logsource;
pub mod ndjson;
mod nearest;
mod pack;
pub mod rule;
mod taxonomy;
mod yaml;

pub use engine::{Detector, Evidence, RuleIndex, RuleSet};
pub use pack::starter_pack;
pub use rule::{Level, Loaded, LogSource, Reason, Refusal, Rule, Sample, read_directory, read_rules};
pub use taxonomy::Taxonomy;
