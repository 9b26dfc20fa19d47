//! Calendars: working days, office hours, and time that counts only inside them (D5.1, D5.2).
//!
//! A calendar is data (`calendars/*.toml`); times of day are those of Europe/Brussels, so a day on which the clocks
//! change has the office hours of any other.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Weekday};
use chrono_tz::{Europe::Brussels, Tz};
use event::Timestamp;
use serde::Deserialize;
use std::time::Duration;

/// The zone in which the contract counts (D5.1).
pub const ZONE: Tz = Brussels;

/// How far [`Calendar::after`] and [`Calendar::working_day_after`] look for an open day; a calendar without one in
/// this many days is refused when it is read.
const DAYS_WITHOUT_OPEN_MAX: u64 = 60;

const SHIPPED: &str = include_str!("../calendars/vlaanderen.toml");

/// What is wrong with a calendar file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// Not TOML, or not of the shape of a calendar.
    #[error("calendar is not readable")]
    Unreadable(#[from] Box<toml::de::Error>),
    /// Readable, and wrong.
    #[error("calendar {id}: {reason}")]
    Invalid {
        /// The calendar.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    weekend: Vec<Weekday>,
    office_from: String,
    office_to: String,
    closed: Vec<WrittenDay>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDay {
    nl: String,
    en: String,
    day: Option<String>,
    until: Option<String>,
    easter: Option<i64>,
}

/// Working days and office hours.
#[derive(Clone, Debug)]
pub struct Calendar {
    id: String,
    weekend: Vec<Weekday>,
    /// `open < close`, on the same day.
    open: NaiveTime,
    close: NaiveTime,
    closed: Vec<ClosedDay>,
}

/// A closed day of every year.
#[derive(Clone, Debug)]
struct ClosedDay {
    nl: String,
    en: String,
    rule: ClosedRule,
}

#[derive(Clone, Copy, Debug)]
enum ClosedRule {
    /// From (month, day) up to and including (month, day).
    Fixed((u32, u32), (u32, u32)),
    /// Days after Easter Sunday.
    Easter(i64),
}

impl Calendar {
    /// The calendar of the contract.
    ///
    /// # Panics
    /// Never: a test reads the same text.
    #[must_use]
    pub fn shipped() -> Calendar {
        Calendar::read(SHIPPED).expect("the shipped calendar is read by a test")
    }

    /// Reads and checks a calendar.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub fn read(text: &str) -> Result<Calendar, CalendarError> {
        let written: Written = toml::from_str(text).map_err(Box::new)?;
        let invalid = |reason: String| CalendarError::Invalid { id: written.id.clone(), reason };
        let time = |text: &str| {
            NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| invalid(format!("`{text}` is not a time")))
        };
        let (open, close) = (time(&written.office_from)?, time(&written.office_to)?);
        let closed =
            written.closed.iter().map(|day| day.check().map_err(&invalid)).collect::<Result<_, _>>()?;
        if open >= close {
            return Err(invalid("office hours end before they begin".to_owned()));
        }
        let mut weekend = written.weekend.clone();
        weekend.sort_by_key(Weekday::num_days_from_monday);
        weekend.dedup();
        if weekend.len() > 6 {
            return Err(invalid("has no working day".to_owned()));
        }
        let calendar = Calendar { id: written.id.clone(), weekend, open, close, closed };
        match calendar.long_closure() {
            Some(from) => {
                Err(invalid(format!("has no working day in {DAYS_WITHOUT_OPEN_MAX} days from {from}")))
            }
            None => Ok(calendar),
        }
    }

    /// Where a run of closed days begins that is longer than the look-ups bear. Runs are those of every year, so what differs is
    /// where weekends lie around them, and in eight years they have been everywhere.
    fn long_closure(&self) -> Option<NaiveDate> {
        let mut run = 0;
        let days = NaiveDate::from_ymd_opt(2020, 1, 1)?.iter_days().take_while(|day| day.year() < 2028);
        for day in days {
            run = if self.is_working_day(day) { 0 } else { run + 1 };
            if run >= DAYS_WITHOUT_OPEN_MAX {
                return day.checked_sub_days(Days::new(run - 1));
            }
        }
        None
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether a date is a working day.
    #[must_use]
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        !self.weekend.contains(&date.weekday()) && !self.closed.iter().any(|closed| closed.rule.holds(date))
    }

    /// Why a date is closed, as (Dutch, English); `None` for a working day or a mere weekend.
    #[must_use]
    pub fn closed_day(&self, date: NaiveDate) -> Option<(&str, &str)> {
        let found = self.closed.iter().find(|closed| closed.rule.holds(date))?;
        Some((&found.nl, &found.en))
    }

    /// The `count`-th working day after a date, which is day 0 whatever day it is; for 0 the date itself.
    #[must_use]
    pub fn working_day_after(&self, date: NaiveDate, count: u32) -> NaiveDate {
        let mut day = date;
        for _ in 0..count {
            day = self.next_working_day(day);
        }
        day
    }

    fn next_working_day(&self, after: NaiveDate) -> NaiveDate {
        let mut day = after;
        for _ in 0..DAYS_WITHOUT_OPEN_MAX {
            day = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
            if self.is_working_day(day) {
                break;
            }
        }
        day
    }

    /// The working days after `from` up to and including `to`.
    #[must_use]
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        from.iter_days().skip(1).take_while(|day| *day <= to).filter(|day| self.is_working_day(*day)).count()
            as u32
    }

    /// Whether an instant lies inside office hours; the closing minute does not.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let at = local(at);
        self.is_working_day(at.date()) && self.open <= at.time() && at.time() < self.close
    }

    /// The time between two instants that lies inside office hours; nothing when `to` comes first.
    #[must_use]
    pub fn open_time(&self, from: Timestamp, to: Timestamp) -> Duration {
        let (first, last) = (local(from).date(), local(to).date());
        let mut nanos = 0;
        for day in first.iter_days().take_while(|day| *day <= last) {
            if let Some((open, close)) = self.hours(day) {
                nanos += (close.0.min(to.0) - open.0.max(from.0)).max(0);
            }
        }
        Duration::from_nanos(nanos as u64)
    }

    /// The time that counts between two instants: all of it where 24/7 availability was agreed, else what lies inside
    /// office hours (D5.2).
    #[must_use]
    pub fn counted_time(&self, from: Timestamp, to: Timestamp, always_on: bool) -> Duration {
        if always_on {
            return Duration::from_nanos(to.0.saturating_sub(from.0).max(0) as u64);
        }
        self.open_time(from, to)
    }

    /// The first instant at which `time` has counted since `from`.
    #[must_use]
    pub fn after(&self, from: Timestamp, time: Duration, always_on: bool) -> Timestamp {
        let mut left = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        if always_on {
            return Timestamp(from.0.saturating_add(left));
        }
        let mut day = local(from).date();
        if left == 0 {
            return from;
        }
        loop {
            if let Some((open, close)) = self.hours(day) {
                let start = open.0.max(from.0);
                let room = (close.0 - start).max(0);
                if left <= room {
                    return Timestamp(start + left);
                }
                left -= room;
            }
            let next = self.next_working_day(day);
            if next <= day || next.year() > 2200 {
                return Timestamp(i64::MAX);
            }
            day = next;
        }
    }

    fn hours(&self, day: NaiveDate) -> Option<(Timestamp, Timestamp)> {
        let open = self.is_working_day(day);
        open.then(|| (instant(day.and_time(self.open)), instant(day.and_time(self.close))))
    }
}

impl WrittenDay {
    fn check(&self) -> Result<ClosedDay, String> {
        let rule = match (&self.day, &self.until, self.easter) {
            (Some(day), None, None) => ClosedRule::Fixed(month_day(day)?, month_day(day)?),
            (Some(day), Some(until), None) => ClosedRule::Fixed(month_day(day)?, month_day(until)?),
            (None, None, Some(distance)) => ClosedRule::Easter(distance),
            _ => return Err(format!("`{}` needs a day, a run of days, or a distance from Easter", self.en)),
        };
        if matches!(rule, ClosedRule::Fixed(from, until) if until < from) {
            return Err(format!("`{}` ends before it begins", self.en));
        }
        Ok(ClosedDay { nl: self.nl.clone(), en: self.en.clone(), rule })
    }
}

/// `MM-DD`, of a leap year so that 29 February may be named.
fn month_day(text: &str) -> Result<(u32, u32), String> {
    let date = NaiveDate::parse_from_str(&format!("2024-{text}"), "%Y-%m-%d");
    date.map(|date| (date.month(), date.day())).map_err(|_| format!("`{text}` is not a day such as 07-21"))
}

impl ClosedRule {
    fn holds(self, date: NaiveDate) -> bool {
        match self {
            ClosedRule::Fixed(from, until) => (from..=until).contains(&(date.month(), date.day())),
            ClosedRule::Easter(distance) => {
                date.signed_duration_since(easter_sunday(date.year())).num_days() == distance
            }
        }
    }
}

/// The local date and time of an instant.
#[must_use]
pub fn local(instant: Timestamp) -> NaiveDateTime {
    DateTime::from_timestamp_nanos(instant.0).with_timezone(&ZONE).naive_local()
}

/// The instant of a local date and time: the first of two in the hour that clocks repeat, and for a time inside the
/// hour that they skip, the instant at which it would have been without the change.
#[must_use]
pub fn instant(local: NaiveDateTime) -> Timestamp {
    let seconds = match ZONE.from_local_datetime(&local).earliest() {
        Some(found) => found.timestamp(),
        None => local.and_utc().timestamp() - 3600,
    };
    Timestamp::from_secs(seconds)
}

/// Easter Sunday of a year of the Gregorian calendar: the Sunday after the first ecclesiastical full moon of spring. The
/// arithmetic is the well-known one by the golden number, the century's corrections and the day of the week.
#[must_use]
pub fn easter_sunday(year: i32) -> NaiveDate {
    let golden = year.rem_euclid(19);
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let moon_correction = (8 * century + 13) / 25;
    let epact = (19 * golden + century - century / 4 - moon_correction + 15).rem_euclid(30);
    // Days from 21 March to the full moon; the last one or two epacts are moved by a day.
    let full_moon = epact - (golden + 11 * epact) / 319;
    let weekday = (2 * (century % 4) + 2 * (of_century / 4) - of_century % 4 - full_moon + 32).rem_euclid(7);
    let days = full_moon + weekday + 1;
    let equinox = NaiveDate::from_ymd_opt(year, 3, 21).unwrap_or(NaiveDate::MIN);
    equinox.checked_add_days(Days::new(days.unsigned_abs().into())).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests;
