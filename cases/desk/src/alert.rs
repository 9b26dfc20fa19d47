//! A match of a rule on an event (D4.2).

use crate::error::cut;
use event::{CiId, ClientId, Event, EventId, ProviderId, SourceId, Value, known};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The line of text that is kept with an alert is cut here; the whole event is in the index.
pub const SUMMARY_BYTES_MAX: usize = 300;

/// The name of a host or user is cut here in an entity: 253, the longest that a name in the DNS can be.
const NAME_BYTES_MAX: usize = 253;

/// The level of a rule, as Sigma has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Level {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Level; 5] =
        [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];

    /// The name in rules and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Informational => "informational",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }

    /// The level with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }

    pub(crate) fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Option<Level> {
        Level::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// A match that is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// The rule's id.
    pub rule_id: String,
    /// The rule's title.
    pub rule_title: String,
    /// The rule's level.
    pub level: Level,
    /// Whose event it is.
    pub client: ClientId,
    /// The source that sent it.
    pub source: SourceId,
    /// Its source type.
    pub source_type: String,
    /// The CI that it is about.
    pub ci: Option<CiId>,
    /// Who operates that CI.
    pub provider: Option<ProviderId>,
    /// What alerts are grouped by: [`entity_of`].
    pub entity: String,
    /// The event.
    pub event: EventId,
    /// When it happened, by its sender, unix milliseconds.
    pub event_ms: i64,
    /// When it was received, unix milliseconds.
    pub received_ms: i64,
    /// Its message; cut at [`SUMMARY_BYTES_MAX`].
    pub summary: String,
}

impl NewAlert {
    /// The match of a rule on an event whose CI is resolved.
    #[must_use]
    pub fn new(rule_id: &str, rule_title: &str, level: Level, event: &Event<'_>) -> NewAlert {
        NewAlert {
            rule_id: rule_id.to_owned(),
            rule_title: rule_title.to_owned(),
            level,
            client: event.origin.client,
            source: event.origin.source,
            source_type: event.source_type.to_owned(),
            ci: event.ci,
            provider: event.provider,
            entity: entity_of(event),
            event: event.id,
            event_ms: event.time.millis(),
            received_ms: event.received.millis(),
            summary: cut(event.message, SUMMARY_BYTES_MAX).to_owned(),
        }
    }
}

/// The id of the alert that a rule raises on an event: the same after every replay.
#[must_use]
pub fn alert_id(rule_id: &str, event: EventId) -> String {
    let mut hash = Sha256::new();
    hash.update(event.0.to_le_bytes());
    hash.update(rule_id.as_bytes());
    let mut id = String::with_capacity(32);
    for byte in &hash.finalize()[..16] {
        write!(id, "{byte:02x}").expect("writing to a string cannot fail");
    }
    id
}

/// What an event is about, for grouping: the CI, else the host, else (a device that only passes traffic on names no host of
/// its own) the address that it reports, else the user, else the source. Written as `kind:value`; a name is cut at 253
/// bytes.
#[must_use]
pub fn entity_of(event: &Event<'_>) -> String {
    if let Some(ci) = event.ci {
        return format!("ci:{ci}");
    }
    for id in [known::HOST_NAME, known::HOST_HOSTNAME, known::OBSERVER_NAME, known::LOG_SYSLOG_HOSTNAME] {
        if let Some(host) = event.text(id) {
            return format!("host:{}", cut(host, NAME_BYTES_MAX).to_lowercase());
        }
    }
    if let Some(Value::Ip(address)) = event.get(known::SOURCE_IP) {
        return format!("ip:{address}");
    }
    match (event.text(known::USER_NAME), event.origin.peer) {
        (Some(user), _) => format!("user:{}", cut(user, NAME_BYTES_MAX).to_lowercase()),
        (None, Some(peer)) => format!("ip:{peer}"),
        (None, None) => format!("source:{}", event.origin.source),
    }
}
