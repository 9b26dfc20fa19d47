//! Source health (D2.6): which sources have fallen silent, send what cannot be parsed, changed volume abruptly, or have
//! a wrong clock.
//!
//! A fold over a few weeks of [`SourceDay`] rows, as of any instant: the same function serves the page of today and the
//! KRI of a month that is over.

mod read;

pub use self::read::source_days;

use crate::Calendar;
use event::{ClientId, ProviderId, SourceId, Timestamp};
use ledger::Day;
use serde::Serialize;

const MILLIS_PER_HOUR: i64 = 3_600_000;

/// What counts as ill. Each figure is a setting with a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// Days looked back over, the present one included; default 28.
    pub window_days: i32,
    /// A source with fewer days of events than this has nothing to be learned from; default 4.
    pub learn_days_min: usize,
    /// The silence that is borne while nothing has been learned; default 24 h.
    pub silence_default_ms: i64,
    /// The learned bound is the usual longest silence times this; default 2.
    pub silence_factor: i64,
    /// The learned bound is never shorter; default 1 h.
    pub silence_min_ms: i64,
    /// The learned bound is never longer; default 7 days.
    pub silence_max_ms: i64,
    /// Raw events of today and yesterday, per thousand, above which a source counts as unparseable; default 20.
    pub raw_per_mille_max: i64,
    /// A day's volume this many times above or below the usual is a jump; default 4.
    pub jump_factor: i64,
    /// Days with fewer events than this, on both sides, never count as a jump; default 200.
    pub jump_events_min: i64,
    /// Fewer events than this say nothing about parsing or clocks; default 5.
    pub events_min: i64,
}

impl Default for HealthSettings {
    fn default() -> HealthSettings {
        HealthSettings {
            window_days: 28,
            learn_days_min: 4,
            silence_default_ms: 24 * MILLIS_PER_HOUR,
            silence_factor: 2,
            silence_min_ms: MILLIS_PER_HOUR,
            silence_max_ms: 7 * 24 * MILLIS_PER_HOUR,
            raw_per_mille_max: 20,
            jump_factor: 4,
            jump_events_min: 200,
            events_min: 5,
        }
    }
}

/// One day of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceDay {
    /// Which day of receipt.
    pub day: Day,
    /// Events.
    pub events: i64,
    /// Payload octets.
    pub bytes: i64,
    /// Events kept as they came.
    pub raw: i64,
    /// First receipt.
    pub first: Timestamp,
    /// Last receipt.
    pub last: Timestamp,
    /// The longest silence that ended on this day.
    pub gap_max_ms: i64,
    /// Events stamped more than two minutes before their receipt.
    pub behind: i64,
    /// Events stamped after their receipt.
    pub ahead: i64,
}

/// A source and its recent days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFacts {
    /// The source.
    pub source: SourceId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub client: ClientId,
    /// Who operates the sender.
    pub provider: Option<ProviderId>,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was stopped.
    pub stopped: Option<Timestamp>,
    /// Its days, oldest first; days without events are missing.
    pub days: Vec<SourceDay>,
    /// When it was last heard before the first day that was asked for.
    pub heard_before: Option<Timestamp>,
}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Flag {
    /// Registered longer ago than the bound, and never heard.
    NeverHeard,
    /// Silent for longer than it usually is.
    Silent {
        /// For how long, in milliseconds.
        silent_ms: i64,
    },
    /// Too many events that no parser understands.
    Unparseable {
        /// Per thousand of the events of today and yesterday.
        raw_per_mille: i64,
    },
    /// The last whole day lies far from the usual.
    VolumeJump {
        /// Events of that day.
        events: i64,
        /// The median of the days like it.
        usual: i64,
    },
    /// Most events come late: the clock is behind, or something holds them up.
    ClockBehind,
    /// Most events are stamped after their receipt: the clock is ahead.
    ClockAhead,
}

impl Flag {
    /// As shown and counted.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Flag::NeverHeard => "never-heard",
            Flag::Silent { .. } => "silent",
            Flag::Unparseable { .. } => "unparseable",
            Flag::VolumeJump { .. } => "volume-jump",
            Flag::ClockBehind => "clock-behind",
            Flag::ClockAhead => "clock-ahead",
        }
    }

    /// Whether nothing can be expected of the source now.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Flag::NeverHeard | Flag::Silent { .. })
    }
}

/// The health of a source at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// What is wrong, worst first; nothing: healthy.
    pub flags: Vec<Flag>,
    /// The silence that is borne.
    pub silence_bound_ms: i64,
    /// Whether that bound was learned from the source's own days.
    pub learned: bool,
    /// Last receipt, unix milliseconds.
    pub last_ms: Option<i64>,
}

impl Health {
    /// Whether the source is silent.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.flags.iter().any(Flag::is_silence)
    }
}

/// The health of a source as of `now`; days after it are not looked at.
#[must_use]
pub fn assess(
    source: &SourceFacts,
    settings: &HealthSettings,
    calendar: &Calendar,
    now: Timestamp,
) -> Health {
    let today = Day::of(now);
    let inside = |day: &&SourceDay| day.day <= today && day.day.0 > today.0 - settings.window_days;
    let days: Vec<SourceDay> = source.days.iter().filter(inside).copied().collect();
    let (silence_bound_ms, learned) = silence_bound(&days, settings);
    let mut flags = Vec::new();
    let last_ms = last_heard(source, today);
    flags.extend(silence(source, last_ms, silence_bound_ms, now));
    let recent = || days.iter().filter(|day| day.day.0 >= today.0 - 1);
    flags.extend(unparseable(recent(), settings));
    flags.extend(jump(&days, settings, calendar, today));
    flags.extend(clock(recent(), settings));
    Health { flags, silence_bound_ms, learned, last_ms }
}

/// Twice the silence that all but a tenth of the days stay below. A source that rests at weekends shows its long silence
/// on one day in five, so its Mondays are learned; a single outage is not.
fn silence_bound(days: &[SourceDay], settings: &HealthSettings) -> (i64, bool) {
    if days.len() < settings.learn_days_min {
        return (settings.silence_default_ms, false);
    }
    let mut gaps: Vec<i64> = days.iter().map(|day| day.gap_max_ms).collect();
    gaps.sort_unstable();
    let usual = gaps[(gaps.len() * 9).div_ceil(10) - 1];
    let bound = usual.saturating_mul(settings.silence_factor);
    (bound.clamp(settings.silence_min_ms, settings.silence_max_ms), true)
}

/// When a source was last heard by the end of a day, also where that was before the days that are looked back over.
fn last_heard(source: &SourceFacts, today: Day) -> Option<i64> {
    let last = source.days.iter().rev().find(|day| day.day <= today).map(|day| day.last);
    last.or(source.heard_before).map(Timestamp::millis)
}

fn silence(source: &SourceFacts, last_ms: Option<i64>, bound_ms: i64, now: Timestamp) -> Option<Flag> {
    let Some(last_ms) = last_ms else {
        let registered_ms = now.millis() - source.created.millis();
        return (registered_ms > bound_ms).then_some(Flag::NeverHeard);
    };
    let silent_ms = now.millis() - last_ms;
    (silent_ms > bound_ms).then_some(Flag::Silent { silent_ms })
}

fn unparseable<'d>(days: impl Iterator<Item = &'d SourceDay>, settings: &HealthSettings) -> Option<Flag> {
    let (raw, events) = days.fold((0, 0), |(raw, events), day| (raw + day.raw, events + day.events));
    if events < settings.events_min {
        return None;
    }
    let raw_per_mille = raw * 1000 / events;
    (raw_per_mille > settings.raw_per_mille_max).then_some(Flag::Unparseable { raw_per_mille })
}

/// The last whole day against the median of the days of its kind: a Sunday is measured by Sundays and holidays.
fn jump(days: &[SourceDay], settings: &HealthSettings, calendar: &Calendar, today: Day) -> Option<Flag> {
    let yesterday = Day(today.0 - 1);
    let working = calendar.is_working_day(yesterday.date());
    let like = |day: &&SourceDay| day.day < yesterday && calendar.is_working_day(day.day.date()) == working;
    let mut before: Vec<i64> = days.iter().filter(like).map(|day| day.events).collect();
    if before.len() < settings.learn_days_min {
        return None;
    }
    before.sort_unstable();
    let usual = before[before.len() / 2];
    let events = days.iter().find(|day| day.day == yesterday).map_or(0, |day| day.events);
    let (low, high) = (events.min(usual), events.max(usual));
    let far = high >= settings.jump_events_min && high > low.saturating_mul(settings.jump_factor);
    far.then_some(Flag::VolumeJump { events, usual })
}

/// More than half of the events late, or early, says that their median is (K15).
fn clock<'d>(days: impl Iterator<Item = &'d SourceDay>, settings: &HealthSettings) -> Option<Flag> {
    let (events, behind, ahead) = days.fold((0, 0, 0), |(events, behind, ahead), day| {
        (events + day.events, behind + day.behind, ahead + day.ahead)
    });
    if events < settings.events_min {
        None
    } else if ahead * 2 > events {
        Some(Flag::ClockAhead)
    } else if behind * 2 > events {
        Some(Flag::ClockBehind)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
