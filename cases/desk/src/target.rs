//! By when a case must be acknowledged and resolved. Plain minutes: calendars and 24/7 agreements are applied by
//! `figures`, which gets the raw intervals.

use crate::DeskError;
use crate::timeline::Clocks;
use serde::Deserialize;
use std::sync::LazyLock;

/// The due time of a case that has met all its targets: 9999-12-31T23:59:59Z, so that it sorts last.
pub const DUE_NEVER_MS: i64 = 253_402_300_799_000;

/// Targets by priority 1 to 4, in minutes from registration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// To the first human reaction.
    pub acknowledge: [u32; 4],
    /// To the resolution.
    pub resolve: [u32; 4],
}

static BUILTIN: LazyLock<Targets> =
    LazyLock::new(|| Targets::parse(include_str!("data/targets.toml")).expect("a test reads the same file"));

impl Targets {
    /// The targets that ship.
    #[must_use]
    pub fn builtin() -> &'static Targets {
        &BUILTIN
    }

    /// Reads targets from TOML.
    ///
    /// # Errors
    /// [`DeskError::Data`].
    pub fn parse(text: &str) -> Result<Targets, DeskError> {
        toml::from_str(text).map_err(|source| DeskError::Data { what: "targets", source: Box::new(source) })
    }

    /// When the first human reaction is due, unix milliseconds.
    #[must_use]
    pub fn acknowledge_by(&self, priority: u8, started_ms: i64) -> i64 {
        started_ms + minutes(&self.acknowledge, priority)
    }

    /// When the resolution is due, unix milliseconds; time on hold does not count.
    #[must_use]
    pub fn resolve_by(&self, priority: u8, clocks: &Clocks) -> i64 {
        clocks.started_ms + minutes(&self.resolve, priority) + clocks.held_ms()
    }

    /// The next of the two that is open.
    pub(crate) fn next_due(&self, priority: u8, clocks: &Clocks) -> i64 {
        if clocks.is_over() {
            DUE_NEVER_MS
        } else if clocks.acknowledged_ms.is_none() {
            self.acknowledge_by(priority, clocks.started_ms)
        } else if clocks.held_since_ms.is_some() {
            // While it is on hold nothing runs out.
            DUE_NEVER_MS
        } else {
            self.resolve_by(priority, clocks)
        }
    }
}

fn minutes(table: &[u32; 4], priority: u8) -> i64 {
    i64::from(table[usize::from(priority.clamp(1, 4) - 1)]) * 60_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_targets_tighten_with_the_priority() {
        let targets = Targets::builtin();
        assert!(targets.acknowledge.is_sorted() && targets.resolve.is_sorted());
    }
}
