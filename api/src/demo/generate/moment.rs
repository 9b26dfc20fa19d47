//! Moments of the sample day, and the ways in which devices write them.

use super::dice::Dice;
use chrono::{DateTime, Duration, Timelike, Utc};
use chrono_tz::{Europe::Brussels, Tz};

/// A moment to the millisecond. Devices that write no zone write Brussels time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(DateTime<Utc>);

impl Moment {
    /// The moment in UTC.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    fn local(self) -> DateTime<Tz> {
        self.0.with_timezone(&Brussels)
    }

    pub(super) fn plus_ms(self, milliseconds: i64) -> Moment {
        Moment(self.0 + Duration::milliseconds(milliseconds))
    }

    pub(super) fn plus_s(self, seconds: i64) -> Moment {
        self.plus_ms(seconds * 1000)
    }

    /// `Nov  2 09:04:05`, the BSD syslog time.
    pub(super) fn bsd(self) -> String {
        self.local().format("%b %e %H:%M:%S").to_string()
    }

    /// `Nov 02 2026 09:04:05`, as Cisco ASA writes with `logging timestamp`.
    pub(super) fn asa(self) -> String {
        self.local().format("%b %d %Y %H:%M:%S").to_string()
    }

    /// `02/Nov/2026:09:04:05 +0100`, the Common Log Format's.
    pub(super) fn clf(self) -> String {
        self.local().format("%d/%b/%Y:%H:%M:%S %z").to_string()
    }

    /// `2026/11/02 09:04:05`, as nginx' error log and PAN-OS write.
    pub(super) fn slashes(self) -> String {
        self.local().format("%Y/%m/%d %H:%M:%S").to_string()
    }

    /// `2026-11-02 09:04:05`, local.
    pub(super) fn dashes(self) -> String {
        self.local().format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// `2026-11-02T08:04:05.123Z`.
    pub(super) fn rfc3339(self) -> String {
        self.0.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// `2026-11-02T08:04:05Z`.
    pub(super) fn rfc3339_seconds(self) -> String {
        self.0.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `2026-11-02T09:04:05+01:00`.
    pub(super) fn rfc3339_local(self) -> String {
        self.local().format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// Formats in Brussels time with `pattern`.
    pub(super) fn local_as(self, pattern: &str) -> String {
        self.local().format(pattern).to_string()
    }

    /// Formats in UTC with `pattern`.
    pub(super) fn utc_as(self, pattern: &str) -> String {
        self.0.format(pattern).to_string()
    }

    /// `1793606645.123`, seconds since 1970.
    pub(super) fn epoch(self) -> String {
        format!("{}.{:03}", self.0.timestamp(), self.0.timestamp_subsec_millis())
    }

    pub(super) fn epoch_ms(self) -> i64 {
        self.0.timestamp_millis()
    }
}

/// The stretch of time that the sample covers.
pub struct Day {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// How busy each hour of the Brussels day is, against the busiest, in per cent.
const BUSY_PERCENT: [u64; 24] =
    [12, 10, 10, 10, 10, 12, 20, 45, 85, 100, 100, 95, 70, 85, 100, 95, 85, 60, 35, 25, 22, 20, 16, 14];

/// Room at the end of the day for the lines that follow on one another from a single moment.
const TAIL_MINUTES: i64 = 5;

impl Day {
    pub fn ending(end: DateTime<Utc>, hours: i64) -> Day {
        Day { start: end - Duration::hours(hours), end }
    }

    /// `count` moments, more of them in office hours, unordered. Takes one throw whatever the hour, so that the lines
    /// of every day differ in their times only, and their count and lengths are known beforehand.
    pub fn moments(&self, dice: &mut Dice, count: usize) -> Vec<Moment> {
        let mut dice = dice.apart();
        (0..count).map(|_| self.moment(&mut dice)).collect()
    }

    fn moment(&self, dice: &mut Dice) -> Moment {
        let span_ms = (self.end - self.start - Duration::minutes(TAIL_MINUTES)).num_milliseconds() as u64;
        loop {
            let moment = Moment(self.start + Duration::milliseconds(dice.below(span_ms) as i64));
            if dice.chance(BUSY_PERCENT[moment.local().hour() as usize]) {
                return moment;
            }
        }
    }

    /// The moment `minutes` before the end.
    pub fn before_end(&self, minutes: i64) -> Moment {
        Moment(self.end - Duration::minutes(minutes))
    }
}
