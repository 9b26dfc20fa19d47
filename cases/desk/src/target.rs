//! By when a case must be acknowledged and resolved (D5.2): one table for the queue, for the clocks on a case and for the
//! KRIs.

use crate::DeskError;
use crate::timeline::Clocks;
use calendar::Calendar;
use event::Timestamp;
use serde::Deserialize;
use std::sync::LazyLock;
use std::time::Duration;

/// The due time of a case that has met all its targets: 9999-12-31T23:59:59Z, so that it sorts last.
pub const DUE_NEVER_MS: i64 = 253_402_300_799_000;

/// Targets by priority 1 to 4, in minutes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// To the first human reaction, by the wall clock.
    pub acknowledge: [u32; 4],
    /// To the resolution of what was registered within office hours, in minutes that count ([`Calendar::counted_time`]).
    pub resolve: [u32; 4],
    /// The same, of what was registered outside them.
    pub resolve_outside: [u32; 4],
}

static BUILTIN: LazyLock<Targets> =
    LazyLock::new(|| Targets::parse(include_str!("data/targets.toml")).expect("a test reads the same file"));

static CALENDAR: LazyLock<Calendar> = LazyLock::new(Calendar::shipped);

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

    /// The counted time in which a case should be resolved whose clock started then.
    #[must_use]
    pub fn resolve_within(&self, calendar: &Calendar, priority: u8, started: Timestamp) -> Duration {
        let table = if calendar.is_open(started) { &self.resolve } else { &self.resolve_outside };
        minutes(table, priority)
    }

    /// When the first human reaction is due, unix milliseconds.
    #[must_use]
    pub fn acknowledge_by(&self, priority: u8, started_ms: i64) -> i64 {
        started_ms + minutes(&self.acknowledge, priority).as_millis() as i64
    }

    /// When the resolution is due, unix milliseconds; time on hold does not count, nor, unless 24/7 availability was
    /// agreed, does time outside office hours.
    #[must_use]
    pub fn resolve_by(&self, priority: u8, always_on: bool, clocks: &Clocks) -> i64 {
        let started = Timestamp::from_millis(clocks.started_ms);
        let held = clocks.held.iter().map(|(from, until)| {
            let from = Timestamp::from_millis(*from).max(started);
            CALENDAR.counted_time(from, Timestamp::from_millis(*until), always_on)
        });
        let time = self.resolve_within(&CALENDAR, priority, started) + held.sum();
        CALENDAR.after(started, time, always_on).millis()
    }

    /// The next of the two that is open.
    pub(crate) fn next_due(&self, priority: u8, always_on: bool, clocks: &Clocks) -> i64 {
        if clocks.is_over() {
            DUE_NEVER_MS
        } else if clocks.acknowledged_ms.is_none() {
            self.acknowledge_by(priority, clocks.started_ms)
        } else if clocks.held_since_ms.is_some() {
            // While it is on hold nothing runs out.
            DUE_NEVER_MS
        } else {
            self.resolve_by(priority, always_on, clocks)
        }
    }
}

fn minutes(table: &[u32; 4], priority: u8) -> Duration {
    Duration::from_secs(u64::from(table[usize::from(priority.clamp(1, 4) - 1)]) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_targets_tighten_with_the_priority() {
        let targets = Targets::builtin();
        for table in [&targets.acknowledge, &targets.resolve, &targets.resolve_outside] {
            assert!(table.is_sorted());
        }
        // The contract's own numbers.
        assert_eq!((targets.resolve[0], targets.resolve_outside[0]), (90, 240));
    }

    fn at(text: &str) -> i64 {
        let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        calendar::instant(local).millis()
    }

    /// EXAMPLES, critical-case clock.
    #[test]
    fn critical_cases_are_due_by_their_hours() {
        for (started, always_on, held, due) in [
            // Within office hours: 30 minutes on Friday, an hour on Monday.
            ("2026-11-20 16:30", false, None, "2026-11-23 10:00"),
            ("2026-11-20 16:30", true, None, "2026-11-20 18:00"),
            // Outside: four hours, which count from Monday on unless 24/7 was agreed.
            ("2026-11-21 03:00", true, None, "2026-11-21 07:00"),
            ("2026-11-21 03:00", false, None, "2026-11-23 13:00"),
            // 11 November is closed.
            ("2026-11-10 16:00", false, None, "2026-11-12 09:30"),
            // Held over a night: only the office hours of it are given back.
            ("2026-11-19 16:00", false, Some(("2026-11-19 16:30", "2026-11-20 09:30")), "2026-11-20 10:30"),
            ("2026-11-19 16:00", true, Some(("2026-11-19 16:30", "2026-11-20 09:30")), "2026-11-20 10:30"),
        ] {
            let held = held.map(|(from, until)| (at(from), at(until)));
            let started_ms = at(started);
            let clocks = Clocks { started_ms, held: held.into_iter().collect(), ..Clocks::default() };
            assert_eq!(
                Targets::builtin().resolve_by(1, always_on, &clocks),
                at(due),
                "{started} {always_on}"
            );
        }
    }
}
