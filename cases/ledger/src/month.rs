//! Months and days of the bill: civil, in Europe/Brussels, by time of receipt (D7.1).
//!
//! The hot path asks for a day per event, so [`DayClock`] remembers the bounds of the day that it answered last and
//! asks the time-zone library once a day.

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use event::Timestamp;
use std::fmt;
use std::str::FromStr;

pub use calendar::{ZONE, instant, local};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A calendar month; ordered, and printed as `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Year times twelve plus the month from 0, so that neighbours differ by one.
    ordinal: i32,
}

impl Month {
    /// `month` is 1 to 12; `None` otherwise, or outside the years 1 to 9999.
    #[must_use]
    pub fn new(year: i32, month: u32) -> Option<Month> {
        let valid = (1..=12).contains(&month) && (1..=9999).contains(&year);
        valid.then(|| Month { ordinal: year * 12 + month as i32 - 1 })
    }

    /// The month of receipt of an instant: 2026-10-31T23:30Z is November.
    #[must_use]
    pub fn of(instant: Timestamp) -> Month {
        Day::of(instant).month()
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.ordinal.div_euclid(12)
    }

    /// 1 to 12.
    #[must_use]
    pub fn month(self) -> u32 {
        self.ordinal.rem_euclid(12) as u32 + 1
    }

    /// The month `count` later, or earlier when negative.
    #[must_use]
    pub fn plus(self, count: i32) -> Month {
        Month { ordinal: self.ordinal + count }
    }

    /// The month after this one.
    #[must_use]
    pub fn next(self) -> Month {
        self.plus(1)
    }

    /// The month before this one.
    #[must_use]
    pub fn previous(self) -> Month {
        self.plus(-1)
    }

    /// How many months this one comes after `earlier`; negative when it comes before.
    #[must_use]
    pub fn since(self, earlier: Month) -> i32 {
        self.ordinal - earlier.ordinal
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Day {
        Day::from_date(self.first_date())
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> Day {
        Day(self.next().first_day().0 - 1)
    }

    /// Its first instant, local midnight.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.first_day().start()
    }

    /// The first instant that is no longer inside it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// The first instant at which the last of its days is over, in Brussels and in UTC: events are metered by the one,
    /// what is stored by the other.
    #[must_use]
    pub fn settled(self) -> Timestamp {
        let utc = Timestamp::from_secs(i64::from(self.next().first_day().0) * SECONDS_PER_DAY);
        self.end().max(utc)
    }

    /// As stored in the database: 202611.
    #[must_use]
    pub fn stored(self) -> i64 {
        i64::from(self.year()) * 100 + i64::from(self.month())
    }

    /// The inverse of [`Month::stored`].
    #[must_use]
    pub fn from_stored(stored: i64) -> Option<Month> {
        let year = i32::try_from(stored.div_euclid(100)).ok()?;
        Month::new(year, stored.rem_euclid(100) as u32)
    }

    fn first_date(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year(), self.month(), 1).unwrap_or(NaiveDate::MAX)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year(), self.month()))
    }
}

/// A text that is not a month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a month such as 2026-11")]
pub struct NotAMonth(pub String);

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Month, NotAMonth> {
        let refused = || NotAMonth(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(refused());
        }
        let year = year.parse().map_err(|_| refused())?;
        Month::new(year, month.parse().map_err(|_| refused())?).ok_or_else(refused)
    }
}

impl serde::Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Month, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A civil date in Europe/Brussels, as days since 1970-01-01; printed as `2026-11-22`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The local date of an instant.
    #[must_use]
    pub fn of(instant: Timestamp) -> Day {
        Day::from_date(local(instant).date())
    }

    /// The day of a date.
    #[must_use]
    pub fn from_date(date: NaiveDate) -> Day {
        Day(date.signed_duration_since(NaiveDate::default()).num_days() as i32)
    }

    /// The date of this day.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        let epoch = NaiveDate::default();
        let distance = Days::new(u64::from(self.0.unsigned_abs()));
        let date =
            if self.0 < 0 { epoch.checked_sub_days(distance) } else { epoch.checked_add_days(distance) };
        date.unwrap_or(NaiveDate::MAX)
    }

    /// The month that it lies in.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.date();
        Month { ordinal: date.year() * 12 + date.month0() as i32 }
    }

    /// Local midnight at its beginning.
    #[must_use]
    pub fn start(self) -> Timestamp {
        instant(self.date().and_time(NaiveTime::MIN))
    }

    /// Local midnight at its end: 23, 24 or 25 hours after the beginning.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Day(self.0 + 1).start()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.date().to_string())
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Days of instants that come mostly in order: two comparisons an event, one look-up in the zone's rules per day.
#[derive(Clone, Debug)]
pub struct DayClock {
    day: Day,
    /// `start <= t < end` is the day remembered; empty at first.
    start: Timestamp,
    end: Timestamp,
}

impl DayClock {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new() -> DayClock {
        DayClock { day: Day(0), start: Timestamp(0), end: Timestamp(0) }
    }

    /// The day of receipt of an instant.
    #[inline]
    pub fn day(&mut self, instant: Timestamp) -> Day {
        if instant < self.start || instant >= self.end {
            self.day = Day::of(instant);
            self.start = self.day.start();
            self.end = self.day.end();
        }
        self.day
    }
}

impl Default for DayClock {
    fn default() -> DayClock {
        DayClock::new()
    }
}

/// The length of a day without a change of clocks, for windows that are counted in days and not in dates.
pub const DAY_NANOS: i64 = SECONDS_PER_DAY * NANOS_PER_SECOND;

#[cfg(test)]
mod tests {
    use super::*;
    use event::Civil;
    use proptest::prelude::*;

    fn utc(year: i32, month: u8, day: u8, hour: u8, minute: u8) -> Timestamp {
        let civil = Civil { year, month, day, hour, minute, second: 0, nanos: 0 };
        Timestamp::from_civil(civil).unwrap()
    }

    #[test]
    fn the_month_is_that_of_receipt_in_brussels() {
        // The two examples of D7.1, and the last nanosecond before each turn.
        assert_eq!(Month::of(utc(2026, 10, 31, 23, 30)).to_string(), "2026-11");
        assert_eq!(Month::of(utc(2026, 6, 30, 22, 30)).to_string(), "2026-07");
        assert_eq!(Month::of(Timestamp(utc(2026, 6, 30, 22, 0).0 - 1)).to_string(), "2026-06");
        assert_eq!(Month::of(Timestamp(utc(2026, 10, 31, 23, 0).0 - 1)).to_string(), "2026-10");
    }

    #[test]
    fn a_month_is_settled_when_it_is_over_in_utc_too() {
        let month: Month = "2026-10".parse().unwrap();
        assert_eq!((month.end(), month.settled()), (utc(2026, 10, 31, 23, 0), utc(2026, 11, 1, 0, 0)));
    }

    #[test]
    fn a_day_with_a_change_of_clocks_has_23_or_25_hours() {
        let hours = |y, m, d| {
            let day = Day::from_date(NaiveDate::from_ymd_opt(y, m, d).unwrap());
            (day.end().0 - day.start().0) / (3600 * NANOS_PER_SECOND)
        };
        assert_eq!([hours(2026, 3, 29), hours(2026, 10, 25), hours(2026, 11, 22)], [23, 25, 24]);
    }

    #[test]
    fn months_are_written_one_way() {
        for good in ["2026-01", "2026-12", "0001-01"] {
            assert_eq!(good.parse::<Month>().unwrap().to_string(), good);
        }
        for bad in ["2026-13", "2026-00", "2026-1", "202-11", "2026-11-01", "", "nov", "2026–11"] {
            assert_eq!(bad.parse::<Month>(), Err(NotAMonth(bad.to_owned())));
        }
        let january: Month = "2026-01".parse().unwrap();
        assert_eq!(january.previous().to_string(), "2025-12");
        assert_eq!(Month::from_stored(january.stored()), Some(january));
        assert_eq!(Month::from_stored(202_613), None);
    }

    proptest! {
        #[test]
        fn the_clock_agrees_with_the_zone(seconds in proptest::collection::vec(0_i64..4_000_000_000, 1..40)) {
            let mut clock = DayClock::new();
            for second in seconds {
                let instant = Timestamp::from_secs(second);
                let day = clock.day(instant);
                prop_assert_eq!(day, Day::of(instant));
                prop_assert!(day.start() <= instant && instant < day.end());
                prop_assert!(day.month().start() <= instant && instant < day.month().end());
                prop_assert_eq!(Day::from_date(day.date()), day);
            }
        }
    }
}
