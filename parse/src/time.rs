//! Timestamps in the notations that logs use, read by hand: format strings cost ten times as much.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;
use event::{Civil, Timestamp};
use std::cell::Cell;

/// A zone, with the offset of the last quarter of an hour that was asked for: zones change their offset at most at
/// such a boundary, and the times of one source lie close together.
#[derive(Debug)]
pub(crate) struct Zone {
    tz: Tz,
    last: Cell<(i64, i64)>,
    // The year of the last receipt, and the instants it lies between: a division less for each line without a year.
    received: Cell<(i64, i64, i32)>,
    // The last dates as written, and the days since 1970 that they are: lines of one day say the same date.
    bsd_date: Cell<(u64, i64)>,
    iso_date: Cell<([u8; 10], i64)>,
    // The last time without a year as written, with the year that it was read in: lines of one second say the same.
    bsd_time: Cell<([u8; BSD_BYTES], i32, Timestamp)>,
}

/// The length of `Nov 22 10:00:00`.
const BSD_BYTES: usize = 15;

const QUARTER_S: i64 = 900;

/// A time without a year is this near to its receipt.
const HALF_YEAR_NS: u64 = 180 * 86_400 * 1_000_000_000;

impl Zone {
    pub(crate) fn new(tz: Tz) -> Zone {
        Zone {
            tz,
            last: Cell::new((i64::MIN, 0)),
            received: Cell::new((0, 0, 0)),
            bsd_date: Cell::new((0, 0)),
            iso_date: Cell::new(([0; 10], 0)),
            bsd_time: Cell::new(([0; BSD_BYTES], 0, Timestamp(0))),
        }
    }

    /// Seconds east of UTC at this wall-clock time. Of two readings (autumn) the earlier instant is taken; a time that
    /// does not exist (spring) is read with the offset that held before the gap.
    fn offset_s(&self, wall_s: i64) -> i64 {
        if self.tz == Tz::UTC {
            return 0;
        }
        let quarter = wall_s.div_euclid(QUARTER_S);
        let (last, offset) = self.last.get();
        if last == quarter {
            return offset;
        }
        let offset = self.look_up(wall_s);
        self.last.set((quarter, offset));
        offset
    }

    #[inline]
    fn year_of(&self, received: Timestamp) -> i32 {
        let (from, to, year) = self.received.get();
        if (from..to).contains(&received.0) {
            return year;
        }
        self.look_up_year(received)
    }

    #[cold]
    fn look_up_year(&self, received: Timestamp) -> i32 {
        let day = i64::from(received.day());
        let year = received.civil().year;
        let edges = [day, day + 1].map(|day| Timestamp::from_secs(day * 86_400).0);
        self.received.set((edges[0], edges[1], year));
        year
    }

    fn look_up(&self, wall_s: i64) -> i64 {
        const GAP_S: i64 = 3600;
        for wall in [wall_s, wall_s - GAP_S] {
            let Some(wall) = chrono::DateTime::from_timestamp(wall, 0) else { return 0 };
            if let Some(offset) = self.tz.offset_from_local_datetime(&wall.naive_utc()).earliest() {
                return i64::from(offset.fix().local_minus_utc());
            }
        }
        0
    }
}

/// What a timestamp without year or zone is read against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock<'z> {
    pub(crate) received: Timestamp,
    pub(crate) zone: &'z Zone,
}

impl Clock<'_> {
    /// The instant that `text` as a whole says.
    pub(crate) fn read_all(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        let (time, used) = self.read(text.as_bytes())?;
        if used == text.len() {
            return Some(time);
        }
        None
    }

    /// The instant at the start of `bytes`, and how many bytes say it.
    #[inline]
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        self.usual(bytes).or_else(|| crate::rare::read(self, bytes))
    }

    /// The same in the notations that most senders use.
    pub(crate) fn usual(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let first = *bytes.first()?;
        if bytes.get(4) == Some(&b'-')
            && let Some(found) = self.plain_iso(bytes).or_else(|| self.iso(bytes))
        {
            return Some(found);
        }
        if first.is_ascii_digit() {
            let digits = bytes.iter().take(21).take_while(|byte| byte.is_ascii_digit()).count();
            return match (digits, *bytes.get(digits).unwrap_or(&b' ')) {
                (4, b'-' | b'/') => self.iso(bytes),
                (1 | 2, b'/' | b'-' | b' ' | b'.') => self.day_first(bytes, digits),
                (9.., _) => epoch(bytes, digits),
                _ => None,
            };
        }
        if first.is_ascii_alphabetic() {
            return self.month_first(bytes);
        }
        None
    }

    /// `2026-11-22T10:00:00.123Z`, `2026-11-22T10:00:00.123+01:00` and nothing else; [`Clock::iso`] reads the rest.
    #[inline]
    fn plain_iso(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let (stamp, rest) = bytes.split_first_chunk::<19>()?;
        let of_day = of_day(stamp[11..].first_chunk()?).filter(|_| stamp[10] == b'T')?;
        let (mut nanos, mut used) = (0, 19);
        if rest.first() == Some(&b'.') {
            let mut scale = 1_000_000_000;
            for byte in &rest[1..] {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 || scale == 1 {
                    break;
                }
                scale /= 10;
                nanos += u32::from(digit) * scale;
                used += 1;
            }
            used += 1;
        }
        let (offset, length) = plain_zone(bytes.get(used..)?)?;
        let days = self.iso_date(stamp.first_chunk()?)?;
        let time = self.resolve(days, of_day, nanos, Some(offset))?;
        Some((time, used + length))
    }

    /// `2026-11-22T10:00:00.123+01:00` (RFC 3339 and its relatives: a space or a slash, a comma, no zone).
    pub(crate) fn iso(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let days = self.iso_date(bytes.first_chunk()?)?;
        let mut at = Cursor { bytes, at: 10 };
        at.any(b"T t:_")?;
        let (mut of_day, nanos) = at.time_of_day()?;
        at.half_of_day(&mut of_day);
        let offset = at.offset();
        let time = self.resolve(days, of_day, nanos, offset)?;
        Some((time, at.at))
    }

    /// The days since 1970 of `2026-11-22`.
    #[inline]
    fn iso_date(&self, date: &[u8; 10]) -> Option<i64> {
        let (last, days) = self.zone.iso_date.get();
        if last == *date {
            return Some(days);
        }
        let mut at = Cursor { bytes: date, at: 0 };
        let year = at.digits(4)?;
        let separator = at.any(b"-/")?;
        let month = at.digits(2)?;
        at.byte(separator)?;
        let days = civil_days(year, month, at.digits(2)?)?;
        self.zone.iso_date.set((*date, days));
        Some(days)
    }

    /// `Nov 22 10:00:00` and nothing behind it that could belong to the time; [`Clock::month_first`] reads the rest.
    #[inline]
    fn plain_bsd(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let (stamp, rest) = bytes.split_first_chunk::<BSD_BYTES>()?;
        match rest {
            [] | [b':', ..] => {}
            [b' ', b'a' | b'p', b'm' | b'M', ..] => return None,
            [b' ', b'a'..=b'z', ..] => {}
            _ => return None,
        }
        let year = self.zone.year_of(self.received);
        let (last, last_year, time) = self.zone.bsd_time.get();
        let time = if (last, last_year) == (*stamp, year) { time } else { self.bsd_time(stamp, year)? };
        (time.0.abs_diff(self.received.0) < HALF_YEAR_NS).then_some((time, BSD_BYTES))
    }

    /// The instant of `Nov 22 10:00:00` in that year.
    fn bsd_time(&self, stamp: &[u8; BSD_BYTES], year: i32) -> Option<Timestamp> {
        if stamp[3] != b' ' || stamp[6] != b' ' {
            return None;
        }
        let of_day = of_day(stamp[7..].first_chunk()?)?;
        let days = self.bsd_date(stamp.first_chunk()?, year)?;
        let time = self.resolve(days, of_day, 0, None)?;
        self.zone.bsd_time.set((*stamp, year, time));
        Some(time)
    }

    /// The days since 1970 of `Nov 22` in that year.
    #[inline]
    fn bsd_date(&self, date: &[u8; 6], year: i32) -> Option<i64> {
        let [a, b, c, d, e, f] = *date;
        let [low, high] = (year as u16).to_le_bytes();
        let key = u64::from_le_bytes([a, b, c, d, e, f, low, high]);
        let (last, days) = self.zone.bsd_date.get();
        if last == key {
            return Some(days);
        }
        let mut at = Cursor { bytes: date, at: 0 };
        let month = at.month()?;
        at.spaces();
        let day = at.one_or_two()?;
        let days = civil_days(year as u32, month, day).filter(|_| at.at == date.len())?;
        self.zone.bsd_date.set((key, days));
        Some(days)
    }

    /// `22/Nov/2026:10:00:00 +0100`, `22 Nov 2026 10:00:00`, `11/22/2026 10:00:00 AM`.
    fn day_first(&self, bytes: &[u8], digits: usize) -> Option<(Timestamp, usize)> {
        let mut at = Cursor { bytes, at: digits };
        let mut day = bytes[..digits].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        let separator = at.any(b"/-. ")?;
        let mut month = match at.month() {
            Some(month) => month,
            // In numbers alone the month comes first with slashes (American), second with points (European).
            None if separator == b'/' => std::mem::replace(&mut day, at.one_or_two()?),
            None if separator == b'.' => at.one_or_two()?,
            None => return None,
        };
        // There is no thirteenth month: then the day did come first.
        if month > 12 && separator == b'/' {
            std::mem::swap(&mut day, &mut month);
        }
        at.byte(separator)?;
        let year = at.digits(4)?;
        at.any(b": T,")?;
        at.spaces();
        let (mut of_day, nanos) = at.time_of_day()?;
        at.half_of_day(&mut of_day);
        let offset = at.offset();
        let time = self.resolve(civil_days(year, month, day)?, of_day, nanos, offset)?;
        Some((time, at.at))
    }

    /// `Nov 22 10:00:00` (RFC 3164), with a year or a zone around it, or a weekday in front (`ctime`, RFC 822).
    pub(crate) fn month_first(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        self.plain_bsd(bytes).or_else(|| self.any_month_first(bytes))
    }

    fn any_month_first(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let mut at = Cursor { bytes, at: 0 };
        let mut weekday = false;
        let month = match at.month() {
            Some(month) => month,
            None => {
                at.weekday()?;
                weekday = true;
                if at.peek()?.is_ascii_digit() {
                    let digits = bytes[at.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let (time, used) = self.day_first(&bytes[at.at..], digits.min(2))?;
                    return Some((time, at.at + used));
                }
                at.month()?
            }
        };
        at.byte(b' ')?;
        at.spaces();
        let day = at.one_or_two()?;
        let _ = at.any(b",");
        at.byte(b' ')?;
        at.spaces();
        let mut year = at.year_before_time();
        let (mut of_day, nanos) = at.time_of_day()?;
        at.half_of_day(&mut of_day);
        let mut offset = at.offset();
        if year.is_none() {
            year = at.year_after_time(weekday);
            offset = offset.or_else(|| at.offset());
        }
        let time = match year {
            Some(year) => self.resolve(civil_days(year, month, day)?, of_day, nanos, offset)?,
            None => self.nearest(month, day, of_day, nanos, offset)?,
        };
        Some((time, at.at))
    }

    fn resolve(&self, days: i64, of_day: i64, nanos: u32, offset: Option<i64>) -> Option<Timestamp> {
        let wall = days * 86_400 + of_day;
        let seconds = wall - offset.unwrap_or_else(|| self.zone.offset_s(wall));
        seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(nanos)).map(Timestamp)
    }

    /// Without a year, the year that brings it nearest to its receipt: right across New Year and zones, both ways.
    fn nearest(
        &self,
        month: u32,
        day: u32,
        of_day: i64,
        nanos: u32,
        offset: Option<i64>,
    ) -> Option<Timestamp> {
        let year = self.zone.year_of(self.received) as u32;
        let at = |year| self.resolve(civil_days(year, month, day)?, of_day, nanos, offset);
        let distance = |time: &Timestamp| time.0.abs_diff(self.received.0);
        if let Some(time) = at(year).filter(|time| distance(time) < HALF_YEAR_NS) {
            return Some(time);
        }
        // A leap day may be up to seven years from the nearest year that has it.
        let reach = if (month, day) == (2, 29) { 8 } else { 1 };
        (year - reach..=year + reach).filter_map(at).min_by_key(distance)
    }
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, or Windows' 100 ns since 1601, told apart by length.
fn epoch(bytes: &[u8], digits: usize) -> Option<(Timestamp, usize)> {
    let whole = bytes[..digits]
        .iter()
        .try_fold(0i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
    const WINDOWS_EPOCH_100NS: i64 = 116_444_736_000_000_000;
    let nanos = match digits {
        9..=11 => whole.checked_mul(1_000_000_000)?,
        12..=14 => whole.checked_mul(1_000_000)?,
        15..=17 => whole.checked_mul(1_000)?,
        18 => whole.checked_sub(WINDOWS_EPOCH_100NS)?.checked_mul(100)?,
        19 => whole,
        _ => return None,
    };
    let mut at = Cursor { bytes, at: digits };
    let fraction = if digits <= 11 { i64::from(at.fraction()) } else { 0 };
    Some((Timestamp(nanos.checked_add(fraction)?), at.at))
}

/// The instant of a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size.
pub(crate) fn from_number(number: f64) -> Option<Timestamp> {
    // Rounded while it is still exact: nanoseconds of today do not fit in a double.
    let (whole, nanos_each) = match number.abs() {
        n if n < 1e8 => return None,
        n if n < 1e11 => ((number * 1e6).round(), 1000),
        n if n < 1e14 => ((number * 1e3).round(), 1000),
        n if n < 1e17 => (number.round(), 1000),
        n if n < 9.2e18 => (number, 1),
        _ => return None,
    };
    (whole as i64).checked_mul(nanos_each).map(Timestamp)
}

fn civil_days(year: u32, month: u32, day: u32) -> Option<i64> {
    let civil = Civil {
        year: year as i32,
        month: month as u8,
        day: day as u8,
        hour: 0,
        minute: 0,
        second: 0,
        nanos: 0,
    };
    Some(Timestamp::from_civil(civil)?.secs() / 86_400)
}

/// Seconds east of UTC of `Z` or `+01:00`, and how many bytes that is, if what is behind does not belong to it.
#[inline]
fn plain_zone(bytes: &[u8]) -> Option<(i64, usize)> {
    let (seconds, length) = match bytes {
        [b'Z', ..] => (0, 1),
        [sign @ (b'+' | b'-'), a, b, b':', c, d, ..]
            if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) =>
        {
            let two = |tens: &u8, ones: &u8| i64::from((tens - b'0') * 10 + (ones - b'0'));
            let (hours, minutes) = (two(a, b), two(c, d));
            let seconds = hours * 3600 + minutes * 60;
            let seconds = if *sign == b'-' { -seconds } else { seconds };
            (Some(seconds).filter(|_| hours <= 18 && minutes <= 59)?, 6)
        }
        _ => return None,
    };
    matches!(bytes.get(length), None | Some(b' ' | b'"' | b',')).then_some((seconds, length))
}

/// Seconds since midnight of `10:00:00`: eight bytes as one number, each byte on its own.
#[inline]
fn of_day(bytes: &[u8; 8]) -> Option<i64> {
    // Digits become 0 to 9, colons 0. Six more carries what is no digit into the upper half of its byte.
    let shape = u64::from_le_bytes(*bytes) ^ u64::from_le_bytes(*b"00:00:00");
    let carried = shape.wrapping_add(u64::from_le_bytes([6, 6, 0, 6, 6, 0, 6, 6]));
    const NEVER: u64 = u64::from_le_bytes([0xF0, 0xF0, 0xFF, 0xF0, 0xF0, 0xFF, 0xF0, 0xF0]);
    if (shape | carried) & NEVER != 0 {
        return None;
    }
    let pairs = shape.wrapping_mul(10).wrapping_add(shape >> 8);
    let [hour, _, _, minute, _, _, second, _] = pairs.to_le_bytes().map(i64::from);
    (hour <= 23 && minute <= 59 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        self.any(&[wanted]).map(|_| ())
    }

    fn any(&mut self, wanted: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| wanted.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + count)?;
        let mut value = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + u32::from(digit - b'0');
        }
        self.at += count;
        Some(value)
    }

    fn one_or_two(&mut self) -> Option<u32> {
        self.digits(2).or_else(|| self.digits(1))
    }

    /// Seconds since midnight, and nanoseconds.
    fn time_of_day(&mut self) -> Option<(i64, u32)> {
        if let Some(plain) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()).and_then(of_day) {
            self.at += 8;
            return Some((plain, self.fraction()));
        }
        let hour = self.one_or_two()?;
        self.byte(b':')?;
        let minute = self.digits(2)?;
        let second = if self.byte(b':').is_some() { self.digits(2)? } else { 0 };
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        Some((i64::from(hour * 3600 + minute * 60 + second), self.fraction()))
    }

    /// Nanoseconds after a point or a comma; digits beyond the ninth say nothing.
    fn fraction(&mut self) -> u32 {
        let (start, mut nanos, mut count) = (self.at, 0, 0);
        if self.any(b".,").is_none() {
            return 0;
        }
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            if count < 9 {
                nanos = nanos * 10 + u32::from(digit - b'0');
                count += 1;
            }
            self.at += 1;
        }
        if count == 0 {
            self.at = start;
            return 0;
        }
        const SCALE: [u32; 10] =
            [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
        nanos * SCALE[count]
    }

    fn half_of_day(&mut self, of_day: &mut i64) {
        let afternoon = match self.bytes.get(self.at..self.at + 3) {
            Some([b' ', b'P' | b'p', b'M' | b'm']) => true,
            Some([b' ', b'A' | b'a', b'M' | b'm']) => false,
            _ => return,
        };
        if self.bytes.get(self.at + 3).is_some_and(u8::is_ascii_alphanumeric) {
            return;
        }
        self.at += 3;
        let hour = *of_day / 3600;
        match (afternoon, hour) {
            (true, 1..=11) => *of_day += 12 * 3600,
            (false, 12) => *of_day -= 12 * 3600,
            _ => {}
        }
    }

    /// Seconds east of UTC, where a zone follows: `Z`, `+01:00`, `+0100`, ` CET`.
    #[inline]
    fn offset(&mut self) -> Option<i64> {
        if self.peek() == Some(b'Z') && !self.alphanumeric_at(1) {
            self.at += 1;
            return Some(0);
        }
        self.any_offset()
    }

    fn any_offset(&mut self) -> Option<i64> {
        let start = self.at;
        let spaced = self.byte(b' ').is_some();
        let found = match self.peek() {
            Some(b'Z' | b'z') if !spaced && !self.alphanumeric_at(1) => {
                self.at += 1;
                Some(0)
            }
            Some(sign @ (b'+' | b'-')) => self.numeric_offset(sign),
            Some(b'A'..=b'Z') => self.zone_name(),
            _ => None,
        };
        if found.is_none() {
            self.at = start;
        }
        found
    }

    fn numeric_offset(&mut self, sign: u8) -> Option<i64> {
        self.at += 1;
        let hours = self.digits(2)?;
        let _ = self.byte(b':');
        let minutes = self.digits(2).unwrap_or(0);
        // Junos templates write the zone twice: `+00:00Z`.
        if self.peek() == Some(b'Z') && !self.alphanumeric_at(1) {
            self.at += 1;
        }
        if hours > 18 || minutes > 59 || self.alphanumeric_at(0) {
            return None;
        }
        let seconds = i64::from(hours * 3600 + minutes * 60);
        Some(if sign == b'-' { -seconds } else { seconds })
    }

    /// The names that mean one offset nearly everywhere. Others (IST, CST of China, …) would be guesses.
    fn zone_name(&mut self) -> Option<i64> {
        const HOURS: [(&[u8], i64); 20] = [
            (b"UTC", 0),
            (b"GMT", 0),
            (b"CET", 1),
            (b"CEST", 2),
            (b"WET", 0),
            (b"WEST", 1),
            (b"EET", 2),
            (b"EEST", 3),
            (b"BST", 1),
            (b"MSK", 3),
            (b"EST", -5),
            (b"EDT", -4),
            (b"CST", -6),
            (b"CDT", -5),
            (b"MST", -7),
            (b"MDT", -6),
            (b"PST", -8),
            (b"PDT", -7),
            (b"JST", 9),
            (b"AEST", 10),
        ];
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take(5).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let (name, hours) = HOURS.iter().find(|(name, _)| *name == &rest[..length])?;
        self.at += name.len();
        let after = self.at;
        let relative = match self.peek() {
            // What Java and .NET write: `GMT+02:00`.
            Some(sign @ (b'+' | b'-')) if *hours == 0 => self.numeric_offset(sign),
            _ => None,
        };
        if relative.is_none() {
            self.at = after;
        }
        Some(relative.unwrap_or(hours * 3600))
    }

    fn alphanumeric_at(&self, ahead: usize) -> bool {
        self.bytes.get(self.at + ahead).is_some_and(u8::is_ascii_alphanumeric)
    }

    fn month(&mut self) -> Option<u32> {
        let three = self.bytes.get(self.at..self.at + 3)?;
        let month = match &[three[0] | 0x20, three[1] | 0x20, three[2] | 0x20] {
            b"jan" => 1,
            b"feb" => 2,
            b"mar" => 3,
            b"apr" => 4,
            b"may" => 5,
            b"jun" => 6,
            b"jul" => 7,
            b"aug" => 8,
            b"sep" => 9,
            b"oct" => 10,
            b"nov" => 11,
            b"dec" => 12,
            _ => return None,
        };
        self.at += 3;
        Some(month)
    }

    fn weekday(&mut self) -> Option<()> {
        let three = self.bytes.get(self.at..self.at + 3)?;
        let day = [three[0] | 0x20, three[1] | 0x20, three[2] | 0x20];
        if ![b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"].contains(&&day) {
            return None;
        }
        self.at += 3;
        let _ = self.byte(b',');
        self.byte(b' ')?;
        self.spaces();
        Some(())
    }

    /// `2026 ` before the time of day.
    fn year_before_time(&mut self) -> Option<u32> {
        let start = self.at;
        let year = self.digits(4).filter(|year| (1970..2262).contains(year) && self.byte(b' ').is_some());
        if year.is_none() {
            self.at = start;
        } else {
            self.spaces();
        }
        year
    }

    /// ` 2026` after the time of day: `ctime` has it there. Without a weekday in front, four digits may as well start
    /// the message, unless nothing follows them.
    fn year_after_time(&mut self, weekday: bool) -> Option<u32> {
        let start = self.at;
        let year = self.byte(b' ').and_then(|()| self.digits(4)).filter(|year| {
            let ends = self.at == self.bytes.len();
            (1970..2262).contains(year) && !self.alphanumeric_at(0) && (weekday || ends)
        });
        if year.is_none() {
            self.at = start;
        }
        year
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, received: &str, tz: Tz) -> String {
        let utc = Zone::new(Tz::UTC);
        let received = Clock { received: Timestamp(0), zone: &utc }.read_all(received).expect("a good time");
        let zone = Zone::new(tz);
        match (Clock { received, zone: &zone }).read(text.as_bytes()) {
            Some((time, used)) => format!("{time} {}", &text[used..]).trim_end().to_owned(),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn notations() {
        let now = "2026-11-22T12:00:00Z";
        for (text, want) in [
            ("2026-11-22T10:00:00.123456789Z x", "2026-11-22T10:00:00.123456789Z  x"),
            ("2026-11-22T10:00:00+02:00", "2026-11-22T08:00:00Z"),
            ("2026-11-22 10:00:00,5 rest", "2026-11-22T10:00:00.500Z  rest"),
            ("2026/11/22 10:00:00 [error]", "2026-11-22T10:00:00Z  [error]"),
            ("22/Nov/2026:10:00:00 +0100] ", "2026-11-22T09:00:00Z ]"),
            ("Nov 22 10:00:00 host", "2026-11-22T10:00:00Z  host"),
            ("Nov  2 10:00:00.25 CET: x", "2026-11-02T09:00:00.250Z : x"),
            ("Nov 22 2025 10:00:00: %ASA", "2025-11-22T10:00:00Z : %ASA"),
            ("Wed Oct 11 14:32:52.123456 2000] x", "2000-10-11T14:32:52.123456Z ] x"),
            ("Sun, 22 Nov 2026 10:00:00 GMT", "2026-11-22T10:00:00Z"),
            ("Nov 22 2026 10:00:00 GMT+02:00 x", "2026-11-22T08:00:00Z  x"),
            ("Nov 22 2026 10:00:00 UTC-x", "2026-11-22T10:00:00Z -x"),
            ("22/11/2026 13:00:00", "2026-11-22T13:00:00Z"),
            ("22/13/2026 13:00:00", "none"),
            ("11/22/2026 01:00:00 PM", "2026-11-22T13:00:00Z"),
            ("1795383263", "2026-11-22T21:34:23Z"),
            ("1795383263.25:77", "2026-11-22T21:34:23.250Z :77"),
            ("1795383263250", "2026-11-22T21:34:23.250Z"),
            ("1795383263250000000", "2026-11-22T21:34:23.250Z"),
            ("134398568632500000", "2026-11-22T21:34:23.250Z"),
            ("Nov 22 10:00:00 2025 items", "2026-11-22T10:00:00Z  2025 items"),
            ("Nov 31 10:00:00", "none"),
            ("2026-13-22T10:00:00Z", "none"),
            ("2026-11-22T25:00:00Z", "none"),
            ("nothing", "none"),
        ] {
            assert_eq!(read(text, now, Tz::UTC), want, "{text}");
        }
    }

    #[test]
    fn a_missing_year_is_the_one_nearest_to_receipt() {
        for (text, received, want) in [
            ("Dec 31 23:59:59", "2026-01-01T00:00:10Z", "2025-12-31T23:59:59Z"),
            ("Jan  1 00:00:01", "2025-12-31T23:59:50Z", "2026-01-01T00:00:01Z"),
            ("Jun  1 00:00:00", "2026-11-22T00:00:00Z", "2026-06-01T00:00:00Z"),
            ("Mar  1 00:00:00", "2026-11-22T00:00:00Z", "2027-03-01T00:00:00Z"),
            ("Feb 29 12:00:00", "2025-03-01T00:00:00Z", "2024-02-29T12:00:00Z"),
        ] {
            assert_eq!(read(text, received, Tz::UTC), want, "{text} at {received}");
        }
    }

    #[test]
    fn a_missing_zone_is_the_sources() {
        let brussels = Tz::Europe__Brussels;
        for (text, want) in [
            ("2026-11-22T10:00:00", "2026-11-22T09:00:00Z"),
            ("2026-07-22T10:00:00", "2026-07-22T08:00:00Z"),
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(read(text, "2026-11-22T12:00:00Z", brussels), want, "{text}");
        }
    }
}
